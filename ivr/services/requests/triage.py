"""What staff do with a request: claim it, try to reach the patient, put it back, close it. Each is one transaction.

Every use case takes the line, the request's id, who acts and the time; it appends to the request's history and to the
audit trail. What cannot be done raises a `TriageError` whose message is a sentence for staff. `within` makes a use case
part of a transaction under way. Undoing, reopening, editing and notes are in `services/requests/history`.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from ivr.db import retry_when_busy
from ivr.models import (
    AuditAction,
    Disposition,
    EntryKind,
    Outcome,
    PatientRequest,
    Priority,
    RequestStatus,
    StaffMember,
    TextKind,
)
from ivr.services.audit import Actor
from ivr.services.calendar import Calendar
from ivr.services.line import Line
from ivr.services.requests.case import BadEntry, Case, idle_claims, opened, put_away, release_unattended
from ivr.services.requests.texting import SETTLED, enqueue_text

AT_ONCE = 50
"""Idle claims released in one transaction."""

BUSY_FOR = timedelta(minutes=30)
AFTERNOON = 13
"""The hour at which the second half of a day begins."""

FURTHEST = timedelta(days=365)
DAYS_AHEAD = 60

SPOKE = frozenset({Outcome.REACHED, Outcome.DECLINED})
"""Outcomes in which the patient was spoken to."""

HELPED = frozenset({Disposition.SCHEDULED, Disposition.ANSWERED, Disposition.REFERRED, Disposition.EMERGENCY})
"""Dispositions that nobody can come to without having spoken to the patient."""


def claim(line: Line, request_id: int, actor: Actor, now: datetime, *, within: Session | None = None) -> None:
    """Claim a request; of two who try at once one gets it. Claiming one's own again changes nothing.

    Raises:
        Taken: when somebody else has it.
        AlreadyClosed: when it is closed.
    """
    with opened(line, request_id, actor, now, within) as case:
        if case.request.status is RequestStatus.CLAIMED and not case.is_mine:
            raise case.taken()
        case.need_hold()


def release(line: Line, request_id: int, actor: Actor, now: datetime) -> int | None:
    """Put a claimed request back, by its owner or a lead; the history entry's id, None when nobody had it.

    Raises:
        Taken: when somebody else has it.
    """
    with opened(line, request_id, actor, now) as case:
        case.need_open()
        if case.request.status is not RequestStatus.CLAIMED:
            return None
        if not case.is_mine and not case.leads:
            raise case.taken()
        owner = case.request.owner_id
        case.put_back()
        detail = "" if owner == actor.staff_id else f"claim of staff:{owner}"
        return case.record(EntryKind.RELEASED, AuditAction.RELEASED, detail)


def take_over(line: Line, request_id: int, actor: Actor, now: datetime) -> None:
    """Claim a request that somebody else has, by a lead.

    Raises:
        NotAllowed: when no lead acts.
    """
    with opened(line, request_id, actor, now) as case:
        case.need_lead("take over a request")
        case.need_open()
        if case.is_mine:
            return
        owner = case.request.owner_id
        case.give_to(actor.staff_id)
        detail = f"taken over from staff:{owner}" if owner else ""
        case.record(EntryKind.CLAIMED, AuditAction.CLAIMED, detail)


def reassign(line: Line, request_id: int, actor: Actor, now: datetime, *, to: int) -> int:
    """Give a request to a member of the staff, by a lead; the history entry's id.

    It is released like any other when the member is not seen at work on it for a while, so that it is never stuck.

    Raises:
        NotAllowed: when no lead acts.
        BadEntry: when there is no such active member.
    """
    with opened(line, request_id, actor, now) as case:
        case.need_lead("reassign a request")
        case.need_open()
        member = case.session.get(StaffMember, to)
        if member is None or not member.active:
            raise BadEntry("Choose somebody whose account is active.")
        case.give_to(member.id)
        return case.record(EntryKind.REASSIGNED, AuditAction.CHANGED, f"reassigned to staff:{member.id}")


def touch(line: Line, request_id: int, actor: Actor, now: datetime) -> bool:
    """Note that the owner is still working on a request; False when it is not (or no longer) theirs.

    It leaves no trace in history and audit: a page does this by itself every minute.
    """
    mine = update(PatientRequest).where(
        PatientRequest.id == request_id,
        PatientRequest.status == RequestStatus.CLAIMED,
        PatientRequest.owner_id == actor.staff_id,
    )
    with line.database.write() as session:
        result = session.execute(mine.values(owner_seen_at=now))
        return isinstance(result, CursorResult) and result.rowcount == 1


def release_idle(line: Line, now: datetime) -> int:
    """Put back every request whose owner has not been seen at work on it for too long; how many those were.

    Cheap when there are none: then it only looks.
    """
    idle = select(PatientRequest).where(idle_claims(now, line.idle.claim))
    with line.database.read() as session:
        if session.scalar(idle.with_only_columns(PatientRequest.id).limit(1)) is None:
            return 0

    def release_some() -> int:
        with line.database.write() as session:
            locked = idle.order_by(PatientRequest.id).limit(AT_ONCE).with_for_update(skip_locked=True)
            found = list(session.scalars(locked))
            for request in found:
                release_unattended(session, line, request, now)
            return len(found)

    released = 0
    while some := retry_when_busy(release_some):
        released += some
    return released


def record_attempt(
    line: Line,
    request_id: int,
    actor: Actor,
    now: datetime,
    *,
    outcome: Outcome,
    follow_up_at: datetime | None = None,
    note: str = "",
    within: Session | None = None,
) -> int:
    """Note an attempt to reach the patient and put the request back until the follow-up; the history entry's id.

    Without a time it follows from the outcome, see `default_follow_up`.

    Raises:
        Taken: when somebody else has the request and no lead acts.
        AlreadyClosed: when it is closed.
        BadEntry: when the follow-up lies in the past or more than a year ahead.
    """
    with opened(line, request_id, actor, now, within) as case:
        case.need_hold()
        return put_back_until(case, outcome, follow_up_at, note)


def put_back_until(case: Case, outcome: Outcome, follow_up_at: datetime | None, note: str) -> int:
    """Note an attempt and let the request wait until its follow-up; the history entry's id. See `record_attempt`.

    Raises:
        BadEntry: when the follow-up lies in the past or more than a year ahead.
    """
    if follow_up_at is not None and not case.now < follow_up_at <= case.now + FURTHEST:
        raise BadEntry("Choose a follow-up time that is still to come, within a year.")
    at = follow_up_at or default_follow_up(case.line.calendar, case.request.priority, outcome, case.now)
    note_attempt(case, outcome)
    case.request.act_by = at
    case.put_back()
    kind, detail = EntryKind.ATTEMPTED, f"attempt: {outcome}"
    return case.record(kind, AuditAction.CHANGED, detail, text=note, outcome=outcome, follow_up_at=at)


def note_attempt(case: Case, outcome: Outcome) -> None:
    """Count an attempt, for the reports too. What the history tells of it, whoever asks records."""
    case.request.attempts += 1
    case.request.first_attempt_at = case.request.first_attempt_at or case.now
    if outcome in SPOKE:
        case.request.reached_at = case.request.reached_at or case.now


def close(
    line: Line,
    request_id: int,
    actor: Actor,
    now: datetime,
    *,
    disposition: Disposition,
    note: str = "",
    within: Session | None = None,
) -> int:
    """Close a request; the history entry's id. Its owner stays named.

    A disposition that takes a conversation counts as having reached the patient, if no attempt was noted.

    Raises:
        Taken: when somebody else has the request and no lead acts.
        AlreadyClosed: when it is closed already.
    """
    with opened(line, request_id, actor, now, within) as case:
        case.need_hold()
        return close_case(case, disposition, note)


def close_case(case: Case, disposition: Disposition, note: str) -> int:
    """Close a request that whoever acts holds; the history entry's id. See `close`."""
    if disposition in HELPED:
        case.request.first_attempt_at = case.request.first_attempt_at or case.now
        case.request.reached_at = case.request.reached_at or case.now
    put_away(case.session, case.request, disposition, case.now)
    if disposition is Disposition.CANCELLED:
        enqueue_text(case.session, case.line, case.request, TextKind.CANCELLED, case.now, delay=SETTLED)
    kind, detail = EntryKind.CLOSED, f"disposition: {disposition}"
    return case.record(kind, AuditAction.CLOSED, detail, text=note, disposition=disposition)


def default_follow_up(calendar: Calendar, priority: Priority, outcome: Outcome, now: datetime) -> datetime:
    """When to act next after an attempt, while the clinic is open.

    Busy: in half an hour. No answer, wrong number: the next half of a day. Language barrier: within four hours of
    opening, with an interpreter. Otherwise: a business day later. What is urgent never waits longer than half an hour
    of opening time.
    """
    match outcome:
        case Outcome.BUSY:
            at = _when_open(calendar, now + BUSY_FOR)
        case Outcome.NO_ANSWER | Outcome.WRONG_NUMBER:
            at = _next_half_day(calendar, now)
        case Outcome.LANGUAGE_BARRIER:
            at = calendar.due_at(Priority.SOON, now)
        case Outcome.REACHED | Outcome.LEFT_MESSAGE | Outcome.DECLINED:
            at = calendar.due_at(Priority.ROUTINE, now)
    return min(at, calendar.due_at(Priority.URGENT, now)) if priority is Priority.URGENT else at


def _when_open(calendar: Calendar, at: datetime) -> datetime:
    return calendar.next_opening(at, DAYS_AHEAD) or at


def _next_half_day(calendar: Calendar, now: datetime) -> datetime:
    local = now.astimezone(calendar.timezone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    if local.hour < AFTERNOON - 1:
        return _when_open(calendar, midnight.replace(hour=AFTERNOON))
    return _when_open(calendar, midnight + timedelta(days=1))
