"""What somebody of the staff did on a day, what of it comes back and when, and what is theirs to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from ivr.callflow.answers import Kind
from ivr.db import Database
from ivr.models import (
    Disposition,
    EntryKind,
    Outcome,
    PatientRequest,
    RequestEntry,
    RequestStatus,
    StaffMember,
    Tab,
)
from ivr.services.requests.order import REQUESTS
from ivr.services.requests.queue import QueueRow, rows_of_staff, with_messages

MOST_SHOWN = 200
"""Steps of a day, and requests of a list, that are read."""

SHOWN_KINDS = (
    EntryKind.CALLED,
    EntryKind.ATTEMPTED,
    EntryKind.CLOSED,
    EntryKind.NOTED,
    EntryKind.EDITED,
    EntryKind.REOPENED,
    EntryKind.ASSIGNED,
    EntryKind.REASSIGNED,
    EntryKind.UNDONE,
)


@dataclass(frozen=True, slots=True)
class Step:
    """Something that somebody did with a request; `comes_back_at` is the follow-up that an attempt agreed on."""

    at: datetime
    kind: EntryKind
    outcome: Outcome | None
    disposition: Disposition | None
    comes_back_at: datetime | None
    request_id: int
    reference: str
    request_kind: Kind
    is_undone: bool = False


@dataclass(frozen=True, slots=True)
class Day:
    """A member's day: their steps, the latest first; what they put back and still waits; what is assigned to them."""

    steps: tuple[Step, ...]
    put_back: tuple[QueueRow, ...]
    assigned: tuple[QueueRow, ...]


@dataclass(frozen=True, slots=True)
class Share:
    """What one member did in a day, and how much is assigned to them; attempts that were taken back do not count."""

    member_id: int
    name: str
    attempts: int
    closed: int
    assigned: int


def read_day(database: Database, member_id: int, begins: datetime, ends: datetime) -> Day:
    """The day of one member, from its beginning until before its end."""
    with database.read() as session:
        steps = _steps(session, member_id, begins, ends)
        tried = [step.request_id for step in steps if step.kind is EntryKind.ATTEMPTED and not step.is_undone]
        waits = (REQUESTS.status == RequestStatus.FOLLOW_UP) & REQUESTS.id.in_(set(tried))
        theirs = (REQUESTS.assigned_to_id == member_id) & REQUESTS.tab.in_((Tab.OPEN, Tab.INCOMPLETE))
        return Day(tuple(steps), tuple(_rows(session, waits)), tuple(_rows(session, theirs)))


def read_shares(database: Database, begins: datetime, ends: datetime) -> list[Share]:
    """The same for every active member in numbers, by name."""
    done = (
        select(RequestEntry.staff_id, RequestEntry.kind, func.count())
        .where(
            RequestEntry.kind.in_((EntryKind.ATTEMPTED, EntryKind.CLOSED)),
            RequestEntry.at >= begins,
            RequestEntry.at < ends,
            RequestEntry.id.not_in(_undone_since(begins)),
        )
        .group_by(RequestEntry.staff_id, RequestEntry.kind)
    )
    theirs = (
        select(PatientRequest.assigned_to_id, func.count())
        .where(PatientRequest.assigned_to_id.is_not(None), PatientRequest.tab.in_((Tab.OPEN, Tab.INCOMPLETE)))
        .group_by(PatientRequest.assigned_to_id)
    )
    members = select(StaffMember.id, StaffMember.name).where(StaffMember.active).order_by(StaffMember.name)
    with database.read() as session:
        counted = {(staff_id, kind): int(count) for staff_id, kind, count in session.execute(done)}
        assigned = {staff_id: int(count) for staff_id, count in session.execute(theirs)}
        return [
            Share(
                member_id,
                name,
                attempts=counted.get((member_id, EntryKind.ATTEMPTED), 0),
                closed=counted.get((member_id, EntryKind.CLOSED), 0),
                assigned=assigned.get(member_id, 0),
            )
            for member_id, name in session.execute(members)
        ]


def _steps(session: Session, member_id: int, begins: datetime, ends: datetime) -> Sequence[Step]:
    undone = set(session.scalars(_undone_since(begins)))
    entry = RequestEntry
    did = (
        select(
            entry.id,
            entry.at,
            entry.kind,
            entry.outcome,
            entry.disposition,
            entry.follow_up_at,
            entry.request_id,
            PatientRequest.reference,
            PatientRequest.kind,
        )
        .join(PatientRequest, PatientRequest.id == entry.request_id)
        .where(entry.staff_id == member_id, entry.kind.in_(SHOWN_KINDS), entry.at >= begins, entry.at < ends)
        .order_by(entry.at.desc(), entry.id.desc())
        .limit(MOST_SHOWN)
    )
    rows: list[tuple[Any, ...]] = [tuple(one) for one in session.execute(did)]
    return [replace(Step(*rest), is_undone=entry_id in undone) for entry_id, *rest in rows]


def _undone_since(begins: datetime) -> Select[Any]:
    """The ids of entries that were taken back on the day: only later ones can take an entry back."""
    return select(RequestEntry.undoes_id).where(
        RequestEntry.kind == EntryKind.UNDONE, RequestEntry.at >= begins, RequestEntry.undoes_id.is_not(None)
    )


def _rows(session: Session, condition: ColumnElement[bool]) -> list[QueueRow]:
    query = rows_of_staff().where(condition).order_by(REQUESTS.act_by, REQUESTS.id).limit(MOST_SHOWN)
    return with_messages(session, [QueueRow(*found) for found in session.execute(query)])
