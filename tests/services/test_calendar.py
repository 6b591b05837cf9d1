"""Opening hours, and the promises they can keep."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.config import parse_hours
from ivr.models import Priority
from ivr.services.calendar import Calendar

BOSTON = ZoneInfo("America/New_York")
CALENDAR = Calendar(BOSTON, parse_hours("Mon-Fri 08:30-17:00"), holidays.country_holidays("US", subdiv="MA"))


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=BOSTON)


@pytest.mark.parametrize(
    ("moment", "open_"),
    [
        ("2026-11-23 08:29", False), ("2026-11-23 08:30", True), ("2026-11-23 16:59", True),
        ("2026-11-23 17:00", False), ("2026-11-22 12:00", False), ("2026-11-26 12:00", False),
        ("2026-11-27 12:00", True), ("2026-12-25 12:00", False),
    ],
)  # fmt: skip
def test_open_or_not(moment, open_):
    assert CALENDAR.is_open(at(moment)) is open_


@pytest.mark.parametrize(
    ("priority", "created", "due"),
    [
        (Priority.URGENT, "2026-11-23 10:00", "2026-11-23 10:30"),
        (Priority.URGENT, "2026-11-23 16:45", "2026-11-24 08:45"),
        (Priority.URGENT, "2026-11-22 23:00", "2026-11-23 09:00"),
        (Priority.URGENT, "2026-11-25 16:50", "2026-11-27 08:50"),
        (Priority.SOON, "2026-11-23 10:00", "2026-11-23 14:00"),
        (Priority.SOON, "2026-11-23 15:00", "2026-11-24 10:30"),
        (Priority.SOON, "2026-11-28 10:00", "2026-11-30 12:30"),
        (Priority.ROUTINE, "2026-11-23 10:00", "2026-11-24 10:00"),
        (Priority.ROUTINE, "2026-11-20 16:00", "2026-11-23 16:00"),
        (Priority.ROUTINE, "2026-11-22 12:00", "2026-11-24 08:30"),
        (Priority.ROUTINE, "2026-11-25 09:15", "2026-11-27 09:15"),
        (Priority.ROUTINE, "2026-10-30 10:00", "2026-11-02 10:00"),
    ],
)  # fmt: skip
def test_due_times(priority, created, due):
    assert CALENDAR.due_at(priority, at(created)) == at(due)


@pytest.mark.parametrize(
    ("created", "due"),
    [("2026-11-23 15:00", "2026-11-24 15:00"), ("2026-11-23 12:30", "2026-11-24 13:00"), ("2026-11-23 11:00", "2026-11-24 11:00")],
)
def test_a_routine_promise_knows_the_lunch_break(created, due):
    calendar = Calendar(BOSTON, parse_hours("Mon-Fri 08:30-12:00; Mon-Fri 13:00-17:00"), None)
    assert calendar.due_at(Priority.ROUTINE, at(created)) == at(due)


@pytest.mark.parametrize(
    ("created", "due", "by", "days", "minutes"),
    [
        ("2026-11-23 10:00", "2026-11-23 10:30", "10:30", 0, 30),
        ("2026-11-23 10:07", "2026-11-23 14:07", "14:15", 0, None),
        ("2026-11-23 16:45", "2026-11-24 08:45", "08:45", 1, None),
        ("2026-11-22 12:00", "2026-11-24 08:30", "08:30", 2, None),
    ],
)
def test_promises_are_spoken_at_the_next_quarter_hour(created, due, by, days, minutes):
    promise = CALENDAR.promise(at(created), at(due))
    assert (f"{promise.by:%H:%M}", promise.days_ahead, promise.minutes) == (by, days, minutes)


MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))


@given(MOMENTS, st.sampled_from(Priority))
def test_a_due_time_lies_ahead_and_in_opening_hours(created, priority):
    due = CALENDAR.due_at(priority, created)
    assert due > created
    assert CALENDAR.is_open(due - timedelta(microseconds=1)) or CALENDAR.is_open(due)


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("Mon 08:30-17:00", [(0, 510, 1020)]),
        ("Mon-Tue 08:00-12:00; Mon 13:00-17:00", [(0, 480, 720), (0, 780, 1020), (1, 480, 720)]),
    ],
)
def test_hours_are_read(text, spans):
    assert [(s.weekday, s.opens, s.closes) for s in parse_hours(text)] == spans


@pytest.mark.parametrize(
    "text",
    ["", "Monday 8-5", "Fri-Mon 08:00-12:00", "Mon 12:00-08:00", "Mon 08:00-25:00", "Mon 08:00-12:00; Mon 11:00-13:00"],
)
def test_malformed_hours_are_refused(text):
    with pytest.raises(ValueError, match=r"\w"):
        parse_hours(text)
