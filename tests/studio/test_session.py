"""A session of recording: the running order, going on where one left off, what is missing; in a browser and by phone."""

import pytest
from sqlalchemy import select

from ivr.callflow.facts import StaffFacts
from ivr.callflow.nodes import Question
from ivr.callflow.state import CallState
from ivr.models import PromptSource, Role, StaffMember
from ivr.services.inquiry import Inquiry
from ivr.services.prompts.by_phone import find_next
from ivr.services.prompts.session import TakeState, is_staffs, recording_session, running_order
from tests.support.staff_pages import assert_accessible
from tests.support.studio import CLINICAL, EN, KEY, newest, upload

ORDER = [KEY, CLINICAL, "goodbye"]


def press(page, key):
    """Press a key once the page listens to keys."""
    page.get_by_role("button", name="Start recording").wait_for()
    page.keyboard.press(key)


def admin_id(line):
    with line.database.read() as session:
        return session.scalars(select(StaffMember.id).where(StaffMember.role == Role.ADMIN)).first()


def session_of(line, staff_id=1):
    return recording_session(line, EN, staff_id)


def test_the_running_order_is_that_of_a_call_with_what_only_staff_hear_behind_it(make_line, sqlite_url):
    script = make_line(sqlite_url).scripts[EN]
    order = running_order(script)
    assert order[0] == "emergency"
    assert sorted(order) == sorted(script.prompts)
    heard = [is_staffs(key) for key in order]
    assert heard == sorted(heard)
    assert [key for key in script.prompts if not is_staffs(key)] == order[: heard.index(True)]


def test_who_has_recorded_goes_on_behind_it_and_what_was_left_out_comes_last(client_as, line, worker):
    client = client_as(Role.ADMIN)
    me = admin_id(line)
    assert session_of(line, me).place == KEY
    upload(client, line, CLINICAL)
    assert session_of(line, me).takes[CLINICAL] is TakeState.BEING_MADE
    assert session_of(line, me).place == "goodbye"
    assert session_of(line, me + 1).place == KEY, "another person begins at the beginning"
    worker()
    assert list(session_of(line, me).takes.items()) == [
        (KEY, TakeState.MISSING), (CLINICAL, TakeState.WAITING), ("goodbye", TakeState.MISSING),
    ]  # fmt: skip
    upload(client, line, "goodbye", data=b"no audio")
    worker()
    assert session_of(line, me).takes["goodbye"] is TakeState.REFUSED
    assert session_of(line, me).place == KEY
    assert session_of(line, me).wanting == [KEY, "goodbye"]


def test_the_end_says_what_is_missing_and_that_nothing_is(client_as, line, worker):
    client = client_as(Role.ADMIN)
    page = client.get(f"/studio/{EN}/session").text
    assert '<strong class="number">0</strong> of <span class="number">3</span> recorded' in page
    for key in ORDER:
        upload(client, line, key)
    worker()
    page = client.get(f"/studio/{EN}/session").text
    assert "Everything is recorded." in page
    assert "Nothing." in page


@pytest.mark.parametrize("address", ["xx/session", f"{EN}/session/no_such_prompt", "xx/session/goodbye"])
def test_nothing_else_is_there(client_as, line, address):
    assert client_as(Role.ADMIN).get(f"/studio/{address}").status_code == 404


def test_in_a_browser_one_is_recorded_after_another_by_key_and_tomorrow_goes_on(open_page, line, worker):
    page = open_page("/studio/", Role.ADMIN)
    page.get_by_role("link", name="Record one after another, English").click()
    assert page.locator("#to-record").inner_text() == line.scripts[EN].prompts[KEY].text
    assert line.scripts[EN].prompts[KEY].direction in page.locator(".prompter").inner_text()
    assert_accessible(page)
    press(page, "n")
    page.get_by_role("heading", name="2. Greeting, with 911").wait_for()
    press(page, "b")
    page.get_by_role("heading", name="1. Menus: a call back").wait_for()
    press(page, "r")
    page.get_by_text("Recording: 7 of").wait_for()  # the sentence ends at 4.5; on a busy machine the sound comes late
    page.keyboard.press("n")
    assert page.get_by_role("heading", name="1. Menus: a call back").is_visible(), "no key leaves a recording behind"
    page.keyboard.press(" ")
    page.get_by_text("being made fit").first.wait_for()
    assert (newest(line).key, newest(line).source) == (KEY, PromptSource.BROWSER)
    worker()
    page.locator("#take-told .player").wait_for()
    assert page.locator(".prompter .badge").first.inner_text() == "recorded", page.locator("#take-told").inner_text()
    assert_accessible(page)
    page.goto(f"/studio/{EN}/session")
    page.get_by_role("heading", name="2. Greeting, with 911").wait_for()
    assert page.locator(".wanting a").all_text_contents() == ["Greeting, with 911", "Goodbye"]
    page.get_by_text("Still missing").click()
    page.get_by_role("link", name="Goodbye").click()
    page.get_by_role("heading", name="3. Goodbye").wait_for()
    assert page.get_by_role("link", name="Next", exact=True).count() == 0
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_by_phone_the_same_list_goes_on_at_the_same_place(client_as, line, worker):
    client = client_as(Role.ADMIN)
    upload(client, line, KEY)
    worker()
    asked = CallState(language=EN, staff=StaffFacts(staff_id=admin_id(line)))
    heard = []
    with line.database.write() as session:
        for _ in range(4):
            found = find_next(session, line, Inquiry(1, Question.NEXT_PROMPT, asked, line.clock()))
            heard.append(found.facts.reading.key)
            asked = asked.knowing(found.facts)
    assert heard == [CLINICAL, "goodbye", KEY, CLINICAL], "behind the recorded one, and round"
