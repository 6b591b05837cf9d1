"""The telephone in the browser, keyed by a real Chromium on the whole application with real prompts."""

import re
from dataclasses import replace
from functools import partial
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import select

from ivr.callflow.answers import Kind
from ivr.jobs.tasks import tasks_of
from ivr.models import PatientRequest, PromptState, PromptVersion, RecordingStatus, Role
from ivr.services.audit import COMMAND
from ivr.services.prompts import versions
from tests.support.databases import counted
from tests.support.jobs import recording_status, run_jobs, until, working
from tests.support.settings import DEADLINE_SECONDS
from tests.support.staff_pages import assert_accessible, serving

MICROPHONE = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
LINE = "#transcript li.line"
CALLBACK = [("call you back|callbacks", "2"), ("may we call", "1"), ("a bill, insurance", "4"),
            ("for the morning", "3"), ("leave a message at this number", "1"), ("and why you call, press", "2")]  # fmt: skip
APPOINTMENT = [("for an appointment", "1"), ("may we call", "1"), ("new to our clinic", "1"),
               ("a fracture of the spine", "1"), ("birth date", "05171948"), ("if that is right", "1"),
               ("which day", "6"), ("for the morning", "3"), *CALLBACK[4:]]  # fmt: skip
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 800}
SPEAKER = "import('/console/static/phone/speaker.js')"
PLAYING = f"{SPEAKER}.then(({{ speaker }}) => speaker.playing)"
SILENCE = f"""{SPEAKER}.then(({{ speaker }}) => {{
    globalThis.silence = new Promise(done => addEventListener("keydown", () => {{
        const began = performance.now()
        const look = () => speaker.playing ? setTimeout(look) : done(performance.now() - began)
        look()
    }}, {{capture: true, once: true}}))
    return true
}})"""
"""Afterwards `silence` says how many milliseconds after the next key's arrival nothing plays any more."""


@pytest.fixture
def line(rendered_line):
    """Prompts are rendered: calls need them. A desk is there to be rung."""
    return rendered_line(desk_numbers=("+16175550111",))


@pytest.fixture
def server(config, line, recordings):
    """A stand-in for the carrier, as in the demo: nobody need sign in."""
    with serving(replace(config, twilio_api_url=recordings[1], demo=True), line) as address:
        yield address


def key_through(page, press, steps):
    """Press keys at each prompt, when the line has begun to speak it."""
    for heard, keys in steps:
        page.locator(LINE).filter(has_text=re.compile(heard, re.IGNORECASE)).last.wait_for()
        for key in keys:
            press(key)


def begin(page):
    """Call at twice the speed."""
    page.locator("#speed").select_option("2.0")
    page.locator("#call").click()


def assert_fits(page):
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def by_mouse(page):
    return lambda key: page.locator(f'[data-key="{key}"]').click()


def requests_of(line):
    with line.database.read() as session:
        return list(session.scalars(select(PatientRequest)))


def test_a_callback_with_a_spoken_message_is_keyed_by_mouse_and_heard_in_the_console(
    launch, server, config, line, recordings, open_page
):
    store, api_url = recordings
    other = launch(*MICROPHONE)
    try:
        page = other.new_context(base_url=server, permissions=["microphone"], viewport=DESKTOP).new_page()
        page.set_default_timeout(DEADLINE_SECONDS * 1000)
        page.goto("/phone")
        page.locator("#microphone").check()
        begin(page)
        key_through(page, by_mouse(page), [*CALLBACK[:5], ("and why you call, press", "1")])
        page.get_by_text("Recording: speak").wait_for()
        page.wait_for_timeout(2500)
        by_mouse(page)("#")
        page.locator("#transcript li.caller").filter(has_text="speaks").wait_for()
        key_through(page, by_mouse(page), [("To keep your message", "1")])
        page.locator("#saved a").wait_for()
        page.get_by_text("8 turns", exact=True).wait_for()
        [request] = requests_of(line)
        assert request.reference in page.locator("#saved").inner_text()
        assert page.locator("#saved a").get_attribute("href") == f"/console/requests/{request.id}"
        assert page.locator("svg.tree .here").count() == 1
        assert page.locator("svg.tree .been").count() >= 6
        assert "<Gather" in page.locator("#documents pre").first.text_content()
        assert_fits(page)
        page.locator("#hang-up").click()
        page.get_by_text("The call is over: you hung up").wait_for()
        assert_accessible(page)
    finally:
        other.close()
    [kept] = store.list()
    assert 8000 * 2 * 1.5 < len(kept.audio) < 8000 * 2 * 8
    assert max(kept.audio[44:]) > 0
    with working(tasks_of(replace(config, twilio_api_url=api_url), line)):
        until(lambda: recording_status(line, kept.sid) is RecordingStatus.STORED)
    console = open_page(f"/console/requests/{request.id}", Role.STAFF)
    console.get_by_role("button", name="Play").click()
    played = "() => { const a = document.querySelector('audio'); return [a.currentTime, a.duration] }"
    until(lambda: console.evaluate(played)[0] > 0.4)
    assert 1.5 < console.evaluate(played)[1] < 8


def test_an_appointment_with_the_keyboard_only(open_page, line):
    page = open_page("/phone", viewport=PHONE)
    page.locator("#speed").focus()
    page.keyboard.press("End")
    page.keyboard.press("Tab")
    page.keyboard.press("c")
    key_through(page, page.keyboard.press, APPOINTMENT)
    page.locator("#saved a").wait_for()
    page.keyboard.press("h")
    page.get_by_text("The call is over: you hung up").wait_for()
    [request] = requests_of(line)
    assert (request.kind, request.birth_date) == (Kind.APPOINTMENT, "1948-05-17")
    assert_fits(page)
    assert_accessible(page)


def test_keys_arrive_in_the_order_they_were_pressed(open_page):
    """However slow the way of the first: a browser sends what it is given side by side."""
    page = open_page("/phone")
    begin(page)
    key_through(page, page.keyboard.press, APPOINTMENT[:4])
    page.locator(LINE).filter(has_text="birth date").wait_for()
    first = []
    page.route("**/phone/calls/*", lambda route: route.continue_() if first else first.append(route))
    for key in "05171948":
        page.keyboard.press(key)
    page.wait_for_timeout(300)
    first[0].continue_()
    page.locator(LINE).filter(has_text=re.compile("if that is right", re.IGNORECASE)).wait_for()


def test_a_key_stops_the_audio_at_once(open_page):
    page = open_page("/phone", viewport=DESKTOP)
    begin(page)
    page.get_by_text("a key cuts in").wait_for()
    until(lambda: page.evaluate(PLAYING))
    page.evaluate(SILENCE)
    page.keyboard.press("2")
    assert page.evaluate("silence") < 100
    page.locator(LINE).filter(has_text="May we call").wait_for()
    until(lambda: page.evaluate(PLAYING))


def test_a_caller_without_a_microphone_is_told_and_called_all_the_same(open_page):
    page = open_page("/phone")
    page.locator("#microphone").check()
    begin(page)
    page.locator(LINE).first.wait_for()
    assert page.locator("#transcript li.carrier").first.inner_text().endswith("a sample is recorded instead.")
    assert not page.locator("#microphone").is_checked()


def test_a_page_that_is_closed_puts_the_receiver_down(open_page, line):
    page = open_page("/phone")
    page.locator("#call").click()
    page.locator(LINE).first.wait_for()
    page.close()
    again = open_page("/phone")
    for _ in range(3):
        again.locator("#call").click()
        again.locator(LINE).first.wait_for()
        again.locator("#hang-up").click()
        again.get_by_text("The call is over: you hung up").wait_for()


def test_a_desk_in_another_tab_takes_the_call(open_page):
    desk = open_page("/phone/desk")
    desk.get_by_text("Waiting for a call").wait_for()
    assert_accessible(desk)
    page = open_page("/phone")
    begin(page)
    page.get_by_text("a key cuts in").wait_for()
    page.keyboard.press("0")
    desk.get_by_text("asks for a person").wait_for()
    desk.keyboard.press("1")
    page.get_by_text("Connected with the desk").wait_for()
    desk.locator("#end").click()
    page.get_by_text("The call is over").wait_for()
    desk.get_by_text("The call is over").wait_for()


class TestTrial:
    """Where the real carrier is behind the line, an administrator's call is a rehearsal."""

    @pytest.fixture
    def server(self, config, line):
        with serving(config, line) as address:
            yield address

    def test_it_is_heard_with_the_drafts_and_leaves_nothing_behind(
        self, open_page, line, config, monkeypatch, tmp_path
    ):
        monkeypatch.setattr("ivr.rehearsal.TemporaryDirectory", partial(TemporaryDirectory, dir=tmp_path))
        admin = open_page("/phone", Role.ADMIN)
        make_draft(line, config)
        before = counted(line.database)
        begin(admin)
        key_through(admin, admin.keyboard.press, CALLBACK[:1])
        drafts = admin.locator(LINE).filter(has=admin.locator(".badge"))
        assert drafts.all_inner_texts()[0].splitlines()[1].startswith("Another wording for callbacks, press 2.")
        key_through(admin, admin.keyboard.press, CALLBACK[1:])
        admin.locator("#saved").get_by_text("it is not in the queue").wait_for()
        admin.keyboard.press("h")
        admin.get_by_text("The call is over: you hung up").wait_for()
        assert counted(line.database) == before
        until(lambda: not list(tmp_path.glob("ivr-rehearsal-*")))
        assert_accessible(admin)

    def test_it_can_be_what_callers_hear_now(self, open_page, line, config):
        admin = open_page("/phone", Role.ADMIN)
        make_draft(line, config)
        admin.locator("#hears").select_option("air")
        begin(admin)
        admin.locator(LINE).filter(has_text="Treatments, press 3").wait_for()
        assert admin.locator(LINE).filter(has_text="call you back, press 2").count() == 1
        assert admin.locator(LINE).locator(".badge").count() == 0


def make_draft(line, config):
    """Another wording of a prompt, spoken by the machine's voice and not on the air."""
    words = "Another wording for callbacks, press 2."
    version_id = versions.save_script(line, COMMAND, "en-US", "option_callback", words, line.clock())
    run_jobs(tasks_of(config, line))
    with line.database.read() as session:
        assert session.get(PromptVersion, version_id).state is PromptState.RECORDED
