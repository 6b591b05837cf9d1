"""Calling back from a request's page: the button, what it does without a phone, how the call's course is shown."""

import re

import pytest

from ivr.models import BridgeStatus, PatientRequest, RequestStatus, Role
from ivr.services.accounts import staff
from ivr.services.audit import COMMAND, Actor
from ivr.services.requests import bridging, triage
from tests.support.callers import Caller
from tests.support.jobs import until
from tests.support.staff_pages import assert_accessible

NURSE, PATIENT = "+16175550177", "6175550142"
ENDING = "ending in 77"


@pytest.fixture
def requests(line):
    """One callback request, number 1."""
    Caller(line)("2 1 4 3 1 2")


def somebody(line, name="Ann Lee", phone=NURSE, role=Role.STAFF):
    details = staff.AccountDetails(f"{name.split()[0].lower()}@example.org", name, role, "", phone)
    return staff.create(line.database, COMMAND, details, line.clock())


def request_of(line):
    with line.database.read() as session:
        return session.get(PatientRequest, 1)


def page(client, address="/console/requests/1"):
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_the_button_claims_rings_and_shows_the_call(line, client_as, requests):
    ann = client_as(somebody(line))
    assert ENDING in page(ann)
    assert NURSE[2:] not in page(ann)
    answer = ann.send("/console/requests/1/call")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/console/requests/1#call-back")
    assert request_of(line).status is RequestStatus.CLAIMED
    shown = page(ann)
    assert "We are about to ring your phone." in shown
    assert "/console/calls/1.json" in shown
    assert ENDING not in shown
    told = ann.get("/console/calls/1.json")
    assert told.json == {
        "words": "We are about to ring your phone.",
        "over": False,
        "state": "waiting",
        "suggested": None,
    }
    assert told.headers["Cache-Control"] == "no-store"


def test_pressed_twice_it_is_one_call(line, client_as, requests):
    ann = client_as(somebody(line))
    for _ in range(2):
        ann.send("/console/requests/1/call")
    assert ann.get("/console/calls/2.json").status_code == 404


def test_without_a_phone_the_number_is_shown_to_be_dialled(line, client_as, requests):
    ann = client_as(somebody(line, phone=""))
    shown = page(ann)
    assert "Call back through" not in shown
    assert "I dial it myself" in shown
    answer = ann.send("/console/requests/1/call", {"alone": "1"})
    assert answer.headers["Location"] == "/console/requests/1#call-ended"
    assert request_of(line).owner_id == ann.member.id
    shown = page(ann)
    assert re.search(r'id="dialled">You dial it yourself, since ', shown)
    assert re.search(rf'<a class="button primary dial" href="tel:\+1{PATIENT}" *>Call \S', shown)
    assert "I dial it myself" not in shown
    assert PATIENT not in answer.headers["Location"]


def test_a_colleague_who_has_it_is_named_and_nothing_rings(line, client_as, requests):
    bo = somebody(line, "Bo Sand")
    ann = client_as(somebody(line))
    triage.claim(line, 1, Actor.of(bo, ""), line.clock())
    for form in ({}, {"alone": "1"}):
        assert ann.send("/console/requests/1/call", form).status_code == 303
        assert "Bo Sand is working on this request." in page(ann)
    assert ann.get("/console/calls/1.json").status_code == 404
    assert request_of(line).owner_id == bo.id


def test_a_request_that_does_not_exist(client_as):
    assert client_as(Role.STAFF).send("/console/requests/99/call").status_code == 404


def test_nobody_sees_a_colleagues_call(line, client_as, requests):
    client_as(somebody(line)).send("/console/requests/1/call")
    assert client_as(somebody(line, "Bo Sand")).get("/console/calls/1.json").status_code == 404


def test_a_call_of_which_nothing_is_heard_says_so(line, client_as, requests, clock):
    ann = client_as(somebody(line))
    ann.send("/console/requests/1/call")
    bridging.ask_for(line, 1, clock.now)
    clock.now = clock.now.replace(minute=clock.now.minute + 2)
    told = ann.get("/console/calls/1.json").json
    assert (told["over"], told["words"]) == (
        True,
        "We cannot tell whether your phone was rung. Please dial the number yourself.",
    )
    assert ENDING in page(ann), "the button is there again"


def test_every_state_and_ending_has_words():
    from ivr.console.calling import ENDINGS, STATES
    from ivr.models import BridgeOutcome

    assert set(STATES) == set(BridgeStatus)
    assert set(ENDINGS) == set(BridgeOutcome)


def test_the_page_follows_the_call_and_then_asks_for_the_outcome(line, open_page, requests):
    shown = open_page("/console/requests/1", somebody(line))
    assert_accessible(shown)
    shown.get_by_role("button", name="Call back through the clinic's number").click()
    state = shown.locator("#call-state")
    state.wait_for()
    bridging.note_placed(line, 1, "CA1")
    shown.get_by_text("Ringing your phone. Answer it and press 1.").wait_for()
    bridging.accept(line, 1, "CA1", True, line.clock())
    shown.get_by_text("Ringing the patient.").wait_for()
    bridging.note_patient(line, 1, "CA2", "in-progress", line.clock())
    shown.get_by_text("Connected to the patient.").wait_for()
    assert_accessible(shown)
    bridging.note_talked(line, 1, "busy", 0, line.clock())
    shown.get_by_text("The patient's line was busy.").wait_for()
    until(lambda: shown.locator("#outcome input[value=busy]").is_checked())
    until(lambda: shown.evaluate("document.activeElement.closest('#outcome') !== null"))
    shown.get_by_role("link", name="Call again").wait_for()
    assert PATIENT not in shown.title() + shown.url


def test_what_is_typed_when_a_call_ends_stays_text(line, open_page, requests):
    """On the page's keys the rest of the sentence would choose another outcome, and save."""
    shown = open_page("/console/requests/1", somebody(line))
    shown.get_by_role("button", name="Call back through the clinic's number").click()
    shown.locator("#call-state").wait_for()
    bridging.note_placed(line, 1, "CA1")
    bridging.accept(line, 1, "CA1", True, line.clock())
    bridging.note_patient(line, 1, "CA2", "in-progress", line.clock())
    shown.get_by_text("Connected to the patient.").wait_for()
    note = shown.get_by_label("Note", exact=True)
    note.press_sequentially("She take")
    bridging.note_talked(line, 1, "completed", 60, line.clock())
    shown.get_by_text("The call has ended.").wait_for()
    shown.keyboard.type("s 1 tablet")
    assert note.input_value() == "She takes 1 tablet"
    assert shown.locator("#outcome input[value=reached]").is_checked(), "it is proposed all the same"
    assert "/console/requests/1" in shown.url


def test_dialling_alone_opens_the_outcome(line, open_page, requests):
    shown = open_page("/console/requests/1", somebody(line, phone=""))
    shown.get_by_role("button", name="I dial it myself").click()
    shown.get_by_text("Then say how it went.").wait_for()
    until(lambda: shown.evaluate("document.activeElement.closest('#outcome') !== null"))
    assert_accessible(shown)
