"""One request's page in a real browser: playing a message, the keyboard, closing, and how it looks to axe."""

import time
from datetime import timedelta

import pytest
from sqlalchemy import select

from ivr.models import AuditAction, AuditEntry, Disposition, EntryKind, Outcome, PatientRequest, Role
from ivr.services.audit import Actor
from ivr.services.calls.turns import Arrival
from ivr.services.recordings.recordings import store_audio
from ivr.services.requests import history, triage
from ivr.simulator.speechlike import speechlike
from tests.support.callers import CALLBACK, Caller
from tests.support.settings import DEADLINE_SECONDS
from tests.support.staff_pages import assert_accessible
from tests.support.triage import entries

APPOINTMENT = "1 1 2 2 2 05171948 1 2 1 1 2 2 2 2 1 1 r 1"
PAGE = "/console/requests/1"
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def leave(line, clock):
    def left(keys=APPOINTMENT, call="CA1", seconds=12):
        began = clock.now
        caller = Caller(line, Arrival(call, "+16175550142", "+16175550100"))
        for token in keys.split():
            clock.now += timedelta(seconds=5)
            caller(token)
        caller.hang_up()
        clock.now = began
        if "r" in keys.split():
            store_audio(line.database, "RE1", speechlike(seconds), seconds, clock.now)

    return left


def count(line, action):
    with line.database.read() as session:
        return len(list(session.scalars(select(AuditEntry.id).where(AuditEntry.action == action))))


def kinds(line):
    return [entry.kind for entry in entries(line)]


REMEMBER_SEEKING = """() => {
    const time = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, "currentTime")
    globalThis.sought = []
    Object.defineProperty(HTMLMediaElement.prototype, "currentTime", { ...time, set(to) {
        sought.push([time.get.call(this), to])
        time.set.call(this, to)
    } })
}"""
"""Afterwards `sought` has from where to where it went, in seconds, however far the sound has come since."""


def playing(page):
    return page.evaluate(
        "() => { const a = document.querySelector('audio'); return [a.paused, a.currentTime, a.playbackRate, a.duration] }"
    )


def until(page, condition):
    page.wait_for_function(f"() => {{ const a = document.querySelector('audio'); return {condition} }}")


def test_a_message_is_played_faster_and_sought_and_heard_once(open_page, leave, line):
    leave()
    page = open_page(PAGE, Role.STAFF)
    page.wait_for_function("() => document.querySelector('.bars').getAttribute('d')?.length > 500")
    assert page.locator(".controls .time").inner_text() == "0:00 of 0:12, 0:12 left"
    page.get_by_label("Speed").select_option("2")
    page.get_by_role("button", name="Play").click()
    until(page, "a.currentTime > 0.4 && !a.paused")
    assert playing(page)[2:] == [2, 12]
    page.evaluate(REMEMBER_SEEKING)
    box = page.locator(".wave").bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.75, box["y"] + box["height"] / 2)
    page.get_by_role("button", name="5 seconds back").click()
    (_, sought), (left, again) = page.evaluate("sought")
    assert (sought, again) == (pytest.approx(9, abs=0.1), pytest.approx(left - 5, abs=0.1))
    page.get_by_role("button", name="Pause").click()
    assert playing(page)[0]
    page.get_by_role("button", name="Play").click()
    until(page, "a.currentTime > 4")
    assert count(line, AuditAction.HEARD) == 1
    until(page, "a.ended")
    page.get_by_role("button", name="Play").click()
    until(page, "!a.paused && !a.ended && a.currentTime > 0")
    assert count(line, AuditAction.HEARD) == 2


def test_seeking_before_the_first_play_begins_there(open_page, leave, line):
    leave()
    page = open_page(PAGE, Role.STAFF)
    page.get_by_role("slider", name="Position in the message").focus()
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    assert page.locator(".controls .time").inner_text() == "0:10 of 0:12, 0:02 left"
    assert not count(line, AuditAction.HEARD)
    page.get_by_role("button", name="Play").click()
    until(page, "a.currentTime >= 10")


def test_a_nurse_works_with_the_keyboard_alone(open_page, leave, line):
    leave()
    page = open_page(PAGE, Role.STAFF)
    page.keyboard.press("?")
    help_ = page.get_by_role("dialog")
    for words in ("Play or pause", "5 seconds back", "Claim", "Write a note"):
        assert words in help_.inner_text()
    page.keyboard.press("Escape")
    help_.wait_for(state="hidden")
    page.keyboard.press("Space")
    until(page, "!a.paused && a.currentTime > 0")
    page.keyboard.press("Space")
    paused, at, *_ = playing(page)
    assert paused
    page.keyboard.press(".")
    assert playing(page)[1] == pytest.approx(min(at + 5, 12), abs=0.1)
    page.keyboard.press(",")
    assert playing(page)[1] == pytest.approx(at, abs=0.1)
    with page.expect_navigation():
        page.keyboard.press("c")
    page.locator("body:has(.phrases:not([hidden]))").get_by_text("You have this request").wait_for()
    page.keyboard.press("n")
    page.keyboard.type("Jill called, clinic closed? no.")
    assert page.get_by_label("Note", exact=True).input_value() == "Jill called, clinic closed? no."
    page.get_by_text("Kept 10:00 AM. Not saved yet.").wait_for()
    page.keyboard.press("Escape")
    with page.expect_navigation():
        page.locator("#save").press("Enter")
    assert kinds(line) == [EntryKind.CLAIMED, EntryKind.NOTED]
    page.get_by_text("Jill called, clinic closed? no.").wait_for()


def test_closing_and_taking_it_back(open_page, leave, line):
    leave()
    page = open_page(PAGE, Role.STAFF)
    page.get_by_role("button", name="Claim").click()
    page.get_by_text("You have this request").wait_for()
    page.get_by_label("Settled: close the request").check()
    page.get_by_label("Appointment scheduled").check()
    page.get_by_role("button", name="Save", exact=True).click()
    page.locator(".claim").get_by_text("appointment scheduled").wait_for()
    assert page.get_by_label("No answer").is_disabled()
    page.get_by_role("button", name="Undo: Closed: appointment scheduled").click()
    page.get_by_text("You have this request").wait_for()
    assert kinds(line) == [EntryKind.CLAIMED, EntryKind.CLOSED, EntryKind.UNDONE]


def test_an_outcome_proposes_its_follow_up_until_another_is_chosen(open_page, leave, line):
    leave(CALLBACK)
    page = open_page(f"{PAGE}#call-ended", Role.STAFF)
    assert page.evaluate("() => document.activeElement.name") == "outcome"
    follow_up = page.get_by_label("Call again at")
    page.get_by_label("Busy").check()
    assert follow_up.input_value() == "2026-11-23T10:30"
    page.get_by_label("No answer").check()
    assert follow_up.input_value() == "2026-11-23T13:00"
    follow_up.fill("2026-11-24T11:15")
    page.get_by_label("Left a message").check()
    assert follow_up.input_value() == "2026-11-24T11:15"
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("Try again by Tuesday 11:15 AM").wait_for()


def test_after_a_callback_the_outcome_is_asked_for(open_page, leave):
    leave(CALLBACK)
    page = open_page(PAGE, Role.STAFF)
    page.evaluate("() => document.dispatchEvent(new Event('callback-ended'))")
    assert page.evaluate("() => document.activeElement.name") == "outcome"


def test_phrases_are_put_into_a_note(open_page, leave, line):
    leave(CALLBACK)
    page = open_page(PAGE, Role.STAFF)
    page.get_by_text("Phrases", exact=True).click()
    page.get_by_role("button", name="Spoke with the patient").click()
    page.get_by_role("button", name="Needs an interpreter").click()
    assert page.get_by_label("Note", exact=True).input_value() == "Spoke with the patient. Needs an interpreter."


def test_an_open_page_says_when_a_lead_took_the_request(open_page, leave, line, staff, clock):
    leave(CALLBACK)
    nurse, lead = staff(name="Nora Nurse"), staff(Role.LEAD, name="Lea Lead")
    triage.claim(line, 1, Actor.of(nurse, ""), clock.now)
    page = open_page(PAGE, nurse)
    page.keyboard.press("n")
    page.keyboard.type("half a note")
    triage.take_over(line, 1, Actor.of(lead, ""), clock.now)
    page.evaluate("() => document.dispatchEvent(new Event('request-changed'))")
    page.get_by_text("Lea Lead has this request now.").wait_for()
    assert page.get_by_label("Note", exact=True).input_value() == "half a note"


def test_working_on_the_page_keeps_the_claim(open_page, leave, line, staff, clock):
    leave(CALLBACK)
    nurse = staff()
    triage.claim(line, 1, Actor.of(nurse, ""), clock.now)
    page = open_page(PAGE, nurse)
    clock.now += timedelta(minutes=8)
    page.mouse.move(10, 10)
    page.mouse.move(20, 20)
    page.evaluate("() => document.dispatchEvent(new Event('request-changed'))")
    deadline = time.monotonic() + DEADLINE_SECONDS
    while seen(line) != clock.now and time.monotonic() < deadline:
        page.wait_for_timeout(50)
    assert seen(line) == clock.now


def seen(line):
    with line.database.read() as session:
        return session.get(PatientRequest, 1).owner_seen_at


@pytest.fixture
def busy(leave, line, staff, clock):
    """A request with everything: a message, requests of the same number, and a history."""
    leave(CALLBACK, "CA0")
    leave(APPOINTMENT, "CA1")
    leave(CALLBACK, "CA2")
    nurse, other = staff(name="Nora Nurse"), staff(Role.LEAD, name="Lea Lead")
    nora, lea = Actor.of(nurse, ""), Actor.of(other, "")
    now = clock.now
    triage.close(line, 1, lea, now, disposition=Disposition.ANSWERED)
    triage.claim(line, 2, nora, now)
    undone = triage.record_attempt(line, 2, nora, now, outcome=Outcome.WRONG_NUMBER)
    history.undo(line, 2, nora, now + timedelta(minutes=1), entry_id=undone)
    triage.record_attempt(line, 2, nora, now + timedelta(minutes=2), outcome=Outcome.NO_ANSWER, note="Rang ten times.")
    history.edit(line, 2, lea, now + timedelta(minutes=3), changes={"best_time": "afternoon", "priority": "soon"})
    history.add_note(line, 2, lea, now + timedelta(minutes=4), text="Her daughter called:\nplease try after lunch.")
    triage.claim(line, 2, nora, now + timedelta(minutes=5))
    clock.now = now + timedelta(minutes=7)
    return nurse, other, staff(name="Ben Brown")


@pytest.mark.parametrize(
    "viewport",
    [{"width": 1280, "height": 900}, PHONE, {"width": 320, "height": 640}],
    ids=["desktop", "phone", "narrowest"],
)
@pytest.mark.parametrize("who", ["owner", "lead", "other"])
def test_the_page_is_accessible_and_fits(open_page, busy, who, viewport, tmp_path):
    looks = busy[("owner", "lead", "other").index(who)]
    page = open_page("/console/requests/2", looks, viewport=viewport)
    while (closed := page.locator("details:not([open]) > summary")).count():
        closed.first.click()
    page.wait_for_function("() => document.querySelector('.bars').getAttribute('d')?.length > 100")
    assert_accessible(page)
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    small = page.evaluate(
        "() => [...document.querySelectorAll('main button, main select, main input, main summary, main a')]"
        ".map(one => [one, one.getBoundingClientRect()]).filter(([one, box]) => box.width && (box.height < 24 || box.width < 24)"
        " && !(one.type === 'radio') && getComputedStyle(one).display !== 'inline').map(([one]) => one.outerHTML)"
    )
    assert not small
