"""What came of working on a request, saved from one form: how the call went, what happens next, and a note.

A form says which entry of the history was the newest when it was made. What somebody did since that it does not know of
is told instead of being written over, and a form that is sent twice is saved once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from ivr.models import AuditAction, Disposition, EntryKind, Outcome, RequestEntry, StaffMember
from ivr.services.audit import Actor
from ivr.services.line import Line
from ivr.services.requests.case import BadEntry, Case, TriageError, opened
from ivr.services.requests.drafts import drop_draft
from ivr.services.requests.triage import close_case, note_attempt, put_back_until

NOT_SPOKEN = frozenset({Disposition.DUPLICATE, Disposition.UNREACHABLE})

FITTING: Mapping[Outcome | None, frozenset[Disposition]] = {
    None: frozenset(Disposition) - {Disposition.CANCELLED},
    Outcome.REACHED: frozenset(Disposition) - {Disposition.CANCELLED, Disposition.UNREACHABLE},
    Outcome.DECLINED: frozenset(
        {Disposition.ANSWERED, Disposition.REFERRED, Disposition.DUPLICATE, Disposition.NOT_A_PATIENT}
    ),
    Outcome.LEFT_MESSAGE: NOT_SPOKEN,
    Outcome.NO_ANSWER: NOT_SPOKEN,
    Outcome.BUSY: NOT_SPOKEN,
    Outcome.WRONG_NUMBER: NOT_SPOKEN | {Disposition.NOT_A_PATIENT},
    Outcome.LANGUAGE_BARRIER: NOT_SPOKEN | {Disposition.REFERRED, Disposition.EMERGENCY},
}
"""How a request may be settled after each outcome; None: nobody was called. Cancelling is the caller's."""

SETTLES = frozenset({Outcome.REACHED, Outcome.DECLINED})
"""Outcomes after which a request is settled, as a rule; after the others somebody calls again."""

TELLING = frozenset(
    {
        EntryKind.ATTEMPTED,
        EntryKind.CLOSED,
        EntryKind.REOPENED,
        EntryKind.REASSIGNED,
        EntryKind.UNDONE,
        EntryKind.EDITED,
        EntryKind.CHANGED_BY_CALLER,
        EntryKind.CANCELLED_BY_CALLER,
        EntryKind.CHANGED_BY_LINK,
        EntryKind.CANCELLED_BY_LINK,
        EntryKind.MESSAGE_BY_LINK,
        EntryKind.TEXT_RECEIVED,
    }
)
"""What whoever saves an outcome must have seen."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a form says. With a disposition the request is closed, with an outcome alone it waits for `follow_up_at`.

    Without a follow-up that is when it is proposed. A note alone changes nothing else.
    """

    outcome: Outcome | None = None
    disposition: Disposition | None = None
    follow_up_at: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """An entry of the history that a form was made without; `staff` is a name, None: nobody of the staff did it.

    `how` is the outcome or the disposition, if it has one.
    """

    kind: EntryKind
    at: datetime
    how: Outcome | Disposition | None
    staff: str | None
    is_mine: bool


class ChangedMeanwhile(TriageError):
    """Something was done since the form was made: `entries`, the oldest first. Nothing was saved.

    `newest` is the entry from which a form that knows of it is made.
    """

    def __init__(self, entries: Sequence[Meanwhile], newest: int) -> None:
        super().__init__("Nothing is saved yet, because something was done since this page was opened.")
        self.entries, self.newest = tuple(entries), newest


def save_result(
    line: Line, request_id: int, actor: Actor, now: datetime, *, result: Result, made_from: int, once: str = ""
) -> str:
    """Save what came of working on a request, in one transaction, and drop the draft of it; the request's reference.

    `made_from` is the newest entry of the history that the form was made with, 0 for none. `once` is a key of this
    sending, '' for none: sent again, it is known, and nothing is done twice.

    Raises:
        ChangedMeanwhile: saying what was done since.
        Taken: when somebody else has the request and no lead acts.
        AlreadyClosed: when it is closed.
        BadEntry: when nothing is said, the disposition does not fit the outcome, or the follow-up cannot be.
    """
    _check(result)
    with opened(line, request_id, actor, now) as case:
        if once and _is_saved(case, once):
            return case.request.reference
        _check_unchanged(case, result, made_from)
        if result.outcome is None and result.disposition is None:
            entry_id = case.record(EntryKind.NOTED, AuditAction.CHANGED, "note", text=result.note)
        else:
            entry_id = _save_step(case, result)
        case.session.get_one(RequestEntry, entry_id).once = once or None
        drop_draft(case.session, request_id, actor.staff_id)
        return case.request.reference


def _check(result: Result) -> None:
    if result.outcome is None and result.disposition is None and not result.note.strip():
        raise BadEntry("Choose how the call went, or write a note.")
    if result.disposition is not None and result.disposition not in FITTING[result.outcome]:
        raise BadEntry("That does not fit how the call went. Choose how it was settled again.")


def _save_step(case: Case, result: Result) -> int:
    case.need_hold()
    if result.disposition is None and result.outcome is not None:
        return put_back_until(case, result.outcome, result.follow_up_at, result.note)
    if result.outcome is not None:
        note_attempt(case, result.outcome)
        case.record(EntryKind.ATTEMPTED, AuditAction.CHANGED, f"attempt: {result.outcome}", outcome=result.outcome)
    assert result.disposition is not None
    return close_case(case, result.disposition, result.note)


def _is_saved(case: Case, once: str) -> bool:
    mine = RequestEntry.request_id == case.request.id, RequestEntry.staff_id == case.actor.staff_id
    return case.session.scalar(select(RequestEntry.id).where(*mine, RequestEntry.once == once).limit(1)) is not None


def _check_unchanged(case: Case, result: Result, made_from: int) -> None:
    """Refuse a form that does not know what was done; of a note alone only the same one again is of interest."""
    since = select(RequestEntry).where(RequestEntry.request_id == case.request.id, RequestEntry.id > made_from)
    entries = list(case.session.scalars(since.order_by(RequestEntry.id)))
    is_note = result.outcome is None and result.disposition is None
    if is_note:
        told = [one for one in entries if one.staff_id == case.actor.staff_id and one.note == result.note.strip()]
    else:
        told = [one for one in entries if one.kind in TELLING]
    if told:
        raise ChangedMeanwhile([_meanwhile(case, one) for one in told], entries[-1].id)


def _meanwhile(case: Case, entry: RequestEntry) -> Meanwhile:
    who = case.session.get(StaffMember, entry.staff_id or 0)
    name, is_mine = who.name if who else None, entry.staff_id == case.actor.staff_id
    return Meanwhile(entry.kind, entry.at, entry.outcome or entry.disposition, name, is_mine)
