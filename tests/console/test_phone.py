"""The telephone in the browser, keyed by a real Chromium on the whole application with real prompts."""

import re
import time
from dataclasses import replace

import pytest
from sqlalchemy import select

from ivr.models import PatientRequest, Recording, Role
from tests.console.conftest import CHROMIUM, assert_accessible, serving

MICROPHONE = ["--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
SLOW = 30_000
LINE = "#transcript li.line"
CALLBACK = [("callback", "2"), ("may we call", "1"), ("after a procedure", "4"), ("mornings", "3"),
            ("leave a message with", "1"), ("record a message", "2"), ("to send", "1")]  # fmt: skip


@pytest.fixture
def line(rendered_line):
    """Prompts are rendered: calls need them. A desk is there to be rung."""
    return rendered_line(desk_numbers=("+16175550111",))


@pytest.fixture
def server(config, line, recordings):
    """A stand-in for the carrier, as in the demo: nobody need sign in."""
    with serving(replace(config, twilio_api_url=recordings[1]), line) as address:
        yield address


def key_through(page, press, steps):
    """Press a key at each prompt, when the line has begun to speak it."""
    for heard, key in steps:
        page.locator(LINE).filter(has_text=re.compile(heard, re.IGNORECASE)).last.wait_for(timeout=SLOW)
        press(key)


def until_it_speaks(page):
    """Wait until a clip is really playing; asked from outside, because the pages' policy forbids eval."""
    deadline = time.monotonic() + 10
    while not page.evaluate("phone.speaker.playing"):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def by_mouse(page):
    return lambda key: page.locator(f'[data-key="{key}"]').click()


def requests_of(line):
    with line.database.read() as session:
        return list(session.scalars(select(PatientRequest)))


def test_a_callback_is_keyed_on_the_page(open_page, line):
    page = open_page("/phone", viewport={"width": 1400, "height": 900})
    page.locator("#call").click()
    key_through(page, by_mouse(page), CALLBACK)
    page.locator("#saved a").wait_for(timeout=SLOW)
    [request] = requests_of(line)
    assert request.reference in page.locator("#saved").inner_text()
    assert page.locator("#saved a").get_attribute("href") == f"/console/requests/{request.id}"
    assert page.locator("svg.tree .here").count() == 1
    assert page.locator("svg.tree .been").count() >= 6
    assert "<Gather" in page.locator("#documents pre").first.text_content()
    assert page.locator("#turns").inner_text() == "7 turns"
    page.locator("#hang-up").click()
    page.get_by_text("The call is over: you hung up").wait_for()
    assert_accessible(page)


def test_a_callback_with_the_keyboard_only(open_page, line):
    page = open_page("/phone", viewport={"width": 390, "height": 844})
    page.keyboard.press("c")
    key_through(page, page.keyboard.press, CALLBACK)
    page.locator("#saved a").wait_for(timeout=SLOW)
    page.keyboard.press("h")
    page.get_by_text("The call is over: you hung up").wait_for()
    assert len(requests_of(line)) == 1
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert_accessible(page)


def test_a_key_stops_the_audio_at_once(open_page):
    page = open_page("/phone")
    page.locator("#call").click()
    page.get_by_text("a key cuts in").wait_for(timeout=SLOW)
    until_it_speaks(page)
    stopped = page.evaluate("""() => {
        document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "2", bubbles: true}))
        return !phone.speaker.playing
    }""")
    assert stopped
    page.locator(LINE).filter(has_text="May we call").wait_for(timeout=SLOW)
    until_it_speaks(page)


def test_a_page_that_is_closed_puts_the_receiver_down(open_page, line):
    page = open_page("/phone")
    page.locator("#call").click()
    page.locator(LINE).first.wait_for(timeout=SLOW)
    page.close()
    again = open_page("/phone")
    for _ in range(3):
        again.locator("#call").click()
        again.locator(LINE).first.wait_for(timeout=SLOW)
        again.locator("#hang-up").click()
        again.get_by_text("The call is over: you hung up").wait_for()


def test_a_desk_in_another_tab_takes_the_call(open_page):
    desk = open_page("/phone/desk")
    desk.get_by_text("Waiting for a call").wait_for()
    assert_accessible(desk)
    page = open_page("/phone")
    page.locator("#speed").select_option("2.0")
    page.locator("#call").click()
    page.get_by_text("a key cuts in").wait_for(timeout=SLOW)
    page.keyboard.press("0")
    desk.get_by_text("asks for a person").wait_for(timeout=SLOW)
    desk.keyboard.press("1")
    page.get_by_text("Connected with the desk").wait_for(timeout=SLOW)
    desk.locator("#end").click()
    page.get_by_text("The call is over").wait_for(timeout=SLOW)
    desk.get_by_text("The call is over").wait_for()


def test_what_the_microphone_hears_is_what_the_carrier_keeps(browser, server, recordings, line):
    store, _ = recordings
    other = browser.browser_type.launch(executable_path=CHROMIUM, args=MICROPHONE)
    try:
        page = other.new_context(base_url=server, permissions=["microphone"]).new_page()
        page.goto("/phone")
        page.locator("#microphone").check()
        page.locator("#call").click()
        key_through(page, page.keyboard.press, [*CALLBACK[:5], ("record a message", "1")])
        page.get_by_text("Recording: speak").wait_for(timeout=SLOW)
        page.wait_for_timeout(2500)
        page.keyboard.press("#")
        page.locator("#transcript li.caller").filter(has_text="speaks").wait_for(timeout=SLOW)
        page.locator(LINE).filter(has_text="To keep your message").wait_for(timeout=SLOW)
    finally:
        other.close()
    [kept] = store.list()
    with line.database.read() as session:
        assert session.scalar(select(Recording.sid)) == kept.sid
    assert kept.audio[:4] == b"RIFF"
    assert 8000 * 2 * 1.5 < len(kept.audio) < 8000 * 2 * 8
    assert any(kept.audio[44:])


@pytest.mark.parametrize(("role", "status"), [(None, 302), (Role.STAFF, 403), (Role.LEAD, 403), (Role.ADMIN, 200)])
def test_where_the_real_carrier_is_behind_the_line_it_is_for_administrators(client, client_as, role, status):
    visitor = client_as(role) if role else client
    for path in ("/phone", "/phone/desk"):
        assert visitor.get(path).status_code == status
    if status != 200:
        assert visitor.send("/phone/calls").status_code == status
