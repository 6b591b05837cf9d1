"""Counting words as they are spoken, so that pace (words/min) means the same for "75" and "seventy five".

The rules, applied from left to right:
- a run of letters is one word, with its apostrophes and hyphens inside ("don't", "x-ray");
- "911" and telephone numbers are spoken digit by digit: one word a digit;
- other numerals count as the words that language speaks them as, ordinals like their cardinals ("17th");
- a decimal point is a word, and so is each of % $ & + = # *.
"""

import re
from collections.abc import Callable, Sequence

from ivr.audio.voices import plain_voice

AT_STOP, AT_COMMA = 0.4, 0.2
"""Seconds for which a voice rests at a full stop, and at a comma."""

SHORTEST_CLAUSE = 2
"""Words."""

_EMERGENCY = r"(?<!\d)(?<!\d[.,:-])911(?!\d|[.,:-]\d)"
_PHONE = (
    rf"(?<![\d-])(?:\+?1[ -])?(?:\(\d{{3}}\) ?|\d{{3}}[ -])?\d{{3}}-\d{{4}}(?![\d-])"
    rf"|(?<![\d-])\d{{3}}[ .]\d{{3}}[ .]\d{{4}}(?![\d-])|{_EMERGENCY}"
)
_YEAR = r"(?<![\d.,:$-])(1[1-9])([1-9]\d)(?!\d|[.,:-]\d)"  # 1110-1999, but not 1200-1209
_PRONUNCIATION = re.compile(r"\[([^\]]+)\]\(/[^/]+/\)")
_SENTENCE_END = re.compile(r"(?<=[.!?:…])\s+(?=[^a-z\s])")
_CLAUSE_END = re.compile(r"(?<=[,;])\s+")
_NO_END = re.compile(r"(?:\b(?:Dr|Mr|Mrs|Ms|St|No|Dra?|Sra?|[ap]\.m)|\b[A-Z])\.$")
_TOKEN = re.compile(
    rf"(?P<digits>{_PHONE})"
    r"|(?P<number>\d{1,3}(?:,\d{3})+|\d+)(?:(?P<point>[.,])(?P<decimals>\d+))?(?:st|nd|rd|th|º|ª|o\b|a\b)?"
    r"|(?P<word>[^\W\d_]+(?:['’\-][^\W\d_]+)*)"  # noqa: RUF001 (the typographic apostrophe is meant)
    r"|(?P<sign>[%$&+=#*])"
)


def words_in(text: str, language: str) -> int:
    """Count the words of a text as its language speaks them; raises UnknownLanguageError."""
    plain_voice(language)
    return sum(_words_of(match, language) for match in _TOKEN.finditer(text))


def for_the_voice(text: str, language: str) -> str:
    """Rewrite numerals that espeak would not say as counted here: "911", telephone numbers, English years."""

    def spell(match: re.Match[str]) -> str:
        return ", ".join(" ".join(group) for group in re.findall(r"\d+", match[0]))

    digits = re.sub(_PHONE, spell, text)
    return re.sub(_YEAR, r"\1 \2", digits) if language == "en-US" else digits


def phrases(text: str) -> Sequence[tuple[str, float]]:
    """Split a text where a voice rests, each part with the seconds of rest after it: sentences, and their clauses."""
    found: list[tuple[str, float]] = []
    for sentence in _sentences(text):
        clauses = _clauses(sentence)
        found += [(clause, AT_COMMA) for clause in clauses[:-1]]
        found.append((clauses[-1], AT_STOP))
    return found


def _sentences(text: str) -> Sequence[str]:
    """Split after full stops, question marks and colons, but not after "Dr."."""
    found = [""]
    for part in _SENTENCE_END.split(text.strip()):
        if found[-1] and not _NO_END.search(found[-1]):
            found.append(part)
        else:
            found[-1] = f"{found[-1]} {part}".strip()
    return found


def _clauses(sentence: str) -> Sequence[str]:
    """Split after commas, unless a lone word would stand by itself: "A bill, insurance or referral"."""
    found = [""]
    for part in _CLAUSE_END.split(sentence):
        if found[-1] and len(found[-1].split()) >= SHORTEST_CLAUSE and len(part.split()) >= SHORTEST_CLAUSE:
            found.append(part)
        else:
            found[-1] = f"{found[-1]} {part}".strip()
    return found


def respelt(text: str) -> str:
    """Take inline pronunciations out, "[kyfo-plasty](/.../)": what is in the brackets stays."""
    return _PRONUNCIATION.sub(r"\1", text)


def _words_of(match: re.Match[str], language: str) -> int:
    if match["digits"]:
        return sum(character.isdigit() for character in match["digits"])
    if not match["number"]:
        return 1
    if re.fullmatch(_YEAR, match["number"]) and language == "en-US":
        return _english(int(match["number"][:2])) + _english(int(match["number"][2:]))  # nineteen forty-eight
    count = _number(int(match["number"].replace(",", "")), language)
    if match["point"]:
        count += 1 + len(match["decimals"])
    return count


def _number(value: int, language: str) -> int:
    """Count the words of a whole number; a million and more is taken as digits, which no prompt has."""
    if value >= 1_000_000:
        return len(str(value))
    below_thousand = _BELOW_THOUSAND[language]
    thousands, rest = divmod(value, 1000)
    if not thousands:
        return below_thousand(value)
    bare = thousands == 1 and language != "en-US"  # mil, not um mil
    head = 1 if bare else below_thousand(thousands) + 1
    return head + (below_thousand(rest) if rest else 0)


def _english(value: int) -> int:
    hundreds, rest = divmod(value, 100)
    tail = 0 if hundreds and not rest else 1 if rest <= 20 or rest % 10 == 0 else 2
    return (2 if hundreds else 0) + tail


def _spanish(value: int) -> int:
    hundreds, rest = divmod(value, 100)
    tail = 0 if hundreds and not rest else 1 if rest < 30 or rest % 10 == 0 else 3
    return (1 if hundreds else 0) + tail


def _portuguese(value: int) -> int:
    hundreds, rest = divmod(value, 100)
    tail = 0 if hundreds and not rest else 1 if rest <= 20 or rest % 10 == 0 else 3
    return (1 if hundreds else 0) + (1 if hundreds and rest else 0) + tail


def _haitian(value: int) -> int:
    hundreds, rest = divmod(value, 100)
    tail = 0 if hundreds and not rest else 1
    return (0 if not hundreds else 1 if hundreds == 1 else 2) + tail


_BELOW_THOUSAND: dict[str, Callable[[int], int]] = {
    "en-US": _english,
    "es-US": _spanish,
    "pt-BR": _portuguese,
    "ht": _haitian,
}
