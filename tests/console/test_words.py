"""Plain words for what is kept as values: none without, none with another vocabulary's."""

from datetime import date

import pytest

from ivr.callflow.tree import build
from ivr.console import words
from ivr.models import EntryKind, RequestStatus


@pytest.mark.parametrize("vocabulary", words.WORDS, ids=lambda one: one.__name__)
def test_every_value_has_words(vocabulary):
    assert set(words.WORDS[vocabulary]) == set(vocabulary)
    told = [words.in_words(value) for value in vocabulary]
    assert all(one[0].isupper() and "_" not in one for one in told)


def test_equal_values_of_two_vocabularies_keep_their_words():
    assert words.in_words(words.BestTime.ANY) == "Any time"
    assert words.in_words(words.Weekday.ANY) == "Any day"
    assert words.in_words(words.PatientType.NEW) == "New patient"
    assert words.in_words(RequestStatus.NEW) == "New"


def test_every_node_has_words():
    tree = build(("en-US", "es-US"), lambda digits: digits)
    assert set(tree.nodes) - set(words.NODES) == set()


def test_every_history_entry_has_words():
    for kind in EntryKind:
        assert words.history_title(kind, "Ana", "Ben", {})


@pytest.mark.parametrize(
    ("given", "events", "told"),
    [
        ("CallStarted", (("NodeEntered", "main"),), "Called the line"),
        ("Digits", (("NodeEntered", "reason"),), "Pressed a key"),
        ("Digits", (("InputMissed", "main", "no_match", 1),), "Pressed something that does not count here"),
        ("NoInput", (("InputMissed", "main", "no_input", 1),), "Pressed nothing"),
        ("Recorded", (("RecordingMade", "RE1", 1),), "Spoke for 1 second"),
        ("Recorded", (("RecordingMade", "RE1", 12),), "Spoke for 12 seconds"),
        ("DialEnded", (("TransferEnded", True),), "Spoke with the desk"),
        ("DialEnded", (("TransferEnded", False),), "Nobody at the desk answered"),
        ("Digits", (("RedFlagRaised",), ("NodeEntered", "birth_date")), "Said yes to a warning sign"),
        ("Digits", (("NodeEntered", "saving"), ("RequestConfirmed",)), "Gave a number to call: the request is saved"),
    ],
)
def test_what_the_caller_did(given, events, told):
    assert words.gave(given, events) == told


@pytest.mark.parametrize(
    ("kept", "told"),
    [
        ("+16175550142", "(617) 555-0142"),
        (None, ""),
        ("anonymous", "anonymous"),
        ("+442071838750", "+442071838750"),
        ("sip:a@b", "sip:a@b"),
    ],
)
def test_numbers_as_people_write_them(kept, told):
    assert words.number(kept) == told


@pytest.mark.parametrize(
    ("today", "told"),
    [("2026-05-16", "May 17, 1948 (77)"), ("2026-05-17", "May 17, 1948 (78)"), ("2026-11-23", "May 17, 1948 (78)")],
)
def test_birth_dates_have_the_age(today, told):
    assert words.birth_date("1948-05-17", date.fromisoformat(today)) == told
