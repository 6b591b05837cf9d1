"""The queue in a real browser: keys, clicks, a list that refreshes itself, and how much of it fits."""

from datetime import timedelta

import pytest

from ivr.callflow.answers import BestTime, Kind, Reason, VisitType
from ivr.models import (
    PatientRequest,
    Priority,
    Recording,
    RecordingStatus,
    RequestStatus,
    Role,
    Source,
)
from ivr.services.audit import Actor
from ivr.services.requests import triage
from tests.support.kept_requests import put_requests
from tests.support.settings import MONDAY_MORNING
from tests.support.staff_pages import assert_accessible

NOW = MONDAY_MORNING
MINUTE = timedelta(minutes=1)
AGAIN = 7_000
"""Milliseconds in which the list has surely been refreshed."""


@pytest.fixture
def put(line):
    return lambda *specials: put_requests(line, *specials, now=NOW)


def status_of(line, request_id):
    with line.database.read() as session:
        return session.get_one(PatientRequest, request_id).status


def rows(page):
    return [row.get_attribute("id") for row in page.locator("#queue-rows tr").all()]


def focused(page):
    return page.evaluate("[document.activeElement.closest('tr')?.id, document.activeElement.className]")


COVERED = """() => [...document.querySelectorAll("#queue-rows tr")].filter((row) => {
  const button = row.querySelector("button.claim").getBoundingClientRect();
  return [...row.querySelectorAll("th, td:not(.with)")].some((cell) => {
    const words = document.createRange();
    words.selectNodeContents(cell);
    return [...words.getClientRects()].some(
      ({ left, right, top, bottom }) =>
        right > button.left && left < button.right && bottom > button.top + 2 && top < button.bottom,
    );
  });
}).map((row) => row.innerText)"""
"""The rows of the queue in which the button to claim lies over words."""


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
        page.wait_for_url(f"**/console/requests/{made[0]}")
        assert status_of(line, made[0]) is RequestStatus.CLAIMED

    def test_a_click_anywhere_in_a_row_opens_it(self, open_page, put):
        made = put({}, {"act_by": NOW + 40 * MINUTE, "best_time": BestTime.MORNING})
        page = open_page("/console/", Role.STAFF)
        box = page.locator(f"#request-{made[1]} td.next").bounding_box()
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.wait_for_url(f"**/console/requests/{made[1]}")

    @pytest.mark.parametrize("width", [320, 360, 390])
    def test_no_button_covers_words_on_a_phone(self, open_page, put, width):
        pressing = {"priority": Priority.URGENT, "red_flags": True, "reason": Reason.AFTER_PROCEDURE}
        follow_up = {"kind": Kind.APPOINTMENT, "visit_type": VisitType.FOLLOW_UP, "act_by": NOW + 3044 * MINUTE}
        put(
            pressing,
            follow_up,
            {**follow_up, "priority": Priority.SOON, "source": Source.WEB, "needs_interpreter": True},
            {**pressing, "source": Source.WEB, "language": "es-US"},
        )
        page = open_page("/console/", Role.STAFF, viewport={"width": width, "height": 800})
        assert page.locator("button.claim").count() == 4
        assert page.evaluate(COVERED) == []

    @pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
    def test_many_rows_fit(self, open_page, put, line, width, height):
        """Twenty are in view on a laptop. On a phone none is higher than 96 pixels, and the first is soon there."""
        pressing = {"priority": Priority.URGENT, "red_flags": True, "reason": Reason.AFTER_PROCEDURE}
        left = {"status": RequestStatus.INCOMPLETE, "left_incomplete": True}
        made = put(
            {**pressing, "act_by": NOW - 75 * MINUTE},
            {**pressing, **left},
            {"callback_number": None, "reason": Reason.MESSAGE},
            {**pressing, "act_by": NOW + 1424 * MINUTE},
            {"kind": Kind.APPOINTMENT, "visit_type": VisitType.FOLLOW_UP, "act_by": NOW + 3044 * MINUTE},
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
        page.wait_for_url(f"**/console/requests/{request_id}")

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
