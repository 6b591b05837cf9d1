"""Nothing typed is lost, in a real browser: reload, sign-in, claim and release, offline, a second window, Back, refusal."""

import re
from datetime import timedelta

import pytest

from ivr.models import EntryKind, Outcome, Role
from ivr.services.audit import Actor
from ivr.services.requests import triage
from tests.support.jobs import until
from tests.support.staff_pages import PASSWORD, assert_accessible, text_of
from tests.support.triage import entries

PAGE = "/console/requests/1"
TEXT = "Her daughter answers after four."
FAILED = "Failed to load resource"


@pytest.fixture
def nurse(staff, leave):
    leave()
    return staff(email="ann@example.org", name="Ann Lee", password=PASSWORD)


@pytest.fixture
def page(open_page, nurse):
    return open_page(PAGE, nurse)


def write(page, text=TEXT):
    """Typed, and kept by the server."""
    page.get_by_label("Note", exact=True).press_sequentially(text)
    page.get_by_text(re.compile(r"^Kept .* Not saved yet\.$")).wait_for()


def note(page):
    return page.get_by_label("Note", exact=True).input_value()


def leave_all_the_same(page):
    """Say yes where the page warns of leaving."""
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    return asked


def notes(line):
    return [entry.note for entry in entries(line) if entry.note]


class TestWaysOfLosingText:
    def test_reload_and_leaving_which_warns(self, page):
        write(page)
        page.get_by_label("Busy").check()
        page.wait_for_timeout(1500)
        asked = leave_all_the_same(page)
        page.reload()
        assert asked == ["beforeunload"]
        assert (note(page), page.get_by_label("Busy").is_checked()) == (TEXT, True)
        assert page.get_by_text("and did not save it").is_visible()
        assert_accessible(page)
        page.get_by_role("button", name="Throw it away").click()
        page.get_by_text("and did not save it").wait_for(state="hidden")
        page.reload()
        assert note(page) == ""

    def test_claim_and_release(self, page):
        write(page)
        page.keyboard.press("Escape")
        page.keyboard.press("c")
        page.get_by_text("You have this request").wait_for()
        assert note(page) == TEXT
        page.get_by_role("button", name="Release").click()
        page.get_by_text("Nobody has this request").wait_for()
        assert note(page) == TEXT

    def test_another_field_is_sent(self, page, line):
        write(page)
        page.get_by_text("Edit", exact=True).click()
        page.get_by_label("Priority").select_option("soon")
        page.get_by_role("button", name="Save changes").click()
        page.get_by_text("Priority: Routine → Soon").wait_for()
        assert note(page) == TEXT

    def test_the_session_ends_and_somebody_signs_in_again(self, page, open_page, clock):
        open_page.expected.append(FAILED)
        write(page)
        clock.now += timedelta(minutes=11)
        asked = leave_all_the_same(page)
        page.evaluate("document.dispatchEvent(new Event('session-doubtful'))")
        page.get_by_role("link", name="Sign in again").click()
        page.get_by_label("E-mail").fill("ann@example.org")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"**{PAGE}")
        assert note(page) == TEXT
        assert asked in ([], ["beforeunload"])

    def test_a_form_is_sent_after_signing_in_in_another_tab(self, page, open_page, clock, line):
        open_page.expected.append(FAILED)
        write(page)
        clock.now += timedelta(minutes=11)
        page.locator("#save").click()
        page.get_by_text("Not sent yet: you are signed out.").wait_for()
        other = page.context.new_page()
        other.goto(PAGE)
        other.get_by_label("E-mail").fill("ann@example.org")
        other.get_by_label("Password").fill(PASSWORD)
        other.get_by_role("button", name="Sign in").click()
        other.wait_for_url(f"**{PAGE}")
        until(lambda: notes(line) == [TEXT])

    def test_offline_for_a_minute(self, page, open_page, line):
        open_page.expected.append(FAILED)
        page.context.set_offline(True)
        page.get_by_label("Note", exact=True).press_sequentially(TEXT)
        page.get_by_text("Not kept yet: there is no connection").wait_for()
        page.get_by_label("Busy").check()
        page.locator("#save").click()
        page.get_by_text("Not sent yet: there is no connection.").wait_for()
        assert not entries(line)
        page.context.set_offline(False)
        page.get_by_text("Tried to reach the patient: busy").wait_for()
        assert notes(line) == [TEXT]

    def test_a_refused_form_keeps_its_address_and_its_text(self, page, open_page, line, staff):
        open_page.expected.append(FAILED)
        write(page)
        page.get_by_label("Busy").check()
        page.get_by_label("Call again at").fill("2027-12-31T10:00")
        page.locator("#save").click()
        page.get_by_text("within a year").wait_for()
        assert page.url.endswith(PAGE)
        leave_all_the_same(page)
        page.wait_for_timeout(1500)
        page.reload()
        assert (note(page), page.get_by_label("Busy").is_checked()) == (TEXT, True)
        assert not entries(line)


class TestTwoWindows:
    def test_an_attempt_is_not_saved_twice_and_what_was_done_is_told(self, page, open_page, line):
        open_page.expected.append(FAILED)
        second = page.context.new_page()
        second.goto(PAGE)
        page.keyboard.press("3")
        page.locator("#save").click()
        page.get_by_text("Tried to reach the patient: no answer").wait_for()
        second.keyboard.press("3")
        second.locator("#save").click()
        refused = second.locator(".refusal")
        refused.get_by_text("Nothing is saved yet").wait_for()
        assert "You, 10:00 AM: Tried to reach the patient: no answer" in refused.inner_text()
        assert_accessible(second)
        assert [entry.kind for entry in entries(line)].count(EntryKind.ATTEMPTED) == 1

    def test_back_shows_what_is_saved(self, page, line):
        page.keyboard.press("3")
        page.keyboard.press("s")
        page.get_by_text("That was the last one of this list.").wait_for()
        page.go_back()
        page.get_by_text("Tried to reach the patient: no answer").wait_for()
        assert page.locator("input[name=outcome]:checked").count() == 0

    def test_what_was_typed_in_the_other_one_is_offered(self, page, open_page):
        open_page.expected.append(FAILED)
        second = page.context.new_page()
        second.goto(PAGE)
        write(page)
        second.get_by_label("Note", exact=True).press_sequentially("Second.")
        second.get_by_role("button", name="Add it to this note").click()
        second.get_by_text(re.compile(r"^Kept ")).wait_for()
        assert note(second) == f"Second.\n{TEXT}"


def test_reloading_the_address_of_a_form_shows_the_request(client_as, leave):
    leave()
    client = client_as(Role.STAFF)
    for name in ("save", "claim", "edit", "undo"):
        answer = client.get(f"{PAGE}/{name}?mine=1")
        assert (answer.status_code, answer.location) == (302, f"{PAGE}?mine=1")


def test_a_form_that_is_sent_signed_out_leads_back_to_its_page(client, leave):
    leave()
    answer = client.send(f"{PAGE}/save", {"note": "x"}, headers={"Referer": f"http://localhost{PAGE}?mine=1"})
    assert answer.location == "/console/sign-in?next=/console/requests/1?mine%3D1"
    foreign = client.send(f"{PAGE}/save", {"note": "x"}, headers={"Referer": "http://evil.example/x"})
    assert foreign.location == "/console/sign-in"


def test_what_was_done_since_a_draft_is_told(client_as, leave, line, staff):
    leave()
    ann = client_as(Role.STAFF)
    kept = ann.send(f"{PAGE}/draft", {"note": TEXT, "revision": "0", "made_from": "0"})
    assert kept.json["revision"] == 1
    ben = staff(name="Ben Brown")
    triage.record_attempt(line, 1, Actor.of(ben, ""), line.clock(), outcome=Outcome.BUSY)
    told = text_of(ann.get(PAGE))
    assert "You typed this 10:00 AM and did not save it." in told
    assert "Since then: Tried to reach the patient: busy, Ben Brown, 10:00 AM" in told
