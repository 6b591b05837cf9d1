"""Whose a request is until it is done: an assignment, which anybody may give and take. A claim is another thing.

A claim says who is working on a request now, and ends after minutes. An assignment lasts until the request is closed,
through attempts and follow-ups. The assignee is told, without a patient's data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.db import Database
from ivr.models import AuditAction, EntryKind, PatientRequest, RequestStatus, StaffMember, Tab
from ivr.services.audit import Actor
from ivr.services.jobs import Job, enqueue
from ivr.services.line import Line
from ivr.services.requests.case import BadEntry, Case, opened

MOST_AT_ONCE = 200
"""Requests that can be assigned, or moved to somebody else, in one go."""

WAITING_TABS = (Tab.OPEN, Tab.INCOMPLETE)


@dataclass(frozen=True, slots=True)
class Assigned:
    """What an assignee is told: where to, and the references of requests that are still theirs."""

    email: str
    references: tuple[str, ...]


def assign(line: Line, request_id: int, actor: Actor, now: datetime, *, to: int | None, note: str = "") -> int | None:
    """Make a request somebody's until it is done, or nobody's; the history entry's id, None when that was so already.

    Raises:
        AlreadyClosed: when it is closed.
        BadEntry: when there is no such active member, or the note is far too long.
    """
    with opened(line, request_id, actor, now) as case:
        _need_active(case, to)
        entry = _assign(case, to, note)
        if entry is not None and to is not None and to != actor.staff_id:
            _tell(line, case.session, to, [request_id], entry)
        return entry


def assign_many(line: Line, request_ids: Sequence[int], actor: Actor, now: datetime, *, to: int | None) -> int:
    """Assign requests in one go, by a lead, in one transaction; how many are somebody else's now. Closed ones stay.

    Raises:
        NotAllowed: when no lead acts.
        BadEntry: when there is no such active member, or there are too many.
    """
    if len(request_ids) > MOST_AT_ONCE:
        raise BadEntry(f"Choose at most {MOST_AT_ONCE} requests.")
    changed: dict[int, int] = {}
    with line.database.write() as session:
        for request_id in sorted(set(request_ids)):
            with opened(line, request_id, actor, now, within=session) as case:
                case.need_lead("assign many requests at once")
                _need_active(case, to)
                if case.request.status is RequestStatus.CLOSED:
                    continue
                made = _assign(case, to, "")
                if made is not None:
                    changed[request_id] = made
        if changed and to is not None and to != actor.staff_id:
            _tell(line, session, to, list(changed), max(changed.values()))
    return len(changed)


def move_list(line: Line, actor: Actor, now: datetime, *, from_: int, to: int | None) -> int:
    """Give everything that is one member's to another, or to nobody, by a lead: how many requests that was.

    Raises:
        NotAllowed: when no lead acts.
        BadEntry: when there is no such active member.
    """
    theirs = select(PatientRequest.id).where(
        PatientRequest.assigned_to_id == from_, PatientRequest.tab.in_(WAITING_TABS)
    )
    with line.database.read() as session:
        found = list(session.scalars(theirs.order_by(PatientRequest.id).limit(MOST_AT_ONCE)))
    return assign_many(line, found, actor, now, to=to) if found else 0


def assigned_facts(database: Database, staff_id: int, request_ids: Sequence[int]) -> Assigned | None:
    """What to tell an assignee of requests; None when none of them is theirs any more, or they have left."""
    theirs = select(PatientRequest.reference).where(
        PatientRequest.id.in_(request_ids),
        PatientRequest.assigned_to_id == staff_id,
        PatientRequest.tab.in_(WAITING_TABS),
    )
    with database.read() as session:
        member = session.get(StaffMember, staff_id)
        references = tuple(session.scalars(theirs.order_by(PatientRequest.id)))
    return Assigned(member.email, references) if member and member.active and references else None


def _need_active(case: Case, to: int | None) -> None:
    member = case.session.get(StaffMember, to) if to is not None else None
    if to is not None and (member is None or not member.active):
        raise BadEntry("Choose somebody whose account is active.")


def _assign(case: Case, to: int | None, note: str) -> int | None:
    case.need_open()
    if case.request.assigned_to_id == to:
        return case.record(EntryKind.NOTED, AuditAction.CHANGED, "note", text=note) if note.strip() else None
    case.request.assigned_to_id = to
    case.request.assigned_at = case.now if to is not None else None
    detail = f"assigned to staff:{to}" if to is not None else "assigned to nobody"
    return case.record(EntryKind.ASSIGNED, AuditAction.CHANGED, detail, text=note)


def _tell(line: Line, session: Session, to: int, request_ids: list[int], entry_id: int) -> None:
    key = f"assigned-{entry_id}"
    enqueue(line.database, session.connection(), Job.TELL_ASSIGNEE, to, request_ids, key, key=key)
