"""The page of the hours: who may change them, what is refused, and a real browser."""

import re
from datetime import date
from html import unescape

import pytest

from ivr.config import parse_hours
from ivr.models import Role
from ivr.services.hours import hours
from ivr.services.prompts.rendering import make_greeting
from tests.support.staff_pages import assert_accessible

SNOW = {"first_day": "2026-11-23", "last_day": "2026-11-24", "reason": "weather", "name": "Snow day", "greeting": ""}
FORMS = ("weekly", "closures", "open-late", "close-now", "closures/1/lift")


def week(**times):
    """The form of weekly hours: Monday to Friday 8:30 to 17:00, and what is named."""
    usual = {f"{name}_{day}_0": time for day in range(5) for name, time in (("opens", "08:30"), ("closes", "17:00"))}
    return {**usual, **times}


def state(page):
    return re.sub(r"<[^>]+>", "", re.search(r'<div class="state.*?</div>', page.text, re.DOTALL)[0]).strip()


@pytest.mark.parametrize("role", Role)
def test_staff_read_and_only_admins_change(client_as, role):
    client = client_as(role)
    page = client.get("/console/hours")
    assert page.status_code == 200
    assert state(page).startswith("Open now until 5:00 PM today. Callers now hear: the usual greeting")
    assert "Thanksgiving Day" in page.text
    assert ("<form" in page.text.partition('id="main"')[2]) is (role is Role.ADMIN)
    for form in FORMS:
        status = client.send(f"/console/hours/{form}", SNOW).status_code
        assert (status == 403) is (role is not Role.ADMIN)


def test_signed_out_nothing_is_shown_or_done(client):
    assert client.get("/console/hours").status_code == 302
    for form in FORMS:
        assert client.send(f"/console/hours/{form}", SNOW).status_code == 302


def test_forms_need_their_token(client_as, line, clock):
    client = client_as(Role.ADMIN)
    for form in FORMS:
        assert client.post(f"/console/hours/{form}", data=SNOW).status_code == 400
    assert hours.closures(line, clock.now) == []


def test_an_admin_sets_the_weekly_hours(client_as, line):
    client = client_as(Role.ADMIN)
    assert 'value="08:30"' in client.get("/console/hours").text
    form = week(closes_4_0="12:00", opens_4_1="13:00", closes_4_1="00:00", opens_5_0="09:00", closes_5_0="12:00")
    assert client.send("/console/hours/weekly", form).location == "/console/hours"
    assert hours.weekly_hours(line)[0] == parse_hours(
        "Mon-Thu 08:30-17:00; Fri 08:30-12:00; Fri 13:00-24:00; Sat 09:00-12:00"
    )
    page = client.get("/console/hours").text
    assert 'name="closes_4_1" type="time" value="00:00"' in page
    assert "come from the settings" not in page


@pytest.mark.parametrize(
    ("times", "words"),
    [
        ({"closes_0_0": ""}, "Monday: one of two times is missing"),
        ({"opens_0_0": "17:30"}, "Monday: the clinic must close after it opens"),
        ({"opens_0_1": "16:59", "closes_0_1": "18:00"}, "Monday: the two openings overlap"),
        ({"opens_6_0": "9am", "closes_6_0": "12:00"}, "Sunday: a time should look like 08:30"),
        ({"opens_6_0": "24:01", "closes_6_0": "25:00"}, "Sunday: there is no such time as"),
    ],
)
def test_weekly_hours_that_cannot_be_are_refused_with_what_was_entered(client_as, line, times, words):
    answer = client_as(Role.ADMIN).send("/console/hours/weekly", week(**times))
    assert answer.status_code == 400
    assert words in answer.text
    for name, value in times.items():
        assert f'name="{name}" type="time" value="{value}"' in answer.text
    assert hours.weekly_hours(line)[1]


def test_an_empty_week_is_refused(client_as):
    assert "open at least once a week" in client_as(Role.ADMIN).send("/console/hours/weekly", {}).text


def test_a_closure_is_added_shown_and_lifted(client_as, line, clock):
    client = client_as(Role.ADMIN)
    assert client.send("/console/hours/closures", SNOW).location == "/console/hours"
    page = client.get("/console/hours")
    assert state(page).startswith(
        "Closed today (Snow day). Callers now hear: the standard sentence for bad weather; 0 takes a message."
    )
    assert 'datetime="2026-11-24"' in page.text
    assert "Close now for the rest of today" not in page.text
    (row,) = hours.closures(line, clock.now)
    assert (row.days.first_day, row.days.last_day) == (date(2026, 11, 23), date(2026, 11, 24))
    for _ in range(2):
        assert client.send(f"/console/hours/closures/{row.id}/lift").location == "/console/hours"
    page = client.get("/console/hours")
    assert "That closure was lifted already." in page.text
    assert state(page).startswith("Open now")


@pytest.mark.parametrize(
    ("time", "words"),
    [("8:3", "a time should look like 08:30"), ("07:00", "not open in these hours anyway"), ("11:05", "quarters of")],
)
def test_a_time_at_which_today_cannot_open_is_refused_and_the_last_good_one_holds(client_as, line, clock, time, words):
    clock.now = clock.now.replace(hour=12)
    admin = client_as(Role.ADMIN)
    for good in ("10:00", "11:00", "10:30"):
        assert admin.send("/console/hours/open-late", {"open_late": good}).location == "/console/hours"
    answer = admin.send("/console/hours/open-late", {"open_late": time})
    assert answer.status_code == 400
    told, _, below = unescape(answer.text).partition('<div class="state')
    assert words in told, "beside the field: whoever has a phone sees no further"
    assert words not in below
    assert f'value="{time}"' in told
    assert [(one.days.begins, one.days.ends) for one in hours.closures(line, clock.now)] == [(0, 630)]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"first_day": ""}, "Enter the first day"),
        ({"last_day": "tomorrow"}, "Enter the last day"),
        ({"last_day": "2026-11-22"}, "before the first one"),
        ({"reason": "fire"}, "Choose a reason"),
        ({"greeting": "word " * 40}, "18 seconds, 15 are the most"),
        ({"closed_until": "8:3"}, "Closed until: a time should look like 08:30"),
        ({"closed_from": "25:00"}, "Closed from: there is no such time as 25:00"),
        ({"closed_from": "11:00", "closed_until": "10:00"}, "until a later time than from"),
        ({"closed_until": "07:00"}, "not open in these hours anyway"),
        ({"closed_until": "11:05"}, "quarters of an hour"),
    ],
)
def test_closures_that_cannot_be_are_refused_with_what_was_entered(client_as, line, clock, changes, words):
    answer = client_as(Role.ADMIN).send("/console/hours/closures", {**SNOW, **changes})
    assert answer.status_code == 400
    assert words in answer.text
    assert 'value="Snow day"' in answer.text
    assert hours.closures(line, clock.now) == []


def test_a_greeting_is_shown_harmlessly_with_its_state(client_as, line, clock):
    client = client_as(Role.ADMIN)
    client.send("/console/hours/closures", {**SNOW, "greeting": "<b>We</b> have no power & no heat."})
    page = client.get("/console/hours").text
    assert "“&lt;b&gt;We&lt;/b&gt; have no power &amp; no heat.”" in page
    assert "not ready: the standard sentence is heard" in page
    (row,) = hours.closures(line, clock.now)
    with line.database.write() as session:
        session.get(hours.Closure, row.id).greeting = "We have no power and no heat."
    clip = make_greeting(line.database, row.id, "en-US", clock.now)
    page = client.get("/console/hours")
    assert f"ready, {clip.measurement.seconds:.0f} seconds" in page.text
    assert "“We have no power and no heat.”; 0 takes a message" in state(page)


def test_one_click_closes_the_rest_of_today(client_as, line, clock):
    client = client_as(Role.ADMIN)
    assert client.send("/console/hours/close-now", {"reason": "other"}).location == "/console/hours"
    assert client.send("/console/hours/close-now", {"reason": "other"}).location == "/console/hours"
    assert client.send("/console/hours/close-now", {"reason": "fire"}).status_code == 400
    assert len(hours.closures(line, clock.now)) == 1
    assert not line.calendar.is_open(clock.now)


def test_a_change_by_another_process_shows_at_once(client_as, line, clock):
    client = client_as(Role.STAFF)
    assert state(client.get("/console/hours")).startswith("Open now")
    with line.database.write() as session:
        session.add(
            hours.Closure(
                first_day=date(2026, 11, 23),
                last_day=date(2026, 11, 23),
                reason="weather",
                name="Ice",
                created_at=clock.now,
            )
        )
    assert state(client.get("/console/hours")).startswith("Closed today (Ice)")


def test_in_a_browser_an_admin_closes_with_an_own_greeting_and_lifts_it(open_page):
    page = open_page("/console/hours", Role.ADMIN)
    assert_accessible(page)
    page.get_by_label("Name, for staff").fill("Heating")
    page.get_by_label("Own greeting").fill("word " * 40)
    assert page.locator("#greeting-length").inner_text() == "About 18 seconds: too long, 15 are the most"
    page.get_by_label("Own greeting").fill("Our heating has failed.")
    assert page.locator("#greeting-length").inner_text() == "About 2 seconds"
    assert_accessible(page)
    page.get_by_role("button", name="Add this closure").click()
    page.get_by_text("The closure is saved").wait_for()
    assert page.locator(".state").inner_text().startswith("Closed today (Heating)")
    assert_accessible(page)
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert_accessible(page)
    page.get_by_role("button", name="Lift the closure of 2026-11-23").press("Enter")
    page.get_by_text("The closure is lifted").wait_for()
    assert page.locator(".state").inner_text().startswith("Open now")
    page.get_by_role("button", name="Close now for the rest of today").press("Enter")
    assert page.locator("#close-now-reason:invalid").count() == 1, "it asks for the reason first"
    page.locator("#close-now-reason").select_option("weather")
    page.get_by_role("button", name="Close now for the rest of today").press("Enter")
    page.get_by_text("closed for the rest of today").wait_for()
    page.get_by_label("Saturday: opens", exact=True).fill("09:00")
    page.get_by_label("Saturday: closes", exact=True).fill("12:00")
    page.get_by_role("button", name="Save the weekly hours").click()
    page.get_by_text("The weekly hours are saved").wait_for()
    assert page.get_by_label("Saturday: closes", exact=True).input_value() == "12:00"


def test_a_day_opens_late_with_a_time_and_a_click(open_page, line, clock):
    clock.now = clock.now.replace(hour=12)
    page = open_page("/console/hours", Role.ADMIN)
    for time, told in (("13:00", "1:00 PM"), ("11:00", "11:00 AM")):
        page.get_by_label("Opens today at").fill(time)
        page.get_by_role("button", name="Open late today").click()
        page.get_by_text(f"Today opens at {told}. Calls go by it").wait_for()
    assert page.locator(".state").inner_text() == (
        "Closed now. Callers now hear: that we open late, at 11:00 AM; 0 takes a message. Next opening: today 11:00 AM."
    )
    row = page.locator("section[aria-labelledby=closures] tbody tr")
    assert "opens at 11:00 AM" in row.inner_text()
    assert "That the clinic opens at 11:00 AM" in row.inner_text()
    assert_accessible(page)
    page.get_by_label("First day").fill("2026-11-24")
    page.get_by_label("Closed from").fill("14:00")
    page.get_by_label("Name, for staff").fill("Staff meeting")
    page.get_by_role("button", name="Add this closure").click()
    page.get_by_text("The closure is saved").wait_for()
    assert "closes at 2:00 PM" in row.nth(1).inner_text()
    assert [(c.days.first_day.day, c.days.begins, c.days.ends) for c in hours.closures(line, clock.now)] == [
        (23, 0, 660), (24, 840, 1440),
    ]  # fmt: skip
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.get_by_role("button", name="Lift the closure of 2026-11-23").click()
    page.get_by_text("The closure is lifted").wait_for()
    assert "Callers now hear: the usual greeting" in page.locator(".state").inner_text()
