"""Nothing recorded or typed is lost: a session that is over, no network, a reload, words typed before recording."""

from sqlalchemy import select

from ivr.models import PromptSource, PromptVersion, Role
from tests.support.staff_pages import assert_accessible
from tests.support.studio import PAGE, newest, until, words

FAILED = "Failed to load resource"
"""What the browser notes of a request that a test makes fail."""


def record(page, seconds=3):
    page.get_by_role("button", name="Start recording").click()
    page.get_by_text(f"Recording: {seconds} of").wait_for()
    page.get_by_role("button", name="Stop and keep").click()


def test_in_a_browser_a_take_outlives_a_session_that_is_over(open_page, line):
    page = open_page(PAGE, Role.ADMIN)
    cookies = page.context.cookies()
    page.context.clear_cookies()
    record(page)
    page.get_by_text("You are signed out").wait_for()
    assert newest(line) is None
    assert page.get_by_role("button", name="Send it now").is_visible()
    assert_accessible(page)
    page.context.add_cookies(cookies)
    page.evaluate("() => { dispatchEvent(new Event('focus')); }")
    page.get_by_text("being made fit").first.wait_for()
    assert (newest(line).source, newest(line).text) == (PromptSource.BROWSER, words(line))
    open_page.expected.append(FAILED)


def test_in_a_browser_a_take_outlives_the_page(open_page, line):
    page = open_page(PAGE, Role.ADMIN)
    page.context.set_offline(True)
    record(page)
    page.get_by_text("The server cannot be reached").wait_for()
    page.context.set_offline(False)
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.reload()
    page.get_by_text("being made fit").first.wait_for()
    assert newest(line).source is PromptSource.BROWSER
    open_page.expected.append(FAILED)


def test_in_a_browser_leaving_while_recording_asks(open_page, line):
    page = open_page(PAGE, Role.ADMIN)
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.get_by_role("button", name="Start recording").click()
    page.get_by_text("Recording: 1 of").wait_for()
    page.evaluate("() => { location.assign('/studio/'); }")
    page.get_by_text("Recording: 3 of").wait_for()
    assert asked == ["beforeunload"]
    page.get_by_role("button", name="Stop and keep").click()
    page.get_by_text("being made fit").first.wait_for()


def test_in_a_browser_words_typed_before_recording_are_what_is_recorded(open_page, line):
    page = open_page(PAGE, Role.ADMIN)
    page.get_by_label("What callers hear").fill("For a call from us, press 5.")
    page.get_by_role("button", name="Start recording").click()
    page.get_by_text("could not be saved first").wait_for()
    assert page.get_by_text("These words name the key 5").is_visible()
    assert page.get_by_label("What callers hear").input_value() == "For a call from us, press 5."
    page.get_by_label("What callers hear").fill("For a call from us, press 2.")
    record(page)
    page.get_by_text("being made fit").first.wait_for()
    with line.database.read() as session:
        made = session.scalars(select(PromptVersion).where(PromptVersion.own).order_by(PromptVersion.id)).all()
    told = [(one.source, one.text) for one in made]
    said = "For a call from us, press 2."
    assert told == [(PromptSource.SYNTHESIS, said), (PromptSource.BROWSER, said)]
    open_page.expected.append(FAILED)


def test_in_a_browser_typed_words_outlive_a_session_that_is_over(open_page, line):
    page = open_page(PAGE, Role.ADMIN)
    cookies = page.context.cookies()
    page.context.clear_cookies()
    page.get_by_label("What callers hear").fill("For a call from us, press 2.")
    page.get_by_role("button", name="Save as a draft").click()
    page.get_by_text("Not saved: you are signed out").wait_for()
    page.context.add_cookies(cookies)
    page.evaluate("() => { dispatchEvent(new Event('focus')); }")
    until(page, "document.getElementById('words').defaultValue.includes('a call from us')")
    assert newest(line).text == "For a call from us, press 2."
    open_page.expected.append(FAILED)
