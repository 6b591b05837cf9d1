"""The queue's lists, page by page, and their counts.

Pages are cut by key: each begins after the last row of the one before, so that what comes and goes in between neither
repeats nor hides a row, and a late page costs as much as the first. Nothing encrypted is read for any of them.
`services/requests/order` has the order; requests are found by what somebody types in `services/requests/searching`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, func, literal, select
from sqlalchemy.orm import Session, aliased

from ivr.callflow.answers import BestTime, Kind, Reason, VisitType
from ivr.models import (
    Disposition,
    PatientRequest,
    Priority,
    Recording,
    RecordingStatus,
    RequestStatus,
    Source,
    StaffMember,
    Tab,
)
from ivr.services.line import Line
from ivr.services.requests.order import (
    REQUESTS,
    SECTIONS,
    Moment,
    Place,
    QueueTab,
    first_of,
    in_order,
    is_late,
    ordered_by,
    sections,
)

PAGE = 25
COUNTED = 500
"""Nobody reads a longer list to its end, so counting stops there."""

LATE_SECTIONS = 2
"""After what is urgent, as many sections of the first list are late."""

LONGEST_CURSOR_PART = 18
"""Digits that every database takes for an id."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


WITHOUT_SOUND = (RecordingStatus.ABSENT, RecordingStatus.EMPTY, RecordingStatus.REFUSED)
"""Recordings that nobody can listen to."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Which requests a list shows; what is None or False narrows nothing.

    `owner_id` has claimed them, and they are assigned to `assigned_to_id`.
    """

    tab: QueueTab = QueueTab.NOW
    kind: Kind | None = None
    status: RequestStatus | None = None
    priority: Priority | None = None
    language: str | None = None
    owner_id: int | None = None
    assigned_to_id: int | None = None
    overdue: bool = False


@dataclass(frozen=True, slots=True)
class PageCursor:
    """Where a page begins: after (or, going back, before) a row's place in its list."""

    place: Place
    back: bool = False

    def __str__(self) -> str:
        """The place as an address can carry it; `of` reads it."""
        place = self.place
        return f"{'b' if self.back else 'a'}{place.section}-{(place.at - EPOCH) // MICROSECOND}-{place.id}"

    @classmethod
    def of(cls, text: str) -> PageCursor | None:
        """The place that a text names; None for any other text."""
        parts = text[1:].split("-")
        if text[:1] not in ("a", "b") or len(parts) != 3 or not all(one.isascii() and one.isdecimal() for one in parts):
            return None
        section, microseconds, request_id = (int(one[:LONGEST_CURSOR_PART]) for one in parts)
        if section >= SECTIONS:
            return None
        try:
            return cls(Place(section, EPOCH + MICROSECOND * microseconds, request_id), text[0] == "b")
        except OverflowError:
            return None


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A request as lists show it: without anything that tells who the patient is, unless the clinic wants the name.

    `section` is the part of its list; `message_seconds` how long its voice messages are, None when there are none.
    `name` is the patient's, where the clinic wants lists to show it.
    """

    id: int
    reference: str
    kind: Kind
    status: RequestStatus
    priority: Priority
    reason: Reason | None
    visit_type: VisitType | None
    best_time: BestTime | None
    language: str
    has_number: bool
    red_flags: bool
    left_incomplete: bool
    pressed_nothing: bool
    left_in_outage: bool
    source: Source
    needs_interpreter: bool | None
    for_desk: bool
    created_at: datetime
    act_by: datetime
    first_attempt_at: datetime | None
    attempts: int
    owner_id: int | None
    owner: str | None
    assigned_to_id: int | None
    assigned_to: str | None
    disposition: Disposition | None
    closed_at: datetime | None
    section: int = 0
    message_seconds: int | None = None
    name: str | None = None

    @property
    def since(self) -> datetime:
        """When the time until `act_by` began to run: at the call, or at the first attempt once there was one.

        A follow-up that is still to come runs down no time: nothing presses until it has come.
        """
        if self.status is RequestStatus.FOLLOW_UP:
            return self.act_by
        return self.first_attempt_at or self.created_at


@dataclass(frozen=True, slots=True)
class QueuePage:
    """One page of a list; `before` and `after` are where its neighbours begin, None where there is none."""

    rows: tuple[QueueRow, ...]
    before: PageCursor | None
    after: PageCursor | None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many requests there are, each counted up to `COUNTED` + 1.

    First the tabs, then what one member has claimed and what is assigned to them, whose time has come, and the urgent.
    """

    now: int
    later: int
    incomplete: int
    closed: int
    mine: int
    assigned: int
    overdue: int
    urgent: int


ASSIGNEE = aliased(StaffMember)
COLUMNS = (
    PatientRequest.id,
    PatientRequest.reference,
    PatientRequest.kind,
    PatientRequest.status,
    PatientRequest.priority,
    PatientRequest.reason,
    PatientRequest.visit_type,
    PatientRequest.best_time,
    PatientRequest.language,
    PatientRequest.callback_number.is_not(None).label("has_number"),
    PatientRequest.red_flags,
    PatientRequest.left_incomplete,
    PatientRequest.pressed_nothing,
    PatientRequest.left_in_outage,
    PatientRequest.source,
    PatientRequest.needs_interpreter,
    PatientRequest.for_desk,
    PatientRequest.created_at,
    PatientRequest.act_by,
    PatientRequest.first_attempt_at,
    PatientRequest.attempts,
    PatientRequest.owner_id,
    StaffMember.name.label("owner"),
    PatientRequest.assigned_to_id,
    ASSIGNEE.name.label("assigned_to"),
    PatientRequest.disposition,
    PatientRequest.closed_at,
)


def read_page(line: Line, filters: Filters, cursor: PageCursor | None, now: datetime, size: int = PAGE) -> QueuePage:
    """A page of one of the queue's lists, the most pressing first; closed requests come the latest first.

    A cursor that points to the list's beginning by now gives the first page.
    """
    tab, back = filters.tab, cursor is not None and cursor.back
    moment = moment_of(line, now)
    place = cursor.place if cursor else None
    listed = first_of(tab, moment, size + 1, _conditions(filters, now), beyond=place, back=back)
    query = rows_of_staff().add_columns(listed.c.section).join(listed, listed.c.id == PatientRequest.id)
    query = query.order_by(*in_order(listed, tab=tab, back=back)).limit(size + 1)
    with line.database.read() as session:
        found = with_messages(session, [QueueRow(*one) for one in session.execute(query)])
    more, rows = len(found) > size, found[:size]
    if back:
        rows.reverse()
    if cursor is not None and (not rows or (back and not more)):
        return read_page(line, filters, None, now, size)
    before = _cursor(rows[0], tab, back=True) if cursor is not None else None
    after = _cursor(rows[-1], tab) if more or back else None
    return QueuePage(tuple(rows), before, after)


def moment_of(line: Line, now: datetime) -> Moment:
    """A time with the half of the clinic's day that it lies in."""
    return Moment(now, line.calendar.half_of_day(now))


def count(line: Line, member_id: int, now: datetime) -> Counts:
    """The numbers beside the tabs and filters, for a member of the staff."""
    moment = moment_of(line, now)
    wanted: dict[str, Sequence[ColumnElement[bool]]]
    wanted = {tab: [one.condition for one in sections(tab, moment)] for tab in QueueTab}
    urgent = [one.condition for one in sections(QueueTab.NOW, moment) if one.number == 0]
    late = [one & is_late(now) for one in urgent]
    mine = (REQUESTS.tab == Tab.OPEN) & (REQUESTS.owner_id == member_id)
    assigned = [(REQUESTS.assigned_to_id == member_id) & (REQUESTS.tab == tab) for tab in (Tab.OPEN, Tab.INCOMPLETE)]
    wanted |= {"mine": [mine], "assigned": assigned, "late": late}
    each = [_counted(condition) for conditions in wanted.values() for condition in conditions]
    with line.database.read() as session:
        counted = iter(session.execute(select(*each)).one())
    by = {name: [next(counted) for _ in conditions] for name, conditions in wanted.items()}
    pressing, overdue = by[QueueTab.NOW][: len(urgent)], by[QueueTab.NOW][len(urgent) : len(urgent) + LATE_SECTIONS]
    return Counts(
        now=_capped(by[QueueTab.NOW]),
        later=_capped(by[QueueTab.LATER]),
        incomplete=_capped(by[QueueTab.INCOMPLETE]),
        closed=_capped(by[QueueTab.CLOSED]),
        mine=_capped(by["mine"]),
        assigned=_capped(by["assigned"]),
        overdue=_capped([*overdue, *by["late"]]),
        urgent=_capped(pressing),
    )


def rows_of_staff() -> Select[Any]:
    """What a `QueueRow` is made of, with the names of staff, for whichever requests are wanted."""
    named = select(*COLUMNS).join(StaffMember, StaffMember.id == PatientRequest.owner_id, isouter=True)
    named = named.join(ASSIGNEE, ASSIGNEE.id == PatientRequest.assigned_to_id, isouter=True)
    return cast(Select[Any], named)


def with_messages(session: Session, rows: Sequence[QueueRow]) -> list[QueueRow]:
    """The same rows with how long their voice messages are."""
    of_rows = (
        select(Recording.request_id, func.sum(func.coalesce(Recording.duration_seconds, 0)))
        .where(
            Recording.request_id.in_([row.id for row in rows]),
            Recording.erased_at.is_(None),
            Recording.status.not_in(WITHOUT_SOUND),
        )
        .group_by(Recording.request_id)
    )
    seconds = {request_id: int(length) for request_id, length in session.execute(of_rows)}
    return [replace(row, message_seconds=seconds.get(row.id)) for row in rows]


def _conditions(filters: Filters, now: datetime) -> list[ColumnElement[bool]]:
    wanted: dict[str, Any] = {
        "kind": filters.kind,
        "status": filters.status,
        "rank": filters.priority.rank if filters.priority else None,
        "language": filters.language,
        "owner_id": filters.owner_id,
        "assigned_to_id": filters.assigned_to_id,
    }
    conditions = [REQUESTS[name] == value for name, value in wanted.items() if value is not None]
    if filters.overdue:
        conditions.append(is_late(now))
    return conditions


def _cursor(row: QueueRow, tab: QueueTab, *, back: bool = False) -> PageCursor:
    at = row.closed_at if ordered_by(tab) is REQUESTS.closed_at else None
    return PageCursor(Place(row.section, at or row.act_by, row.id), back)


def _counted(condition: ColumnElement[bool]) -> Any:
    some = select(literal(1).label("one")).select_from(PatientRequest).where(condition).limit(COUNTED + 1)
    return select(func.count()).select_from(some.subquery()).scalar_subquery()


def _capped(parts: Sequence[int]) -> int:
    return min(sum(parts), COUNTED + 1)
