"""A talk may last an hour: both ways of dialling hold the claim and the session, and what is about to end says so."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from ivr.models import AuditAction, AuditEntry, EntryKind, PatientRequest, RequestStatus, Role
from ivr.services.accounts import staff
from ivr.services.audit import COMMAND
from ivr.services.requests import bridging, triage
from tests.support.staff_pages import assert_accessible, text_of
from tests.support.triage import entries

PAGE = "/console/requests/1"
MINUTE = timedelta(minutes=1)
BACKGROUND = {"X-Background": "1"}


@pytest.fixture
def nurse(line, leave):
    leave()
    details = staff.AccountDetails("ann@example.org", "Ann Lee", Role.STAFF, "", "+16175550177")
    return staff.create(line.database, COMMAND, details, line.clock())


@pytest.fixture
def ann(client_as, nurse):
    return client_as(nurse)


def request_of(line):
    with line.database.read() as session:
        return session.get(PatientRequest, 1)


def dial(line, ann, way):
    ann.send(f"{PAGE}/call", {"alone": "1"} if way == "alone" else {})
    if way == "bridged":
        bridging.note_placed(line, 1, "CA9")
        bridging.accept(line, 1, "CA9", True, line.clock())
        bridging.note_patient(line, 1, "CA8", "in-progress", line.clock())


@pytest.mark.parametrize("way", ["alone", "bridged"])
class TestWhileSomebodyTalks:
    def test_claim_and_session_last_for_an_hour(self, way, line, ann, clock):
        dial(line, ann, way)
        clock.now += 9 * MINUTE
        ann.get(PAGE)
        assert ann.send(f"{PAGE}/standing", {"active": "1"}).json["mine"]
        clock.now += 50 * MINUTE
        assert triage.release_idle(line, clock.now) == 0, "a sign of work does not shorten the hold"
        assert ann.get("/console/session", headers=BACKGROUND).json["seconds_left"] == 60
        assert ann.get(PAGE).status_code == 200
        assert request_of(line).owner_id == ann.member.id

    def test_a_colleague_cannot_take_it(self, way, line, ann, client_as, clock):
        dial(line, ann, way)
        clock.now += 45 * MINUTE
        ben = client_as(Role.STAFF)
        assert ben.send(f"{PAGE}/claim").status_code == 409
        assert "Ann Lee has this request" in text_of(ben.get(PAGE))

    def test_after_it_both_end(self, way, line, ann, clock):
        dial(line, ann, way)
        clock.now += 62 * MINUTE
        assert triage.release_idle(line, clock.now) == 1
        assert ann.get(PAGE).status_code == 302
        assert ann.get("/console/session").json["seconds_left"] == 0

    def test_only_the_browser_in_which_they_dialled_is_held(self, way, line, ann, client_as, clock):
        other = client_as(ann.member)
        dial(line, ann, way)
        clock.now += 45 * MINUTE
        assert (other.get(PAGE).status_code, ann.get(PAGE).status_code) == (302, 200)


def test_once_a_connected_call_is_over_limits_count_from_its_end(line, ann, clock):
    dial(line, ann, "bridged")
    clock.now += 40 * MINUTE
    bridging.note_talked(line, 1, "completed", 2400, clock.now)
    clock.now += 9 * MINUTE
    assert triage.release_idle(line, clock.now) == 0
    clock.now += 2 * MINUTE
    assert triage.release_idle(line, clock.now) == 1
    assert ann.get(PAGE).status_code == 302


def test_who_dials_the_next_patient_talks_no_more_with_the_one_before(line, ann, leave, clock):
    leave(call="CA2", from_="+16175550143")
    dial(line, ann, "alone")
    clock.now += MINUTE
    ann.send("/console/requests/2/call", {"alone": "1"})
    clock.now += 11 * MINUTE
    assert triage.release_idle(line, clock.now) == 1
    assert request_of(line).status is RequestStatus.NEW


def test_an_outcome_ends_the_hold(line, ann, clock):
    dial(line, ann, "alone")
    triage.record_attempt(line, 1, bridging.Actor.of(ann.member, ""), clock.now, outcome=triage.Outcome.BUSY)
    assert request_of(line).talking_until is None


def test_the_history_says_which_way_was_dialled(line, ann, client_as, clock):
    dial(line, ann, "alone")
    dial(line, ann, "alone")
    assert [entry.kind for entry in entries(line)] == [EntryKind.CLAIMED, EntryKind.DIALLED]
    page = text_of(ann.get(PAGE))
    assert "Dialled the patient from their own phone Ann Lee, 10:00 AM" in page
    assert "Called back through" not in page
    assert "You dial it yourself, since 10:00 AM . It stays yours for an hour at most." in page


def test_limits_are_settings(make_line, sqlite_url, config):
    from dataclasses import replace

    from ivr import create_line

    changed = create_line(replace(config, database_url=sqlite_url, session_idle_minutes=25, claim_idle_minutes=15))
    assert (changed.idle.session, changed.idle.claim) == (25 * MINUTE, 15 * MINUTE)
    changed.database.close()


def test_signing_out_everywhere_ends_all_of_ones_devices_and_nobody_elses(line, ann, client_as):
    other, colleague = client_as(ann.member), client_as(Role.STAFF)
    answer = ann.send("/console/account/sign-out-everywhere")
    assert answer.location == "/console/"
    states = [one.get("/console/").status_code for one in (ann, other, colleague)]
    assert states == [302, 302, 200]
    with line.database.read() as session:
        told = session.scalars(select(AuditEntry.detail).where(AuditEntry.action == AuditAction.SIGNED_OUT))
        assert list(told) == ["everywhere: 2 sessions"]


class TestTheBanner:
    """The page's own clock is moved on together with the server's."""

    @pytest.fixture
    def page(self, open_page, nurse, clock):
        page = open_page("/console/account", nurse)
        page.clock.install()
        page.goto(PAGE)
        page.get_by_role("button", name="Claim").click()
        page.get_by_text("You have this request").wait_for()
        with page.expect_response(lambda response: response.url.endswith("/standing")):
            self.move(page, clock, 20)
        return page

    @staticmethod
    def move(page, clock, seconds):
        for _ in range(seconds // 20):
            clock.now += timedelta(seconds=20)
            page.clock.fast_forward(20_000)
            page.wait_for_timeout(30)

    def test_counts_down_and_begins_anew(self, page, clock, line):
        banner = page.locator(".expiry")
        self.move(page, clock, 400)
        assert banner.is_hidden()
        self.move(page, clock, 80)
        banner.wait_for()
        assert page.get_by_role("timer").inner_text().startswith(("1:", "2:"))
        assert_accessible(page)
        page.locator(".expiry button").click()
        banner.wait_for(state="hidden")
        self.move(page, clock, 400)
        assert page.evaluate("document.documentElement.hasAttribute('data-signed-out')") is False
        assert request_of(line).status is RequestStatus.CLAIMED

    def test_when_it_is_over_the_way_back_is_shown(self, page, clock, open_page):
        open_page.expected += ["401", "400"]  # the page asks for news, and hears that it is over, or its token is
        self.move(page, clock, 700)
        link = page.get_by_role("link", name="Sign in again")
        link.wait_for()
        assert "You are signed out." in page.locator(".expiry").inner_text()
        link.click()
        page.get_by_label("Password").wait_for()
        assert page.url.endswith("next=/console/requests/1")


@pytest.mark.parametrize(("way", "button"), [("alone", "I dial it myself"), ("bridged", "Call back through")])
def test_a_talk_of_45_minutes_keeps_claim_session_and_text(open_page, nurse, line, clock, way, button):
    page = open_page(PAGE, nurse)
    note = page.get_by_label("Note", exact=True)
    note.press_sequentially("Spoke about")
    page.get_by_text("Kept 10:00 AM. Not saved yet.").wait_for()
    page.get_by_role("button", name=button).click()
    if way == "bridged":
        page.locator("#call-state").wait_for()
        bridging.note_placed(line, 1, "CA9")
        bridging.accept(line, 1, "CA9", True, clock.now)
        bridging.note_patient(line, 1, "CA8", "in-progress", clock.now)
        page.get_by_text("Connected to the patient.").wait_for()
    else:
        page.get_by_text("While you are on the telephone it stays yours, until 11:00 AM").wait_for()
    page.wait_for_load_state()  # a note that is still being read in has its cursor at the start
    clock.now += 45 * MINUTE
    assert triage.release_idle(line, clock.now) == 0
    note.press("Control+End")
    note.press_sequentially(" her brace.")
    page.get_by_text("Kept 10:45 AM. Not saved yet.").wait_for()
    if way == "bridged":
        bridging.note_talked(line, 1, "completed", 2700, clock.now)
        page.get_by_text("The call has ended.").wait_for()
    page.locator("input[name=outcome][value=reached]").check()
    page.get_by_label("Question answered").check()
    page.locator("#save").click()
    page.locator(".claim").get_by_text("question answered").wait_for()
    assert entries(line)[-1].note == "Spoke about her brace."
