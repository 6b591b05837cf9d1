"""Somebody on call, whole: an urgent request at night, the telephones that ring, key 1, the patient's phone, the history."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from ivr import create_app
from ivr.clients.errors import Refused, Unclear
from ivr.config import parse_hours
from ivr.models import BridgeCall, EntryKind, RequestEntry, RequestStatus
from ivr.services.calls.turns import Arrival
from ivr.services.jobs import Job
from ivr.services.requests import bridging, on_call, triage
from ivr.services.requests.notices import REPEAT
from ivr.simulator import Answers, Faults, Unreached
from tests.support.bridging import CLINIC, NURSE, PATIENT, Office, somebody
from tests.support.callers import Caller, prompts
from tests.support.engine_call import spoken_prompts
from tests.support.jobs import run_jobs, waiting

SECOND = "+16175550188"
FRIDAY_EVENING = datetime(2026, 11, 27, 18, tzinfo=ZoneInfo("America/New_York"))
WARNING = "2 1 2 1"
RUNG, CLAIMED, CALLED = EntryKind.ON_CALL, EntryKind.CLAIMED, EntryKind.CALLED


@pytest.fixture
def night(config, make_line, database_url, make_tasks, api, clock):
    """Makes an office at night that has an urgent request, with these telephones on call."""

    def made(numbers=(NURSE, SECOND), keys=WARNING, hours="", at=FRIDAY_EVENING):
        clock.now = at
        hours = parse_hours(hours) if hours else ()
        line = make_line(database_url, on_call_numbers=numbers, on_call_hours=hours)
        office = Office(line, make_tasks(line), api, somebody(line, 4), create_app(config, line))
        office.caller = Caller(line)(keys)
        return office

    return made


def rings(office):
    """The telephones that the carrier was asked to ring, in order."""
    return [form["To"] for form in office.api.forms]


def steps(office):
    """The history: what happened, and its words."""
    with office.line.database.read() as session:
        entries = select(RequestEntry).where(RequestEntry.kind != EntryKind.ANSWER_ADDED).order_by(RequestEntry.id)
        return [(entry.kind, entry.note) for entry in session.scalars(entries)]


def step(number, what):
    return (RUNG, f"Telephone on call ending in {number[-2:]}: {what}")


def rows(office):
    with office.line.database.read() as session:
        return list(session.scalars(select(BridgeCall).order_by(BridgeCall.id)))


def test_key_1_claims_it_and_connects_with_the_patient(night):
    office = night()
    story = office.carry_out().story().replace(" … ", " ")
    request = office.request()
    assert "An urgent request from the line of Bay State Pain Associates. To take it, press 1." in story
    before, after = story.split("presses 1", 1)
    assert "reference" not in before
    assert "A callback for reference" in after
    assert "Urgent. The caller has named a warning sign." in after
    assert f"dials {PATIENT} for 30 s as {CLINIC}" in after
    assert "zero one four two" not in story
    assert (request.status, request.owner_id) == (RequestStatus.CLAIMED, office.nurse.staff_id)
    assert rings(office) == [NURSE]
    assert steps(office) == [
        step(NURSE, "rung"), (CLAIMED, "On the telephone on call ending in 77"), (CALLED, None),
        step(NURSE, "connected with the patient"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("nurse", "what"),
    [
        (Unreached(), "no answer"), (Unreached("busy"), "busy"), (Unreached("failed"), "it could not be rung"),
        (Answers(keys=""), "nobody pressed 1"), (Answers(keys="2"), "nobody pressed 1"),
    ],
)  # fmt: skip
def test_the_next_telephone_rings_when_nobody_takes_it(night, nurse, what):
    office = night()
    other = somebody(office.line, 5, phone=SECOND)
    office.carry_out(nurse=nurse, others={SECOND: Answers(after=3)})
    assert rings(office) == [NURSE, SECOND]
    assert steps(office)[:3] == [step(NURSE, "rung"), step(NURSE, what), step(SECOND, "rung")]
    assert office.request().owner_id == other.staff_id


@pytest.mark.parametrize("patient", [Unreached(), Unreached("busy"), Unreached("failed")])
def test_who_took_it_keeps_it_when_the_patient_does_not_answer(night, patient):
    office = night()
    office.carry_out(patient=patient)
    assert (office.request().status, rings(office)) == (RequestStatus.CLAIMED, [NURSE])


def test_everybody_is_rung_again_every_ten_minutes_until_somebody_has_it(night, clock):
    office = night()
    silent = {"nurse": Unreached(), "others": {SECOND: Unreached()}}
    for times in (1, 2, 3):
        office.carry_out(**silent)
        assert rings(office) == [NURSE, SECOND] * times
        clock.now += REPEAT
        run_jobs_that_waited(office, Job.ALERT)
    triage.claim(office.line, 1, office.nurse, clock.now)
    rung = len(rings(office))
    run_jobs(office.tasks, delayed=True)
    assert len(rings(office)) == rung
    assert {row.on_call_round for row in rows(office)} >= {1, 2, 3}


def run_jobs_that_waited(office, job):
    """Let the jobs of a kind run whose time has come."""
    for kind, args, one in waiting(office.line):
        if kind is job:
            office.line.database.jobs.cancel_workflow(one.workflow_id)
            office.tasks.by_job[kind](*args)


@pytest.mark.parametrize(
    ("changes", "rung"),
    [
        ({"at": FRIDAY_EVENING - timedelta(hours=6)}, False),
        ({"hours": "Mon-Fri 06:00-18:00"}, False),
        ({"hours": "Mon-Fri 17:00-24:00; Sat-Sun 00:00-24:00"}, True),
        ({"numbers": ()}, False),
        ({"keys": "2 1 4 3 1 2"}, False),
    ],
    ids=["open", "off duty", "on duty", "nobody is set", "not urgent"],
)
def test_it_rings_only_at_night_and_for_what_is_urgent(night, changes, rung):
    office = night(**changes)
    office.carry_out()
    assert bool(rings(office)) is rung


def test_the_caller_hears_what_is_true(night):
    office = night()
    assert "urgent_calling" in spoken_prompts(office.caller.answer.outputs)
    told = prompts(office.caller("2").answer)
    assert "promise_on_call" in told
    assert not [prompt for prompt in told if prompt.startswith(("promise_today", "promise_on_", "promise_tomorrow"))
                and prompt != "promise_on_call"]  # fmt: skip
    office.caller.hang_up()
    later = Caller(office.line, Arrival("CA2", PATIENT, CLINIC), new=False)("4")
    assert "promise_on_call" in spoken_prompts(later.answer.outputs)
    office.carry_out()
    taken = Caller(office.line, Arrival("CA3", PATIENT, CLINIC), new=False)("4")
    assert "promise_on_call" not in spoken_prompts(taken.answer.outputs)


@pytest.mark.parametrize("changes", [{"numbers": ()}, {"hours": "Mon-Fri 06:00-18:00"}])
def test_without_anybody_on_call_it_is_the_promise(night, changes):
    heard = spoken_prompts(night(**changes).caller.answer.outputs)
    assert ("urgent_closed" in heard, "urgent_calling" in heard) == (True, False)


def test_a_telephone_of_no_account_takes_it_too(night, clock):
    office = night(numbers=(SECOND,))
    office.carry_out(others={SECOND: Answers(after=3)})
    request = office.request()
    assert (request.status, request.owner_id) == (RequestStatus.CLAIMED, None)
    clock.now += timedelta(hours=12)
    assert triage.release_idle(office.line, clock.now) == 0
    clock.now = FRIDAY_EVENING + timedelta(days=2, hours=14, minutes=41)
    assert triage.release_idle(office.line, clock.now) == 1


@pytest.mark.parametrize("faults", [Faults(twice=1), Faults(stale=1, seed=3), Faults(twice=1, stale=1)])
def test_the_carriers_faults_change_nothing(night, faults):
    office = night()
    office.carry_out(nurse=Unreached(), others={SECOND: Answers(after=3)}, faults=faults)
    assert rings(office) == [NURSE, SECOND]
    assert [kind for kind, _ in steps(office)] == [RUNG, RUNG, RUNG, CLAIMED, CALLED, RUNG]


def test_a_notice_that_runs_twice_rings_once(night):
    office = night()
    for _ in range(2):
        office.tasks.alert(1, 1)
    office.carry_out(nurse=Unreached(), others={SECOND: Unreached()})
    office.tasks.alert(1, 1)
    office.carry_out(nurse=Unreached(), others={SECOND: Unreached()})
    assert rings(office) == [NURSE, SECOND]


@pytest.mark.parametrize(("status", "error"), [(500, Unclear), (400, Refused)])
def test_the_carrier_is_asked_for_each_ring_once(night, clock, status, error):
    """Nobody knows whether the first telephone rings: it is not asked for again, and the next one rings in its time."""
    office = night()
    office.tasks.alert(1, 1)
    office.api.fault("POST /Calls.json", status)
    with pytest.raises(error):
        office.tasks.place_call(1)
    office.tasks.place_call(1)
    clock.now += on_call.GIVEN_UP
    for _ in range(2):
        office.tasks.next_on_call(1)
    office.carry_out(others={SECOND: Unreached()})
    assert rings(office) == [NURSE, SECOND]


def test_of_two_who_press_1_the_first_has_it(night, clock):
    """The first telephone was given up, and is answered after all while the second one rings."""
    office = night()
    office.tasks.alert(1, 1)
    bridging.ask_for(office.line, 1, clock.now)
    office.tasks.next_on_call(1)
    bridging.ask_for(office.line, 2, clock.now)
    assert bridging.accept(office.line, 1, "CAone", True, clock.now).number == PATIENT
    assert bridging.accept(office.line, 2, "CAtwo", True, clock.now) is None
    assert [row.outcome and row.outcome.value for row in rows(office)] == [None, "taken"]
    office.tasks.next_on_call(2)
    assert len(rows(office)) == 2


def test_a_request_that_was_claimed_meanwhile_is_not_rung_for(night, clock):
    office = night()
    office.tasks.alert(1, 1)
    triage.claim(office.line, 1, office.nurse, clock.now)
    assert office.carry_out() is None
    assert steps(office)[-1] == step(NURSE, "somebody else has it, or it is closed")


def test_a_caller_of_another_language_is_told(config, make_line, sqlite_url, make_tasks, api, clock):
    clock.now = FRIDAY_EVENING
    line = make_line(sqlite_url, on_call_numbers=(NURSE,), languages=("en-US", "es-US"))
    office = Office(line, make_tasks(line), api, somebody(line, 4), create_app(config, line))
    Caller(line)(f"2 {WARNING}")
    assert "The caller's language is" in office.carry_out().story()
