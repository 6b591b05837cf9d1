"""The queue's page: what it shows and hides, and what it does in a real browser."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from ivr.callflow.answers import BestTime, Kind, Reason, VisitType
from ivr.console.queue import length
from ivr.models import (
    AuditAction,
    AuditEntry,
    PatientRequest,
    Priority,
    Recording,
    RecordingStatus,
    RequestStatus,
    Role,
)
from ivr.services.audit import Actor
from ivr.services.requests import triage
from tests.support.kept_requests import put_requests
from tests.support.settings import MONDAY_MORNING, SUNDAY_EVENING
from tests.support.staff_pages import assert_accessible

NOW = MONDAY_MORNING
MINUTE = timedelta(minutes=1)
AGAIN = 7_000
"""Milliseconds in which the list has surely been refreshed."""


@pytest.fixture
def put(line):
    return lambda *specials: put_requests(line, *specials, now=NOW)


def text(answer):
    """A page without its tags, on one line."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)))


def status_of(line, request_id):
    with line.database.read() as session:
        return session.get_one(PatientRequest, request_id).status


class TestPage:
    def test_shows_whom_to_call_next_and_hides_who_that_is(self, client_as, put):
        put(
            {
                "priority": Priority.URGENT,
                "red_flags": True,
                "reason": Reason.AFTER_PROCEDURE,
                "best_time": BestTime.MORNING,
            },
            {"kind": Kind.APPOINTMENT, "visit_type": VisitType.FRACTURE, "birth_date": "1948-05-17", "attempts": 2},
            {"callback_number": None, "left_in_outage": True, "for_desk": True, "language": "es-US"},
        )
        page = client_as(Role.STAFF).get("/console/")
        words = text(page)
        assert page.status_code == 200
        for expected in (
            "Urgent 000001 Warning sign Callback: after procedure 10:30 AM in 30 min",
            "30 min Call back (mornings) Claim 000001", "000002 Appointment: fracture", "2 Try again",
            "000003 No number Left in an outage Passed to the desk Spanish Callback",
            "Listen: no number was left", "Now 3", "Later 0", "Incomplete 0", "Closed 0", "1 urgent", "None overdue",
        ):  # fmt: skip
            assert expected in words, expected
        assert not {"5550142", "0142", "1948"} & set(re.findall(r"\w+", page.get_data(as_text=True)))

    def test_says_what_to_do_about_an_incomplete_one(self, client_as, put):
        left = {"status": RequestStatus.INCOMPLETE, "left_incomplete": True}
        put({**left, "reason": Reason.PERSON}, {**left, "reason": Reason.MESSAGE, "pressed_nothing": True})
        words = text(client_as(Role.STAFF).get("/console/?tab=incomplete"))
        for expected in (
            "000001 Left unfinished Callback: person", "Call: they hung up early",
            "000002 Left unfinished Callback: message", "Listen: whoever called pressed nothing",
        ):  # fmt: skip
            assert expected in words, expected

    def test_an_unfinished_one_with_a_warning_sign_is_first_in_list_counts_and_title(self, client_as, put):
        left = {"status": RequestStatus.INCOMPLETE, "left_incomplete": True, "act_by": NOW + timedelta(days=2)}
        put(
            {"priority": Priority.SOON},
            {"act_by": NOW - MINUTE},
            {**left, "priority": Priority.URGENT, "red_flags": True},
        )
        client = client_as(Role.STAFF)
        page = client.get("/console/")
        assert re.findall(r'<tr id="request-(\d+)"', page.get_data(as_text=True)) == ["3", "2", "1"]
        assert "Urgent 000003 Warning sign Left unfinished Callback" in text(page)
        assert "<title>(1 urgent) Queue · " in page.get_data(as_text=True)
        assert re.findall(r'id="count-(\w+)">(\d+)', page.get_data(as_text=True)) == [
            ("now", "3"), ("later", "0"), ("incomplete", "0"), ("closed", "0"),
        ]  # fmt: skip
        urgent = client.get("/console/?priority=urgent").get_data(as_text=True)
        assert re.findall(r'<tr id="request-(\d+)"', urgent) == ["3"]

    def test_what_waits_until_later_is_counted_where_nobody_is_to_be_called_now(self, client_as, put):
        put({"status": RequestStatus.FOLLOW_UP, "attempts": 1, "act_by": NOW + MINUTE})
        client = client_as(Role.STAFF)
        page = client.get("/console/")
        assert "Nobody is to be called now. Well done. 1 wait until later." in text(page)
        assert "<title>Queue · " in page.get_data(as_text=True)
        assert "10:01 AM in 1 min 0 s" in text(client.get("/console/?tab=later"))

    def test_says_in_words_how_the_time_stands(self, client_as, put, staff):
        put(
            {"act_by": NOW - MINUTE * 12},
            {"act_by": NOW + MINUTE * 10, "created_at": NOW - MINUTE * 30},
            {"act_by": NOW + MINUTE * 10 + timedelta(seconds=1), "created_at": NOW - MINUTE * 30},
            {
                "act_by": NOW + timedelta(days=1),
                "first_attempt_at": NOW - MINUTE,
                "attempts": 1,
                "created_at": NOW - timedelta(days=9),
            },
        )
        page = client_as(Role.STAFF).get("/console/").get_data(as_text=True)
        found = re.findall(r'class="due (\w*)".*?<time[^>]*>([^<]*)</time> <span class="left">([^<]*)<', page)
        assert found == [
            ("late", "9:48 AM", "12 min late"),
            ("near", "10:10 AM", "only 10 min left"),
            ("", "10:10 AM", "in 10 min"),
            ("", "Tuesday 10:00 AM", "in 1 day 0 h"),
        ]

    @pytest.mark.parametrize(
        ("now", "words", "look"), [(NOW, "Open now until 5", "state"), (SUNDAY_EVENING, "Closed now.", "state closed")]
    )
    def test_says_whether_the_line_is_open_and_what_callers_hear(self, client_as, clock, now, words, look):
        clock.now = now
        page = client_as(Role.STAFF).get("/console/")
        told = re.search(r'<div class="([^"]*)" id="line-state"><p>([^<]*)</p>', page.get_data(as_text=True))
        assert told[1] == look
        assert told[2].startswith(words)
        assert "Callers now hear: the usual greeting" in told[2]

    def test_filters_and_pages_are_links(self, client_as, put, line):
        put(
            *({"act_by": NOW + MINUTE * (n + 1)} for n in range(30)),
            {"kind": Kind.APPOINTMENT, "priority": Priority.SOON},
        )
        client = client_as(Role.STAFF)
        page = client.get("/console/?kind=callback&priority=routine").get_data(as_text=True)
        following = re.search(r'rel="next" href="([^"]+)"', page)[1].replace("&amp;", "&")
        assert "kind=callback" in following
        assert "tab=now" in following
        rows = re.findall(r'<tr id="request-(\d+)"', client.get(following).get_data(as_text=True))
        assert rows == ["26", "27", "28", "29", "30"]
        assert re.findall(r'<tr id="request-(\d+)"', client.get("/console/?priority=soon").get_data(as_text=True)) == [
            "31"
        ]
        assert "No request is like that." in text(client.get("/console/?mine=1"))

    @pytest.mark.parametrize(
        "query", ["tab=x&kind=y&status=z&priority=1&at=nonsense", "at=a0-1-1&tab=closed", "language=" + "x" * 300]
    )
    def test_takes_no_harm_from_a_strange_address(self, client_as, put, query):
        put({})
        assert client_as(Role.STAFF).get(f"/console/?{query}").status_code == 200

    def test_names_of_staff_are_shown_harmlessly(self, client_as, put, staff, line):
        who = staff(name="<script>alert(1)</script>")
        (request_id,) = put({})
        triage.claim(line, request_id, Actor.of(who, ""), NOW)
        page = client_as(Role.STAFF).get("/console/").get_data(as_text=True)
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page

    def test_claims_of_whoever_is_gone_are_released_by_looking(self, client_as, put, line, staff, clock):
        who = staff()
        (request_id,) = put({})
        triage.claim(line, request_id, Actor.of(who, ""), NOW)
        clock.now += 9 * MINUTE
        client = client_as(Role.STAFF)
        client.get("/console/")
        assert status_of(line, request_id) is RequestStatus.CLAIMED
        clock.now += MINUTE
        client.get("/console/queue/list", headers={"X-Background": "1"})
        assert status_of(line, request_id) is RequestStatus.NEW


class TestRefreshing:
    def test_sends_nothing_when_nothing_changed(self, client_as, put, line, clock):
        put({})
        client = client_as(Role.STAFF)
        first = client.get("/console/queue/list")
        etag = first.headers["ETag"]
        clock.now += 5 * MINUTE
        again = client.get("/console/queue/list", headers={"If-None-Match": etag})
        assert (again.status_code, again.data) == (304, b"")
        put({})
        assert client.get("/console/queue/list", headers={"If-None-Match": etag}).status_code == 200

    def test_says_so_when_nobody_is_signed_in_any_more(self, client):
        assert client.get("/console/queue/list", headers={"X-Background": "1"}).status_code == 401


class TestSearching:
    def test_finds_by_number_without_it_standing_in_an_address(self, client_as, put, line):
        put({}, {"callback_number": "+16175550199", "status": RequestStatus.CLOSED, "closed_at": NOW})
        client = client_as(Role.STAFF)
        found = client.send("/console/queue/search", {"wanted": "(617) 555-0199"})
        assert found.status_code == 200
        assert "000002" in text(found)
        assert "000001" not in text(found)
        assert "0199" not in found.get_data(as_text=True)
        assert client.get("/console/queue/search").status_code == 405
        with line.database.read() as session:
            (entry,) = session.scalars(select(AuditEntry).where(AuditEntry.action == AuditAction.SEARCHED))
        assert (entry.actor, entry.detail) == (f"staff:{client.member.id}", "by number: 1 found")

    def test_says_what_to_type(self, client_as):
        answer = client_as(Role.STAFF).send("/console/queue/search", {"wanted": "Smith"})
        assert answer.status_code == 400
        assert "Type a reference of 6 digits" in text(answer)
        assert "Smith" not in text(answer)


class TestClaiming:
    def test_opens_the_request_or_says_who_was_faster(self, client_as, put, line):
        (request_id,) = put({})
        first, second = client_as(Role.STAFF), client_as(Role.STAFF)
        assert first.send(f"/console/queue/{request_id}/claim").location == f"/console/requests/{request_id}"
        answer = second.send(f"/console/queue/{request_id}/claim", follow_redirects=True)
        assert "Staff 1 is working on this request." in text(answer)
        assert second.send("/console/queue/99/claim", follow_redirects=True).status_code == 200

    def test_needs_the_pages_token(self, client_as, put, line):
        (request_id,) = put({})
        assert client_as(Role.STAFF).post(f"/console/queue/{request_id}/claim").status_code == 400
        assert status_of(line, request_id) is RequestStatus.NEW


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-5, "0 s"), (59, "59 s"), (60, "1 min 0 s"), (599, "9 min 59 s"), (600, "10 min"), (3599, "59 min"),
     (3600, "1 h 0 min"), (86399, "23 h 59 min"), (86400, "1 day 0 h"), (200000, "2 days 7 h")],
)  # fmt: skip
def test_spans_in_words(seconds, words):
    assert length(timedelta(seconds=seconds)) == words


def rows(page):
    return [row.get_attribute("id") for row in page.locator("#queue-rows tr").all()]


def focused(page):
    return page.evaluate("[document.activeElement.closest('tr')?.id, document.activeElement.className]")


@pytest.mark.usefixtures("browser")
class TestInTheBrowser:
    def test_of_two_who_claim_at_once_one_gets_it(self, open_page, put, line):
        (request_id,) = put({"priority": Priority.URGENT})
        pages = [open_page("/console/", Role.STAFF) for _ in range(2)]
        for page in pages:
            page.evaluate("document.querySelector('button.claim').click()")
        for page in pages:
            page.wait_for_selector(".messages, h1:not(:has-text('Queue'))")
        addresses = [page.evaluate("location.pathname") for page in pages]
        assert sorted(addresses) == ["/console/", f"/console/requests/{request_id}"]
        loser = pages[addresses.index("/console/")]
        winner = ["Staff 1", "Staff 2"][1 - addresses.index("/console/")]
        assert loser.locator(".messages").inner_text() == f"{winner} is working on this request."
        assert loser.locator("#queue-rows button.claim").count() == 0

    def test_by_keyboard_alone(self, open_page, put, line):
        made = put(*({"act_by": NOW + MINUTE * n} for n in range(3)))
        page = open_page("/console/", Role.STAFF)
        ids = [f"request-{one}" for one in made]
        for key, expected in (("j", 0), ("j", 1), ("j", 2), ("j", 2), ("k", 1)):
            page.keyboard.press(key)
            assert focused(page) == [ids[expected], "open reference"]
        page.keyboard.press("?")
        dialog = page.get_by_role("dialog", name="Keys")
        assert "J Next request" in " ".join(dialog.inner_text().split())
        assert_accessible(page)
        page.keyboard.press("j")
        page.keyboard.press("Escape")
        assert dialog.count() == 0
        assert focused(page)[0] == ids[1]
        page.keyboard.press("/")
        page.keyboard.type("jck?")
        assert page.input_value("#wanted") == "jck?"
        page.keyboard.press("Shift+Tab")
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("j")
        page.keyboard.press("c")
        page.wait_for_url(f"**/console/requests/{made[0]}", wait_until="commit")
        assert status_of(line, made[0]) is RequestStatus.CLAIMED

    def test_a_click_anywhere_in_a_row_opens_it(self, open_page, put):
        made = put({}, {"act_by": NOW + 40 * MINUTE, "best_time": BestTime.MORNING})
        page = open_page("/console/", Role.STAFF)
        box = page.locator(f"#request-{made[1]} td.next").bounding_box()
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.wait_for_url(f"**/console/requests/{made[1]}", wait_until="commit")

    @pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
    def test_many_rows_fit(self, open_page, put, line, width, height):
        """Twenty are in view on a laptop. On a phone none is higher than 96 pixels, and the first is soon there."""
        pressing = {"priority": Priority.URGENT, "red_flags": True, "reason": Reason.AFTER_PROCEDURE}
        left = {"status": RequestStatus.INCOMPLETE, "left_incomplete": True}
        made = put(
            {**pressing, "act_by": NOW - 75 * MINUTE},
            {**pressing, **left},
            {"callback_number": None, "reason": Reason.MESSAGE},
            *({"kind": Kind.APPOINTMENT, "visit_type": VisitType.OTHER_PAIN} for _ in range(20)),
        )
        with line.database.write() as session:
            facts = {"call_id": 1, "request_id": made[2], "status": RecordingStatus.STORED, "created_at": NOW}
            session.add(Recording(sid="RE1", duration_seconds=75, **facts))
        page = open_page("/console/", Role.STAFF, viewport={"width": width, "height": height})
        assert "Message 1:15" in page.locator(f"#request-{made[2]}").inner_text()
        boxes = [row.bounding_box() for row in page.locator("#queue-rows tr").all()]
        header = page.locator("header.bar").bounding_box()["height"]
        if width == 1440:
            assert sum(box["y"] + box["height"] <= height for box in boxes) >= 20
        else:
            assert max(box["height"] for box in boxes) <= 96
            assert boxes[0]["y"] - header <= 300 - 56
            assert min(one.bounding_box()["height"] for one in page.locator("button.claim").all()) >= 44

    def test_enter_opens(self, open_page, put):
        (request_id,) = put({})
        page = open_page("/console/", Role.STAFF)
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/console/requests/{request_id}", wait_until="commit")

    def test_keys_can_be_turned_off(self, open_page, put):
        put({})
        page = open_page("/console/", Role.STAFF)
        page.get_by_role("button", name="Keys").click()
        page.get_by_label("Use these keys").uncheck()
        page.get_by_role("button", name="Close").click()
        page.reload()
        page.keyboard.press("j")
        assert focused(page)[0] is None
        page.keyboard.press("?")
        assert page.get_by_role("dialog", name="Keys").count() == 1

    def test_a_refresh_keeps_the_place_and_what_is_typed(self, open_page, put, line, staff):
        made = put(*({"act_by": NOW + MINUTE * n} for n in range(20)))
        page = open_page("/console/", Role.STAFF, viewport={"width": 1100, "height": 500})
        page.fill("#wanted", "61755")
        page.get_by_text("Filters").click()
        page.select_option("#kind", "appointment")
        button = page.locator(f"#request-{made[12]} button.claim")
        button.scroll_into_view_if_needed()
        button.focus()
        top = button.bounding_box()["y"]
        assert page.title().startswith("(20) Queue")
        (urgent,) = put({"priority": Priority.URGENT})
        triage.claim(line, made[3], Actor.of(staff(name="Ana"), ""), NOW)
        with line.database.write() as session:
            session.get_one(PatientRequest, made[5]).status = RequestStatus.CLOSED
            session.get_one(PatientRequest, made[12]).attempts = 1
        page.wait_for_selector(f"#request-{urgent}", state="attached")
        expected = [urgent, *(one for one in made if one != made[5])]
        assert page.title().startswith("(1 urgent) Queue")
        assert rows(page) == [f"request-{one}" for one in expected]
        assert page.locator(f"#request-{made[3]}").inner_text().count("Ana") == 1
        assert page.locator(f"#request-{made[12]} td.number").inner_text() == "1"
        assert (page.input_value("#wanted"), page.input_value("#kind")) == ("61755", "appointment")
        assert focused(page) == [f"request-{made[12]}", "claim"]
        assert abs(button.bounding_box()["y"] - top) < 2

    def test_a_refresh_keeps_what_is_marked_and_typing_goes_on(self, open_page, put, line):
        made = put({}, {})
        page = open_page("/console/", Role.STAFF)
        page.evaluate("id => getSelection().selectAllChildren(document.getElementById(id))", f"request-{made[0]}")
        marked = page.evaluate("String(getSelection())")
        put({})
        page.wait_for_timeout(AGAIN)
        assert page.evaluate("String(getSelection())") == marked
        page.evaluate("getSelection().removeAllRanges()")
        page.focus("#wanted")
        page.keyboard.type("61")
        page.wait_for_selector("#queue-rows tr:nth-child(3)")
        page.keyboard.type("75")
        assert page.input_value("#wanted") == "6175"

    def test_the_focus_goes_to_the_next_row_when_its_own_is_gone(self, open_page, put, line):
        made = put(*({"act_by": NOW + MINUTE * n} for n in range(3)))
        page = open_page("/console/", Role.STAFF)
        page.keyboard.press("j")
        page.keyboard.press("j")
        with line.database.write() as session:
            session.get_one(PatientRequest, made[1]).status = RequestStatus.CLOSED
        page.wait_for_selector(f"#request-{made[1]}", state="detached")
        assert focused(page) == [f"request-{made[2]}", "open reference"]

    def test_times_count(self, open_page, put):
        put({"act_by": NOW + timedelta(seconds=3), "created_at": NOW - timedelta(seconds=5)})
        page = open_page("/console/", Role.STAFF)
        due = page.locator("td.due")
        assert "in 3 s" in due.inner_text() or "in 2 s" in due.inner_text()
        page.wait_for_selector("td.due.near:has-text('only ')")
        assert due.evaluate("one => getComputedStyle(one.querySelector('.left'), '::before').content").startswith('"◔')
        page.wait_for_selector("td.due.late:has-text(' s late')")
        assert due.evaluate("one => getComputedStyle(one.querySelector('.left'), '::before').content").startswith('"▲')

    def test_says_so_when_it_cannot_refresh(self, open_page, put):
        put({})
        page = open_page("/console/", Role.STAFF)
        page.evaluate(
            "() => { window.working = window.fetch; window.fetch = () => Promise.reject(new TypeError('offline')); }"
        )
        page.wait_for_selector("#queue.stale")
        page.evaluate("() => { window.fetch = window.working; }")
        page.wait_for_selector("#queue:not(.stale)")

    @pytest.mark.parametrize("width", [360, 1280])
    def test_is_accessible_and_fits(self, open_page, put, line, staff, width):
        put(
            {"priority": Priority.URGENT, "red_flags": True, "reason": Reason.AFTER_PROCEDURE, "act_by": NOW - MINUTE},
            {
                "priority": Priority.SOON,
                "act_by": NOW + 8 * MINUTE,
                "kind": Kind.APPOINTMENT,
                "visit_type": VisitType.FRACTURE,
            },
            {"status": RequestStatus.CLAIMED, "owner_id": staff(name="Ana").id, "owner_seen_at": NOW},
            {"status": RequestStatus.CLOSED, "closed_at": NOW},
        )
        page = open_page("/console/", Role.STAFF, viewport={"width": width, "height": 800})
        for path in ("/console/", "/console/?tab=later", "/console/?tab=closed", "/console/?tab=incomplete&overdue=1"):
            page.goto(path)
            assert_accessible(page)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.fill("#wanted", "6175550142")
        page.get_by_role("button", name="Search").click()
        page.wait_for_url("**/queue/search")
        assert page.locator("#queue-rows tr").count() == 4
        assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
