"""Whether a step of a request's history can be taken back: one rule, for the page that offers it and the use case."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ivr.models import EntryKind, RequestEntry
from ivr.services.requests.case import changes_of

UNDO_WITHIN = timedelta(hours=24)
UNDOABLE = frozenset({EntryKind.ATTEMPTED, EntryKind.CLOSED, EntryKind.RELEASED})
STEPS = frozenset(
    {
        EntryKind.ATTEMPTED,
        EntryKind.CLOSED,
        EntryKind.REOPENED,
        EntryKind.REASSIGNED,
        EntryKind.CANCELLED_BY_CALLER,
        EntryKind.CANCELLED_BY_LINK,
    }
)
"""What must be taken back before anything older can be."""

NO_STEP = "Only attempts, closings and releases can be undone."


@dataclass(frozen=True, slots=True)
class UndoRule:
    """The rule for one request's history: `undone` are the entries taken back, `last_step` is the newest that was not.

    `last_step` is the id of a step that stands in the way of everything older; 0 when there is none.
    """

    undone: frozenset[int]
    last_step: int

    @classmethod
    def of(cls, entries: Iterable[RequestEntry]) -> UndoRule:
        """The rule for these entries: all of one request, in any order."""
        known = tuple(entries)
        undone = frozenset(entry.undoes_id for entry in known if entry.undoes_id)
        standing = (entry.id for entry in known if entry.kind in STEPS and entry.id not in undone)
        return cls(undone, max(standing, default=0))

    def refusal(self, entry: RequestEntry, staff_id: int | None, leads: bool, now: datetime) -> str:
        """Why somebody of the staff cannot take an entry back now, a sentence for them; '' when they can.

        Later claims and releases, notes and edits are no hindrance; `leads` is whether a lead asks.
        """
        if entry.kind not in UNDOABLE:
            return NO_STEP
        before = changes_of(entry).before
        doer = entry.staff_id or before.get("owner_id")
        if not leads and (doer is None or doer != staff_id):
            return "Only whoever did this, or a lead, can undo it."
        if entry.at < now - UNDO_WITHIN:
            return "This is more than 24 hours ago, so it can no longer be undone."
        if not before:
            return "What was there before has been erased."
        if entry.id in self.undone:
            return "This was undone already."
        return "Something else was done since. Undo that first." if self.last_step > entry.id else ""
