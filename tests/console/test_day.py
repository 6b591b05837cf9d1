"""Names, assignments, a member's day, handing over and the news, as staff see them."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from ivr import create_app
from ivr.models import AuditEntry, Outcome, PatientRequest, Priority, RequestStatus, Role
from ivr.services.audit import Actor
from ivr.services.requests import assigning, naming, triage
from tests.support.kept_requests import put_requests
from tests.support.settings import MONDAY_MORNING
from tests.support.staff_pages import assert_accessible, text_of

NOW = MONDAY_MORNING
MINUTE = timedelta(minutes=1)


@pytest.fixture
def put(line):
    return lambda *specials: put_requests(line, *specials, now=NOW)


def assignees(line):
    with line.database.read() as session:
        return list(session.scalars(select(PatientRequest.assigned_to_id).order_by(PatientRequest.id)))


class TestNames:
    def test_a_name_is_written_into_a_request_and_found(self, client_as, put):
        (one,) = put({})
        client = client_as(Role.STAFF)
        sent = {"name": "Maria Lopez", "record_number": "MRN 7"}
        assert client.send(f"/console/requests/{one}/name", sent).location == f"/console/requests/{one}"
        page = text_of(client.get(f"/console/requests/{one}"))
        assert "Maria Lopez Record MRN 7" in page
        assert "Name: none → Maria Lopez" in page
        assert "<title>Request 000001" in client.get(f"/console/requests/{one}").text
        found = client.send("/console/queue/search", {"wanted": "lopez"})
        assert "000001" in text_of(found)
        assert "Maria" not in text_of(found)

    def test_a_name_too_long_is_said_beside_the_form(self, client_as, put):
        put({})
        answer = client_as(Role.STAFF).send("/console/requests/1/name", {"name": "x" * 121})
        assert answer.status_code == 409
        assert "Write at most 120 characters." in text_of(answer)

    def test_lists_show_it_where_the_clinic_wants_that_and_each_leaves_a_row(self, config, line, client_as, put, staff):
        one, _ = put({}, {})
        naming.set_name(line, one, Actor.of(staff(), ""), NOW, name="Maria Lopez")
        client = client_as(Role.STAFF)
        assert "Maria" not in client.get("/console/").text
        showing = create_app(replace(config, queue_shows="name"), line).extensions["console"]
        client.application = showing
        assert "000001 Maria Lopez" in text_of(client.get("/console/"))
        listed = client.get("/console/queue/list")
        again = client.get("/console/queue/list", headers={"If-None-Match": listed.headers["ETag"]})
        assert again.status_code == 304
        assert "Maria Lopez" in text_of(client.send("/console/queue/search", {"wanted": "000001"}))
        with line.database.read() as session:
            seen = session.scalars(select(AuditEntry.detail).where(AuditEntry.subject == "queue"))
            assert [detail for detail in seen if "names" in detail] == [f"names of requests {one}"] * 3


class TestAssignments:
    def test_anybody_assigns_a_request_with_a_note(self, client_as, put, line, staff):
        (one,) = put({})
        bob = staff(name="Bob")
        client = client_as(Role.STAFF)
        client.send(f"/console/requests/{one}/assign", {"to": bob.id, "note": "He knows her."})
        page = text_of(client.get(f"/console/requests/{one}"))
        assert "Assigned to Bob since 10:00 AM" in page
        assert "He knows her." in page
        assert "Call back for Bob" in text_of(client.get("/console/"))
        client.send(f"/console/requests/{one}/assign", {"to": ""})
        assert "Assigned to nobody" in text_of(client.get(f"/console/requests/{one}"))
        answer = client.send(f"/console/requests/{one}/assign", {"to": "99"})
        assert "Choose somebody whose account is active." in text_of(answer)

    def test_a_lead_assigns_a_list_and_moves_another(self, client_as, put, line, staff):
        made = put({}, {}, {"status": RequestStatus.FOLLOW_UP, "attempts": 1})
        ana, bob = staff(name="Ana"), staff(name="Bob")
        lead = client_as(Role.LEAD)
        page = lead.get("/console/handover")
        assert re.findall(r'name="request" value="(\d+)" checked', page.text) == [str(one) for one in made[:2]]
        done = lead.send("/console/handover/assign", {"request": made[:2], "to": ana.id}, follow_redirects=True)
        assert "2 requests assigned." in text_of(done)
        assert "Ana (2 now)" in text_of(done)
        done = lead.send("/console/handover/move", {"from": ana.id, "to": bob.id}, follow_redirects=True)
        assert "2 requests moved." in text_of(done)
        assert assignees(line) == [bob.id, bob.id, None]
        lead.send("/console/handover/move", {"from": bob.id, "to": "nobody"})
        assert assignees(line) == [None] * 3

    @pytest.mark.parametrize(
        ("path", "sent"),
        [
            ("assign", {"to": "1"}),
            ("assign", {"request": "1"}),
            ("move", {"from": "1"}),
            ("move", {"from": "1", "to": "1"}),
        ],
    )
    def test_what_was_not_chosen_is_asked_for(self, client_as, put, line, path, sent):
        put({})
        answer = client_as(Role.LEAD).send(f"/console/handover/{path}", sent, follow_redirects=True)
        assert "Choose " in text_of(answer)
        assert assignees(line) == [None]


class TestMyDay:
    def test_what_is_mine_what_comes_back_and_what_i_did(self, client_as, put, line):
        one, two = put({}, {})
        client = client_as(Role.STAFF)
        me = Actor.of(client.member, "")
        triage.record_attempt(line, one, me, NOW, outcome=Outcome.NO_ANSWER, note="secret")
        assigning.assign(line, two, me, NOW, to=client.member.id)
        page = text_of(client.get("/console/day"))
        for expected in (
            "Assigned to you (1)", "Put back today (1)", "Tried to reach the patient: no answer 000001",
            "10:00 AM , to be tried again 1:00 PM", "Assigned 000002",
        ):  # fmt: skip
            assert expected in page, expected
        assert "secret" not in page
        assert "Everybody today" not in page
        assert "1 assigned to you" in text_of(client.get("/console/"))

    def test_a_lead_sees_everybodys_by_name(self, client_as, put, line, staff):
        (one,) = put({})
        zoe, _ = staff(name="Zoe"), staff(name="Ana")
        triage.record_attempt(line, one, Actor.of(zoe, ""), NOW, outcome=Outcome.BUSY)
        lead = client_as(Role.LEAD)
        page = text_of(lead.get("/console/day"))
        assert "Ana 0 0 0 Lead 3 0 0 0 Zoe 1 0 0" in page
        assert "Tried to reach the patient: busy 000001" in text_of(lead.get(f"/console/day?who={zoe.id}"))
        assert lead.get("/console/day?who=99").status_code == 404

    def test_nobody_else_looks_at_somebody_elses(self, client_as, staff):
        other = staff(name="Ana")
        assert client_as(Role.STAFF).get(f"/console/day?who={other.id}").status_code == 403


def test_the_news_tell_nothing_of_a_patient(client_as, put):
    put({}, {"priority": Priority.URGENT, "red_flags": True})
    answer = client_as(Role.STAFF).get("/console/news", headers={"X-Background": "1"})
    assert answer.json == {"urgent": 1, "newest_urgent": 2, "assigned": 0, "assigned_at": None}


KNOWN = "() => sessionStorage.getItem('news')"
"""The page has asked for the news: what is new from now on is told."""


@pytest.mark.usefixtures("browser")
class TestInTheBrowser:
    def test_a_new_urgent_request_is_told_on_an_open_page(self, open_page, put, line, staff):
        (one,) = put({})
        page = open_page(f"/console/requests/{one}", Role.STAFF)
        assert page.title().startswith("Request 000001")
        page.wait_for_function(KNOWN)
        left = {"status": RequestStatus.INCOMPLETE, "left_incomplete": True}
        (urgent,) = put({**left, "priority": Priority.URGENT, "red_flags": True})
        page.locator("#news-banner").wait_for()
        assert "A new urgent request is waiting." in page.locator("#news-banner").inner_text()
        assert page.title().startswith("(1 urgent) Request 000001")
        assert_accessible(page)
        page.get_by_role("link", name="Open it").click()
        page.wait_for_url(f"**/console/requests/{urgent}")

    def test_a_sound_is_played_for_whoever_wants_it(self, open_page, put):
        put({})
        page = open_page("/console/", Role.STAFF)
        page.evaluate(
            "() => { window.sounds = 0; const start = OscillatorNode.prototype.start;"
            " OscillatorNode.prototype.start = function () { window.sounds += 1; return start.call(this); }; }"
        )
        page.wait_for_function(KNOWN)
        page.get_by_label("Sound for a new urgent request").check()
        assert page.evaluate("window.sounds") == 1
        put({"priority": Priority.URGENT, "red_flags": True})
        page.locator("#news-banner").wait_for()
        assert page.evaluate("window.sounds") == 2

    def test_what_comes_between_two_pages_is_told_on_the_second(self, open_page, put):
        """A page asks every ten seconds: whoever goes from one to the next would miss a part of them."""
        put({})
        page = open_page("/console/", Role.STAFF)
        page.wait_for_function(KNOWN)
        put({"priority": Priority.URGENT, "red_flags": True})
        page.goto("/console/day")
        page.get_by_text("A new urgent request is waiting.").wait_for()
        page.goto("/console/")
        page.wait_for_timeout(1000)
        assert page.locator("#news-banner").count() == 0, "once is enough"

    @pytest.mark.parametrize("width", [390, 1440])
    def test_the_pages_are_accessible_and_fit(self, open_page, put, line, staff, width):
        ana = staff(name="Ana")
        one, _two, three = put({}, {"priority": Priority.URGENT, "red_flags": True}, {})
        triage.record_attempt(line, three, Actor.of(ana, ""), NOW, outcome=Outcome.NO_ANSWER)
        assigning.assign(line, one, Actor.of(ana, ""), NOW, to=ana.id)
        page = open_page("/console/", Role.LEAD, viewport={"width": width, "height": 844})
        for path in (f"/console/day?who={ana.id}", "/console/handover", f"/console/requests/{one}"):
            page.goto(path)
            for summary in page.locator("details.name summary, details.assign summary").all():
                summary.click()
            assert_accessible(page)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
