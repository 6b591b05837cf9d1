"""The time of a call: a virtual clock for tests and scripts, and the real one for people."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Seconds that only go forward, and the date that belongs to them."""

    def now(self) -> float:
        """Seconds since the clock was made."""

    def sleep(self, seconds: float) -> None:
        """Let `seconds` pass; a negative number lets none pass."""

    def utc(self) -> datetime:
        """The date and time in UTC."""


class VirtualClock:
    """Time that passes only when somebody sleeps."""

    def __init__(self, start: datetime = datetime(2026, 11, 2, 15, 0, tzinfo=UTC)) -> None:
        """Begin at `start`, a Monday morning in Massachusetts unless told otherwise."""
        self._start = start
        self._seconds = 0.0

    def now(self) -> float:
        """Seconds slept so far."""
        return self._seconds

    def sleep(self, seconds: float) -> None:
        """Add `seconds`, at once."""
        self._seconds += max(0.0, seconds)

    def utc(self) -> datetime:
        """The start plus what was slept."""
        return self._start + timedelta(seconds=self._seconds)


class RealClock:
    """The computer's time."""

    def __init__(self) -> None:
        """Begin now."""
        self._start = time.monotonic()

    def now(self) -> float:
        """Seconds since the clock was made."""
        return time.monotonic() - self._start

    def sleep(self, seconds: float) -> None:
        """Really wait."""
        time.sleep(max(0.0, seconds))

    def utc(self) -> datetime:
        """The computer's date and time."""
        return datetime.now(UTC)
