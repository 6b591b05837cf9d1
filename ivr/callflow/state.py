"""Where a call is: everything the engine needs to go on, small enough to be stored with each turn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from ivr.callflow import plain
from ivr.callflow.answers import Draft
from ivr.callflow.facts import Fact, Facts, HoursFacts, RequestFacts, RequestSaved, StaffFacts, StudioFacts
from ivr.callflow.outputs import Speech

SURROUNDINGS = frozenset({"today", "desk", "closure", "is_open"})


@dataclass(frozen=True, slots=True)
class CallState:
    """A call between two turns.

    `attempts` counts misses at the node, `entry` holds keys of an entry under way, `entered` a finished entry that is
    being read back, `saved` the receipt the caller may hear again, `refused` how many proofs of who is calling were
    wrong, `known_language` the language of this number's last call where callers can choose one. `last_key` is the key
    pressed last ('' while nothing was), `lead` the notice whose words a stray key starts over. `request`, `staff`,
    `studio` and `hours` are what consults found and keys added. `today` (in the clinic's time zone), `desk` (the
    numbers to ring now; empty when closed), `closure` (what to say of a day on which the clinic is closed, opens late
    or closes early) and `is_open` (whether it is open now) are not the call's own: whoever drives the engine sets them
    each turn.
    """

    node: str = ""
    language: str = ""
    attempts: int = 0
    draft: Draft = Draft()
    entry: str = ""
    entered: str = ""
    caller_number: str | None = None
    disclaimed: bool = False
    desk_tried: int = 0
    saved: RequestSaved | None = None
    refused: int = 0
    known_language: str | None = None
    last_key: str = ""
    lead: str = ""
    request: RequestFacts = RequestFacts()
    staff: StaffFacts = StaffFacts()
    studio: StudioFacts = StudioFacts()
    hours: HoursFacts = HoursFacts()
    today: date = date.min
    desk: tuple[str, ...] = ()
    closure: tuple[Speech, ...] = ()
    is_open: bool = False

    def at(
        self, today: date, desk: tuple[str, ...], closure: tuple[Speech, ...] = (), is_open: bool = False
    ) -> CallState:
        """The same state in the surroundings of this moment."""
        return replace(self, today=today, desk=desk, closure=closure, is_open=is_open)

    def knowing(self, facts: Facts) -> CallState:
        """The same state with what a consult found, in place of what was known of that kind."""
        match facts:
            case RequestFacts():
                return replace(self, request=facts)
            case RequestSaved():
                return replace(self, saved=facts)
            case StaffFacts():
                return replace(self, staff=facts)
            case StudioFacts():
                return replace(self, studio=facts)
            case HoursFacts():
                return replace(self, hours=facts)

    def adding(self, added: Mapping[Fact, Any]) -> CallState:
        """The same state with single facts added."""
        state = self
        for fact, value in added.items():
            part, name = fact.value
            changed: Any = replace(getattr(state, part), **{name: value})
            state = state.knowing(changed)
        return state


def to_plain(state: CallState) -> dict[str, Any]:
    """The state as JSON values, without what is as at the start; it has personal data, so it is stored encrypted."""
    return plain.to_plain(state, leave_out=SURROUNDINGS)


def from_plain(values: Mapping[str, Any]) -> CallState:
    """The state that `to_plain` described, of this version of the line or of the first edition.

    A call that began on the first edition forgets what was found in it, and goes on; who was hearing that a request is
    saved goes on hearing so.
    """
    saved = values.get("saved")
    if isinstance(saved, list):
        values = {**values, "saved": {"reference": saved[0], "promise": None}}
    if values.get("node") == "saved":
        values = {**values, "node": "receipt"}
    return plain.from_plain(CallState, values)
