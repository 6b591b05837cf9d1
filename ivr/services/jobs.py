"""The queue of jobs: what leaves the house is enqueued in the transaction of the rows it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import uuid4

from dbos import EnqueueOptions, WorkflowStatus
from sqlalchemy import Connection, text

from ivr.db import APPLICATION, Database, session_in
from ivr.models import AuditAction
from ivr.services.audit import COMMAND, add_audit_entry

FAILED = ["ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
DONE = ["SUCCESS", "CANCELLED"]
SHOWN = 200
SWEPT_AT_ONCE = 1000

AGAIN, RETRIED = "~", "!"
"""In a job's id: before the number of a further attempt, and before what tells one 'try again' from another."""


class Lane(StrEnum):
    """The queues. Notices, and greetings that callers wait for, have one that no pile of recordings can delay.

    So have calls that staff wait for. What a recording studio delivers by the hundred waits in one that nothing else
    needs.
    """

    NOTICES = "notices"
    RECORDINGS = "recordings"
    RECURRING = "recurring"
    CALLS = "calls"
    STUDIO = "studio"


class Job(StrEnum):
    """Every kind of job: its name in the database, and the queue it waits in; `ivr/jobs/tasks` has a method for each.

    A method also says when the clock calls for its job.
    """

    lane: Lane

    def __new__(cls, name: str, lane: Lane = Lane.RECURRING) -> Job:
        """A kind of job, by its name, and the queue that it waits in."""
        job = str.__new__(cls, name)
        job._value_ = name
        job.lane = lane
        return job

    IMPORT_RECORDING = "import_recording", Lane.RECORDINGS
    ADOPT_RECORDING = "adopt_recording", Lane.RECORDINGS
    ALERT = "alert", Lane.NOTICES
    DELIVER_NOTICE = "deliver_notice", Lane.NOTICES
    TELL_ASSIGNEE = "tell_assignee", Lane.NOTICES
    SEND_TEXT = "send_text", Lane.NOTICES
    TEXT_CODE = "text_code", Lane.NOTICES
    TICK = "tick", Lane.RECURRING
    FETCH_MISSED = "fetch_missed", Lane.RECURRING
    GATHER_NOTICES = "gather_notices", Lane.RECURRING
    RELEASE_IDLE = "release_idle", Lane.RECURRING
    NIGHTLY = "nightly", Lane.RECURRING
    VERIFY_TRAIL = "verify_trail", Lane.RECURRING
    WALK = "walk", Lane.RECURRING
    MAKE_GREETING = "make_greeting", Lane.NOTICES
    PLACE_CALL = "place_call", Lane.CALLS
    NEXT_ON_CALL = "next_on_call", Lane.CALLS
    MASTER_PROMPT = "master_prompt", Lane.NOTICES
    IMPORT_PROMPTS = "import_prompts", Lane.STUDIO
    MASTER_IMPORTED = "master_imported", Lane.STUDIO
    RENDER_PROMPTS = "render_prompts", Lane.STUDIO
    PUBLISH_DUE = "publish_due", Lane.RECURRING
    TELL_APPROVERS = "tell_approvers", Lane.RECURRING


@dataclass(frozen=True, slots=True)
class FailedJob:
    """A job that gave up: `error` is the kind of its last failure, never that failure's words."""

    id: str
    name: str
    arguments: tuple[Any, ...]
    error: str
    failed_at: datetime
    attempts: int


@dataclass(frozen=True, slots=True)
class WaitingJobs:
    """The queues that have jobs to take up, and whether there are jobs that wait for their time."""

    queues: frozenset[str]
    delayed: bool


class NoSuchJob(Exception):
    """No job that gave up has this id."""


def enqueue(
    database: Database, connection: Connection, job: Job, *arguments: Any, key: str, delay: timedelta | None = None
) -> None:
    """Enqueue a job in the connection's transaction; a second one with the same key is the first one.

    Arguments are plain JSON and never personal data: ids of requests, SIDs of recordings.
    """
    options: EnqueueOptions = {
        "workflow_name": job,
        "queue_name": job.lane,
        "workflow_id": key,
        "application_name": APPLICATION,
    }
    if delay is not None:
        options["delay_seconds"] = delay.total_seconds()
    database.jobs.enqueue_in_transaction(connection, options, *arguments)


def root_of(job_id: str) -> str:
    """The id of a job's first attempt."""
    return job_id.partition(AGAIN)[0]


def attempt_of(job_id: str) -> int:
    """Which attempt of its job an id stands for; the first is 1."""
    return int(job_id.partition(AGAIN)[2] or 1)


def enqueue_again(database: Database, job: Job, *arguments: Any, job_id: str, delay: timedelta) -> None:
    """Enqueue the attempt after this one, in a transaction of its own."""
    key = f"{root_of(job_id)}{AGAIN}{attempt_of(job_id) + 1}"
    with database.transaction() as connection:
        enqueue(database, connection, job, *arguments, key=key, delay=delay)


def failed_jobs(database: Database, limit: int = SHOWN) -> list[FailedJob]:
    """The jobs that gave up, the latest first."""
    found = database.jobs.list_workflows(status=FAILED, sort_desc=True, limit=limit)
    return [_failed(status) for status in found]


def job_states(database: Database) -> list[tuple[str, int]]:
    """How many jobs are in each of DBOS's states, in small letters."""
    with database.read() as session:
        rows = session.execute(text(f"SELECT status, count(*) FROM {_table(database)} GROUP BY status"))
        return [(str(row.status).lower(), int(row[1])) for row in rows]


def waiting_jobs(database: Database) -> WaitingJobs:
    """What workers could take up; the first condition lets both databases use DBOS's index of jobs in flight."""
    table = _table(database)
    enqueued = (
        f"SELECT DISTINCT queue_name FROM {table} WHERE status IN ('ENQUEUED', 'PENDING') AND status = 'ENQUEUED'"
    )
    delayed = f"SELECT NULL WHERE EXISTS (SELECT 1 FROM {table} WHERE status = 'DELAYED')"
    with database.read() as session:
        found = set(session.scalars(text(f"{enqueued} UNION ALL {delayed}")))
    return WaitingJobs(frozenset(found - {None}), None in found)


def _table(database: Database) -> str:
    return "workflow_status" if database.is_sqlite else "dbos.workflow_status"


def retry_job(database: Database, job_id: str, now: datetime) -> str:
    """Let a job that gave up begin again, with all its attempts; returns its new id.

    Raises:
        NoSuchJob: when there is none, or another hand was faster.
    """
    found = database.jobs.list_workflows(workflow_ids=[job_id], status=FAILED)
    if not found:
        raise NoSuchJob(job_id)
    failed = _failed(found[0])
    key = f"{root_of(job_id).partition(RETRIED)[0]}{RETRIED}{uuid4().hex[:12]}"
    with database.transaction() as connection:
        enqueue(database, connection, Job(failed.name), *failed.arguments, key=key)
        with session_in(connection) as session:
            add_audit_entry(session, COMMAND, AuditAction.JOB_RETRIED, f"job:{failed.name}", now, f"again as {key}")
    database.jobs.delete_workflow(job_id)
    return key


def forget_old_jobs(database: Database, before: datetime) -> int:
    """Delete what is kept of jobs that succeeded before a moment; how many those were. Failed ones stay."""
    forgotten = 0
    while True:
        found = database.jobs.list_workflows(
            status=DONE,
            completed_before=before.astimezone(UTC).isoformat(),
            limit=SWEPT_AT_ONCE,
            load_input=False,
            load_output=False,
        )
        if not found:
            return forgotten
        database.jobs.delete_workflows([status.workflow_id for status in found])
        forgotten += len(found)


def _failed(status: WorkflowStatus) -> FailedJob:
    moment = status.updated_at or status.created_at or 0
    return FailedJob(
        id=status.workflow_id,
        name=status.name,
        arguments=tuple(status.input["args"]) if status.input else (),
        error=str(status.error) if status.error else "WorkerDied",
        failed_at=datetime.fromtimestamp(moment / 1000, UTC),
        attempts=attempt_of(status.workflow_id),
    )
