"""The worker: DBOS runs the tasks from queues in our own database, with attempts that get rarer and come to an end."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import structlog
from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, ScheduleInput

from ivr.clients.errors import Refused, Unclear
from ivr.db import APPLICATION
from ivr.jobs.handling import clock_of
from ivr.jobs.looking import Looks, look_before_claiming
from ivr.jobs.slots import WorkerSlots, borrowed, first_free, slots_of
from ivr.jobs.tasks import Tasks
from ivr.logs import where
from ivr.services.audit import TrailBroken
from ivr.services.jobs import Job, Lane, attempt_of, enqueue_again, root_of

VERSION = "1"
"""DBOS gives jobs only to workers of the version they were enqueued for: every deployment has the same."""

AT_ONCE = {Lane.NOTICES: 8, Lane.RECORDINGS: 4, Lane.RECURRING: 2, Lane.CALLS: 4, Lane.STUDIO: 2}
"""Jobs of each queue that one worker runs at a time."""

BETWEEN_CALLS = 1.0
"""Seconds: so often the carrier places a call for an account, of all workers together."""

NOT_RETRIED = (Refused, Unclear, TrailBroken, TypeError, KeyError, ValueError)
"""Errors that another attempt would only repeat, or that must not be repeated."""

RECOVERIES = 4
"""How many workers a job may take down before it is put aside."""

KEPT_CONNECTIONS, MORE_CONNECTIONS = 2, 12
"""To PostgreSQL, of DBOS: for an idle worker, and besides while there is much to do."""

NOTIFIER_SECONDS = 1.0
"""How often DBOS tells others of events and streams; ours have none. By default it looks a hundred times a second."""

LOOK_SECONDS = 15.0
STOP_SECONDS = 5

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often a job is tried, and how long to wait in between: twice as long each time, give or take a half."""

    attempts: int
    first: timedelta = timedelta(seconds=2)
    longest: timedelta = timedelta(minutes=15)

    def delay(self, attempt: int) -> timedelta:
        """How long to wait after an attempt."""
        wait: timedelta = min(self.first * float(2 ** (attempt - 1)), self.longest)
        return wait * random.uniform(0.5, 1.5)


RECORDING = RetryPolicy(16)
"""About an hour and three quarters; the nightly run tries again."""

NOTICE = RetryPolicy(9)
"""About eight minutes: then an urgent notice comes again by itself."""

RECURRING = RetryPolicy(4)
"""The clock will strike again."""

CALL = RetryPolicy(4, longest=timedelta(seconds=10))
"""Some twenty seconds: nobody waits longer for their phone to ring."""

RETRY_POLICIES = {
    Lane.RECORDINGS: RECORDING,
    Lane.NOTICES: NOTICE,
    Lane.RECURRING: RECURRING,
    Lane.CALLS: CALL,
    Lane.STUDIO: NOTICE,
}

CLOCK = clock_of(Tasks)
"""When what is enqueued, in the clinic's time; each method of `Tasks` says so itself."""


class JobFailed(Exception):
    """A job gave up; all it says is the kind of its last error, for others' words may quote a patient's data."""


class Interrupted(BaseException):
    """The worker ends before the next attempt is enqueued: no outcome is noted, so the next worker begins anew."""


@dataclass(slots=True)
class JobWorker:
    """One worker process: DBOS, its place among the workers, and a look now and then for jobs of dead ones."""

    tasks: Tasks
    poll_seconds: float = 1.0
    look_seconds: float = LOOK_SECONDS
    patience: dict[Lane, RetryPolicy] = field(default_factory=lambda: dict(RETRY_POLICIES))
    scheduled: bool = True
    broken: threading.Event = field(default_factory=threading.Event)
    _slots: WorkerSlots | None = None
    _place: int = 0
    _stopping: threading.Event = field(default_factory=threading.Event)
    _keeper: threading.Thread | None = None

    def start(self) -> None:
        """Take a place, then begin to work."""
        url = self.tasks.line.database.engine.url
        self._slots = slots_of(url)
        self._place = first_free(self._slots)
        _quiet_logs()
        dbos = DBOS(config=self._config(url.render_as_string(hide_password=False)))
        workflows = {job: self._workflow(job, task) for job, task in self.tasks.by_job.items()}
        queues = self.tasks.line.database.jobs
        for lane in Lane:
            queues.register_queue(
                lane,
                worker_concurrency=AT_ONCE[lane],
                polling_interval_sec=self.poll_seconds,
                limiter={"limit": 1, "period": BETWEEN_CALLS} if lane is Lane.CALLS else None,
            )
        DBOS.launch()
        look_before_claiming(dbos, Looks(self.tasks.line.database, self.poll_seconds / 2))
        if self.scheduled:
            DBOS.apply_schedules([self._schedule(name, workflows[Job.TICK]) for name in CLOCK])
        self._keeper = threading.Thread(target=self._keep, name="keeper", daemon=True)
        self._keeper.start()
        log.info("worker_started", executor=_executor(self._place))

    def stop(self, seconds: int = STOP_SECONDS) -> None:
        """Let running jobs end, for a while; what does not is begun again by the next worker."""
        self._stopping.set()
        if self._keeper is not None:
            self._keeper.join()
        DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=seconds)
        if self._slots is not None:
            self._slots.close()
        log.info("worker_stopped", executor=_executor(self._place))

    def _config(self, url: str) -> DBOSConfig:
        return {
            "name": APPLICATION,
            "system_database_url": url,
            "application_version": VERSION,
            "executor_id": _executor(self._place),
            "serializer": DBOSPortableJSONSerializer(),
            "log_level": "WARNING",
            "run_migrations": False,
            "db_engine_kwargs": {"pool_size": KEPT_CONNECTIONS, "max_overflow": MORE_CONNECTIONS},
            "scheduler_polling_interval_sec": 30.0,
            "notification_coalesce_sec": NOTIFIER_SECONDS,
        }

    def _workflow(self, job: Job, task: Callable[..., None]) -> Callable[..., None]:
        def run(*arguments: object) -> None:
            self._attempt(job, task, arguments)

        run.__name__ = run.__qualname__ = job
        return DBOS.workflow(name=job, max_recovery_attempts=RECOVERIES)(run)

    def _attempt(self, job: Job, task: Callable[..., None], arguments: tuple[object, ...]) -> None:
        job_id = DBOS.workflow_id or ""
        attempt = attempt_of(job_id)
        try:
            task(*arguments)
            return
        except Exception as error:
            kind, hopeless = type(error).__name__, isinstance(error, NOT_RETRIED)
            about = {"job": job, "id": root_of(job_id), "attempt": attempt, "error": kind, "where": where(error)}
        patience = self.patience[job.lane]
        if hopeless or attempt >= patience.attempts:
            log.error("job_gave_up", **about)
            raise JobFailed(kind)
        log.warning("job_failed", **about)
        self._again(job, arguments, job_id, patience.delay(attempt))

    def _again(self, job: Job, arguments: tuple[object, ...], job_id: str, delay: timedelta) -> None:
        """Enqueue the next attempt; a database that is away is waited for, but not by a worker that stops."""
        while True:
            try:
                enqueue_again(self.tasks.line.database, job, *arguments, job_id=job_id, delay=delay)
                return
            except self.tasks.line.database.unavailable:
                log.warning("database_away", job=job)
            if self._stopping.wait(random.uniform(1, 3)):
                raise Interrupted

    def _schedule(self, name: str, tick: Callable[..., None]) -> ScheduleInput:
        cron, context = CLOCK[name]
        return {
            "schedule_name": name,
            "workflow_fn": tick,
            "schedule": cron,
            "context": [str(part) for part in context],
            "cron_timezone": str(self.tasks.line.calendar.timezone),
            "queue_name": Lane.RECURRING,
        }

    def _keep(self) -> None:
        """Hold our place, and take over what dead workers left; without a place, we must not go on."""
        assert self._slots is not None
        while not self._stopping.wait(self.look_seconds):
            try:
                self._slots.check()
                self._take_over(self._slots)
            except Exception as error:
                log.error("worker_lost_its_place", error=type(error).__name__)
                self.broken.set()
                return

    def _take_over(self, slots: WorkerSlots) -> None:
        pending = DBOS.list_workflows(status="PENDING", load_input=False, load_output=False)
        others = {status.executor_id for status in pending} - {_executor(self._place), None}
        for executor in sorted(filter(None, others)):
            place = executor.removeprefix("worker-")
            if not place.isdecimal():
                continue
            with borrowed(slots, int(place)) as is_empty:
                if is_empty:
                    log.warning("jobs_taken_over", of=executor)
                    DBOS._recover_pending_workflows([executor])


def run_worker(worker: JobWorker, stop: threading.Event) -> int:
    """Work until told to stop; the exit status, which is not 0 when the worker cannot go on."""
    worker.start()
    while not stop.is_set() and not worker.broken.is_set():
        time.sleep(0.1)
    worker.stop()
    return 1 if worker.broken.is_set() else 0


def _executor(place: int) -> str:
    return f"worker-{place}"


class _AsJson(logging.Handler):
    """DBOS's own log lines in the shape of ours."""

    def emit(self, record: logging.LogRecord) -> None:
        """One line, without the traceback."""
        kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        log.log(record.levelno, "dbos", message=record.getMessage(), error=kind)


def _quiet_logs() -> None:
    logger = logging.getLogger("dbos")
    logger.handlers = [_AsJson()]
    logger.propagate = False
