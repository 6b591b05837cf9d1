"""Notices to staff: what is due, and that each is sent once.

A notice never says who called or why: a reference, a kind, a priority, an age and where to look.

What is sent cannot be taken back, so its row in `notices` is committed before it leaves: a worker that dies in between
leaves a notice unsent, never sent twice. Urgent ones come again after ten minutes, and overdue ones are escalated.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, String, cast, delete, exists, literal, select

from ivr.db import Database
from ivr.inserts import insert_into
from ivr.models import PatientRequest, Priority, RequestStatus, SentNotice
from ivr.services.jobs import Job, enqueue
from ivr.services.line import Line

REPEAT = timedelta(minutes=10)
"""How often an urgent notice comes again until somebody claims the request."""

LOOK_BACK = timedelta(days=14)
"""Requests older than this are no news, whatever became of their notices."""

WAITING = (RequestStatus.NEW, RequestStatus.INCOMPLETE)
MOST_IN_ONE = 50


class Occasion(StrEnum):
    """Why staff get a notice."""

    URGENT = "urgent"
    DIGEST = "digest"
    OVERDUE = "overdue"


class Channel(StrEnum):
    """How a notice travels."""

    MAIL = "mail"
    SMS = "sms"


@dataclass(frozen=True, slots=True)
class NoticeFacts:
    """All that a notice may tell of a request; one is unfinished when its caller hung up before sending it."""

    reference: str
    kind: str
    priority: str
    age: timedelta
    unfinished: bool


def enqueue_notices(line: Line, connection: Connection, request: PatientRequest) -> None:
    """Enqueue what a request calls for at once; what can wait is gathered later. Commits nothing."""
    if request.priority is Priority.URGENT:
        enqueue(line.database, connection, Job.ALERT, request.id, 1, key=f"alert-{request.id}-1")


def resume_alerts(
    database: Database, connection: Connection, request: PatientRequest, now: datetime, delay: timedelta | None = None
) -> None:
    """Take up the urgent notices of a request that waits again, or has become urgent. Commits nothing.

    Notices still on their way are not doubled: each has the number of its ten minutes.
    """
    if request.priority is Priority.URGENT and request.status in WAITING:
        number = _round(request.created_at, now) + 1
        key = f"alert-{request.id}-{number}"
        enqueue(database, connection, Job.ALERT, request.id, number, key=key, delay=delay)


def alert(database: Database, request_id: int, number: int, now: datetime, channels: Sequence[Channel]) -> bool:
    """Enqueue an urgent request's notice and the alert after it; False once somebody has claimed or closed it."""
    with database.transaction() as connection:
        query = select(PatientRequest.status, PatientRequest.priority, PatientRequest.created_at)
        found = connection.execute(query.where(PatientRequest.id == request_id).with_for_update()).first()
        if found is None or found.status not in WAITING or found.priority is not Priority.URGENT:
            return False
        after = max(number, _round(found.created_at, now)) + 1
        key = f"alert-{request_id}-{after}"
        enqueue(database, connection, Job.ALERT, request_id, after, key=key, delay=REPEAT)
        _deliver(database, connection, Occasion.URGENT, [request_id], f"urgent-{request_id}-{number}", channels)
        return True


def gather(database: Database, occasion: Occasion, now: datetime, channels: Sequence[Channel]) -> int:
    """Enqueue one notice of every request that this occasion has not told of yet; how many those are."""
    due = _digest_due if occasion is Occasion.DIGEST else _overdue_due
    noticed = exists().where(SentNotice.key == literal(f"{occasion}:") + cast(PatientRequest.id, String))
    query = select(PatientRequest.id).where(due(now), PatientRequest.created_at > now - LOOK_BACK, ~noticed)
    with database.transaction() as connection:
        ids = list(connection.scalars(query.order_by(PatientRequest.id).limit(MOST_IN_ONE)))
        ids = [request_id for request_id in ids if insert_once(connection, f"{occasion}:{request_id}", now)]
        if ids:
            _deliver(database, connection, occasion, ids, f"{occasion}-{ids[0]}-{ids[-1]}", channels)
    return len(ids)


def notice_facts(
    database: Database, occasion: Occasion, request_ids: Sequence[int], now: datetime
) -> list[NoticeFacts]:
    """What to say of requests; those that somebody has claimed meanwhile are left out."""
    query = select(PatientRequest).where(PatientRequest.id.in_(request_ids), PatientRequest.status.in_(WAITING))
    with database.read() as session:
        return [
            NoticeFacts(
                reference=request.reference,
                kind=request.kind,
                priority=request.priority,
                age=max(now - request.created_at, timedelta()),
                unfinished=request.status is RequestStatus.INCOMPLETE,
            )
            for request in session.scalars(query.order_by(PatientRequest.due_at))
        ]


def claim_sending(database: Database, key: str, recipient: str, now: datetime) -> bool:
    """Commit that a notice is about to leave for a recipient; False when that was so already."""
    with database.transaction() as connection:
        return insert_once(connection, _key(key, recipient), now)


def release_sending(database: Database, key: str, recipient: str) -> None:
    """The notice certainly did not leave: another attempt may send it."""
    with database.transaction() as connection:
        connection.execute(delete(SentNotice).where(SentNotice.key == _key(key, recipient)))


def renew_notices(connection: Connection, request_id: int) -> None:
    """Let a request be in a digest, or be overdue, once more. Commits nothing."""
    noticed = [f"{occasion}:{request_id}" for occasion in (Occasion.DIGEST, Occasion.OVERDUE)]
    connection.execute(delete(SentNotice).where(SentNotice.key.in_(noticed)))


def forget_notices(database: Database, before: datetime) -> int:
    """Delete the guards of notices sent before a moment: one longer ago than `LOOK_BACK`; how many those were."""
    with database.transaction() as connection:
        return connection.execute(delete(SentNotice).where(SentNotice.sent_at < before)).rowcount


def _round(created_at: datetime, now: datetime) -> int:
    """Which ten minutes of a request these are; the first are number 1."""
    return max(now - created_at, timedelta()) // REPEAT + 1


def _digest_due(now: datetime) -> ColumnElement[bool]:
    return PatientRequest.status.in_(WAITING) & (PatientRequest.priority != Priority.URGENT)


def _overdue_due(now: datetime) -> ColumnElement[bool]:
    return (PatientRequest.status == RequestStatus.NEW) & (PatientRequest.due_at < now)


def _deliver(
    database: Database,
    connection: Connection,
    occasion: Occasion,
    request_ids: list[int],
    key: str,
    channels: Sequence[Channel],
) -> None:
    for channel in channels:
        job_key = f"{key}-{channel}"
        enqueue(database, connection, Job.DELIVER_NOTICE, occasion, request_ids, channel, job_key, key=job_key)


def insert_once(connection: Connection, key: str, now: datetime) -> bool:
    """Note that something was done, by its key; False when it was noted before. Commits nothing."""
    statement = insert_into(SentNotice, connection.dialect).values(key=key, sent_at=now).on_conflict_do_nothing()
    return connection.scalar(statement.returning(SentNotice.key)) is not None


def _key(key: str, recipient: str) -> str:
    """A recipient's address stays out of the table."""
    return f"{key}:{hashlib.sha256(recipient.encode()).hexdigest()[:12]}"
