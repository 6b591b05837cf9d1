"""Days that open late, close early or are closed in between: openings, due times, and what callers hear of it."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.callflow.outputs import Say, SayOwn, SpeakTime
from ivr.config import parse_hours
from ivr.models import ClosureReason, Priority
from ivr.services.calendar import MIDNIGHT, Calendar, Change, ChangedDay, ClosedDays
from ivr.services.line import closure_words

BOSTON = ZoneInfo("America/New_York")
MASSACHUSETTS = holidays.country_holidays("US", subdiv="MA")
WEEK = "Mon-Fri 08:30-17:00"
MONDAY, SATURDAY, THANKSGIVING = date(2026, 11, 23), date(2026, 11, 21), date(2026, 11, 26)


def minutes(time):
    return int(time[:2]) * 60 + int(time[3:])


def closed(part, first=MONDAY, last=None, greeting=None, sha256=None):
    """Closed on these days between two times of day, such as '00:00-11:00'."""
    begins, ends = map(minutes, part.split("-"))
    return ClosedDays(first, last or first, ClosureReason.WEATHER, "", greeting, sha256, begins, ends)


def calendar(*closures, week=WEEK):
    return Calendar(BOSTON, parse_hours(week), MASSACHUSETTS, closures)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=BOSTON)


def openings(days, day):
    return [
        f"{opens.astimezone(BOSTON):%H:%M}-{closes.astimezone(BOSTON):%H:%M}" for opens, closes in days.hours_on(day)
    ]


LATE, EARLY, NOON = "00:00-11:00", "14:00-24:00", "12:00-13:30"
BREAK = "Mon-Fri 08:00-12:00; Mon-Fri 13:00-17:00"


@pytest.mark.parametrize(
    ("parts", "week", "kept"),
    [
        ([LATE], WEEK, ["11:00-17:00"]),
        ([EARLY], WEEK, ["08:30-14:00"]),
        ([NOON], WEEK, ["08:30-12:00", "13:30-17:00"]),
        ([LATE, EARLY, NOON], WEEK, ["11:00-12:00", "13:30-14:00"]),
        (["00:00-11:00", "00:00-10:00"], WEEK, ["11:00-17:00"]),
        (["00:00-11:00", "10:00-12:00"], WEEK, ["12:00-17:00"]),
        ([LATE, "11:00-24:00"], WEEK, []),
        (["00:00-08:00"], WEEK, ["08:30-17:00"]),
        (["00:00-12:30"], BREAK, ["13:00-17:00"]),
        (["11:00-14:00"], BREAK, ["08:00-11:00", "14:00-17:00"]),
        ([LATE, "00:00-24:00"], WEEK, []),
    ],
)
def test_closed_hours_are_taken_from_the_weeks(parts, week, kept):
    assert openings(calendar(*map(closed, parts), week=week), MONDAY) == kept


def test_every_day_of_a_closure_has_its_hours_and_no_other():
    days = calendar(closed(LATE, MONDAY, date(2026, 11, 24)))
    assert [openings(days, MONDAY + timedelta(days=n)) for n in range(-2, 3)] == [
        [], [], ["11:00-17:00"], ["11:00-17:00"], ["08:30-17:00"],
    ]  # fmt: skip


def test_a_day_off_or_a_holiday_that_opens_late_stays_closed_and_nothing_is_said_of_hours():
    days = calendar(closed(LATE, SATURDAY), closed(LATE, THANKSGIVING))
    assert openings(days, SATURDAY) == openings(days, THANKSGIVING) == []
    assert days.changed_day(at("2026-11-21 09:00")) is None
    assert days.closure_on(SATURDAY) is None
    assert days.closure_on(THANKSGIVING).reason is ClosureReason.HOLIDAY
    assert closure_words(days, at("2026-11-21 09:00")) == ()
    assert closure_words(days, at("2026-11-26 09:00")) == (Say("closure_holiday"),)


def test_closed_hours_that_leave_nothing_close_the_day():
    days = calendar(closed("00:00-13:00"), closed("12:00-24:00"))
    assert days.closure_on(MONDAY).reason is ClosureReason.WEATHER
    assert closure_words(days, at("2026-11-23 09:00")) == (Say("closure_weather"),)
    assert days.next_opening(at("2026-11-23 09:00"), 5) == at("2026-11-24 08:30")


@pytest.mark.parametrize(
    ("parts", "week", "moment", "change", "time"),
    [
        ([LATE], WEEK, "00:05", Change.OPENS_LATE, (11, 0)),
        ([LATE], WEEK, "07:00", Change.OPENS_LATE, (11, 0)),
        ([LATE], WEEK, "10:59", Change.OPENS_LATE, (11, 0)),
        ([LATE], WEEK, "11:00", None, None),
        ([LATE], WEEK, "18:00", None, None),
        ([EARLY], WEEK, "07:00", None, None),
        ([EARLY], WEEK, "09:00", Change.CLOSES_EARLY, (14, 0)),
        ([EARLY], WEEK, "14:00", Change.CLOSED_EARLY, (14, 0)),
        ([EARLY], WEEK, "16:59", Change.CLOSED_EARLY, (14, 0)),
        ([EARLY], WEEK, "17:00", None, None),
        ([NOON], WEEK, "09:00", None, None),
        ([NOON], WEEK, "12:00", Change.OPENS_AGAIN, (13, 30)),
        ([NOON], WEEK, "13:30", None, None),
        ([LATE, EARLY], WEEK, "09:00", Change.OPENS_LATE, (11, 0)),
        ([LATE, EARLY], WEEK, "11:00", Change.CLOSES_EARLY, (14, 0)),
        (["00:00-09:00"], BREAK, "12:30", None, None),
        (["00:00-12:30"], BREAK, "09:00", Change.OPENS_LATE, (13, 0)),
        (["11:00-14:00"], BREAK, "12:30", Change.OPENS_AGAIN, (14, 0)),
        (["00:00-08:00"], WEEK, "07:00", None, None),
        (["00:00-09:00"], "Mon 08:30-12:00; Mon 12:10-17:00", "08:40", Change.OPENS_LATE, (9, 0)),
        (["00:00-12:00"], "Mon 08:30-12:00; Mon 12:10-17:00", "08:40", Change.OPENS_LATE, (12, 15)),
        (["13:00-24:00"], "Mon 08:30-12:50; Mon 13:10-17:00", "09:00", Change.CLOSES_EARLY, (12, 45)),
    ],
)  # fmt: skip
def test_what_is_special_about_a_moment(parts, week, moment, change, time):
    changed = calendar(*map(closed, parts), week=week).changed_day(at(f"2026-11-23 {moment}"))
    assert (changed and (changed.change, changed.spoken)) == (change and (change, time))


@pytest.mark.parametrize(
    ("priority", "created", "due"),
    [
        (Priority.URGENT, "2026-11-23 07:00", "2026-11-23 11:30"),
        (Priority.URGENT, "2026-11-23 10:55", "2026-11-23 11:30"),
        (Priority.URGENT, "2026-11-24 13:45", "2026-11-25 08:45"),
        (Priority.SOON, "2026-11-23 09:00", "2026-11-23 15:00"),
        (Priority.SOON, "2026-11-23 15:00", "2026-11-24 10:30"),
        (Priority.SOON, "2026-11-24 12:00", "2026-11-25 10:30"),
        (Priority.ROUTINE, "2026-11-20 09:00", "2026-11-23 11:00"),
        (Priority.ROUTINE, "2026-11-23 09:00", "2026-11-24 11:00"),
        (Priority.ROUTINE, "2026-11-23 16:00", "2026-11-24 14:00"),
        (Priority.ROUTINE, "2026-11-24 16:00", "2026-11-27 08:30"),
    ],
)  # fmt: skip
def test_due_times_run_while_it_is_open_only(priority, created, due):
    """Monday opens at eleven, Tuesday closes at two, Thursday is Thanksgiving."""
    days = calendar(closed(LATE), closed(EARLY, date(2026, 11, 24)))
    assert days.due_at(priority, at(created)) == at(due)


@pytest.mark.parametrize(
    ("closure", "week", "moment", "is_open"),
    [
        (closed("00:00-03:30", date(2026, 3, 8)), "Sun 00:30-08:00", "2026-03-08 07:29+00:00", False),
        (closed("00:00-03:30", date(2026, 3, 8)), "Sun 00:30-08:00", "2026-03-08 07:30+00:00", True),
        (closed("00:00-11:00", date(2026, 3, 8)), "Sun 08:00-17:00", "2026-03-08 14:59+00:00", False),
        (closed("00:00-11:00", date(2026, 3, 8)), "Sun 08:00-17:00", "2026-03-08 15:00+00:00", True),
        (closed("00:00-11:00", date(2026, 11, 1)), "Sun 08:00-17:00", "2026-11-01 15:59+00:00", False),
        (closed("00:00-11:00", date(2026, 11, 1)), "Sun 08:00-17:00", "2026-11-01 16:00+00:00", True),
        (closed("14:00-24:00", date(2026, 11, 1)), "Sun 08:00-24:00; Mon 00:00-08:00", "2026-11-02 04:59+00:00", False),
        (closed("14:00-24:00", date(2026, 11, 1)), "Sun 08:00-24:00; Mon 00:00-08:00", "2026-11-02 05:00+00:00", True),
    ],
)
def test_closed_hours_go_by_the_clock_on_the_wall_when_it_changes(closure, week, moment, is_open):
    days = calendar(closure, week=week)
    assert days.is_open(datetime.fromisoformat(moment)) is is_open


OWN = "Our heating is being mended. We open at eleven."


@pytest.mark.parametrize(
    ("closures", "moment", "speaks", "words"),
    [
        ([closed(LATE)], "09:00", False, [Say("closure_opens_late"), SpeakTime(11, 0), Say("closure_request")]),
        ([closed(NOON)], "12:10", False, [Say("closure_opens_again"), SpeakTime(13, 30), Say("closure_request")]),
        ([closed(EARLY)], "09:00", False, [Say("closure_closes_early"), SpeakTime(14, 0)]),
        ([closed(EARLY)], "15:00", False, [Say("closure_closed_early")]),
        ([closed(LATE, greeting=OWN, sha256="a")], "09:00", False, [SayOwn(OWN, "a", "closure_now")]),
        ([closed(LATE, greeting=OWN)], "09:00", True, [SayOwn(OWN, None, "closure_now")]),
        ([closed(LATE, greeting=OWN)], "09:00", False, [Say("closure_opens_late"), SpeakTime(11, 0), Say("closure_request")]),
        ([closed(LATE), closed("00:00-10:00", greeting=OWN, sha256="a")], "09:00", False, [SayOwn(OWN, "a", "closure_now")]),
        ([closed(EARLY, greeting=OWN, sha256="a")], "09:00", False, [Say("closure_closes_early"), SpeakTime(14, 0)]),
        ([closed(EARLY, greeting=OWN, sha256="a")], "15:00", False, [SayOwn(OWN, "a", "closure_now")]),
        ([closed(LATE, greeting=OWN, sha256="a")], "11:00", False, []),
    ],
)  # fmt: skip
def test_what_callers_hear_of_it(closures, moment, speaks, words):
    assert list(closure_words(calendar(*closures), at(f"2026-11-23 {moment}"), speaks)) == words


DAYS = st.sampled_from([date(2026, 3, 8), date(2026, 11, 1), MONDAY, SATURDAY, THANKSGIVING])
PARTS = st.tuples(*[st.integers(0, MIDNIGHT // 15)] * 2).filter(lambda part: part[0] < part[1])
WEEKS = st.sampled_from([WEEK, BREAK, "Mon-Sun 00:00-24:00", "Mon-Sun 07:10-11:50; Mon-Sun 13:00-19:00"])


@settings(max_examples=25)
@given(st.lists(PARTS, max_size=4), WEEKS, DAYS)
def test_a_day_agrees_with_a_walk_through_it_in_steps(parts, week, day):
    shut = tuple(ClosedDays(day, day, ClosureReason.OTHER, "", None, None, a * 15, b * 15) for a, b in parts)
    days = calendar(*shut, week=week)
    usual = calendar(week=week)
    moment = datetime(day.year, day.month, day.day, tzinfo=BOSTON).astimezone(UTC)
    while moment.astimezone(BOSTON).date() == day:
        local = moment.astimezone(BOSTON)
        wall = local.hour * 60 + local.minute
        is_shut = any(one.begins <= wall < one.ends for one in shut)
        assert days.is_open(moment) is (usual.is_open(moment) and not is_shut), moment
        if changed := days.changed_day(moment):
            assert isinstance(changed, ChangedDay)
            assert not days.is_open(moment) or changed.change is Change.CLOSES_EARLY
        moment += timedelta(minutes=5)
