"""How long a request takes with the prompts as they sound, for a caller who hears every one to its end."""

import pytest

NUMBER, CLINIC = "+16175550142", "+16175550100"
CALLBACK, APPOINTMENT = 75.0, 120.0
"""Seconds of listening from the answer to the end of "your request is saved"."""

LANGUAGE_MENU = 8.0
"""Seconds more on a number's first call to a line of two languages."""

TASKS = {
    "callback": ("2 1 4 3 1 2 1", CALLBACK),
    "callback about a procedure": ("2 1 1 1 1 2 1", CALLBACK),
    "callback about a bill": ("2 1 3 2 2 2 1", CALLBACK),
    "appointment": ("1 1 1 # 6 3 1 1 2 1", APPOINTMENT),
    "appointment with birth date": ("1 2 1 05171948# 1 6 3 1 1 2 1", APPOINTMENT),
}


def listened(transcript):
    """Seconds of prompts and pauses until "saved" was said; the caller's own time, to think and to key, is not counted."""
    seconds = 0.0
    for entry, following in zip(transcript.entries, transcript.entries[1:], strict=False):
        if entry.kind in ("play", "silence"):
            seconds += following.at - entry.at
        if entry.title == "saved":
            return seconds
    pytest.fail(f"never saved: {transcript.titles}")


@pytest.mark.parametrize("task", TASKS)
def test_in_english(telephone, task):
    keys, most = TASKS[task]
    transcript = telephone().call(keys, from_=NUMBER, to=CLINIC, barge_in=False)
    print(f"{task}: {listened(transcript):.1f} s, {len(keys.replace(' ', ''))} keys")
    assert listened(transcript) <= most
    assert task != "callback" or len(keys.split()) == 7


@pytest.mark.parametrize("task", TASKS)
def test_in_spanish_with_the_language_menu(telephone, task):
    keys, most = TASKS[task]
    transcript = telephone(languages=("en-US", "es-US")).call(f"2 {keys}", from_=NUMBER, to=CLINIC, barge_in=False)
    print(f"{task} in Spanish: {listened(transcript):.1f} s, {len(keys.replace(' ', '')) + 1} keys")
    assert listened(transcript) <= most + LANGUAGE_MENU
