"""What leads want to know of a period: promises kept, patients reached, when people call, and where they give up.

Everything is counted in the database, over requests and calls that began within the period; nothing personal is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Float, Integer, and_, case, cast, extract, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from ivr.callflow.layout import behind
from ivr.callflow.nodes import Tree
from ivr.callflow.tree_questions import question_nodes, receipt_nodes
from ivr.callflow.tree_staff import ENTRANCE
from ivr.db import Database
from ivr.models import (
    AuditAction,
    Call,
    CallTurn,
    Disposition,
    EntryKind,
    PatientRequest,
    Priority,
    RequestEntry,
    RequestStatus,
    Source,
    Tab,
)
from ivr.services.audit import Actor, add_audit_entry
from ivr.services.line import Line

PERIODS = (7, 30, 90)
"""Days that a report can cover."""

REPEAT_DAYS = 7
FEW_ATTEMPTS = 3

NO_PROMISE = (Disposition.CANCELLED, Disposition.DUPLICATE, Disposition.NOT_A_PATIENT)

FINISHED = frozenset(
    {
        "saved",
        *(node.name for node in receipt_nodes()),
        *(node.name for node in question_nodes()),
        "person",
        "callback_open",
        "voicemail",
        "added_message",
        "message_added",
        "existing_more",
        "existing_last",
        "existing_changed",
        "existing_cancelled",
    }
)
"""Nodes at which hanging up is no giving up: the caller had what there was to have."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Promises of a priority: how many had come due or been met, and how many were met in time."""

    priority: Priority
    due: int
    kept: int


@dataclass(frozen=True, slots=True)
class Door:
    """The requests that came one way: how many, their promises, those that were tried, and those reached."""

    source: Source
    requests: int = 0
    due: int = 0
    kept: int = 0
    tried: int = 0
    reached: int = 0


@dataclass(frozen=True, slots=True)
class Left:
    """Calls that ended at a node of the tree, of all that ever came to it."""

    node: str
    ended: int
    came: int


@dataclass(frozen=True, slots=True)
class Report:
    """One period. `doors` has every way that requests come, whether any did or not.

    `by_hour` counts all of them by weekday (0 is Monday) and hour of the clinic's day.
    """

    since: datetime
    until: datetime
    requests: int
    doors: tuple[Door, ...]
    calls: int
    promises: tuple[Kept, ...]
    tried: int
    reached: int
    reached_soon: int
    oldest_open: datetime | None
    by_hour: Mapping[tuple[int, int], int]
    callers: int
    repeat_callers: int
    not_patients: int
    left: tuple[Left, ...]

    @property
    def gave_up(self) -> int:
        """Calls that ended where nothing was finished."""
        return sum(one.ended for one in self.left if one.node not in FINISHED)


def read_report(line: Line, days: int, now: datetime) -> Report:
    """The report of the last so many days."""
    since = now - timedelta(days=days)
    with line.database.read() as session:
        promises, attempts = _promises(session, since, now), _reached(session, since)
        callers, repeat = _repeat_callers(session, since)
        return Report(
            since=since,
            until=now,
            requests=_count(session, PatientRequest.id, PatientRequest.created_at >= since),
            doors=_doors(session, since, promises, attempts),
            calls=_count(session, Call.id, Call.started_at >= since),
            promises=tuple(_kept(promises, priority) for priority in Priority),
            tried=sum(one.tried for one in attempts.values()),
            reached=sum(one.reached for one in attempts.values()),
            reached_soon=sum(one.soon for one in attempts.values()),
            oldest_open=_oldest_open(session),
            by_hour=_by_hour(session, since, line.calendar.timezone),
            callers=callers,
            repeat_callers=repeat,
            not_patients=_count(
                session,
                PatientRequest.id,
                and_(PatientRequest.created_at >= since, PatientRequest.disposition == Disposition.NOT_A_PATIENT),
            ),
            left=_left(session, line.tree, since),
        )


def requests_by_hour(line: Line, days: int, now: datetime) -> Mapping[tuple[int, int], int]:
    """What a report's `by_hour` has, alone."""
    with line.database.read() as session:
        return _by_hour(session, now - timedelta(days=days), line.calendar.timezone)


def ends_by_node(line: Line, days: int, now: datetime) -> tuple[Left, ...]:
    """What a report's `left` has, alone."""
    with line.database.read() as session:
        return _left(session, line.tree, now - timedelta(days=days))


def note_export(database: Database, actor: Actor, what: str, now: datetime) -> None:
    """Note that somebody takes data out of the house, before they have it."""
    with database.write() as session:
        add_audit_entry(session, actor, AuditAction.EXPORTED, f"report:{what}", now)


def _count(session: Session, column: Any, condition: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count(column)).where(condition)) or 0


def _oldest_open(session: Session) -> datetime | None:
    """When the oldest request that waits was made: an open one, or an urgent one left unfinished."""
    oldest = select(func.min(PatientRequest.created_at))
    left = (PatientRequest.tab == Tab.INCOMPLETE) & (PatientRequest.rank == Priority.URGENT.rank)
    found = [session.scalar(oldest.where(one)) for one in (PatientRequest.tab == Tab.OPEN, left)]
    return min((one for one in found if one is not None), default=None)


@dataclass(frozen=True, slots=True)
class _Reached:
    tried: int = 0
    reached: int = 0
    soon: int = 0


Promises = Mapping[tuple[Priority, Source], tuple[int, int]]
"""Promises that had come due or been met, and those met in time."""


def _doors(
    session: Session, since: datetime, promises: Promises, attempts: Mapping[Source, _Reached]
) -> tuple[Door, ...]:
    came = select(PatientRequest.source, func.count()).where(PatientRequest.created_at >= since)
    counted: dict[Source, int] = {row[0]: row[1] for row in session.execute(came.group_by(PatientRequest.source))}
    doors = []
    for source in Source:
        due, kept = (sum(one[n] for (_, door), one in promises.items() if door is source) for n in (0, 1))
        tried = attempts.get(source, _Reached())
        doors.append(Door(source, counted.get(source, 0), due, kept, tried.tried, tried.reached))
    return tuple(doors)


def _kept(promises: Promises, priority: Priority) -> Kept:
    due, kept = (sum(one[n] for (which, _), one in promises.items() if which is priority) for n in (0, 1))
    return Kept(priority, due, kept)


def _promises(session: Session, since: datetime, now: datetime) -> Promises:
    """A first attempt meets the promise, and so does closing; what the caller cancelled or had twice is no promise.

    Who hung up early was promised nothing, but what is urgent counts all the same.
    """
    first = func.coalesce(PatientRequest.first_attempt_at, PatientRequest.closed_at)
    counted = and_(
        PatientRequest.created_at >= since,
        or_(PatientRequest.status != RequestStatus.INCOMPLETE, PatientRequest.priority == Priority.URGENT),
        or_(first.is_not(None), PatientRequest.due_at <= now),
        or_(PatientRequest.disposition.is_(None), PatientRequest.disposition.not_in(NO_PROMISE)),
    )
    in_time = func.sum(cast(and_(first.is_not(None), first <= PatientRequest.due_at), Integer))
    which = PatientRequest.priority, PatientRequest.source
    rows = session.execute(select(*which, func.count(), in_time).where(counted).group_by(*which))
    return {(priority, source): (due, int(kept or 0)) for priority, source, due, kept in rows}


def _reached(session: Session, since: datetime) -> Mapping[Source, _Reached]:
    """Requests that were tried, those reached, and those reached within three attempts, by their door.

    Entries are counted one by one where there were more attempts in all; what is counted stands outside of WHERE, so
    that each request's entries are found by the request, not among all attempts there ever were.
    """
    attempt = and_(RequestEntry.kind == EntryKind.ATTEMPTED, RequestEntry.at < PatientRequest.reached_at)
    before = (
        select(func.count(case((attempt, 1))))
        .where(RequestEntry.request_id == PatientRequest.id)
        .correlate(PatientRequest)
        .scalar_subquery()
    )
    is_reached = PatientRequest.reached_at.is_not(None)
    within_few = case((PatientRequest.attempts <= FEW_ATTEMPTS, True), else_=before < FEW_ATTEMPTS)
    rows = session.execute(
        select(
            PatientRequest.source,
            func.count(),
            func.sum(cast(is_reached, Integer)),
            func.sum(cast(and_(is_reached, within_few), Integer)),
        )
        .where(PatientRequest.created_at >= since, PatientRequest.first_attempt_at.is_not(None))
        .group_by(PatientRequest.source)
    )
    return {source: _Reached(tried, int(reached or 0), int(soon or 0)) for source, tried, reached, soon in rows}


def _by_hour(session: Session, since: datetime, zone: ZoneInfo) -> dict[tuple[int, int], int]:
    """Counted by quarter of an hour in the database, so that every zone's hours come out right."""
    quarter = cast(func.floor(_epoch(PatientRequest.created_at) / 900), Integer)
    rows = session.execute(select(quarter, func.count()).where(PatientRequest.created_at >= since).group_by(quarter))
    counted: dict[tuple[int, int], int] = {}
    for number, count in rows:
        local = datetime.fromtimestamp(number * 900, zone)
        place = (local.weekday(), local.hour)
        counted[place] = counted.get(place, 0) + count
    return counted


def _repeat_callers(session: Session, since: datetime) -> tuple[int, int]:
    """Numbers that called, and those of them that called again within seven days.

    `coalesce` keeps SQLite from taking the index of the numbers, by which it would read all calls there ever were.
    """
    number = func.coalesce(Call.from_index, "")
    earlier = func.lag(Call.started_at).over(partition_by=number, order_by=Call.started_at)
    calls = (
        select(number.label("number"), Call.started_at.label("at"), earlier.label("earlier"))
        .where(Call.started_at >= since - timedelta(days=REPEAT_DAYS))
        .subquery()
    )
    apart = _epoch(calls.c.at) - _epoch(calls.c.earlier)
    again = and_(calls.c.earlier.is_not(None), apart <= REPEAT_DAYS * 24 * 60 * 60)
    by_number = (
        select(calls.c.number, func.max(cast(again, Integer)).label("again"))
        .where(calls.c.at >= since, calls.c.number != "")
        .group_by(calls.c.number)
        .subquery()
    )
    row = session.execute(select(func.count(), func.sum(by_number.c.again))).one()
    return int(row[0]), int(row[1] or 0)


def for_staff(tree: Tree) -> frozenset[str]:
    """The nodes that only staff come to: nobody gives up there."""
    return behind(tree, ENTRANCE)


def _left(session: Session, tree: Tree, since: datetime) -> tuple[Left, ...]:
    ours = for_staff(tree)
    recent = and_(Call.started_at >= since, Call.ended_at.is_not(None))
    last = and_(Call.id == CallTurn.call_id, Call.turn == CallTurn.number)
    ended_at = select(CallTurn.node, func.count()).join(Call, last).where(recent).group_by(CallTurn.node)
    came_to = select(CallTurn.node, func.count(CallTurn.call_id.distinct())).join(Call, Call.id == CallTurn.call_id)
    ended = {node: int(count) for node, count in session.execute(ended_at)}
    came = {node: int(count) for node, count in session.execute(came_to.where(recent).group_by(CallTurn.node))}
    found = [Left(node, ended.get(node, 0), count) for node, count in came.items() if node not in ours]
    return tuple(sorted(found, key=lambda one: (-one.ended, one.node)))


def _epoch(column: ColumnElement[Any] | InstrumentedAttribute[datetime]) -> ColumnElement[float]:
    """Seconds since 1970 of a moment, whole ones on SQLite."""
    return cast(extract("epoch", column), Float)
