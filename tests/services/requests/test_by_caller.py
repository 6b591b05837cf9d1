"""An existing request on the phone, on both databases: found, told, changed, cancelled, added to; and each once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from ivr.callflow import outputs as out
from ivr.callflow.answers import BestTime
from ivr.callflow.inputs import Digits, Recorded
from ivr.models import (
    AuditAction,
    AuditEntry,
    Disposition,
    EntryKind,
    Outcome,
    PatientRequest,
    Priority,
    Recording,
    RecordingStatus,
    ReferenceNumber,
    RequestStatus,
    Role,
    SentNotice,
    StaffMember,
    Tab,
)
from ivr.services import audit
from ivr.services.audit import Actor
from ivr.services.calls.turns import Arrival, note_recording, start_call, take_turn
from ivr.services.jobs import Job, job_states
from ivr.services.requests import history, triage
from ivr.services.requests.case import changes_of
from ivr.services.requests.notices import Occasion, gather
from ivr.services.requests.references import HELD_AFTER_CLOSING
from tests.support.callers import CALLBACK, Caller, stored
from tests.support.engine_call import spoken_prompts
from tests.support.triage import entries

MINE, OTHER, CLINIC = "+16175550142", "+16175550199", "+16175550100"
APPOINTMENT = "1 1 1 1 05171948 1 6 3 1 2"


def phone(line, keys="", sid="CA2", from_number=MINE):
    return Caller(line, Arrival(sid, from_number, CLINIC), new=False)(keys)


def said(caller):
    return spoken_prompts(caller.answer.outputs)


def trail(line):
    with line.database.read() as session:
        rows = list(session.scalars(select(AuditEntry).order_by(AuditEntry.id)))
    assert list(audit.trail_faults(line.database)) == []
    return [(row.actor, row.source, row.action, row.subject, row.detail) for row in rows]


@pytest.fixture
def request_(line):
    """A callback that was left at ten on a Monday."""
    Caller(line)(CALLBACK)
    return stored(line)[0]


@pytest.fixture
def ana(line):
    """A member of the staff, as an actor."""
    with line.database.write() as session:
        member = StaffMember(
            email="ana@example.org",
            name="Ana",
            role=Role.STAFF,
            active=True,
            fs_uniquifier="a",
            created_at=line.clock(),
        )
        session.add(member)
    return Actor.of(member, "10.0.0.1")


class TestFinding:
    """By caller ID, or by reference and proof; a reference alone tells nothing."""

    def test_the_caller_id_tells_kind_day_and_promise_and_nothing_else(self, line, request_):
        told = phone(line, "4")
        assert said(told)[:2] == ["request_callback_today", "promise_tomorrow"]
        (gather,) = told.answer.outputs
        assert not [part for part in gather.speech if isinstance(part, out.SpeakDigits | out.PlayRecording)]
        assert trail(line) == [
            ("caller", "phone", AuditAction.SEEN, f"request:{request_.id}", "state told, known by caller ID")
        ]

    @pytest.mark.parametrize(
        ("keys", "proof", "known_by"),
        [(APPOINTMENT, "2 05171948", "birth date"), (APPOINTMENT, "1 6175550142", "phone number"),
         (CALLBACK, "1 6175550142", "phone number")],
    )  # fmt: skip
    @pytest.mark.parametrize("from_number", ["anonymous", OTHER])
    def test_a_reference_and_its_proof_find_it_from_any_telephone(self, line, keys, proof, known_by, from_number):
        Caller(line)(keys)
        (request,) = stored(line)
        told = phone(line, f"4 {request.reference} {proof}", from_number=from_number)
        assert said(told)[0] == f"request_{request.kind}_today"
        assert trail(line)[-1][-1] == f"state told, known by reference and {known_by}"

    @pytest.mark.parametrize(
        "case", ["no such reference", "wrong number", "wrong date", "no date", "incomplete", "erased"]
    )
    def test_whatever_is_wrong_sounds_the_same_and_leaves_no_trace_of_a_look(self, line, case):
        keys = {"no date": CALLBACK, "incomplete": "0"}.get(case, APPOINTMENT)
        Caller(line)(keys).hang_up()
        (request,) = stored(line)
        proof = {"no such reference": "1 6175550142", "wrong number": "1 6175550143", "wrong date": "2 05171949",
                 "no date": "2 05171948", "incomplete": "1 6175550142", "erased": "1 6175550142"}[case]  # fmt: skip
        if case == "erased":
            with line.database.write() as session:
                found = session.get(PatientRequest, request.id)
                found.callback_number = found.number_index = found.birth_date = None
        reference = "000000" if case == "no such reference" else request.reference
        tried = phone(line, f"4 {reference} {proof}", from_number="anonymous")
        assert said(tried) == ["proof_wrong", "reference"]
        assert trail(line) == []

    def test_a_closed_request_is_told_to_be_closed_only_to_who_proves_it(self, line, request_, ana):
        triage.close(line, request_.id, ana, line.clock(), disposition=Disposition.ANSWERED)
        assert said(phone(line, "4")) == ["reference"]
        known = phone(line, f"4 {request_.reference} 1 6175550142", sid="CA3")
        assert said(known)[:2] == ["request_closed", "option_appointment"]
        assert said(phone(line, f"4 {request_.reference} 1 6175550199", sid="CA4"))[0] == "proof_wrong"

    def test_the_newest_is_told_first_then_the_one_before(self, line, clock):
        Caller(line)(CALLBACK)
        clock.now += timedelta(days=1)
        phone(line, f"1 2 {APPOINTMENT.partition(' ')[2]}")
        Caller(line, Arrival("CA9", OTHER, CLINIC))(CALLBACK)
        told = phone(line, "4", sid="CA3")
        assert said(told)[0] == "request_appointment_today"
        assert said(told("3"))[0] == "request_callback_yesterday"
        assert said(told("3")) == ["reference"]
        told("# s s s * 4")
        assert said(told)[0] == "request_appointment_today"

    def test_what_staff_have_done_is_told(self, line, request_, ana, clock):
        triage.claim(line, request_.id, ana, clock.now)
        assert "request_claimed" in said(phone(line, "4"))
        later = clock.now + timedelta(hours=3)
        triage.record_attempt(line, request_.id, ana, clock.now, outcome=Outcome.NO_ANSWER, follow_up_at=later)
        told = said(phone(line, "4", sid="CA3"))
        assert told[:3] == ["request_callback_today", "request_tried", "promise_today"]
        clock.now = later + timedelta(minutes=1)
        assert said(phone(line, "4", sid="CA4"))[:3] == ["request_callback_today", "request_tried", "request_late"]


class TestChanging:
    """A change is kept, with what was there before; so is by what the caller was known."""

    def test_the_number(self, line, request_):
        changed = phone(line, "4 1 1 6175550199 1 2")
        assert said(changed)[:2] == ["existing_changed", "promise_tomorrow"]
        (request,) = stored(line)
        assert (request.callback_number, request.is_caller_id, request.may_leave_message) == (OTHER, False, False)
        assert request.number_index in line.database.vault.indexes(OTHER)
        (entry,) = entries(line)
        changes = changes_of(entry)
        assert (entry.kind, entry.note, entry.staff_id) == (EntryKind.CHANGED_BY_CALLER, "known by caller ID", None)
        assert (changes.before["callback_number"], changes.after["callback_number"]) == (MINE, OTHER)
        assert trail(line)[-1] == (
            "caller", "phone", AuditAction.CHANGED, f"request:{request.id}", "number, known by caller ID",
        )  # fmt: skip
        assert said(phone(line, "4", sid="CA3")) == ["request_called", "reference"]
        assert said(phone(line, "4", sid="CA4", from_number=OTHER))[0] == "request_callback_today"

    def test_the_time(self, line, request_):
        assert said(phone(line, "4 1 2 1"))[0] == "existing_changed"
        assert stored(line)[0].best_time is BestTime.MORNING
        (entry,) = entries(line)
        assert (changes_of(entry).before, changes_of(entry).after) == ({"best_time": "any"}, {"best_time": "morning"})

    def test_old_and_new_values_are_unreadable_in_the_database(self, line, request_):
        phone(line, "4 1 1 6175550199 1 1")
        with line.database.read() as session:
            rows = session.connection().exec_driver_sql("SELECT note, changes FROM request_entries").all()
            (audited,) = session.connection().exec_driver_sql("SELECT detail FROM audit_entries WHERE id = 2").all()
        written = f"{[bytes(v) if isinstance(v, memoryview) else v for row in rows for v in row]} {audited}"
        assert "6175550" not in written

    def test_a_request_that_staff_closed_meanwhile_stays_as_it_is(self, line, request_, ana):
        callers = [
            phone(line, keys, sid=f"CA{n}") for n, keys in enumerate(("4 1 2", "4 2", "4 1 1 6175550199 1"), start=2)
        ]
        triage.close(line, request_.id, ana, line.clock(), disposition=Disposition.ANSWERED)
        for caller in callers:
            assert said(caller("1"))[0] == "request_closed"
        (request,) = stored(line)
        assert (request.disposition, request.best_time, request.callback_number) == (Disposition.ANSWERED, "any", MINE)


class TestCancelling:
    """The caller's word closes a request, whoever has it."""

    def test_it_is_closed_and_its_reference_free_in_a_year(self, line, request_):
        assert said(phone(line, "4 2 1"))[0] == "existing_cancelled"
        (request,) = stored(line)
        assert (request.status, request.tab, request.disposition, request.closed_at) == (
            RequestStatus.CLOSED, Tab.CLOSED, Disposition.CANCELLED, line.clock(),
        )  # fmt: skip
        with line.database.read() as session:
            held = session.get(ReferenceNumber, request.reference).held_until
        assert held == line.clock() + HELD_AFTER_CLOSING
        (entry,) = entries(line)
        assert (entry.kind, entry.disposition) == (EntryKind.CANCELLED_BY_CALLER, Disposition.CANCELLED)
        assert trail(line)[-1][2:] == (
            AuditAction.CLOSED,
            f"request:{request.id}",
            "cancelled by the caller, known by caller ID",
        )

    def test_one_that_staff_have_claimed_names_them_still_and_can_be_reopened(self, line, request_, ana):
        triage.claim(line, request_.id, ana, line.clock())
        phone(line, "4 2 1")
        (request,) = stored(line)
        assert (request.status, request.owner_id) == (RequestStatus.CLOSED, ana.staff_id)
        assert [entry.kind for entry in entries(line)] == [EntryKind.CLAIMED, EntryKind.CANCELLED_BY_CALLER]
        history.reopen(line, request.id, ana, line.clock())
        assert stored(line)[0].tab is Tab.OPEN

    def test_keeping_it_changes_nothing(self, line, request_):
        phone(line, "4 2 2")
        assert (stored(line)[0].status, entries(line)) == (RequestStatus.NEW, [])


class TestCallingAgain:
    """Who asks for a callback or an appointment while another request is open hears of that one first."""

    @pytest.mark.parametrize("keys", [CALLBACK, APPOINTMENT])
    def test_a_new_one_is_a_second_request(self, line, request_, keys):
        asks, _, goes_on = keys.partition(" ")
        again = phone(line, asks)
        assert said(again)[0] == "request_callback_today"
        again(f"2 {goes_on}")
        assert [request.status for request in stored(line)] == [RequestStatus.NEW] * 2
        assert entries(line) == []

    def test_cancelling_it(self, line, request_):
        phone(line, "2 3 1")
        assert [request.status for request in stored(line)] == [RequestStatus.CLOSED]

    def test_an_appointment_of_another_number_and_a_closed_one_are_not_heard_of(self, line, request_):
        assert said(phone(line, "2", from_number=OTHER))[0] == "number_opening"
        phone(line, "2 3 1", sid="CA3")
        assert said(phone(line, "2", sid="CA4"))[0] == "number_opening"

    def test_a_message_is_attached_and_brings_the_request_back(self, line, request_, ana, clock):
        gather(line.database, Occasion.DIGEST, clock.now, [])
        follow_up = clock.now + timedelta(days=9)
        triage.record_attempt(line, request_.id, ana, clock.now, outcome=Outcome.LEFT_MESSAGE, follow_up_at=follow_up)
        added = phone(line, "2 1 r")
        assert said(added)[:2] == ["message_added", "promise_today"]
        (request,) = stored(line)
        assert (request.status, request.priority, request.rank) == (RequestStatus.NEW, Priority.SOON, 1)
        assert request.act_by == line.calendar.due_at(Priority.SOON, clock.now)
        with line.database.read() as session:
            assert session.scalars(select(Recording)).one().request_id == request.id
            assert session.scalars(select(SentNotice.key)).all() == []
        assert gather(line.database, Occasion.DIGEST, clock.now, []) == 1
        entry = entries(line)[-1]
        assert (entry.kind, changes_of(entry).before["status"]) == (EntryKind.MESSAGE_ADDED, "follow_up")
        assert trail(line)[-1][2:] == (
            AuditAction.CHANGED,
            f"request:{request.id}",
            "message added, known by caller ID",
        )
        added.hang_up()
        assert len(stored(line)) == 1

    def test_whoever_has_claimed_it_keeps_it(self, line, request_, ana):
        triage.claim(line, request_.id, ana, line.clock())
        phone(line, "2 1 r")
        (request,) = stored(line)
        assert (request.status, request.owner_id) == (RequestStatus.CLAIMED, ana.staff_id)

    def test_an_urgent_one_alerts_staff_again(self, line, ana, clock):
        Caller(line)("2 1 2 1 2")
        (request,) = stored(line)
        triage.record_attempt(line, request.id, ana, clock.now, outcome=Outcome.NO_ANSWER)
        clock.now += timedelta(hours=1)
        before = len(line.database.jobs.list_workflows(name=Job.ALERT))
        phone(line, "2 1 r")
        assert len(line.database.jobs.list_workflows(name=Job.ALERT)) == before + 1
        assert dict(job_states(line.database))["enqueued"] >= 1

    def test_a_message_for_one_that_was_closed_meanwhile_is_a_request_of_its_own(self, line, request_, ana):
        caller = phone(line, "2 1")
        triage.close(line, request_.id, ana, line.clock(), disposition=Disposition.ANSWERED)
        assert said(caller("r"))[0] == "message_added"
        first, second = stored(line)
        assert (first.status, second.status, second.reason) == (RequestStatus.CLOSED, RequestStatus.NEW, "message")
        with line.database.read() as session:
            assert session.scalars(select(Recording)).one().request_id == second.id

    @pytest.mark.parametrize("order", ["status recording turn", "recording status turn", "status turn recording",
                                       "turn status recording"])  # fmt: skip
    def test_hanging_up_while_speaking_keeps_the_message_with_the_request(self, line, request_, order):
        caller = phone(line, "2 1")
        words = {
            "status": caller.hang_up,
            "recording": lambda: note_recording(line, "CA2", "RE1", RecordingStatus.READY, 9),
            "turn": lambda: caller.take(Recorded("RE1", 9, "hangup")),
        }
        for word in order.split():
            words[word]()
        assert [request.id for request in stored(line)] == [request_.id]
        assert [entry.kind for entry in entries(line)] == [EntryKind.MESSAGE_ADDED]
        with line.database.read() as session:
            assert session.scalars(select(Recording)).one().request_id == request_.id


@pytest.mark.parametrize(
    ("keys", "last"),
    [("4 2", Digits("1")), ("4 1 2", Digits("1")), ("4 1 1 6175550199 1", Digits("1")), ("2 1", Recorded("RE1", 9, "#"))],
)  # fmt: skip
def test_a_webhook_delivered_many_times_at_once_acts_once(line, request_, keys, last):
    caller = phone(line, keys)
    number = caller.answer.turn + 1
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: take_turn(line, caller.arrival, number, last), range(8)))
    assert all(answer == answers[0] for answer in answers)
    assert start_call(line, caller.arrival) == answers[0]
    assert len(entries(line)) == 1
    assert len(trail(line)) == 2


def test_the_main_menu_asks_nothing_of_the_records_until_1_2_or_4_is_pressed(line, request_, monkeypatch):
    from ivr.services.calls import turns

    asked = []
    monkeypatch.setattr(turns, "consult", lambda *given: asked.append(given) or 1 / 0)
    phone(line, "9 7 3 1 3 * *")
    phone(line, "1 6175550199 1 1 1 # 6 3 1", sid="CA3", from_number="anonymous")
    assert asked == []
    assert len(stored(line)) == 2


@pytest.mark.parametrize(
    ("keys", "hours", "prompt"),
    [("1", 24, "promise_tomorrow_morning"), ("2", 31, "promise_tomorrow_afternoon"), ("3", 24, "promise_tomorrow")],
)
def test_a_new_best_time_is_promised_at_once(line, keys, hours, prompt):
    Caller(line)(CALLBACK).hang_up()
    caller = phone(line, f"4 1 2 {keys}")
    (request,) = stored(line)
    assert prompt in said(caller)
    assert request.due_at == request.act_by == request.created_at + timedelta(hours=hours)
    told = said(phone(line, "4", sid="CA3"))
    assert prompt in told


def test_a_message_added_is_promised_within_the_best_time(line):
    Caller(line)("2 1 4 1 1 2").hang_up()
    caller = phone(line, "2 1 r")
    (request,) = stored(line)
    assert request.act_by == request.created_at + timedelta(hours=2)
    assert "promise_today_morning" in said(caller)


def test_an_urgent_request_does_not_wait_for_a_best_time(line):
    Caller(line)("2 1 2 1 2").hang_up()
    (before,) = stored(line)
    phone(line, "4 1 2 2")
    (request,) = stored(line)
    assert (request.due_at, request.act_by) == (before.due_at, before.act_by)
