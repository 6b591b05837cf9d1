"""What a platform asks of the line to know how it is; no patient's data, so it needs no sign-in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import structlog
from flask import Blueprint, Response

from ivr.metrics import CONTENT_TYPE, GaugeValue, Metrics
from ivr.migrations import is_current
from ivr.services.audit import last_check
from ivr.services.health.checkpoints import was_walk_clean
from ivr.services.health.watching import Waiting, prompt_faults, requests_left_in_outage, waiting_requests
from ivr.services.line import Line
from ivr.services.scripts import Script

JobStates = Callable[[], Iterable[tuple[str, int]]]
"""Yields a job's state and how many jobs are in it, read at the moment of a scrape."""

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
) -> Blueprint:
    """The operations addresses; `speaks` is True when the carrier's voice says what has no audio.

    `off_air` are the languages that the settings name and callers are not offered, as their scripts lack prompts.
    """
    operations = Blueprint("operations", __name__)

    @operations.get("/healthz")
    def healthz() -> tuple[str, int]:
        """The process answers; nothing else is asked."""
        return "ok\n", 200

    @operations.get("/readyz")
    def readyz() -> tuple[Response, int]:
        """The line can answer calls as it should, or a plain list of what it lacks."""
        faults = [f"{language} is off the air: see python -m ivr doctor" for language in off_air]
        faults += readiness(line, {} if speaks else scripts)
        return Response("\n".join(faults or ["ok"]) + "\n", mimetype="text/plain"), 503 if faults else 200

    @operations.get("/metrics")
    def metrics_page() -> Response:
        """Counters of all workers, and the queue as it is now."""
        return Response(metrics.page(lambda: _levels(line, job_states)), content_type=CONTENT_TYPE)

    return operations


def readiness(line: Line, scripts: Mapping[str, Script]) -> list[str]:
    """What keeps the line from answering as it should; `scripts` are those that must have audio."""
    try:
        if not is_current(line.database):
            return ["the database's schema is not current: run python -m ivr db upgrade"]
        return prompt_faults(line.database, scripts) if scripts else []
    except Exception as error:
        log.warning("not_ready", error=type(error).__name__)
        return ["the database does not answer: callers hear the outage announcement"]


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


def _queue(waiting: list[Waiting]) -> Iterator[GaugeValue]:
    for name, text, value in _QUEUE:
        for one in waiting:
            yield GaugeValue(name, text, value(one), (("priority", one.priority.value),))


_LEFT_IN_OUTAGE = "Requests made of messages left in an outage, which ivr_requests_saved does not count."

_QUEUE: tuple[tuple[str, str, Callable[[Waiting], float]], ...] = (
    ("ivr_requests_open", "Requests that are not closed.", lambda one: one.count),
    ("ivr_request_oldest_seconds", "Age of the oldest open request; 0: none.", lambda one: one.oldest_seconds),
    ("ivr_request_overdue_seconds", "How long a first reply is overdue; 0: none is.", lambda one: one.overdue_seconds),
)
