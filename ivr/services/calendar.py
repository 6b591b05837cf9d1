"""The clinic's opening hours, the promises they can keep, and how every process follows their changes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from zoneinfo import ZoneInfo

import holidays
from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.callflow.answers import BestTime, ClosureReason
from ivr.callflow.facts import Promise
from ivr.config import Config, OpenSpan
from ivr.db import Database
from ivr.models import ClinicName, Closure, Priority, WeeklyHours

URGENT_MINUTES = 30
SOON_HOURS = 4
HORIZON_DAYS = 60
"""How far ahead to look for an opening before concluding that there is none."""


FRESH_SECONDS = 5.0
"""How long a process goes by the hours it has read before it looks again."""


NOON = 12 * 60
MIDNIGHT = 24 * 60
"""Minutes after the local midnight at which a day begins."""

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
    `begins` and `ends` are minutes after midnight: on each of the days it is closed between them only.
    """

    first_day: date
    last_day: date
    reason: ClosureReason
    name: str
    greeting: str | None = None
    greeting_sha256: str | None = None
    begins: int = 0
    ends: int = MIDNIGHT

    @property
    def is_whole(self) -> bool:
        """Whether whole days are meant."""
        return (self.begins, self.ends) == (0, MIDNIGHT)

    def touches(self, day: date) -> bool:
        """Whether a day is one of them."""
        return self.first_day <= day <= self.last_day


def in_quarters(local: datetime, *, later: bool) -> tuple[int, int]:
    """Hour and minute of a time of day at a quarter of an hour, at it or later, or at it or earlier."""
    minutes = local.hour * 60 + local.minute
    hour, minute = divmod((minutes + 14 if later else minutes) // 15 * 15, 60)
    return hour % 24, minute


class Change(Enum):
    """How the hours of a day that is closed in part differ from its weekly ones, as it matters at a moment."""

    OPENS_LATE = "opens late"
    OPENS_AGAIN = "opens again"
    CLOSES_EARLY = "closes early"
    CLOSED_EARLY = "closed early"


@dataclass(frozen=True, slots=True)
class ChangedDay:
    """What is special about today's hours at a moment: `at` is when it opens or closes, or has closed, in its own time.

    `closure` is the one that keeps it closed at that moment, if one does.
    """

    change: Change
    at: datetime
    closure: ClosedDays | None = None

    @property
    def spoken(self) -> tuple[int, int]:
        """Hour and minute as the line can say them, in quarters: no opening too early, and no closing too late."""
        return in_quarters(self.at, later=self.change in (Change.OPENS_LATE, Change.OPENS_AGAIN))


@dataclass(frozen=True, slots=True)
class Calendar:
    """When the clinic is open. All arguments and results are aware moments; hours are kept in `timezone`.

    `closures` stand before `holidays`; of several that close a whole day, the first counts. Those of some hours add up.
    `clinic` is the clinic's name.
    """

    timezone: ZoneInfo
    hours: tuple[OpenSpan, ...]
    holidays: holidays.HolidayBase | None
    closures: tuple[ClosedDays, ...] = ()
    clinic: str = ""

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
        """Why the clinic is closed on a whole day; None on other days, weekly days off among them.

        Closures of some hours that leave nothing of the day's hours close it too.
        """
        closed = self._whole_closure_on(day)
        if closed or self._hours_on(day) or not self._spans_on(day):
            return closed
        return next(self._closed_in_part(day), None)

    def changed_day(self, at: datetime) -> ChangedDay | None:
        """What is special about the hours of a day that is closed in part; None when nothing is, or not any more."""
        today = self.today(at)
        if not any(self._closed_in_part(today)):
            return None
        usual, kept = self.weekly_hours_on(today), self.hours_on(today)
        if not kept:
            return None  # a day off, or closed as a whole
        ends = kept[-1][1]
        if any(opens <= at < closes for opens, closes in kept):
            return self._change(Change.CLOSES_EARLY, ends) if ends < usual[-1][1] else None
        opens = next((opens for opens, _ in kept if opens > at), None)
        if opens is None:
            has_closed = any(end > at for _, end in usual)
            return self._change(Change.CLOSED_EARLY, ends, at) if has_closed else None
        if next(start for start, end in usual if end > at) == opens:
            return None  # as in any week
        again = any(closes <= at for _, closes in kept)
        return self._change(Change.OPENS_AGAIN if again else Change.OPENS_LATE, opens, at)

    def spoken_time(self, at: datetime, *, later: bool) -> tuple[int, int]:
        """A moment's time of day as the line says it, see `in_quarters`."""
        return in_quarters(at.astimezone(self.timezone), later=later)

    def hours_on(self, day: date) -> list[tuple[datetime, datetime]]:
        """The openings of a day."""
        return list(self._openings(day, days=1))

    def weekly_hours_on(self, day: date) -> list[tuple[datetime, datetime]]:
        """The same before closures of some hours are taken off; none on a day that is closed as a whole."""
        return [] if self._whole_closure_on(day) else [self.span_on(day, *span) for span in self._spans_on(day)]

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

    def span_on(self, day: date, begins: int, ends: int) -> tuple[datetime, datetime]:
        """Two moments of a day, given in minutes after midnight on its clocks."""
        return self._moment(day, begins), self._moment(day, ends)

    def _openings(self, first: date, days: int) -> Iterator[tuple[datetime, datetime]]:
        for ahead in range(days):
            day = first + timedelta(days=ahead)
            if not self._whole_closure_on(day):
                yield from (self.span_on(day, *span) for span in self._hours_on(day))

    def _whole_closure_on(self, day: date) -> ClosedDays | None:
        for closure in self.closures:
            if closure.touches(day) and closure.is_whole:
                return closure
        if self.holidays is not None and day in self.holidays:
            return ClosedDays(day, day, ClosureReason.HOLIDAY, str(self.holidays[day]))
        return None

    def _closed_in_part(self, day: date) -> Iterator[ClosedDays]:
        return (closure for closure in self.closures if closure.touches(day) and not closure.is_whole)

    def _change(self, change: Change, to: datetime, closed_at: datetime | None = None) -> ChangedDay:
        closure = self._closure_now(closed_at) if closed_at else None
        return ChangedDay(change, to.astimezone(self.timezone), closure)

    def _closure_now(self, at: datetime) -> ClosedDays | None:
        """The closure of some hours that is under way: one with a greeting of its own before others."""
        local = at.astimezone(self.timezone)
        minute = local.hour * 60 + local.minute
        under_way = [one for one in self._closed_in_part(local.date()) if one.begins <= minute < one.ends]
        return next((one for one in under_way if one.greeting), next(iter(under_way), None))

    def _spans_on(self, day: date) -> list[tuple[int, int]]:
        """A weekday's hours, in minutes after midnight."""
        return [(span.opens, span.closes) for span in self.hours if span.weekday == day.weekday()]

    def _hours_on(self, day: date) -> list[tuple[int, int]]:
        """What closures of some hours leave of them."""
        spans = self._spans_on(day)
        for closure in self._closed_in_part(day):
            before = [(opens, min(closes, closure.begins)) for opens, closes in spans]
            after = [(max(opens, closure.ends), closes) for opens, closes in spans]
            spans = sorted((opens, closes) for opens, closes in (*before, *after) if opens < closes)
        return spans

    def _moment(self, day: date, minutes: int) -> datetime:
        whole_days, rest = divmod(minutes, MIDNIGHT)
        day += timedelta(days=whole_days)
        return datetime(day.year, day.month, day.day, rest // 60, rest % 60, tzinfo=self.timezone).astimezone(UTC)


def calendar_of(config: Config) -> Calendar:
    """The calendar that the settings describe."""
    country, _, region = config.clinic_holidays.partition("-")
    closed = holidays.country_holidays(country, subdiv=region or None) if country else None
    return Calendar(config.clinic_timezone, config.clinic_hours, closed, clinic=config.clinic_name)


class Calendars:
    """The calendar as it is now: the settings' one, with the hours, closures and name that the database holds.

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
        clinic = session.scalar(select(ClinicName.name).order_by(ClinicName.id.desc()).limit(1)) or self.settings.clinic
        return replace(self.settings, hours=hours or self.settings.hours, closures=closures, clinic=clinic)

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
        closure.begins,
        closure.ends,
    )
