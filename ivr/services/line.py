"""The line: what every use case of a call needs, put together once by `create_app`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime

from ivr.callflow.nodes import Tree
from ivr.db import Database
from ivr.services.calendar import Calendar


def utc_now() -> datetime:
    """The clock; tests pass another one."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Line:
    """A clinic's line: its database, call tree, opening hours, desk numbers and clock.

    `texts_reference`: callers who agreed to a message get their reference as a text message.
    """

    database: Database
    tree: Tree
    calendar: Calendar
    desk_numbers: tuple[str, ...] = ()
    clock: Callable[[], datetime] = utc_now
    texts_reference: bool = False

    def surroundings(self, now: datetime) -> tuple[date, tuple[str, ...]]:
        """Today's date at the clinic, and the desk numbers that can be rung now."""
        desk = self.desk_numbers if self.desk_numbers and self.calendar.is_open(now) else ()
        return self.calendar.today(now), desk
