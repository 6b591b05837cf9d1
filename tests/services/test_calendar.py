"""Opening hours, and the promises they can keep."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.config import OpenSpan, parse_hours
from ivr.models import ClosureReason, Priority
from ivr.services.calendar import Calendar, ClosedDays

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
    [
        ("2026-11-23 15:00", "2026-11-24 15:00"),
        ("2026-11-23 12:30", "2026-11-24 13:00"),
        ("2026-11-23 11:00", "2026-11-24 11:00"),
    ],
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


# The hours of a clock change are left out: no clinic opens or closes then.
MINUTES = st.sampled_from([*range(0, 60, 7), *range(181, 1440, 13), 1439, 1440])
SPANS = (
    st.tuples(st.integers(0, 6), MINUTES, MINUTES)
    .filter(lambda span: span[1] < span[2])
    .map(lambda span: OpenSpan(*span))
)
CLOCK_CHANGES = [date(2026, 3, 8), date(2026, 11, 1), date(2027, 3, 14), date(2027, 11, 7)]
DAYS = st.one_of(st.sampled_from(CLOCK_CHANGES), st.dates(date(2026, 1, 1), date(2027, 12, 30)))


@settings(max_examples=60)
@given(st.lists(SPANS, max_size=10), st.lists(st.tuples(DAYS, st.integers(0, 9)), max_size=3), DAYS)
def test_the_calendar_agrees_with_a_walk_through_the_day_minute_by_minute(spans, closed, day):
    closures = tuple(ClosedDays(first, first + timedelta(days=more), ClosureReason.OTHER, "") for first, more in closed)
    in_order = tuple(sorted(spans, key=lambda span: (span.weekday, span.opens)))
    calendar = Calendar(BOSTON, in_order, CALENDAR.holidays, closures)
    midnight = moment = datetime(day.year, day.month, day.day, tzinfo=BOSTON).astimezone(UTC)
    first = None
    for _ in range(25 * 60):
        local = moment.astimezone(BOSTON)
        shut = local.date() in CALENDAR.holidays or any(c.first_day <= local.date() <= c.last_day for c in closures)
        wall = local.hour * 60 + local.minute
        walked = not shut and any(s.weekday == local.weekday() and s.opens <= wall < s.closes for s in spans)
        assert calendar.is_open(moment) is walked
        first = first or (moment if walked else None)
        moment += timedelta(minutes=1)
    if first is not None:
        assert calendar.next_opening(midnight, 2) == first


@pytest.mark.parametrize(
    ("moment", "open_"),
    [
        ("2026-03-08 04:29+00:00", False), ("2026-03-08 05:30+00:00", True), ("2026-03-08 11:59+00:00", True),
        ("2026-03-08 12:00+00:00", False), ("2026-11-01 04:29+00:00", False), ("2026-11-01 04:30+00:00", True),
        ("2026-11-01 12:59+00:00", True), ("2026-11-01 13:00+00:00", False),
    ],
)  # fmt: skip
def test_hours_go_by_the_clock_on_the_wall_when_it_changes(moment, open_):
    calendar = Calendar(BOSTON, parse_hours("Sun 00:30-08:00"), None)
    assert calendar.is_open(datetime.fromisoformat(moment)) is open_


def test_a_closure_ends_at_midnight_on_the_wall_also_on_a_day_of_25_hours():
    days = ClosedDays(date(2026, 11, 1), date(2026, 11, 1), ClosureReason.OTHER, "")
    calendar = Calendar(BOSTON, parse_hours("Sun 00:00-24:00; Mon 00:00-24:00"), None, (days,))
    midnight = datetime(2026, 11, 2, 5, tzinfo=UTC)
    assert not calendar.is_open(midnight - timedelta(minutes=1))
    assert calendar.is_open(midnight)


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
