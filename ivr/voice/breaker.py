"""A circuit breaker: once the database has failed several callers in a row, the next ones need not wait for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

FAILURES = 3
"""Failures in a row that open the circuit; one locked row is one call's trouble and not everybody's."""

PAUSE_SECONDS = 2.0
"""How long the open circuit lets nobody through; then one caller tries."""


class DatabaseRested(Exception):
    """The database was not asked, because it has just failed others."""


class Breaker:
    """One process's memory of how the database has been doing. Threads may share it.

    `unavailable` are the errors that count, `clock` gives seconds that only go forward.
    """

    def __init__(self, unavailable: tuple[type[Exception], ...], clock: Callable[[], float] = time.monotonic) -> None:
        self._unavailable = unavailable
        self._clock = clock
        self._failures = 0
        self._rests_until = 0.0

    @property
    def is_open(self) -> bool:
        """Whether callers are turned away for now, but for the one who tries."""
        return self._failures >= FAILURES

    def run(self, use: Callable[[], T]) -> T:
        """Do what needs the database.

        Raises:
            DatabaseRested: at once, when others have failed just now.
        """
        if self.is_open:
            self._try_or_leave()
        try:
            result = use()
        except self._unavailable:
            self._failures += 1
            self._rests_until = self._clock() + PAUSE_SECONDS
            raise
        self._failures = 0
        return result

    def _try_or_leave(self) -> None:
        now = self._clock()
        if now < self._rests_until:
            raise DatabaseRested
        self._rests_until = now + PAUSE_SECONDS
