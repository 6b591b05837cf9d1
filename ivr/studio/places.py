"""Where a prompt is heard, and what it is called, in words: for whoever looks for one among hundreds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ivr.callflow.check import DOOR_PROMPTS, ENGINE_PROMPTS, STAFF_PROMPTS, spoken_by
from ivr.callflow.nodes import Menu, Tree
from ivr.callflow.outputs import Pause, Say
from ivr.callflow.surroundings import Sentences
from ivr.callflow.tree_information import OWN
from ivr.console.words import NODES, node
from ivr.services.line import Line
from ivr.services.prompts.catalogue import heard_on_air
from ivr.services.scripts import Script

STAFF, GREETING, REQUEST, INFORMATION = "Only staff hear these", "Greeting and menus", "A request", "Information"
EXISTING, PERSON, TROUBLE, NUMBERS = (
    "A request made before",
    "A person, or a message",
    "A wrong key, silence, or a fault",
    "Numbers, dates and times",
)
GROUPS = (GREETING, REQUEST, INFORMATION, PERSON, EXISTING, TROUBLE, NUMBERS, STAFF)
"""The parts of the list, in the order of a call; what only staff hear comes last."""

BEGINNINGS: Mapping[str, tuple[str, str]] = {
    "emergency": (GREETING, "At the beginning of every call"),
    "closure_opens": (GREETING, "In the greeting, on a day that opens late"),
    "closure_clos": (GREETING, "In the greeting, on a day that closes early"),
    "closure_": (GREETING, "In the greeting, on a day when the clinic is closed"),
    "language_": (GREETING, "In the choice of language"),
    "option_": (GREETING, "In the menus"),
    "main_": (GREETING, "In the main menu"),
    "information": (INFORMATION, "In the choice of topics"),
    "clip_": (INFORMATION, "Among the information"),
    "disclaimer": (INFORMATION, "Before the first information of a call"),
    "receipt_": (REQUEST, "When a request is read back"),
    "saved": (REQUEST, "When a request is saved"),
    "promise_": (REQUEST, "When it is said by when the clinic calls"),
    "request_": (EXISTING, "When a request made before is read out"),
    "existing": (EXISTING, "When a request made before is heard or changed"),
    "proof": (EXISTING, "When a caller proves whose request it is"),
    "reference": (EXISTING, "When a reference is keyed"),
    "callback_": (EXISTING, "When a caller has an open request"),
    "cancel_": (EXISTING, "When a request is cancelled"),
    "change_": (EXISTING, "When a request is changed"),
    "closed": (PERSON, "When the desk is closed"),
    "person": (PERSON, "When the desk is called"),
    "voicemail": (PERSON, "When a caller leaves a message"),
    "no_message": (PERSON, "When nothing was recorded"),
    "message_unplayable": (TROUBLE, "When a recording cannot be played"),
    "recording_notice": (REQUEST, "Before a caller is recorded"),
    "goodbye": (PERSON, "At the end of a call"),
    "outage_": (TROUBLE, "When something on the line is broken"),
    "birth_date_": (TROUBLE, "When a birth date cannot be right"),
    **dict.fromkeys(
        ("digit_", "number_", "century_", "year_", "oh_", "month_", "day_", "weekday_", "hour_", "minute_"),
        (NUMBERS, "In numbers, dates and times that are read out"),
    ),
}
"""For how a key begins: its group, and where it is heard when no node speaks it by itself."""

WHOLE = dict.fromkeys(("am", "pm", "noon"), (NUMBERS, "In times that are read out"))

CALLED: Mapping[str, str] = {
    "emergency": "greeting welcome hello thanks for calling",
    "emergency_short": "emergency notice on hold",
    "closure_weather": "snow storm ice weather closed",
    "closure_holiday": "holiday closed",
    "closure_other": "closed today",
    "goodbye": "bye end of the call",
    "again_no_input": "silence nothing pressed",
    "again_no_match": "wrong key",
    "outage_apology": "fault outage out of order",
    "disclaimer": "general information not advice",
    "voicemail": "voice mail answering machine",
}
"""Plain names under which people look for a prompt, beside its words and its key."""


def title_of(scripts: Mapping[str, Script], key: str) -> str:
    """A prompt's plain title."""
    return next((script.prompts[key].title for script in scripts.values() if key in script.prompts), key)


def places_of(tree: Tree, *keys: str) -> dict[str, tuple[str, ...]]:
    """Where each prompt is heard, a phrase for each place; never empty."""
    speakers = spoken_by(tree)
    return {key: _places(tree, key, speakers.get(key, [])) for key in keys}


def _places(tree: Tree, key: str, speakers: list[str]) -> tuple[str, ...]:
    told = [NODES[name] for name in speakers if name in NODES]
    told += [_after(tree, name) for name in speakers if name.startswith(OWN)]
    return tuple(dict.fromkeys(told)) or (_by_key(key)[1],)


def _after(tree: Tree, own: str) -> str:
    """Where a clip of the clinic's own is heard: after the one that leads to it."""
    clips = (one for one in tree.nodes.values() if isinstance(one, Menu) and one.clip)
    before = next((one.name for one in clips if any(choice.to == own for choice in one.choices)), "")
    return f"After “{node(before)}”"


@dataclass(frozen=True, slots=True)
class SentencePart:
    """A prompt in a sentence: its words, the version with its sound, and whether it is the one that is looked at.

    Without words it is a pause, so many milliseconds long.
    """

    words: str
    version_id: int | None
    is_here: bool
    pause: int = 0


def sentence_of(line: Line, language: str, key: str) -> list[SentencePart]:
    """The sentence that callers hear a prompt in, with what is on the air; empty when no call has it."""
    script = line.all_scripts[language]
    found = Sentences(line.whole_tree, script.order, script.has).with_prompt(key)
    heard = heard_on_air(line, language)
    parts = []
    for part in found[1] if found else ():
        match part:
            case Say(prompt) if prompt in heard:
                parts.append(SentencePart(*heard[prompt], is_here=prompt == key))
            case Pause(milliseconds):
                parts.append(SentencePart("", None, is_here=False, pause=milliseconds))
    return parts


def group_of(key: str) -> str:
    """The part of the list that a prompt belongs to."""
    return _by_key(key)[0]


def names_of(key: str) -> str:
    """What else people call a prompt."""
    return CALLED.get(key, "")


def _by_key(key: str) -> tuple[str, str]:
    if key.startswith(STAFF_PROMPTS) or key == "desk_whisper":
        return STAFF, "Staff hear it: after signing in, at the desk, or before they are connected"
    if key in WHOLE:
        return WHOLE[key]
    begins = [beginning for beginning in BEGINNINGS if key.startswith(beginning)]
    is_number = key.rpartition("_")[2].isdigit()
    for beginning in sorted(begins, key=len, reverse=True):
        if BEGINNINGS[beginning][0] != NUMBERS or is_number:
            return BEGINNINGS[beginning]
    if key in ENGINE_PROMPTS or key in DOOR_PROMPTS:
        return TROUBLE, "After a wrong key, after silence, or while keying a number"
    return REQUEST, "While a request is left"
