"""Promises as a page writes them: one full stop at the end, and times as each language has them."""

from datetime import datetime

import pytest

from ivr.callflow.answers import BestTime
from ivr.callflow.facts import Promise
from ivr.config import PROMPTS
from ivr.public.told_back import promise_words
from ivr.public.words import read_words

WORDS = read_words(PROMPTS / "pages", ("en-US", "es-US"))
MORNING, NOON, ONE = datetime(2026, 11, 24, 8, 30), datetime(2026, 11, 24, 12), datetime(2026, 11, 24, 13)


@pytest.mark.parametrize(
    ("language", "promise", "told"),
    [
        ("en-US", None, ""),
        ("en-US", Promise(MORNING, 1), "We will call you tomorrow by 8:30 a.m."),
        ("en-US", Promise(NOON, 0), "We will call you today by noon."),
        ("en-US", Promise(ONE, 1, half=BestTime.AFTERNOON), "We will call you tomorrow afternoon, by 1:00 p.m."),
        ("en-US", Promise(MORNING, 0, minutes=30), "We will call you within thirty minutes."),
        ("es-US", Promise(MORNING, 1), "Le llamaremos mañana, antes de las 8:30 a. m."),
        ("es-US", Promise(ONE, 0), "Le llamaremos hoy, antes de la 1:00 p. m."),
        ("es-US", Promise(NOON, 0), "Le llamaremos hoy, antes de mediodía."),
    ],
)
def test_when_we_call_is_a_whole_sentence(language, promise, told):
    assert promise_words(WORDS[language], promise) == told
