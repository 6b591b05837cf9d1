"""How a worker looks for work: one small question a second, instead of DBOS's ten.

For every queue DBOS reads its row and tries to claim jobs each second, whether or not there are any: an idle clinic's
worker took 5 % of a core. `look_before_claiming` asks once for all queues what waits, and DBOS claims only where
something does. DBOS has no setting for that, so some of its system database's methods are replaced; the tests hold that
today's DBOS calls them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from dbos import DBOS

from ivr.db import Database
from ivr.services.jobs import WaitingJobs, waiting_jobs

SETTINGS_SECONDS = 60.0
"""How long a queue's settings are kept: they change only when a worker of another version starts."""

TIMEOUTS_SECONDS = 60.0
"""How often DBOS may look for jobs past their deadline; ours have none."""


class Looks:
    """What waits in the queues. One answer serves all queues for some seconds. Safe for threads."""

    def __init__(self, database: Database, fresh_seconds: float) -> None:
        self._database = database
        self._fresh_seconds = fresh_seconds
        self._lock = threading.Lock()
        self._asked_at = float("-inf")
        self._waiting = WaitingJobs(frozenset(), False)

    def waiting(self) -> WaitingJobs:
        """The queues with jobs to claim, and whether jobs wait for their time. A failure is the caller's to log."""
        with self._lock:
            if time.monotonic() - self._asked_at >= self._fresh_seconds:
                self._waiting = waiting_jobs(self._database)
                self._asked_at = time.monotonic()
            return self._waiting


def look_before_claiming(dbos: DBOS, looks: Looks) -> None:
    """Let a launched DBOS claim jobs, and release delayed ones, only when there are any."""
    system = dbos._sys_db
    release_delayed = system.transition_delayed_workflows
    mine: dict[str, Any] = {
        "dequeue_scopes": lambda queue: [None] if queue in looks.waiting().queues else [],
        "transition_delayed_workflows": lambda: release_delayed() if looks.waiting().delayed else None,
        "cancel_timed_out_workflows": _kept(system.cancel_timed_out_workflows, TIMEOUTS_SECONDS, afterwards=[]),
        "get_queue": _kept(system.get_queue, SETTINGS_SECONDS),
        "list_queues": _kept(system.list_queues, SETTINGS_SECONDS),
    }
    for name, method in mine.items():
        setattr(system, name, method)


_ANSWER = object()


def _kept(method: Callable[..., Any], seconds: float, *, afterwards: Any = _ANSWER) -> Callable[..., Any]:
    """The method, called once in so many seconds for the same arguments; meanwhile its answer, or `afterwards`."""
    answers: dict[Any, tuple[float, Any]] = {}
    lock = threading.Lock()

    def ask(*arguments: Any, **named: Any) -> Any:
        about = (arguments, tuple(sorted(named.items())))
        with lock:
            until, answer = answers.get(about, (float("-inf"), None))
            if time.monotonic() < until:
                return answer
            answer = method(*arguments, **named)
            answers[about] = (time.monotonic() + seconds, answer if afterwards is _ANSWER else afterwards)
            return answer

    return ask
