"""Whom to call next: the queue page by page, its counts, and requests found by reference or number.

Pages are cut by key: each begins after the last row of the one before, so that what comes and goes in between neither
repeats nor hides a row, and a late page costs as much as the first. Nothing encrypted is read for any of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, func, literal, select, tuple_

from ivr.callflow.answers import BestTime, Kind, Reason, VisitType
from ivr.db import Database
from ivr.models import (
    AuditAction,
    Disposition,
    PatientRequest,
    Priority,
    RequestStatus,
    StaffMember,
    Tab,
)
from ivr.services.audit import Actor, add_audit_entry
from ivr.services.numbers import read_number

PAGE = 25
COUNTED = 500
"""Nobody reads a longer list to its end, so counting stops there."""

FOUND = 50
"""The newest requests that a search shows."""

LONGEST_CURSOR_PART = 18
"""Digits that every database takes for an id."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class BadSearch(Exception):
    """What was searched for is neither a reference nor a number; the message says what to type."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Which requests a list shows; what is None or False narrows nothing. `owner_id` is whose they are."""

    tab: Tab = Tab.OPEN
    kind: Kind | None = None
    status: RequestStatus | None = None
    priority: Priority | None = None
    language: str | None = None
    owner_id: int | None = None
    overdue: bool = False


@dataclass(frozen=True, slots=True)
class PageCursor:
    """Where a page begins: after (or, going back, before) the row with this rank, moment and id."""

    rank: int
    at: datetime
    id: int
    back: bool = False

    def __str__(self) -> str:
        """The place as an address can carry it; `of` reads it."""
        return f"{'b' if self.back else 'a'}{self.rank}-{(self.at - EPOCH) // MICROSECOND}-{self.id}"

    @classmethod
    def of(cls, text: str) -> PageCursor | None:
        """The place that a text names; None for any other text."""
        parts = text[1:].split("-")
        if text[:1] not in ("a", "b") or len(parts) != 3 or not all(one.isascii() and one.isdecimal() for one in parts):
            return None
        rank, microseconds, request_id = (int(one[:LONGEST_CURSOR_PART]) for one in parts)
        if rank >= len(Priority):
            return None
        try:
            return cls(rank, EPOCH + MICROSECOND * microseconds, request_id, text[0] == "b")
        except OverflowError:
            return None


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A request as lists show it, without anything that tells who the patient is."""

    id: int
    reference: str
    kind: Kind
    status: RequestStatus
    priority: Priority
    rank: int
    reason: Reason | None
    visit_type: VisitType | None
    best_time: BestTime | None
    language: str
    has_number: bool
    red_flags: bool
    left_incomplete: bool
    pressed_nothing: bool
    left_in_outage: bool
    for_desk: bool
    created_at: datetime
    act_by: datetime
    first_attempt_at: datetime | None
    attempts: int
    owner_id: int | None
    owner: str | None
    disposition: Disposition | None
    closed_at: datetime | None

    @property
    def since(self) -> datetime:
        """When the time until `act_by` began to run: at the call, or at the first attempt once there was one."""
        return self.first_attempt_at or self.created_at


@dataclass(frozen=True, slots=True)
class QueuePage:
    """One page of a list; `before` and `after` are where its neighbours begin, None where there is none."""

    rows: tuple[QueueRow, ...]
    before: PageCursor | None
    after: PageCursor | None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many requests there are, each counted up to `COUNTED` + 1: by tab, of one owner, and past their time."""

    open: int
    incomplete: int
    closed: int
    mine: int
    overdue: int
    urgent: int


REQUESTS = PatientRequest.__table__.c
COLUMNS = (
    PatientRequest.id,
    PatientRequest.reference,
    PatientRequest.kind,
    PatientRequest.status,
    PatientRequest.priority,
    PatientRequest.rank,
    PatientRequest.reason,
    PatientRequest.visit_type,
    PatientRequest.best_time,
    PatientRequest.language,
    PatientRequest.callback_number.is_not(None).label("has_number"),
    PatientRequest.red_flags,
    PatientRequest.left_incomplete,
    PatientRequest.pressed_nothing,
    PatientRequest.left_in_outage,
    PatientRequest.for_desk,
    PatientRequest.created_at,
    PatientRequest.act_by,
    PatientRequest.first_attempt_at,
    PatientRequest.attempts,
    PatientRequest.owner_id,
    StaffMember.name.label("owner"),
    PatientRequest.disposition,
    PatientRequest.closed_at,
)


def read_page(
    database: Database, filters: Filters, place: PageCursor | None, now: datetime, size: int = PAGE
) -> QueuePage:
    """A page of the queue, the most pressing first: by priority, the time to act by, and age.

    Closed requests come the latest first. A place that has become the list's beginning gives the first page.
    """
    is_closed = filters.tab is Tab.CLOSED
    back = place is not None and place.back
    query = _joined().where(*_conditions(filters, now))
    keys: Sequence[ColumnElement[Any]] = (REQUESTS.closed_at, REQUESTS.id) if is_closed else _KEYS
    if is_closed:
        query = query.where(PatientRequest.closed_at.is_not(None))
    if place is not None:
        query = query.where(_beyond(keys, place, is_closed))
    ascending = is_closed == back
    query = query.order_by(*(key.asc() if ascending else key.desc() for key in keys)).limit(size + 1)
    with database.read() as session:
        rows = [QueueRow(*found) for found in session.execute(query)]
    more, rows = len(rows) > size, rows[:size]
    if back:
        rows.reverse()
    if place is not None and (not rows or (back and not more)):
        return read_page(database, filters, None, now, size)
    before = _cursor(rows[0], is_closed, back=True) if place is not None else None
    after = _cursor(rows[-1], is_closed) if more or back else None
    return QueuePage(tuple(rows), before, after)


def count(database: Database, member_id: int, now: datetime) -> Counts:
    """The numbers beside the tabs and filters, for a member of the staff."""
    in_tab = [REQUESTS.tab == tab for tab in Tab]
    overdue = [
        (REQUESTS.tab == Tab.OPEN) & (REQUESTS.rank == priority.rank) & (REQUESTS.act_by < now) for priority in Priority
    ]
    mine = (REQUESTS.tab == Tab.OPEN) & (REQUESTS.owner_id == member_id)
    urgent = (REQUESTS.tab == Tab.OPEN) & (REQUESTS.rank == Priority.URGENT.rank)
    each = [_counted(condition) for condition in (*in_tab, mine, urgent, *overdue)]
    with database.read() as session:
        opened, incomplete, closed, my_own, pressing, *late = session.execute(select(*each)).one()
    return Counts(opened, incomplete, closed, my_own, min(sum(late), COUNTED + 1), pressing)


def search(database: Database, text: str, actor: Actor, now: datetime) -> list[QueueRow]:
    """The newest requests with a reference or a telephone number, in every tab; the search leaves a row in the trail.

    Raises:
        BadSearch: when the text is neither.
    """
    condition, by = _wanted(database, text)
    query = _joined().where(condition).order_by(REQUESTS.id.desc()).limit(FOUND)
    with database.write() as session:
        rows = [QueueRow(*found) for found in session.execute(query)]
        add_audit_entry(session, actor, AuditAction.SEARCHED, "queue", now, f"by {by}: {len(rows)} found")
    return rows


def _wanted(database: Database, text: str) -> tuple[ColumnElement[bool], str]:
    digits = "".join(text.split())
    if len(digits) == 6 and digits.isascii() and digits.isdecimal():
        return REQUESTS.reference == digits, f"reference {digits}"
    try:
        number = read_number(text)
    except ValueError:
        raise BadSearch("Type a reference of 6 digits, or a telephone number with its area code.") from None
    return REQUESTS.number_index.in_(database.vault.indexes(number)), "number"


def _joined() -> Select[Any]:
    named = select(*COLUMNS).join(StaffMember, StaffMember.id == PatientRequest.owner_id, isouter=True)
    return cast(Select[Any], named)


def _conditions(filters: Filters, now: datetime) -> list[ColumnElement[bool]]:
    wanted: dict[str, Any] = {
        "tab": filters.tab,
        "kind": filters.kind,
        "status": filters.status,
        "rank": filters.priority.rank if filters.priority else None,
        "language": filters.language,
        "owner_id": filters.owner_id,
    }
    conditions = [REQUESTS[name] == value for name, value in wanted.items() if value is not None]
    if filters.overdue:
        conditions.append(REQUESTS.act_by < now)
    return conditions


_KEYS = (REQUESTS.rank, REQUESTS.act_by, REQUESTS.id)


def _beyond(keys: Sequence[ColumnElement[Any]], place: PageCursor, is_closed: bool) -> ColumnElement[bool]:
    values = (place.at, place.id) if is_closed else (place.rank, place.at, place.id)
    there = tuple_(*(literal(value, key.type) for key, value in zip(keys, values, strict=True)))
    here = tuple_(*keys)
    return here > there if is_closed == place.back else here < there


def _cursor(row: QueueRow, is_closed: bool, *, back: bool = False) -> PageCursor:
    return PageCursor(row.rank, (row.closed_at if is_closed else None) or row.act_by, row.id, back)


def _counted(condition: ColumnElement[bool]) -> Any:
    some = select(literal(1).label("one")).select_from(PatientRequest).where(condition).limit(COUNTED + 1)
    return select(func.count()).select_from(some.subquery()).scalar_subquery()
