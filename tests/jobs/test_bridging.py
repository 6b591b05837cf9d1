"""Calling back, whole: the button's service, the worker's job, the carrier that really rings, our webhooks, the row."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from ivr import create_app
from ivr.clients.errors import Refused, Unavailable, Unclear
from ivr.models import AuditEntry, EntryKind, PatientRequest, RequestStatus, Role
from ivr.services.requests import bridging, triage
from ivr.services.requests.case import Taken
from ivr.simulator import Answers, Faults, Unreached
from tests.support.bridging import CLINIC, NURSE, PATIENT, Office, somebody
from tests.support.callers import Caller


@pytest.fixture
def office(config, line, make_tasks, api):
    Caller(line)("2 1 4 3 1 2")
    return Office(line, make_tasks(line), api, somebody(line, 4), create_app(config, line))


def outcome(office):
    row = office.row()
    return row.status.value, row.outcome and row.outcome.value


def test_the_nurses_phone_rings_then_the_patients_and_both_are_connected(office):
    bridge_id = office.begin()
    transcript = office.carry_out()
    assert outcome(office) == ("ended", "talked")
    with office.line.database.read() as session:
        reference = session.get(PatientRequest, 1).reference
    digits = dict(enumerate(("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")))
    one, other = (" ".join(digits[int(digit)] for digit in half) for half in (reference[:3], reference[3:]))
    story = transcript.story()
    assert f"A callback for reference {one}" in story.replace(" … ", " ")
    assert other in story
    assert "A routine request." in story
    assert f"dials {PATIENT} for 30 s as {CLINIC}" in story
    said = transcript.said
    assert "zero one four two" not in said  # the other groups of the number may be in a reference
    row = office.row()
    assert (row.staff_call_sid, row.seconds) == (transcript.call_sid, 60)
    assert row.patient_call_sid not in (None, row.staff_call_sid)
    assert None not in (row.asked_at, row.accepted_at, row.connected_at, row.ended_at)
    assert office.request().status is RequestStatus.CLAIMED
    assert office.kinds() == [EntryKind.CLAIMED, EntryKind.CALLED]
    assert bridging.progress_of(office.line, bridge_id, office.nurse.staff_id, office.line.clock()).is_over
    order = office.api.forms[0]
    assert (order["To"], order["From"]) == (NURSE, CLINIC)


@pytest.mark.parametrize(
    ("nurse", "patient", "expected"),
    [
        (Unreached(), None, "staff_no_answer"),
        (Unreached("busy"), None, "staff_busy"),
        (Unreached("failed"), None, "staff_failed"),
        (Answers(keys=""), None, "not_accepted"),
        (Answers(keys="2"), None, "not_accepted"),
        (Answers(hangs_up=True), None, "not_accepted"),
        (None, Unreached(), "no_answer"),
        (None, Unreached("busy"), "busy"),
        (None, Unreached("failed"), "failed"),
    ],
)
def test_every_way_a_call_can_end(office, nurse, patient, expected):
    office.begin()
    office.carry_out(nurse, patient)
    assert outcome(office) == ("ended", expected)
    rung = expected in ("no_answer", "busy", "failed")
    assert (EntryKind.CALLED in office.kinds()) == rung
    assert office.request().owner_id == office.nurse.staff_id


@pytest.mark.parametrize("faults", [Faults(twice=1), Faults(stale=1, seed=3), Faults(twice=1, stale=1)])
def test_the_carriers_faults_change_nothing(office, faults):
    office.begin()
    office.carry_out(faults=faults)
    assert outcome(office) == ("ended", "talked")
    assert office.kinds() == [EntryKind.CLAIMED, EntryKind.CALLED]


def test_the_clinics_number_is_the_caller_id_when_it_is_set(config, make_line, sqlite_url, make_tasks, api):
    line = make_line(sqlite_url, clinic_number="+16175550111")
    Caller(line)("2 1 4 3 1 2")
    office = Office(line, make_tasks(line), api, somebody(line, 4), create_app(config, line))
    office.begin()
    assert "as +16175550111" in office.carry_out().story()


def test_asked_twice_it_is_one_call(office):
    assert office.begin() == office.begin()
    office.carry_out()
    assert office.api.count("POST", "/Calls.json") == 1


def test_somebody_else_has_it(office):
    other = somebody(office.line, 5)
    triage.claim(office.line, 1, other, office.line.clock())
    with pytest.raises(Taken, match="Nurse 5"):
        office.begin()
    assert office.row() is None


def test_of_two_at_once_one_calls(office):
    people, errors = [somebody(office.line, 5), somebody(office.line, 6)], []

    def press(who):
        try:
            office.begin(who)
        except Taken as error:
            errors.append(error)

    threads = [threading.Thread(target=press, args=(who,)) for who in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(errors) == 1
    office.carry_out()
    assert office.api.count("POST", "/Calls.json") == 1


def test_a_request_taken_over_meanwhile_is_not_called(office):
    office.begin()
    triage.take_over(office.line, 1, somebody(office.line, 7, role=Role.LEAD), office.line.clock())
    office.carry_out()
    assert outcome(office) == ("ended", "taken")
    assert EntryKind.CALLED not in office.kinds()


def test_without_a_phone_the_request_is_claimed_for_dialling_alone(office):
    alone = somebody(office.line, 8, phone="")
    with pytest.raises(bridging.CannotBridge, match="no phone number"):
        office.begin(alone)
    assert office.request().status is RequestStatus.NEW, "nothing is claimed by a button that did nothing"
    bridging.dial_alone(office.line, 1, alone, office.line.clock())
    assert office.kinds() == [EntryKind.CLAIMED, EntryKind.DIALLED]


def test_a_phone_that_could_not_be_rung_in_time_is_not_rung(office, clock):
    office.begin()
    clock.now += timedelta(seconds=61)
    assert office.carry_out() is None
    assert outcome(office) == ("ended", "too_late")


def run_job(office, status, error):
    """One attempt at the job while the carrier answers so."""
    office.api.fault("POST /Calls.json", status)
    with pytest.raises(error):
        office.tasks.place_call(office.row().id)


def test_a_carrier_that_has_no_time_is_asked_again(office):
    office.begin()
    run_job(office, 429, Unavailable)
    assert outcome(office) == ("waiting", None)
    office.carry_out()
    assert outcome(office) == ("ended", "talked")


def test_a_carrier_that_refuses_is_not_asked_again(office):
    office.begin()
    run_job(office, 400, Refused)
    assert outcome(office) == ("ended", "refused")
    assert office.carry_out() is None


def test_a_call_that_may_have_been_placed_is_never_asked_for_again(office, clock):
    bridge_id = office.begin()
    run_job(office, 500, Unclear)
    assert outcome(office) == ("asked", None)
    assert office.carry_out() is None
    assert office.api.count("POST", "/Calls.json") == 1
    clock.now += timedelta(seconds=76)
    progress = bridging.progress_of(office.line, bridge_id, office.nurse.staff_id, clock.now)
    assert (progress.stale, progress.is_over) == (True, True)


def test_webhooks_bring_an_unanswered_call_on(office):
    """The carrier's answer was lost, but its call is a real one: its SID is taken from the first webhook."""
    bridge_id = office.begin()
    run_job(office, 500, Unclear)
    assert bridging.answer(office.line, bridge_id, "CAone").priority == "routine"
    assert outcome(office) == ("ringing", None)
    assert bridging.answer(office.line, bridge_id, "CAother") is None, "a second call is not connected"
    assert bridging.accept(office.line, bridge_id, "CAother", True, office.line.clock()) is None
    assert bridging.accept(office.line, bridge_id, "CAone", True, office.line.clock()).number == PATIENT


def test_the_end_may_be_told_before_the_talk(office):
    """Status callbacks are unordered: what the Dial says holds."""
    bridge_id, now = office.begin(), office.line.clock()
    bridging.note_placed(office.line, bridge_id, "CA1")
    bridging.accept(office.line, bridge_id, "CA1", True, now)
    bridging.note_staff(office.line, bridge_id, "CA1", "completed", now)
    assert outcome(office) == ("ended", "hung_up")
    bridging.note_patient(office.line, bridge_id, "CA2", "in-progress", now)
    assert outcome(office) == ("ended", "talked")
    bridging.note_talked(office.line, bridge_id, "no-answer", None, now)
    assert outcome(office) == ("ended", "no_answer")


def test_a_long_talk_keeps_the_claim(office, clock):
    bridge_id = office.begin()
    bridging.note_placed(office.line, bridge_id, "CA1")
    bridging.accept(office.line, bridge_id, "CA1", True, clock.now)
    clock.now += timedelta(minutes=30)
    assert triage.release_idle(office.line, clock.now) == 0
    bridging.note_talked(office.line, bridge_id, "completed", 1790, clock.now)
    clock.now += timedelta(minutes=9)
    assert triage.release_idle(office.line, clock.now) == 0
    clock.now += timedelta(minutes=2)
    assert triage.release_idle(office.line, clock.now) == 1


def test_nobody_elses_call_is_shown(office):
    bridge_id = office.begin()
    other = somebody(office.line, 5)
    assert bridging.progress_of(office.line, bridge_id, other.staff_id, office.line.clock()) is None
    assert bridging.running(office.line, 1, other.staff_id, office.line.clock()) is None
    assert bridging.running(office.line, 1, office.nurse.staff_id, office.line.clock()) == bridge_id


def test_the_trail_names_the_call(office):
    office.begin()
    office.carry_out()
    with office.line.database.read() as session:
        trail = [(one.action.value, one.subject) for one in session.scalars(select(AuditEntry).order_by(AuditEntry.id))]
    assert trail[-2:] == [("claimed", "request:1"), ("called", "request:1")]
