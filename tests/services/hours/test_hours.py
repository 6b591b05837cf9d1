"""Hours as admins keep them: what is refused, what the calendar makes of it, and what staff are told."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from ivr.config import OpenSpan, parse_hours
from ivr.models import AuditAction, AuditEntry, Closure, ClosureReason, Priority
from ivr.services.audit import Actor, trail_faults
from ivr.services.calendar import ClosedDays
from ivr.services.hours import hours
from ivr.services.hours.hours import HoursError
from ivr.services.jobs import Job
from tests.support.jobs import waiting

ADMIN = Actor("staff:1", "192.0.2.1")
MONDAY, TUESDAY, WEDNESDAY = (date(2026, 11, day) for day in (23, 24, 25))
THANKSGIVING = date(2026, 11, 26)


def boston(text):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("America/New_York"))


def days(first, last=None, reason=ClosureReason.WEATHER, name="Snow day", greeting=None, part=(0, 1440)):
    return ClosedDays(first, last or first, reason, name, greeting, begins=part[0], ends=part[1])


def trail(line):
    with line.database.read() as session:
        return [(e.action, e.subject, e.detail) for e in session.scalars(select(AuditEntry).order_by(AuditEntry.id))]


def test_without_rows_the_settings_hours_hold_and_then_the_new_ones(line, clock):
    assert hours.weekly_hours(line) == (parse_hours("Mon-Fri 08:30-17:00"), True)
    spans = [OpenSpan(5, 540, 720), OpenSpan(0, 780, 1020), OpenSpan(0, 480, 720)]
    hours.replace_weekly(line, ADMIN, spans, clock.now)
    in_order = (OpenSpan(0, 480, 720), OpenSpan(0, 780, 1020), OpenSpan(5, 540, 720))
    assert hours.weekly_hours(line) == (in_order, False)
    assert line.calendar.hours == in_order
    hours.replace_weekly(line, ADMIN, in_order[:1], clock.now)
    assert line.calendar.hours == in_order[:1]
    assert [entry[:2] for entry in trail(line)] == [(AuditAction.HOURS_CHANGED, "hours")] * 2
    assert trail(line)[0][2] == "weekly hours: Mon 8:00 AM to 12:00 PM; Mon 1:00 PM to 5:00 PM; Sat 9:00 AM to 12:00 PM"
    assert list(trail_faults(line.database)) == []


@pytest.mark.parametrize(
    ("spans", "words"),
    [
        ([], "open at least once"),
        ([OpenSpan(1, 720, 480)], "Tuesday: the clinic must close after it opens"),
        ([OpenSpan(1, 720, 720)], "Tuesday: the clinic must close after it opens"),
        ([OpenSpan(1, 720, 1441)], "Tuesday"),
        ([OpenSpan(6, 480, 720), OpenSpan(6, 719, 900)], "Sunday: the two openings overlap"),
        ([OpenSpan(2, 480, 500), OpenSpan(2, 510, 520), OpenSpan(2, 530, 540)], "Wednesday: two openings a day at most"),
    ],
)  # fmt: skip
def test_weekly_hours_that_cannot_be_are_refused_and_nothing_changes(line, clock, spans, words):
    with pytest.raises(HoursError, match=words):
        hours.replace_weekly(line, ADMIN, spans, clock.now)
    assert hours.weekly_hours(line)[1]
    assert trail(line) == []


def test_a_closure_closes_its_days_and_lifting_opens_them(line, clock):
    closure_id = hours.add_closure(line, ADMIN, days(MONDAY, TUESDAY), clock.now)
    assert not line.calendar.is_open(clock.now)
    assert line.calendar.next_opening(clock.now, 9) == boston("2026-11-25 08:30")
    assert line.calendar.due_at(Priority.URGENT, clock.now) == boston("2026-11-25 09:00")
    assert [(row.id, row.days) for row in hours.closures(line, clock.now)] == [(closure_id, days(MONDAY, TUESDAY))]
    hours.lift_closure(line, ADMIN, closure_id, clock.now)
    assert line.calendar.is_open(clock.now)
    assert hours.closures(line, clock.now) == []
    with pytest.raises(HoursError, match="lifted already"):
        hours.lift_closure(line, ADMIN, closure_id, clock.now)
    with pytest.raises(HoursError, match="lifted already"):
        hours.lift_closure(line, ADMIN, 999, clock.now)
    assert trail(line) == [
        (AuditAction.HOURS_CHANGED, f"closure:{closure_id}", "closed 2026-11-23 to 2026-11-24: bad weather"),
        (AuditAction.HOURS_CHANGED, f"closure:{closure_id}", "lifted: 2026-11-23 to 2026-11-24"),
    ]
    with line.database.read() as session:
        assert session.get(Closure, closure_id).lifted_at == clock.now


def test_the_same_closure_sent_twice_is_one(line, clock):
    wanted = days(MONDAY, greeting="We have no power today.")
    assert hours.add_closure(line, ADMIN, wanted, clock.now) == hours.add_closure(line, ADMIN, wanted, clock.now)
    assert len(hours.closures(line, clock.now)) == len(trail(line)) == 1
    assert [job for job, _, _ in waiting(line)] == [Job.MAKE_GREETING]


def test_of_two_closures_on_a_day_the_later_one_is_heard(line, clock):
    hours.add_closure(line, ADMIN, days(MONDAY, WEDNESDAY), clock.now)
    second = hours.add_closure(line, ADMIN, days(TUESDAY, greeting="We have no power."), clock.now)
    assert [line.calendar.closure_on(day).greeting for day in (MONDAY, TUESDAY)] == [None, "We have no power."]
    hours.lift_closure(line, ADMIN, second, clock.now)
    assert line.calendar.closure_on(TUESDAY).greeting is None


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (days(TUESDAY, MONDAY), "before the first"),
        (days(date(2026, 11, 21), date(2026, 11, 22)), "These days are over"),
        (days(MONDAY, MONDAY + timedelta(days=60)), "60 days at most"),
        (days(date(2062, 11, 23)), "Check the year"),
        (days(MONDAY, name="n" * 81), "80 letters"),
        (days(MONDAY, greeting="\U0001f600 …"), "nothing that a voice could say"),
        (days(MONDAY, greeting="ring\x07 the bell"), "characters that it cannot"),
        (days(MONDAY, greeting="word " * 34), "about 16 seconds, 15 are the most"),
        (days(MONDAY, part=(660, 600)), "until a later time than from"),
        (days(MONDAY, part=(660, 660)), "until a later time than from"),
        (days(MONDAY, part=(0, 665)), "quarters of an hour"),
        (days(MONDAY, part=(0, 510)), "not open in these hours anyway"),
        (days(MONDAY, part=(0, 600)), "not open in these hours anyway"),
        (days(MONDAY, part=(1020, 1440)), "not open in these hours anyway"),
        (days(date(2026, 11, 28), date(2026, 11, 29), part=(0, 660)), "not open in these hours anyway"),
        (days(THANKSGIVING, part=(0, 660)), "not open in these hours anyway"),
    ],
)
def test_closures_that_cannot_be_are_refused(line, clock, wanted, words):
    with pytest.raises(HoursError, match=words):
        hours.add_closure(line, ADMIN, wanted, clock.now)
    assert hours.closures(line, clock.now) == []


def test_a_day_opens_late_and_another_closes_early(line, clock):
    late = hours.add_closure(line, ADMIN, days(TUESDAY, part=(0, 660)), clock.now)
    assert hours.add_closure(line, ADMIN, days(TUESDAY, part=(0, 660)), clock.now) == late
    hours.add_closure(line, ADMIN, days(MONDAY, part=(840, 1440)), clock.now)
    assert line.calendar.closes_at(clock.now) == boston("2026-11-23 14:00")
    assert line.calendar.next_opening(boston("2026-11-23 15:00"), 9) == boston("2026-11-24 11:00")
    assert [hours.part_of_day(row.days) for row in hours.closures(line, clock.now)] == [
        "closes at 2:00 PM", "opens at 11:00 AM",
    ]  # fmt: skip
    hours.lift_closure(line, ADMIN, late, clock.now)
    assert line.calendar.next_opening(boston("2026-11-23 15:00"), 9) == boston("2026-11-24 08:30")
    assert [detail for _, _, detail in trail(line)] == [
        "closed 2026-11-24, opens at 11:00 AM: bad weather", "closed 2026-11-23, closes at 2:00 PM: bad weather",
        "lifted: 2026-11-24, opens at 11:00 AM",
    ]  # fmt: skip


def test_closing_for_the_rest_of_a_short_day_closes_all_of_it(line, clock):
    hours.add_closure(line, ADMIN, days(MONDAY, part=(840, 1440)), clock.now)
    hours.close_days(line, ADMIN, ClosureReason.WEATHER, 1, "Snow", clock.now)
    assert not line.calendar.is_open(clock.now)
    assert line.calendar.changed_day(clock.now) is None


def test_a_greeting_is_kept_as_one_line(line, clock):
    hours.add_closure(line, ADMIN, days(MONDAY, greeting="  We have\r\n no power. "), clock.now)
    assert line.calendar.closure_on(MONDAY).greeting == "We have no power."


def test_closing_at_once_leaves_closed_days_as_they_are(line, clock):
    hours.close_days(line, ADMIN, ClosureReason.WEATHER, 1, "Snow", clock.now)
    hours.close_days(line, ADMIN, ClosureReason.OTHER, 2, "Again", clock.now)
    assert [(row.days.first_day, row.days.name) for row in hours.closures(line, clock.now)] == [
        (MONDAY, "Snow"), (TUESDAY, "Again"),
    ]  # fmt: skip
    clock.now = boston("2026-11-26 09:00")
    hours.close_days(line, ADMIN, ClosureReason.OTHER, 1, "A holiday anyway", clock.now)
    assert hours.closures(line, clock.now) == []


SNOW = "Closed today (Snow day). Callers now hear: the standard sentence for bad weather"


@pytest.mark.parametrize(
    ("at", "closed", "desk", "words"),
    [
        ("2026-11-23 10:00", None, True, "Open now until 5:00 PM today. Callers now hear: the usual greeting; 0 rings the desk."),
        ("2026-11-23 10:00", None, False, "Open now until 5:00 PM today. Callers now hear: the usual greeting; 0 takes a message, as there are no desk numbers."),
        ("2026-11-23 07:00", None, True, "Closed now. Callers now hear: the usual greeting; 0 takes a message. Next opening: today 8:30 AM."),
        ("2026-11-22 12:00", None, True, "Closed now. Callers now hear: the usual greeting; 0 takes a message. Next opening: tomorrow 8:30 AM."),
        ("2026-11-21 12:00", None, True, "Closed now. Callers now hear: the usual greeting; 0 takes a message. Next opening: Monday 8:30 AM."),
        ("2026-11-23 10:00", days(MONDAY), True, f"{SNOW}; 0 takes a message. Next opening: tomorrow 8:30 AM."),
        ("2026-11-23 10:00", days(MONDAY, date(2026, 12, 4)), True, f"{SNOW}; 0 takes a message. Next opening: Monday, December 7, 8:30 AM."),
        ("2026-11-26 10:00", None, True, "Closed today (Thanksgiving Day). Callers now hear: the standard sentence for a holiday; 0 takes a message. Next opening: tomorrow 8:30 AM."),
        ("2026-11-23 10:00", days(MONDAY, greeting="No power."), True, f"{SNOW}, until your own greeting is ready; 0 takes a message. Next opening: tomorrow 8:30 AM."),
        ("2026-11-23 10:00", days(MONDAY, part=(840, 1440)), True, "Open now until 2:00 PM today. Callers now hear: that we close early, at 2:00 PM; 0 rings the desk."),
        ("2026-11-23 10:00", days(MONDAY, part=(0, 660)), True, "Closed now. Callers now hear: that we open late, at 11:00 AM; 0 takes a message. Next opening: today 11:00 AM."),
        ("2026-11-23 10:00", days(MONDAY, part=(0, 660), greeting="No heat."), True, "Closed now. Callers now hear: that we open late, at 11:00 AM, until your own greeting is ready; 0 takes a message. Next opening: today 11:00 AM."),
        ("2026-11-23 10:00", days(MONDAY, part=(570, 660)), True, "Closed now. Callers now hear: that we open again at 11:00 AM; 0 takes a message. Next opening: today 11:00 AM."),
        ("2026-11-23 10:00", days(MONDAY, name=""), True, "Closed today (bad weather). Callers now hear: the standard sentence for bad weather; 0 takes a message. Next opening: tomorrow 8:30 AM."),
    ],
)  # fmt: skip
def test_staff_read_what_callers_hear(make_line, sqlite_url, clock, at, closed, desk, words):
    line = make_line(sqlite_url, desk_numbers=("+16175550111",) if desk else ())
    clock.now = boston(at)
    if closed:
        hours.add_closure(line, ADMIN, closed, clock.now)
    assert hours.callers_hear(line, clock.now) == words


def test_staff_read_their_own_greeting_where_the_carriers_voice_speaks_it(make_line, sqlite_url, clock):
    line = make_line(sqlite_url, voice="say")
    hours.add_closure(line, ADMIN, days(MONDAY, greeting="No power."), clock.now)
    assert "Callers now hear: “No power.”; 0 takes a message" in hours.callers_hear(line, clock.now)


def test_never_open_is_said_too(line, clock):
    for first in (MONDAY, MONDAY + timedelta(days=60)):
        hours.add_closure(line, ADMIN, days(first, first + timedelta(days=59)), clock.now)
    assert hours.callers_hear(line, clock.now).endswith("There is no opening in the next 60 days.")


def test_the_holidays_ahead_are_the_calendars(line, clock):
    found = hours.holidays_ahead(line, clock.now)
    assert [(row.id, row.days.name, row.days.first_day) for row in found][:2] == [
        (None, "Thanksgiving Day", THANKSGIVING), (None, "Christmas Day", date(2026, 12, 25)),
    ]  # fmt: skip


def test_promises_wait_for_the_end_of_a_closure_made_on_a_clock_change(line, clock):
    clock.now = datetime(2026, 10, 30, 21, 30, tzinfo=UTC)
    hours.add_closure(line, ADMIN, days(date(2026, 11, 2)), clock.now)
    assert line.calendar.due_at(Priority.SOON, clock.now) == boston("2026-11-03 12:30")
    assert line.surroundings(boston("2026-11-02 10:00"))[2]
    assert not line.surroundings(boston("2026-11-03 00:00"))[2]
    assert line.surroundings(boston("2026-11-02 23:59"))[2]


def test_a_desk_is_not_rung_on_a_closed_day(make_line, database_url, clock):
    line = make_line(database_url, desk_numbers=("+16175550111",))
    assert line.surroundings(clock.now)[1] == ("+16175550111",)
    hours.close_days(line, ADMIN, ClosureReason.OTHER, 1, "", clock.now)
    assert line.surroundings(clock.now)[1] == ()
    assert replace(line, desk_numbers=()).surroundings(clock.now)[1] == ()
