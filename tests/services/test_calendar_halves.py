"""The half of the day that a caller asked for: when a request is due then, and how that is promised."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.callflow.answers import BestTime
from ivr.config import parse_hours
from ivr.models import ClosureReason, Priority
from ivr.services.calendar import Calendar, ClosedDays

BOSTON = ZoneInfo("America/New_York")
CALENDAR = Calendar(BOSTON, parse_hours("Mon-Fri 08:30-17:00"), holidays.country_holidays("US", subdiv="MA"))
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=BOSTON)


NOON_CLINIC = Calendar(BOSTON, parse_hours("Mon-Fri 08:30-17:00; Sat 09:00-12:00"), CALENDAR.holidays)


@pytest.mark.parametrize(
    ("due", "best_time", "since", "ends"),
    [
        ("2026-11-24 10:00", "morning", "2026-11-23 10:00", "2026-11-24 10:00"),
        ("2026-11-24 12:00", "morning", "2026-11-23 12:00", "2026-11-24 12:00"),
        ("2026-11-24 15:00", "morning", "2026-11-23 15:00", "2026-11-24 12:00"),
        ("2026-11-23 14:00", "morning", "2026-11-23 10:00", "2026-11-23 12:00"),
        ("2026-11-23 15:15", "morning", "2026-11-23 11:15", "2026-11-24 12:00"),
        ("2026-11-24 10:00", "afternoon", "2026-11-23 10:00", "2026-11-24 17:00"),
        ("2026-11-24 12:00", "afternoon", "2026-11-23 12:00", "2026-11-24 17:00"),
        ("2026-11-24 15:00", "afternoon", "2026-11-23 15:00", "2026-11-24 15:00"),
        ("2026-11-24 17:00", "afternoon", "2026-11-23 17:00", "2026-11-24 17:00"),
        ("2026-11-24 10:00", "any", "2026-11-23 10:00", "2026-11-24 10:00"),
        ("2026-11-24 10:00", None, "2026-11-23 10:00", "2026-11-24 10:00"),
    ],
)  # fmt: skip
def test_who_asks_for_a_half_of_the_day_is_due_in_one(due, best_time, since, ends):
    best_time = best_time and BestTime(best_time)
    assert CALENDAR.within(at(due), best_time, at(since)) == at(ends)


@pytest.mark.parametrize(
    ("calendar", "due", "best_time", "since", "ends"),
    [
        (CALENDAR, "2026-11-20 17:00", "morning", "2026-11-20 16:00", "2026-11-23 12:00"),
        (CALENDAR, "2026-11-20 16:30", "morning", "2026-11-20 12:30", "2026-11-23 12:00"),
        (CALENDAR, "2026-11-23 08:30", "afternoon", "2026-11-20 18:00", "2026-11-23 17:00"),
        (CALENDAR, "2026-11-25 16:00", "morning", "2026-11-25 11:30", "2026-11-27 12:00"),
        (NOON_CLINIC, "2026-11-28 10:00", "afternoon", "2026-11-27 10:00", "2026-11-30 17:00"),
        (NOON_CLINIC, "2026-11-28 09:00", "morning", "2026-11-27 18:00", "2026-11-28 12:00"),
        (NOON_CLINIC, "2026-11-27 16:00", "morning", "2026-11-27 12:30", "2026-11-28 12:00"),
    ],
    ids=["friday evening", "friday noon", "friday night", "a holiday between", "no afternoon", "at the opening", "the next day"],
)  # fmt: skip
def test_a_half_of_the_day_is_looked_for_on_days_that_have_it(calendar, due, best_time, since, ends):
    assert calendar.within(at(due), BestTime(best_time), at(since)) == at(ends)


def test_a_half_of_a_day_on_which_the_clinic_is_closed_is_none():
    closed = ClosedDays(date(2026, 11, 24), date(2026, 11, 24), ClosureReason.WEATHER, "Snow")
    calendar = replace(CALENDAR, closures=(closed,))
    assert calendar.within(at("2026-11-23 15:30"), BestTime.MORNING, at("2026-11-23 11:30")) == at("2026-11-25 12:00")


def test_a_clinic_without_such_a_half_keeps_the_time_it_has():
    calendar = Calendar(BOSTON, parse_hours("Mon-Fri 08:00-12:00"), None)
    due = at("2026-11-24 10:00")
    assert calendar.within(due, BestTime.AFTERNOON, at("2026-11-23 10:00")) == due


@given(MOMENTS, st.sampled_from(BestTime), st.sampled_from([Priority.SOON, Priority.ROUTINE]))
def test_a_half_of_the_day_is_ahead_open_and_of_its_kind(created, best_time, priority):
    due = CALENDAR.within(CALENDAR.due_at(priority, created), best_time, created)
    last = (due - timedelta(microseconds=1)).astimezone(BOSTON)
    assert due > created
    assert CALENDAR.is_open(last) or CALENDAR.is_open(due)
    local = due.astimezone(BOSTON)
    if best_time is BestTime.MORNING:
        assert local.hour * 60 + local.minute <= 12 * 60
    if best_time is BestTime.AFTERNOON:
        assert last.hour >= 12


@pytest.mark.parametrize(
    ("created", "due", "best_time", "by", "days", "half"),
    [
        ("2026-11-23 10:00", "2026-11-24 10:00", "morning", "10:00", 1, "morning"),
        ("2026-11-23 13:00", "2026-11-24 12:00", "morning", "12:00", 1, "morning"),
        ("2026-11-23 10:00", "2026-11-23 17:00", "afternoon", "17:00", 0, "afternoon"),
        ("2026-11-23 10:00", "2026-11-24 12:00", "afternoon", "12:00", 1, "afternoon"),
        ("2026-11-20 18:00", "2026-11-23 17:00", "afternoon", "17:00", 3, "afternoon"),
        ("2026-11-23 10:00", "2026-11-24 10:00", "afternoon", "10:00", 1, None),
        ("2026-11-23 13:00", "2026-11-24 13:00", "morning", "13:00", 1, None),
        ("2026-11-23 10:00", "2026-11-24 10:00", "any", "10:00", 1, None),
        ("2026-11-23 10:00", "2026-11-24 10:00", None, "10:00", 1, None),
    ],
)  # fmt: skip
def test_a_promise_names_the_half_of_the_day_that_was_asked_for(created, due, best_time, by, days, half):
    promise = CALENDAR.promise(at(created), at(due), best_time and BestTime(best_time))
    assert (f"{promise.by:%H:%M}", promise.days_ahead, promise.half) == (by, days, half)
