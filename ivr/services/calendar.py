"""The clinic's opening hours, and the promises they can keep."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import holidays

from ivr.callflow.inputs import Promise
from ivr.config import Config, OpenSpan
from ivr.models import Priority

URGENT_MINUTES = 30
SOON_HOURS = 4
HORIZON_DAYS = 60
"""How far ahead to look for an opening before concluding that there is none."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """When the clinic is open. All arguments and results are aware moments; hours are kept in `timezone`."""

    timezone: ZoneInfo
    hours: tuple[OpenSpan, ...]
    holidays: holidays.HolidayBase | None

    def today(self, at: datetime) -> date:
        """The clinic's date at a moment."""
        return at.astimezone(self.timezone).date()

    def is_open(self, at: datetime) -> bool:
        """Whether the clinic is open at a moment."""
        return any(opens <= at < closes for opens, closes in self._openings(self.today(at), days=1))

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

    def promise(self, created_at: datetime, due_at: datetime) -> Promise:
        """A due moment as the line speaks it: never earlier than due, at the next quarter of an hour."""
        local = due_at.astimezone(self.timezone)
        late = timedelta(minutes=local.minute % 15, seconds=local.second, microseconds=local.microsecond)
        by = local if not late else local - late + timedelta(minutes=15)
        near = due_at - created_at <= timedelta(minutes=URGENT_MINUTES)
        days = (by.date() - self.today(created_at)).days
        return Promise(by.replace(tzinfo=None), days, URGENT_MINUTES if near else None)

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
            if self.holidays is not None and day in self.holidays:
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
