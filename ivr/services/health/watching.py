"""What a platform may know of the line: how long requests have waited, and what keeps it from answering well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from ivr.db import Database
from ivr.models import PatientRequest, Priority, RequestStatus
from ivr.services.prompts.releases import latest_release
from ivr.services.scripts import Script

WAITING = (RequestStatus.INCOMPLETE, RequestStatus.NEW, RequestStatus.CLAIMED, RequestStatus.FOLLOW_UP)
NAMED = 3
"""Missing prompts that a sentence names; more are counted."""


@dataclass(frozen=True, slots=True)
class WaitingRequests:
    """Open requests of a priority: how many, the age of the oldest, and how long a first reply is late, in seconds."""

    priority: Priority
    count: int
    oldest_seconds: float
    overdue_seconds: float


def waiting_requests(database: Database, now: datetime) -> list[WaitingRequests]:
    """The open requests, by priority; priorities without any are there too."""
    found = (
        select(
            PatientRequest.priority,
            func.count(),
            func.min(PatientRequest.created_at),
            func.min(PatientRequest.due_at),
        )
        .where(PatientRequest.status.in_(WAITING))
        .group_by(PatientRequest.priority)
    )
    with database.read() as session:
        rows = {priority: (count, oldest, due) for priority, count, oldest, due in session.execute(found)}
    return [_waiting(priority, *rows.get(priority, (0, now, now)), now) for priority in Priority]


def requests_left_in_outage(database: Database) -> dict[Priority, int]:
    """How many requests were ever made of messages that callers left in an outage, by priority.

    Job workers save these; the counters of the web workers do not know of them.
    """
    found = (
        select(PatientRequest.priority, func.count())
        .where(PatientRequest.left_in_outage)
        .group_by(PatientRequest.priority)
    )
    with database.read() as session:
        return dict.fromkeys(Priority, 0) | {row.priority: int(row[1]) for row in session.execute(found)}


def _waiting(priority: Priority, count: int, oldest: datetime, due: datetime, now: datetime) -> WaitingRequests:
    return WaitingRequests(priority, count, max((now - oldest).total_seconds(), 0), max((now - due).total_seconds(), 0))


def prompt_faults(database: Database, scripts: Mapping[str, Script]) -> list[str]:
    """Which prompts have no audio on the air, a sentence a language; empty when all have."""
    with database.read() as session:
        release = latest_release(session)
    if release is None:
        return ["no prompts are released: run python -m ivr prompts render"]
    faults = []
    for language, script in scripts.items():
        missing = sorted(script.prompts.keys() - release.manifest.get(language, {}).keys())
        if missing:
            named = ", ".join(missing[:NAMED]) + (f" and {len(missing) - NAMED} more" if missing[NAMED:] else "")
            faults.append(f"{language} has no audio for {named}: run python -m ivr prompts render")
    return faults
