"""The clinic's opening hours, the promises they can keep, and how every process follows their changes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import holidays
from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.callflow.answers import BestTime, ClosureReason
from ivr.callflow.facts import Promise
from ivr.config import Config, OpenSpan
from ivr.db import Database
from ivr.models import Closure, Priority, WeeklyHours

URGENT_MINUTES = 30
SOON_HOURS = 4
HORIZON_DAYS = 60
"""How far ahead to look for an opening before concluding that there is none."""


FRESH_SECONDS = 5.0
"""How long a process goes by the hours it has read before it looks again."""


NOON = 12 * 60
"""Minutes."""

LEAST_TIME = timedelta(hours=1)
"""How much of a morning or an afternoon must be left, so that somebody can call in it."""

MOST_CLOSURES = 100
"""The latest closures that a calendar knows of: years of them."""


def twelve_hour_clock(local: datetime) -> str:
    """A time of day as Americans write it: '8:30 AM'."""
    return f"{local.hour % 12 or 12}:{local.minute:02d} {'AM' if local.hour < 12 else 'PM'}"


@dataclass(frozen=True, slots=True)
class ClosedDays:
    """Days in a row on which the clinic is closed, both ends included. `name` is for staff.

    `greeting` is what callers hear instead of the standard sentence, `greeting_sha256` its audio once that is made.
    """

    first_day: date
    last_day: date
    reason: ClosureReason
    name: str
    greeting: str | None = None
    greeting_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Calendar:
    """When the clinic is open. All arguments and results are aware moments; hours are kept in `timezone`.

    `closures` stand before `holidays`; of several that meet on a day, the first counts.
    """

    timezone: ZoneInfo
    hours: tuple[OpenSpan, ...]
    holidays: holidays.HolidayBase | None
    closures: tuple[ClosedDays, ...] = ()

    def today(self, at: datetime) -> date:
        """The clinic's date at a moment."""
        return at.astimezone(self.timezone).date()

    def half_of_day(self, at: datetime) -> BestTime:
        """Whether a moment lies before or after noon at the clinic."""
        return BestTime.MORNING if at.astimezone(self.timezone).hour * 60 < NOON else BestTime.AFTERNOON

    def is_open(self, at: datetime) -> bool:
        """Whether the clinic is open at a moment."""
        return self.closes_at(at) is not None

    def closes_at(self, at: datetime) -> datetime | None:
        """When the opening that is under way ends; None while the clinic is closed."""
        openings = self._openings(self.today(at), days=1)
        return next((closes for opens, closes in openings if opens <= at < closes), None)

    def closure_on(self, day: date) -> ClosedDays | None:
        """Why the clinic is closed on a whole day; None on other days, weekly days off among them."""
        for closure in self.closures:
            if closure.first_day <= day <= closure.last_day:
                return closure
        if self.holidays is not None and day in self.holidays:
            return ClosedDays(day, day, ClosureReason.HOLIDAY, str(self.holidays[day]))
        return None

    def next_opening(self, at: datetime, days: int) -> datetime | None:
        """When the clinic is open next, now included; None when that is more than so many days away."""
        openings = self._openings(self.today(at), days + 1)
        return next((max(opens, at) for opens, closes in openings if closes > at), None)

    def due_at(self, priority: Priority, created_at: datetime) -> datetime:
        """The latest moment of a first reply: urgent 30 minutes, soon 4 hours of opening time, routine 1 business day.

        Time runs only while the clinic is open, so that the promise can be kept.
        """
        match priority:
            case Priority.URGENT:
                return self._after_open_time(created_at, timedelta(minutes=URGENT_MINUTES))
            case Priority.SOON:
                return self._after_open_time(created_at, timedelta(hours=SOON_HOURS))
            case Priority.ROUTINE:
                return self._one_business_day_after(created_at)

    def within(self, due_at: datetime, best_time: BestTime | None, since: datetime) -> datetime:
        """The end of a caller's favourite half of a day nearest to a due moment: who likes afternoons gets one.

        A due moment in the other half moves to the next opening half that fits: earlier on the same day where that
        leaves an hour, and to the next day otherwise.
        """
        if best_time not in (BestTime.MORNING, BestTime.AFTERNOON):
            return due_at
        fitting: datetime | None = None
        for begins, ends in self._halves(due_at, best_time):
            if begins < due_at <= ends:
                return due_at
            if fitting is None and ends - max(begins, since) >= LEAST_TIME:
                fitting = ends
            if fitting is not None and begins >= due_at:
                break  # no later half has the due moment in it
        return fitting or due_at

    def _halves(self, due_at: datetime, best_time: BestTime) -> Iterator[tuple[datetime, datetime]]:
        """The mornings or afternoons on which the clinic is open, from the due day on."""
        for opens, closes in self._openings(self.today(due_at), HORIZON_DAYS):
            day = opens.astimezone(self.timezone).date()
            noon = self._moment(day, NOON)
            begins, ends = (opens, min(closes, noon)) if best_time is BestTime.MORNING else (max(opens, noon), closes)
            if begins < ends:
                yield begins, ends

    def promise(self, created_at: datetime, due_at: datetime, best_time: BestTime | None = None) -> Promise:
        """A due moment as the line speaks it: never earlier than due, at the next quarter of an hour.

        `best_time` is the half of the day to name, when the caller asked for one.
        """
        local = due_at.astimezone(self.timezone)
        late = timedelta(minutes=local.minute % 15, seconds=local.second, microseconds=local.microsecond)
        by = local if not late else local - late + timedelta(minutes=15)
        near = due_at - created_at <= timedelta(minutes=URGENT_MINUTES)
        days = (by.date() - self.today(created_at)).days
        fits = {BestTime.MORNING: by.hour * 60 + by.minute <= NOON, BestTime.AFTERNOON: by.hour >= NOON // 60}
        half = best_time if best_time and fits.get(best_time, False) else None
        return Promise(by.replace(tzinfo=None), days, URGENT_MINUTES if near else None, half)

    def _after_open_time(self, start: datetime, span: timedelta) -> datetime:
        for opens, closes in self._openings(self.today(start), HORIZON_DAYS):
            begin = max(opens, start)
            if begin + span <= closes:
                return (begin + span).astimezone(UTC)
            span -= max(closes - begin, timedelta())
        return start + timedelta(days=HORIZON_DAYS)

    def _one_business_day_after(self, start: datetime) -> datetime:
        """The same time of day on the next open day, counted from when the clinic is open."""
        begin = self._after_open_time(start, timedelta()).astimezone(self.timezone)
        later = list(self._openings(begin.date() + timedelta(days=1), HORIZON_DAYS))
        if not later:
            return start + timedelta(days=HORIZON_DAYS)
        day = later[0][0].astimezone(self.timezone).date()
        same_time = datetime.combine(day, begin.timetz())
        for opens, closes in self._openings(day, days=1):
            if same_time <= closes:
                return max(same_time, opens).astimezone(UTC)
        return max(closes for _, closes in self._openings(day, days=1)).astimezone(UTC)

    def _openings(self, first: date, days: int) -> Iterator[tuple[datetime, datetime]]:
        for ahead in range(days):
            day = first + timedelta(days=ahead)
            if self.closure_on(day):
                continue
            for span in self.hours:
                if span.weekday == day.weekday():
                    yield self._moment(day, span.opens), self._moment(day, span.closes)

    def _moment(self, day: date, minutes: int) -> datetime:
        whole_days, rest = divmod(minutes, 24 * 60)
        day += timedelta(days=whole_days)
        return datetime(day.year, day.month, day.day, rest // 60, rest % 60, tzinfo=self.timezone).astimezone(UTC)


def calendar_of(config: Config) -> Calendar:
    """The calendar that the settings describe."""
    country, _, region = config.clinic_holidays.partition("-")
    closed = holidays.country_holidays(country, subdiv=region or None) if country else None
    return Calendar(config.clinic_timezone, config.clinic_hours, closed)


class Calendars:
    """The calendar as it is now: the settings' one, with the hours and closures that the database holds.

    It is read again when it is older than `fresh_seconds`, so that every process follows a change within that time
    and a key press mostly costs no query. While the database is away, the last known calendar holds.
    """

    def __init__(
        self,
        database: Database,
        settings: Calendar,
        fresh_seconds: float = FRESH_SECONDS,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings = settings
        self._database = database
        self._fresh_seconds = fresh_seconds
        self._seconds = seconds
        self._known: Calendar | None = None
        self._read_at = 0.0
        self._reading = threading.Lock()

    def current(self) -> Calendar:
        """The calendar; at most `fresh_seconds` old unless the database is away."""
        known = self._known
        if known is not None and self._seconds() - self._read_at < self._fresh_seconds:
            return known
        if not self._reading.acquire(blocking=known is None):
            return known or self.settings
        try:
            if self._known is known:
                self._look()
            return self._known or self.settings
        finally:
            self._reading.release()

    def read_in(self, session: Session) -> Calendar:
        """The calendar as a transaction sees it, read now."""
        spans = session.execute(
            select(WeeklyHours.weekday, WeeklyHours.opens, WeeklyHours.closes).order_by(
                WeeklyHours.weekday, WeeklyHours.opens
            )
        )
        hours = tuple(OpenSpan(*span) for span in spans)
        latest = select(Closure).where(Closure.lifted_at.is_(None)).order_by(Closure.id.desc()).limit(MOST_CLOSURES)
        closures = tuple(map(closed_days, session.scalars(latest)))
        return replace(self.settings, hours=hours or self.settings.hours, closures=closures)

    def forget(self) -> None:
        """Look again at the next use: this process has just changed something."""
        self._read_at = self._seconds() - self._fresh_seconds

    def _look(self) -> None:
        try:
            with self._database.read() as session:
                self._known = self.read_in(session)
        except self._database.unavailable:
            self._known = self._known or self.settings
        self._read_at = self._seconds()


def closed_days(closure: Closure) -> ClosedDays:
    """A closure as the calendar knows it."""
    return ClosedDays(
        closure.first_day,
        closure.last_day,
        closure.reason,
        closure.name,
        closure.greeting,
        closure.greeting_sha256,
    )
