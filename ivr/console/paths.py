"""What each key of a call meant, told from the tree: which key of a menu leads where it led, and what the caller asked.

Calls keep nodes and kinds only, never which key was pressed. Where several keys lead to the same place, the request's
answers, as the caller gave them, tell which one it was; where they do not, it is only said that a key was pressed.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from ivr.callflow.nodes import Choice, Entry, Exit, Field, Fork, Menu, Tree
from ivr.console import words
from ivr.models import EntryKind
from ivr.services.requests.casefile import CallStep, CaseFile

ANY_KEY = "Pressed a key"

KEYED: Mapping[Field, str] = {
    Field.NUMBER: "Keyed a number",
    Field.BIRTH_DATE: "Keyed a birth date",
    Field.REFERENCE: "Keyed a reference",
}
"""What was keyed at an entry, by what it holds."""


def path_words(tree: Tree, case: CaseFile) -> list[str]:
    """What the caller did, for each step of the call; nothing for what came online."""
    if case.call is None:
        return []
    answers = as_told(case)
    return [_did(tree, step, answers) for step in case.call.steps]


def as_told(case: CaseFile) -> dict[str, Any]:
    """The request's answers before anybody changed them: the history is newest first, so that the oldest counts."""
    one = case.request
    fields = (
        *("reason", "patient_type", "visit_type", "weekday", "best_time", "visit_time"),
        *("may_leave_message", "may_text"),
    )
    known: dict[str, Any] = {name: getattr(one, name) for name in fields}
    known |= {"red_flags": one.red_flags, "kind": one.kind}
    for past in case.history:
        if past.entry.kind in (EntryKind.EDITED, EntryKind.CHANGED_BY_CALLER, EntryKind.CHANGED_BY_LINK):
            known.update({name: value for name, value in past.changes.before.items() if name in known})
    return known


def _did(tree: Tree, step: CallStep, answers: Mapping[str, Any]) -> str:
    told = words.gave(step.given, step.events)
    if told != ANY_KEY:
        return told
    led_to = next((str(event[1]) for event in step.events if event[0] == "NodeEntered"), "")
    match tree.nodes.get(step.at_node):
        case Menu() as menu:
            return _pressed(menu, led_to, answers)
        case Entry() as entry:
            return KEYED.get(entry.holds, ANY_KEY)
        case _:
            return told


def _pressed(menu: Menu, led_to: str, answers: Mapping[str, Any]) -> str:
    leading = [choice for choice in menu.choices if led_to in _places(choice.to)]
    fitting = [one for one in leading if _fits(one, answers)]
    if len(fitting) == 1 or len(leading) == 1:
        one = (fitting or leading)[0]
        meaning = _meaning(one)
        return f"Pressed {one.key}{': ' if meaning else ''}{meaning}"
    if led_to and not leading and led_to in _places(menu.back):
        return "Pressed *: back"
    return ANY_KEY


def _places(to: Exit) -> frozenset[str]:
    if isinstance(to, Fork):
        return frozenset().union(*(_places(one) for one in to.to.values()))
    return frozenset({to})


def _fits(choice: Choice, answers: Mapping[str, Any]) -> bool:
    named = [(name, value) for name, value in choice.answers.items() if name in answers]
    named += [("kind", choice.kind)] if choice.kind is not None else []
    return bool(named) and all(answers[name] == value for name, value in named)


def _meaning(choice: Choice) -> str:
    """What a key stands for, in a few words; '' where the place that it leads to says it."""
    if choice.kind is not None:
        return words.in_words(choice.kind)
    if choice.language is not None:
        return words.language(choice.language)
    told = [_in_words(value) for value in choice.answers.values()]
    return ", ".join(filter(None, told))


def _in_words(value: object) -> str:
    if isinstance(value, bool):
        return words.yes_or_no(value)
    return words.in_words(value) if isinstance(value, StrEnum) and type(value) in words.WORDS else ""
