"""Where a call is: everything the engine needs to go on, small enough to be stored with each turn."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any

from ivr.callflow.answers import BestTime, Draft, Kind, PatientType, Reason, VisitType, Weekday
from ivr.callflow.inputs import Promise, RequestSaved


@dataclass(frozen=True, slots=True)
class CallState:
    """A call between two turns.

    `attempts` counts misses at the node, `entry` holds keys of an entry under way, `entered` a finished entry that is
    being read back, `saved` the receipt the caller may hear again. `today` (in the clinic's time zone) and `desk` (the
    numbers to ring now; empty when closed) are not the call's own: whoever drives the engine sets them each turn.
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
    today: date = date.min
    desk: tuple[str, ...] = ()

    def at(self, today: date, desk: tuple[str, ...]) -> CallState:
        """The same state in the surroundings of this moment."""
        return replace(self, today=today, desk=desk)


def to_json(state: CallState) -> str:
    """The state as JSON; it contains personal data, so it is stored encrypted."""
    plain = asdict(state)
    del plain["today"], plain["desk"]
    plain["draft"] = {name: value for name, value in plain["draft"].items() if value is not None}
    if state.saved and state.saved.promise:
        plain["saved"]["promise"]["by"] = state.saved.promise.by.isoformat()
    return json.dumps(plain, separators=(",", ":"))


def from_json(text: str) -> CallState:
    """The state that `to_json` wrote."""
    return from_plain(json.loads(text))


def from_plain(plain: dict[str, Any]) -> CallState:
    """The same from JSON that has been read already; the dict is used up."""
    plain["draft"] = _draft(plain["draft"])
    if plain["saved"]:
        plain["saved"] = _saved(plain["saved"])
    return CallState(**plain)


_ENUMS = {
    "kind": Kind,
    "reason": Reason,
    "patient_type": PatientType,
    "visit_type": VisitType,
    "weekday": Weekday,
    "best_time": BestTime,
}


def _draft(plain: dict[str, object]) -> Draft:
    values = {name: _ENUMS[name](value) if name in _ENUMS else value for name, value in plain.items()}
    return Draft(**values)  # type: ignore[arg-type]


def _saved(plain: dict[str, object]) -> RequestSaved:
    promise = plain["promise"]
    if isinstance(promise, dict):
        promise = Promise(datetime.fromisoformat(promise["by"]), promise["days_ahead"], promise["minutes"])
    return RequestSaved(str(plain["reference"]), promise)  # type: ignore[arg-type]
