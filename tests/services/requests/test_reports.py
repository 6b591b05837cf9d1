"""Reports: figures of a period that can be counted by hand."""

import re
from datetime import timedelta

import icalendar
from sqlalchemy import event, select

from ivr.models import Disposition, Outcome, PatientRequest, Priority, RequestStatus, Role, Source
from ivr.services.accounts.staff import AccountDetails, create
from ivr.services.audit import COMMAND, Actor
from ivr.services.requests import triage
from ivr.services.requests.calendar_feed import calendar_of_follow_ups, renew_address
from ivr.services.requests.reports import Door, Left, ends_by_node, read_report
from tests.support.callers import CALLBACK, keyed_call
from tests.support.kept_requests import put_requests
from tests.support.settings import MONDAY_MORNING


def requests(line):
    with line.database.read() as session:
        return list(session.scalars(select(PatientRequest.id).order_by(PatientRequest.id)))


def nurse(line):
    member = create(line.database, COMMAND, AccountDetails("nurse@example.org", "Nurse", Role.STAFF), line.clock())
    return Actor.of(member, "test"), member


def test_a_week_counted_by_hand(line, clock):
    actor, _ = nurse(line)
    start = clock.now
    keyed_call(line, "CA1", CALLBACK, "+16175550142")
    clock.now = start + timedelta(hours=2)
    keyed_call(line, "CA2", CALLBACK, "+16175550143")
    keyed_call(line, "CA3", "1 2", "+16175550144")
    keyed_call(line, "CA4", "3", "+16175550142")
    first, second = requests(line)
    triage.record_attempt(line, first, actor, clock.now, outcome=Outcome.NO_ANSWER)
    clock.now += timedelta(days=3)
    triage.record_attempt(line, first, actor, clock.now, outcome=Outcome.REACHED)
    triage.record_attempt(line, second, actor, clock.now, outcome=Outcome.NO_ANSWER)
    report = read_report(line, 7, clock.now)
    assert (report.calls, report.requests) == (4, 2)
    assert {one.priority: (one.due, one.kept) for one in report.promises}[Priority.ROUTINE] == (2, 1)
    assert (report.tried, report.reached, report.reached_soon) == (2, 1, 1)
    assert report.by_hour == {(0, 10): 1, (0, 12): 1}
    assert (report.callers, report.repeat_callers) == (3, 1)
    left = {one.node: one for one in report.left}
    assert left["enter_number"] == Left("enter_number", 1, 1)
    assert left["information"].ended == 1
    assert left["receipt"].ended == 2
    assert report.gave_up == 2


def test_each_door_has_its_own_figures(line, clock):
    actor, _ = nurse(line)
    start = clock.now
    put_requests(line, {}, {"source": Source.WEB}, {"source": Source.WEB}, now=start)
    phone, first, second = requests(line)
    triage.record_attempt(line, first, actor, clock.now, outcome=Outcome.REACHED)
    clock.now += timedelta(days=3)
    triage.record_attempt(line, phone, actor, clock.now, outcome=Outcome.NO_ANSWER)
    triage.record_attempt(line, second, actor, clock.now, outcome=Outcome.NO_ANSWER)
    report = read_report(line, 7, clock.now)
    by_phone = Door(Source.PHONE, requests=1, due=1, kept=0, tried=1, reached=0)
    assert report.doors == (by_phone, Door(Source.WEB, requests=2, due=2, kept=1, tried=2, reached=1))
    assert (report.tried, report.reached, sum(one.due for one in report.promises)) == (3, 1, 3)


def test_what_is_older_is_left_out_and_what_was_no_promise_too(line, clock):
    actor, _ = nurse(line)
    keyed_call(line, "CA1", CALLBACK)
    triage.close(line, requests(line)[0], actor, clock.now, disposition=Disposition.DUPLICATE)
    report = read_report(line, 7, clock.now + timedelta(days=1))
    assert sum(one.due for one in report.promises) == 0
    assert read_report(line, 7, clock.now + timedelta(days=8)).requests == 0


def test_what_is_urgent_counts_though_its_caller_hung_up_early(line, clock):
    urgent = {"priority": Priority.URGENT, "red_flags": True}
    left = {"status": RequestStatus.INCOMPLETE, "left_incomplete": True}
    put_requests(line, {**left, **urgent}, left, now=clock.now)
    report = read_report(line, 7, clock.now + timedelta(days=1))
    assert {one.priority: (one.due, one.kept) for one in report.promises} == {
        Priority.URGENT: (1, 0), Priority.SOON: (0, 0), Priority.ROUTINE: (0, 0),
    }  # fmt: skip
    assert report.oldest_open == clock.now - timedelta(minutes=30)


def test_where_only_staff_come_nobody_gives_up(line, clock):
    keyed_call(line, "CA1", "7")
    keyed_call(line, "CA2", "7 20", "+16175550143")
    report = read_report(line, 7, clock())
    assert report.calls == 2
    assert (report.gave_up, {one.node for one in report.left}) == (0, {"main"})
    assert ends_by_node(line, 7, clock()) == report.left


def test_an_empty_line_has_an_empty_report(line, clock):
    report = read_report(line, 30, clock.now)
    assert (report.calls, report.callers, report.oldest_open, report.left) == (0, 0, None, ())


def test_the_calendar_names_follow_ups_and_no_patient(line, clock):
    actor, member = nurse(line)
    keyed_call(line, "CA1", CALLBACK)
    triage.record_attempt(line, requests(line)[0], actor, clock.now, outcome=Outcome.NO_ANSWER)
    older = renew_address(line.database, actor, member.id, clock.now)
    token = renew_address(line.database, actor, member.id, clock.now)
    assert calendar_of_follow_ups(line.database, older, clock.now, "https://x.example/") is None
    document = calendar_of_follow_ups(line.database, token, clock.now, "https://x.example/")
    (event,) = icalendar.Calendar.from_ical(document).walk("VEVENT")
    assert event["summary"].startswith("Call back ")
    assert b"5550142" not in document
    assert event.decoded("dtstart") > clock.now


def test_an_empty_calendar_is_one_all_the_same(line, clock):
    """RFC 5545, 3.6: a calendar has at least one component; a time zone is one, and has offsets of its own (3.6.5)."""
    actor, member = nurse(line)
    token = renew_address(line.database, actor, member.id, clock.now)
    document = calendar_of_follow_ups(line.database, token, clock.now, "https://x.example/")
    calendar = icalendar.Calendar.from_ical(document)
    calendar.validate()
    assert (calendar["version"], bool(calendar["prodid"]), calendar.events) == ("2.0", True, [])
    (zone,) = calendar.subcomponents
    assert (zone.name, zone["tzid"], calendar.errors, zone.errors) == ("VTIMEZONE", "UTC", [], [])
    (standard,) = zone.subcomponents
    assert {"DTSTART", "TZOFFSETFROM", "TZOFFSETTO"} <= set(standard)
    assert zone.to_tz().utcoffset(clock.now.replace(tzinfo=None)) == timedelta()
    assert b"TZID=" not in document, "moments are in UTC: the zone is nobody's reference"
    assert all(line.endswith(b"\r") for line in document.split(b"\n")[:-1])


def test_a_fourth_attempt_is_not_within_three(line, clock):
    actor, _ = nurse(line)
    keyed_call(line, "CA1", CALLBACK)
    for outcome in (Outcome.NO_ANSWER, Outcome.BUSY, Outcome.NO_ANSWER, Outcome.REACHED):
        clock.now += timedelta(hours=1)
        triage.record_attempt(line, 1, actor, clock.now, outcome=outcome)
    report = read_report(line, 7, clock.now)
    assert (report.tried, report.reached, report.reached_soon) == (1, 1, 0)


def test_calls_after_the_patient_was_reached_count_against_nobody(line, clock):
    actor, _ = nurse(line)
    keyed_call(line, "CA1", CALLBACK)
    for outcome in (Outcome.REACHED, Outcome.NO_ANSWER, Outcome.NO_ANSWER, Outcome.REACHED):
        clock.now += timedelta(hours=1)
        triage.record_attempt(line, 1, actor, clock.now, outcome=outcome)
    assert read_report(line, 7, clock.now).reached_soon == 1


def test_a_full_hour_is_no_part_of_the_one_before(line, clock):
    for hour in range(24):
        clock.now = MONDAY_MORNING + timedelta(hours=hour)
        keyed_call(line, f"CA{hour}", CALLBACK, f"+161755502{hour:02d}")
    assert len(read_report(line, 7, clock.now).by_hour) == 24


def test_no_report_reads_what_is_older_than_its_period(make_line, sqlite_url):
    """With a million requests, the index of all numbers or of all attempts made a report take minutes."""
    line, plans = make_line(sqlite_url), []

    def explain(connection, cursor, statement, values, *_):
        if statement.startswith("SELECT"):
            plans.extend(
                row[3] for row in connection.connection.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", values)
            )

    event.listen(line.database.engine, "before_cursor_execute", explain)
    read_report(line, 7, line.clock())
    event.remove(line.database.engine, "before_cursor_execute", explain)
    tables = {"calls", "call_turns", "patient_requests", "request_entries"}
    found = {tuple(plan.split()[:2]) + tuple(plan.split(" USING ")[1:]) for plan in plans if set(plan.split()) & tables}
    of_tab = re.compile(r"INDEX ix_patient_requests_\w+ \(tab=\?\)")  # three begin with it: which one is chance
    found = {(*begin, of_tab.sub("INDEX of the tab (tab=?)", plan)) for *begin, plan in found}
    assert found == {
        ("SEARCH", "call_turns", "PRIMARY KEY (call_id=? AND number=?)"),
        ("SEARCH", "call_turns", "PRIMARY KEY (call_id=?)"),
        ("SEARCH", "calls", "INDEX ix_calls_started_at (started_at>?)"),
        ("SEARCH", "calls", "COVERING INDEX ix_calls_started_at (started_at>?)"),
        ("SEARCH", "patient_requests", "COVERING INDEX ix_patient_requests_created_at (created_at>?)"),
        ("SEARCH", "patient_requests", "INDEX ix_patient_requests_created_at (created_at>?)"),
        ("SEARCH", "patient_requests", "INDEX of the tab (tab=?)"),
        ("SEARCH", "patient_requests", "INDEX ix_patient_requests_tab_rank_act_by_id (tab=? AND rank=?)"),
        ("SEARCH", "request_entries", "INDEX ix_request_entries_request_id_id (request_id=?)"),
    }
