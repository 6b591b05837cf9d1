"""What a platform asks of the line to know how it is; no patient's data, so it needs no sign-in."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import structlog
from flask import Blueprint, Response

from ivr.metrics import CONTENT_TYPE, GaugeValue, Metrics
from ivr.migrations import is_current
from ivr.services.audit import last_check
from ivr.services.health.checkpoints import try_write, was_walk_clean
from ivr.services.health.watching import WaitingRequests, prompt_faults, requests_left_in_outage, waiting_requests
from ivr.services.line import Line
from ivr.services.scripts import Script
from ivr.sqlite import FileReplaced

JobStates = Callable[[], Iterable[tuple[str, int]]]
"""Yields a job's state and how many jobs are in it, read at the moment of a scrape."""

WRITE_EVERY_SECONDS = 5.0
"""Anybody may ask whether the line is ready: so often at most that costs a write."""

RECENT_SECONDS = 60.0
"""For so long an outage that a caller heard counts as news."""

log = structlog.get_logger(__name__)


def no_jobs() -> Iterable[tuple[str, int]]:
    """What a line without a worker has to say of its jobs."""
    return ()


def create_blueprint(
    line: Line,
    metrics: Metrics,
    scripts: Mapping[str, Script],
    *,
    speaks: bool = False,
    job_states: JobStates = no_jobs,
    off_air: Sequence[str] = (),
    is_resting: Callable[[], bool] = lambda: False,
) -> Blueprint:
    """The operations addresses; `speaks` is True when the carrier's voice says what has no audio.

    `off_air` are the languages that the settings name and callers are not offered, as their scripts lack prompts.
    `is_resting` tells whether callers are turned away from a database that has just failed others.
    """
    operations = Blueprint("operations", __name__)
    probe = WriteProbe(line)

    @operations.get("/healthz")
    def healthz() -> tuple[str, int]:
        """The process answers; nothing else is asked."""
        return "ok\n", 200

    @operations.get("/readyz")
    def readyz() -> tuple[Response, int]:
        """The line can answer calls as it should, or a plain list of what it lacks."""
        faults = [f"{language} is off the air: see python -m ivr doctor" for language in off_air]
        faults += readiness(line, {} if speaks else scripts, probe)
        faults += outages(metrics, is_resting())
        return Response("\n".join(faults or ["ok"]) + "\n", mimetype="text/plain"), 503 if faults else 200

    @operations.get("/metrics")
    def metrics_page() -> Response:
        """Counters of all workers, and the queue as it is now."""
        return Response(metrics.page(lambda: _levels(line, job_states)), content_type=CONTENT_TYPE)

    return operations


class WriteProbe:
    """Tries now and then whether the line can save; one that could a moment ago is believed."""

    def __init__(self, line: Line, seconds: Callable[[], float] = time.monotonic) -> None:
        """Try on this line's database; `seconds` only go forward."""
        self._line, self._seconds = line, seconds
        self._wrote_at: float | None = None

    def __call__(self) -> None:
        """Write, unless a write of this process's own has just gone well; raises what keeps it from that."""
        now = self._seconds()
        if self._wrote_at is None or now - self._wrote_at >= WRITE_EVERY_SECONDS:
            try_write(self._line.database, self._line.clock())
            self._wrote_at = now


def readiness(line: Line, scripts: Mapping[str, Script], probe: Callable[[], None]) -> list[str]:
    """What keeps the line from answering as it should; `scripts` are those that must have audio.

    `probe` raises when the line cannot save.
    """
    try:
        if not is_current(line.database):
            return ["the database's schema is not current: run python -m ivr db upgrade"]
        faults = prompt_faults(line.database, scripts) if scripts else []
    except Exception as error:
        if isinstance(replaced := getattr(error, "orig", error), FileReplaced):
            return [str(replaced)]
        log.warning("not_ready", error=type(error).__name__)
        return ["the database does not answer: callers hear the outage announcement"]
    try:
        probe()
    except FileReplaced as error:
        return [*faults, str(error)]
    except Exception as error:
        log.warning("cannot_save", error=type(error).__name__)
        return [*faults, "the database takes no writes: callers hear the outage announcement"]
    return faults


def outages(metrics: Metrics, is_resting: bool) -> list[str]:
    """What callers have heard of an outage just now."""
    if is_resting:
        return ["the database has just failed several callers: the others hear the outage announcement"]
    seconds = metrics.seconds_since_outage()
    if seconds is None or seconds > RECENT_SECONDS:
        return []
    return [f"a caller heard the outage announcement {seconds:.0f} s ago: look for voice_door_failed in the log"]


def _levels(line: Line, job_states: JobStates) -> Iterator[GaugeValue]:
    try:
        waiting = waiting_requests(line.database, line.clock())
        in_outage = requests_left_in_outage(line.database)
        jobs = list(job_states())
        checked = last_check(line.database)
        walked = was_walk_clean(line.database)
    except Exception as error:
        log.warning("levels_unknown", error=type(error).__name__)
        waiting, in_outage, jobs, checked, walked = [], {}, [], None, None
    yield GaugeValue("ivr_database_up", "Whether the database answered this scrape.", 1.0 if waiting else 0.0)
    yield from _queue(waiting)
    for priority, count in in_outage.items():
        yield GaugeValue("ivr_requests_left_in_outage", _LEFT_IN_OUTAGE, count, (("priority", priority.value),))
    for state, count in jobs:
        yield GaugeValue("ivr_jobs", "Jobs by state.", count, (("state", state),))

    if checked is not None:
        yield GaugeValue(
            "ivr_audit_faults", "Faults that the last nightly check of the audit trail found.", checked.faults
        )
    if walked is not None:
        yield GaugeValue(
            "ivr_walk_clean", "Whether the last nightly walk of the automatic caller found nothing.", walked
        )


def _queue(waiting: list[WaitingRequests]) -> Iterator[GaugeValue]:
    for name, text, value in _QUEUE:
        for one in waiting:
            yield GaugeValue(name, text, value(one), (("priority", one.priority.value),))


_LEFT_IN_OUTAGE = "Requests made of messages left in an outage, which ivr_requests_saved does not count."

_QUEUE: tuple[tuple[str, str, Callable[[WaitingRequests], float]], ...] = (
    ("ivr_requests_open", "Requests that are not closed.", lambda one: one.count),
    ("ivr_request_oldest_seconds", "Age of the oldest open request; 0: none.", lambda one: one.oldest_seconds),
    ("ivr_request_overdue_seconds", "How long a first reply is overdue; 0: none is.", lambda one: one.overdue_seconds),
)
