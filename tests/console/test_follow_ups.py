"""A follow-up on a day or at an hour when the clinic is closed is pointed out, with the next opening; it may stay."""

from datetime import datetime

import pytest

from ivr.console.follow_ups import closed_then
from ivr.models import PatientRequest, RequestStatus, Role
from tests.support.staff_pages import assert_accessible

PAGE = "/console/requests/1"
THANKSGIVING = "2026-11-26T10:00"


@pytest.mark.parametrize(
    ("at", "words", "opens"),
    [
        ("2026-11-24T10:00", None, None),
        ("2026-11-24T08:30", None, None),
        ("2026-11-24T17:00", None, None),
        (
            "2026-11-24T19:30",
            "The clinic is closed on Tuesday, Nov 24 at 7:30 PM. It opens next Wednesday 8:30 AM.",
            "2026-11-25T08:30",
        ),
        (
            "2026-11-24T06:00",
            "The clinic is closed on Tuesday, Nov 24 at 6:00 AM. It opens next Tuesday 8:30 AM.",
            "2026-11-24T08:30",
        ),
        (
            "2026-11-28T10:00",
            "The clinic is closed on Saturdays. It opens next Nov 30, 2026, 8:30 AM.",
            "2026-11-30T08:30",
        ),
        (
            THANKSGIVING,
            "The clinic is closed on Thursday, Nov 26: Thanksgiving Day. It opens next Friday 8:30 AM.",
            "2026-11-27T08:30",
        ),
    ],
)
def test_what_is_said_of_a_time(line, clock, at, words, opens):
    zone = line.calendar.timezone
    told = closed_then(line.calendar, datetime.fromisoformat(at).replace(tzinfo=zone), clock.now)
    assert (told and told.words) == words
    assert (told and f"{told.opens_at.astimezone(zone):%Y-%m-%dT%H:%M}") == opens


def test_nothing_is_said_of_what_is_no_time(client_as):
    staff = client_as(Role.STAFF)
    for at in ("", "nonsense", "2026-02-31T10:00", "9999-12-31T23:59"):
        assert staff.get(f"/console/open-then?at={at}").json["words"] == ""


@pytest.fixture
def form(open_page, leave):
    """A request's page in which nobody answered."""
    leave()
    page = open_page(PAGE, Role.STAFF)
    page.locator("input[value=no_answer]").check()
    return page


def test_the_form_points_it_out_and_proposes_the_next_opening(form):
    closed, field = form.locator("#closed-then"), form.get_by_label("Call again at")
    assert closed.inner_text() == ""
    field.fill(THANKSGIVING)
    closed.get_by_text("closed on Thursday, Nov 26: Thanksgiving").wait_for()
    assert_accessible(form)
    closed.get_by_role("button", name="Take Friday 8:30 AM").click()
    closed.locator("p").wait_for(state="detached")
    assert field.input_value() == "2026-11-27T08:30"
    form.locator("#save").click()
    form.get_by_text("is saved. It comes back").wait_for()
    assert form.get_by_text("The clinic is closed").count() == 0


def test_such_a_time_is_saved_all_the_same_and_said_again(form, line):
    form.get_by_label("Call again at").fill(THANKSGIVING)
    form.locator("#save").click()
    form.locator(".message.warn", has_text="The clinic is closed on Thursday, Nov 26").wait_for()
    with line.database.read() as session:
        request = session.get(PatientRequest, 1)
    at = request.act_by.astimezone(line.calendar.timezone)
    assert (request.status, f"{at:%Y-%m-%dT%H:%M}") == (RequestStatus.FOLLOW_UP, THANKSGIVING)


def test_one_that_was_typed_before_is_pointed_out_when_the_page_is_opened_again(form):
    with form.expect_response("**/draft"):
        form.get_by_label("Call again at").fill(THANKSGIVING)
    form.locator("html:not([data-unkept])").wait_for()
    form.reload()
    form.locator("#closed-then").get_by_text("Thanksgiving").wait_for()
