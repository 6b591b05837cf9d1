"""Where a call is: everything the engine needs to go on, small enough to be stored with each turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from ivr.callflow.answers import BestTime, Draft, Kind, PatientType, Reason, VisitType, Weekday
from ivr.callflow.inputs import Promise, RequestSaved
from ivr.callflow.outputs import Speech


@dataclass(frozen=True, slots=True)
class CallState:
    """A call between two turns.

    `attempts` counts misses at the node, `entry` holds keys of an entry under way, `entered` a finished entry that is
    being read back, `saved` the receipt the caller may hear again, `facts` what the last consult found (plain JSON),
    `refused` how many proofs of who is calling were wrong. `today` (in the clinic's time zone), `desk` (the numbers to
    ring now; empty when closed) and `closure` (what to say of a day on which the clinic is closed) are not the call's
    own: whoever drives the engine sets them each turn.
    """

    node: str
    language: str
    attempts: int = 0
    draft: Draft = Draft()
    entry: str = ""
    entered: str = ""
    caller_number: str | None = None
    disclaimed: bool = False
    desk_tried: int = 0
    saved: RequestSaved | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    refused: int = 0
    today: date = date.min
    desk: tuple[str, ...] = ()
    closure: tuple[Speech, ...] = ()

    def at(self, today: date, desk: tuple[str, ...], closure: tuple[Speech, ...] = ()) -> CallState:
        """The same state in the surroundings of this moment."""
        return replace(self, today=today, desk=desk, closure=closure)


def to_plain(state: CallState) -> dict[str, Any]:
    """The state as JSON values, without what is as at the start; it has personal data, so it is stored encrypted."""
    plain = _unlike(state, _BLANK)
    for surrounding in ("today", "desk", "closure"):
        plain.pop(surrounding, None)
    if "draft" in plain:
        plain["draft"] = _unlike(state.draft, _BLANK.draft)
    if state.saved:
        plain["saved"] = [state.saved.reference, plain_promise(state.saved.promise)]
    return plain


def from_plain(plain: Mapping[str, Any]) -> CallState:
    """The state that `to_plain` described."""
    values = dict(plain)
    if "draft" in values:
        values["draft"] = _draft(values["draft"])
    if "saved" in values:
        reference, promise = values["saved"]
        values["saved"] = RequestSaved(reference, promise_of(promise))
    return replace(_BLANK, **values)


def _unlike(value: Any, blank: Any) -> dict[str, Any]:
    return {name: mine for name in type(value).__slots__ if (mine := getattr(value, name)) != getattr(blank, name)}


def plain_promise(promise: Promise | None) -> list[Any] | None:
    """A promise as JSON values."""
    return None if promise is None else [promise.by.isoformat(), promise.days_ahead, promise.minutes]


def promise_of(plain: Sequence[Any] | None) -> Promise | None:
    """The promise that `plain_promise` described."""
    return None if plain is None else Promise(datetime.fromisoformat(plain[0]), plain[1], plain[2])


_ENUMS = {
    "kind": Kind,
    "reason": Reason,
    "patient_type": PatientType,
    "visit_type": VisitType,
    "weekday": Weekday,
    "best_time": BestTime,
}


def _draft(plain: Mapping[str, Any]) -> Draft:
    values: dict[str, Any] = {name: _ENUMS[name](value) if name in _ENUMS else value for name, value in plain.items()}
    return Draft(**values)


_BLANK = CallState(node="", language="")
