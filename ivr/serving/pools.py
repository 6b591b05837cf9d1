"""The threads of a web worker, kept apart: whatever pages do, calls have theirs."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

CALLS, CLIPS, TELEPHONES, OPERATIONS, PAGES = "voice", "media", "phone", "operations", "pages"

SIZES = {CALLS: (8, 200), CLIPS: (4, 100), TELEPHONES: (12, 20), OPERATIONS: (2, 16), PAGES: (4, 64)}
"""Threads of each pool, and how many requests may wait for one; together fewer than a worker's connections.

A telephone page keeps a thread for as long as it is open. Of the others, four threads of pages and two workers are as
much as lets calls through that share the interpreter with them (tests/bench/attack.py, `page_flood` and `hash_heavy`).
"""

CONNECTIONS = 500
"""Of a worker, at a time; below what systems let one process have open (1024 files) with its database's and uploads."""

_OPERATIONS = frozenset({"/healthz", "/readyz", "/metrics"})


def pool_of(path: str) -> str:
    """Which pool answers a path."""
    room = path.split("/", 2)[1] if path.startswith("/") else ""
    if room in (CALLS, CLIPS, TELEPHONES):
        return room
    return OPERATIONS if path in _OPERATIONS else PAGES


class Pools:
    """A worker's pools; used by its main thread alone."""

    def __init__(self, pages_threads: int) -> None:
        """With so many threads for pages, the only number that is a setting of the server."""
        sizes = {**SIZES, PAGES: (pages_threads, SIZES[PAGES][1])}
        self._pools = {name: ThreadPoolExecutor(threads, f"ivr-{name}") for name, (threads, _) in sizes.items()}
        self._most = {name: sum(size) for name, size in sizes.items()}
        self._busy = dict.fromkeys(SIZES, 0)

    @property
    def pages(self) -> ThreadPoolExecutor:
        """The pool that answers everything for which none is reserved."""
        return self._pools[PAGES]

    def submit(self, name: str, work: Any, *given: Any) -> Future[Any] | None:
        """Let a thread of a pool do some work; None when too much waits for it already."""
        if self._busy[name] >= self._most[name]:
            return None
        self._busy[name] += 1
        return self._pools[name].submit(work, *given)

    def finished(self, name: str) -> None:
        """One piece of work of a pool is done."""
        self._busy[name] -= 1

    def shutdown(self) -> None:
        """Begin nothing more."""
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)
