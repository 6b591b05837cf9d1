"""Words as they are spoken."""

import pytest

from ivr.audio.errors import UnknownLanguageError
from ivr.audio.words import for_the_voice, words_in

TABLE = [
    ("en-US", "", 0),
    ("en-US", "For an appointment, press 1.", 5),
    ("en-US", "75", 2),
    ("en-US", "70 percent", 2),
    ("en-US", "dial 911.", 4),
    ("en-US", "dial 911", 4),
    ("en-US", "May 17", 2),
    ("en-US", "May 21", 3),
    ("en-US", "May 17th, 1948", 5),
    ("en-US", "2026", 4),
    ("en-US", "100", 2),
    ("en-US", "617", 3),
    ("en-US", "1,250", 5),
    ("en-US", "1.5", 3),
    ("en-US", "617-555-0142", 10),
    ("en-US", "(617) 555-0142", 10),
    ("en-US", "Don't wait: it's a follow-up.", 5),
    ("en-US", "75%", 3),
    ("es-US", "El 75 por ciento", 6),
    ("es-US", "marque el 911", 5),
    ("es-US", "el 21 de mayo", 4),
    ("es-US", "oprima el 2", 3),
    ("es-US", "1948", 5),
    ("pt-BR", "75", 3),
    ("pt-BR", "21", 3),
    ("pt-BR", "ligue para 911", 5),
    ("ht", "peze 1", 2),
    ("ht", "75", 1),
]


@pytest.mark.parametrize(("language", "text", "words"), TABLE)
def test_words_are_counted_as_spoken(language: str, text: str, words: int) -> None:
    assert words_in(text, language) == words


def test_an_unknown_language_names_the_known_ones() -> None:
    with pytest.raises(UnknownLanguageError, match=r"no voice for 'xx-XX'.*en-US, es-US, pt-BR, ht"):
        words_in("hello", "xx-XX")


@pytest.mark.parametrize(
    ("language", "text", "spoken"),
    [
        ("en-US", "Dial 911.", "Dial 9 1 1."),
        ("es-US", "Marque el 911, ahora", "Marque el 9 1 1, ahora"),
        ("en-US", "Call 617-555-0142.", "Call 6 1 7, 5 5 5, 0 1 4 2."),
        ("en-US", "born in 1948", "born in 19 48"),
        ("es-US", "en 1948", "en 1948"),
        ("en-US", "in 1905 and 75 percent of 9110", "in 1905 and 75 percent of 9110"),
    ],
)
def test_numerals_are_rewritten_for_the_voice_where_it_would_say_something_else(
    language: str, text: str, spoken: str
) -> None:
    assert for_the_voice(text, language) == spoken
