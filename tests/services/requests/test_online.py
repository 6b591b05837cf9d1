"""A request that came online, on both databases: equal to one by phone, saved once, and erased like all others."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from ivr.callflow.answers import BestTime, Draft, Kind, PatientType, Reason, VisitType, Weekday
from ivr.models import NameWord, PatientRequest, Priority, RequestStatus, Source
from ivr.services.audit import Actor
from ivr.services.keeping.erasure import erase_number, set_hold, trace_number
from ivr.services.keeping.retention import PERSONAL, purge
from ivr.services.requests.casefile import open_case
from ivr.services.requests.exporting import export_requests
from ivr.services.requests.online import OnlineRequest, find_online, save_online
from ivr.services.requests.reports import read_report
from ivr.services.requests.saving import told
from tests.support.callers import ARRIVAL, Caller, prompts, stored
from tests.support.settings import MONDAY_MORNING, SUNDAY_EVENING

NUMBER = "+16175550142"

CALLBACK = Draft(
    kind=Kind.CALLBACK,
    callback_number=NUMBER,
    reason=Reason.BILLING,
    best_time=BestTime.AFTERNOON,
    may_leave_message=True,
)
URGENT = Draft(kind=Kind.CALLBACK, callback_number=NUMBER, reason=Reason.AFTER_PROCEDURE, red_flags=True)
APPOINTMENT = Draft(
    kind=Kind.APPOINTMENT,
    callback_number=NUMBER,
    patient_type=PatientType.NEW,
    visit_type=VisitType.OTHER_PAIN,
    birth_date="1948-05-17",
    weekday=Weekday.FRIDAY,
    visit_time=BestTime.MORNING,
    may_leave_message=False,
)
FOLLOW_UP = replace(APPOINTMENT, visit_type=VisitType.FOLLOW_UP)

BY_DOOR = {"id", "reference", "source", "call_id", "is_caller_id", "submission"}
"""What differs by door: a reference of its own, where it came from, and that nobody had a caller ID."""

PHONE = {
    "callback": ("2 1 3 2 1 2", CALLBACK),
    "urgent": ("2 1 2 1 2", URGENT),
    "appointment": ("1 1 1 3 05171948 1 5 1 2 2", APPOINTMENT),
    "follow-up": ("1 1 1 2 2 05171948 1 5 1 2 2", FOLLOW_UP),
}


def form(draft=CALLBACK, token="t1", **told):
    return OnlineRequest(token=token, language="en-US", draft=draft, **told)


def fields(request):
    return {
        column.key: getattr(request, column.key) for column in PatientRequest.__table__.c if column.key not in BY_DOOR
    }


def jobs_of(line, request):
    found = line.database.jobs.list_workflows()
    return sorted(job.name for job in found if job.input["args"][0] == request.id)


@pytest.mark.parametrize("now", [MONDAY_MORNING, SUNDAY_EVENING], ids=["open", "closed"])
@pytest.mark.parametrize("path", PHONE)
def test_it_equals_the_request_of_the_same_answers_by_phone(make_line, database_url, clock, path, now):
    clock.now = now
    line = make_line(database_url)
    keys, draft = PHONE[path]
    Caller(line, new=False)(keys)
    saved = save_online(line, form(draft), now)
    phone, web = stored(line)
    assert fields(web) == fields(phone)
    assert (phone.source, web.source, web.call_id) == (Source.PHONE, Source.WEB, None)
    assert saved.reference == web.reference
    with line.database.read() as session:
        assert saved.promise == told(session, line, phone, now).promise
    assert jobs_of(line, web) == jobs_of(line, phone)


def test_an_urgent_one_is_due_at_once_and_tells_staff(line, clock):
    save_online(line, form(URGENT), clock.now)
    [request] = stored(line)
    assert (request.priority, request.status) == (Priority.URGENT, RequestStatus.NEW)
    assert jobs_of(line, request) == ["alert"]


def test_what_is_asked_online_alone_is_kept_and_found(line, clock):
    said = {"name": " Ana  María Ruiz", "told": "My mother cannot lie down.\n", "for_someone_else": True}
    save_online(line, form(**said, needs_interpreter=True, interpreter_language=" Haitian Creole "), clock.now)
    [request] = stored(line)
    assert (request.patient_name, request.told) == ("Ana María Ruiz", "My mother cannot lie down.")
    assert (request.for_someone_else, request.needs_interpreter) == (True, True)
    assert request.interpreter_language == "Haitian Creole"
    with line.database.read() as session:
        words = session.scalars(select(NameWord.word).order_by(NameWord.id)).all()
    assert sorted(words) == ["ana", "maria", "ruiz"]
    with line.database.engine.connect() as raw:
        row = raw.exec_driver_sql("SELECT told, interpreter_language, patient_name FROM patient_requests").one()
    assert not any(word in bytes(cell) for cell in row for word in (b"mother", b"Creole", b"Ruiz"))


@pytest.mark.parametrize(
    "wrong",
    [form(replace(CALLBACK, callback_number=None)), form(told="x" * 501), form(name="x" * 121), form(interpreter_language="x" * 41)],
)  # fmt: skip
def test_what_cannot_be_kept_is_refused(line, clock, wrong):
    with pytest.raises(ValueError, match=r"number to call|too long"):
        save_online(line, wrong, clock.now)
    assert stored(line) == []


def test_a_form_that_comes_again_is_saved_once(line, clock):
    first = save_online(line, form(), clock.now)
    again = save_online(line, form(APPOINTMENT), clock.now + timedelta(minutes=1))
    assert (again.id, again.reference) == (first.id, first.reference)
    assert len(stored(line)) == 1
    assert find_online(line, "t1", clock.now).reference == first.reference
    assert find_online(line, "another", clock.now) is None


def test_a_form_that_comes_many_times_at_once_is_saved_once(line, clock):
    with ThreadPoolExecutor(6) as threads:
        saved = list(threads.map(lambda _: save_online(line, form(), clock.now), range(6)))
    assert len({one.reference for one in saved}) == 1
    assert len(stored(line)) == 1


def test_who_asked_online_and_calls_hears_of_the_open_request(line, clock):
    save_online(line, form(), clock.now)
    caller = Caller(line, new=False)("2")
    assert "callback_new" in prompts(caller.answer)


def test_who_called_and_asks_online_has_two_requests_that_staff_see_together(line, clock):
    Caller(line)("2 1 3 2 1 2")
    saved = save_online(line, form(), clock.now)
    case = open_case(line, saved.id, Actor("staff:1", "", None), clock.now)
    assert case.call is None
    assert [one.reference for one in case.same_number] == [stored(line)[0].reference]


def test_it_is_exported_with_where_it_came_from(line, clock):
    save_online(line, form(told="About my bill"), clock.now)
    [row] = export_requests(line.database)
    assert (row.source, row.call_sid, row.told) == ("web", None, "About my bill")


def close(line, at):
    with line.database.write() as session:
        request = session.scalars(select(PatientRequest)).one()
        request.status, request.closed_at = RequestStatus.CLOSED, at


def emptied(line):
    [request] = stored(line)
    return [name for name in PERSONAL["patient_requests"] if getattr(request, name) is not None]


def test_its_days_end_like_those_of_all_others(line, clock):
    save_online(line, form(name="Ana Ruiz", told="x"), clock.now)
    assert purge(line.database, clock.now + timedelta(days=400), 90).requests == 0
    close(line, clock.now)
    assert purge(line.database, clock.now + timedelta(days=89), 90).requests == 0
    assert purge(line.database, clock.now + timedelta(days=91), 90).requests == 1
    assert emptied(line) == []
    with line.database.read() as session:
        assert session.scalar(select(func.count()).select_from(NameWord)) == 0
    assert find_online(line, "t1", clock.now) is None


def test_it_is_erased_at_the_patients_wish(line, clock):
    saved = save_online(line, form(told="x"), clock.now)
    assert trace_number(line.database, NUMBER, clock.now).open == (saved.reference,)
    erased = erase_number(line.database, NUMBER, clock.now, include_open=True)
    assert erased.requests == (saved.reference,)
    assert emptied(line) == []


def test_a_legal_hold_keeps_it(line, clock):
    saved = save_online(line, form(), clock.now)
    close(line, clock.now)
    set_hold(line.database, saved.reference, True, clock.now)
    assert purge(line.database, clock.now + timedelta(days=91), 90).requests == 0


def test_urgent_ones_ring_who_is_on_call_as_by_the_line_that_was_called_last(make_line, database_url, clock):
    clock.now = SUNDAY_EVENING
    line = make_line(database_url, on_call_numbers=("+16175550177",))
    assert not save_online(line, form(URGENT), clock.now).promise.on_call
    Caller(line, replace(ARRIVAL, from_number="+16175550143"))("3")
    assert save_online(line, form(URGENT, token="t2"), clock.now).promise.on_call


def test_reports_tell_how_many_came_by_which_door(line, clock):
    Caller(line)("2 1 3 2 1 2")
    save_online(line, form(), clock.now)
    report = read_report(line, 7, clock.now + timedelta(minutes=1))
    assert (report.requests, [one.requests for one in report.doors]) == (2, [1, 1])
