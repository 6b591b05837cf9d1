"""The sentence around each prompt, as a caller hears it."""

import pytest

from ivr.callflow.check import prompts_of
from ivr.callflow.composing import WordOrder
from ivr.callflow.outputs import Say
from ivr.callflow.surroundings import Sentences
from ivr.callflow.tree import build

TREE = build(("en-US", "es-US"), str)
KEYS = sorted(prompts_of(TREE))
HAS = {*KEYS, "year_1900", "year_2000"}.__contains__
SENTENCES = Sentences(TREE, WordOrder(), HAS)


def said(key):
    """The node, and the prompts in order."""
    node, parts = SENTENCES.with_prompt(key)
    return node, [part.prompt for part in parts if isinstance(part, Say)]


def test_no_prompt_is_heard_nowhere():
    without = [key for key in sorted(prompts_of(TREE)) if SENTENCES.with_prompt(key) is None]
    assert without == []


@pytest.mark.parametrize(
    ("key", "node", "first", "then"),
    [
        ("option_callback", "main", "option_appointment", "option_callback"),
        ("number_this", "number", "number_opening", "digit_6"),
        ("digit_3", "number", "number_opening", "digit_6"),
        ("red_flags_yes", "red_flags", "red_flags_911", "red_flags_question"),
    ],
)
def test_what_stands_around_it(key, node, first, then):
    where, prompts = said(key)
    assert (where, prompts[0]) == (node, first)
    assert then in prompts
