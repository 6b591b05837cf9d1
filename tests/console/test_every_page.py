"""Every page of the staff's, as a browser measures it: nothing is cut off, everything can be touched, axe finds nothing."""

from datetime import timedelta

import pytest

from ivr.models import Outcome, Priority, RequestStatus, Role
from ivr.services.audit import Actor
from ivr.services.requests import naming, triage
from tests.support.kept_requests import put_requests
from tests.support.page_faults import BEYOND, CLIPPED, SCROLLS, SMALL
from tests.support.staff_pages import PASSWORD, accessibility_faults

HEADER, TARGET = 56, 44
"""Pixels: the header at most, what is to be touched at least."""

PHONE, DESK = 390, 1440
SIZES = {PHONE: 844, 768: 1024, DESK: 900}

PAGES = {
    "console.queue": ("/console/", "/console/?tab=later", "/console/?tab=incomplete", "/console/?tab=closed"),
    "console.request": tuple(f"/console/requests/{n}" for n in range(1, 6)),
    "console.my_day": ("/console/day",),
    "console.handover": ("/console/handover",),
    "console.reports": ("/console/reports?days=7",),
    "console.trail": ("/console/audit",),
    "console.opening_hours": ("/console/hours",),
    "console.accounts": ("/console/accounts",),
    "console.account": ("/console/accounts/1",),
    "console.my_account": ("/console/account",),
    "console.calendar": ("/console/calendar",),
    "studio.matrix": ("/studio/",),
    "studio.prompt": ("/studio/en-US/emergency",),
    "studio.session": ("/studio/en-US/session",),
    "studio.session_prompt": ("/studio/en-US/session/emergency",),
    "studio.waiting": ("/studio/waiting",),
    "studio.clips": ("/studio/clips",),
    "phone.page": ("/phone",),
    "phone.desk": ("/phone/desk",),
}
SIGNING_IN = {"security.login", "security.two_factor_token_validation", "security.mf_recovery"}
NO_PAGES = {
    "static": "files",
    "console.queue_list": "a part of the queue's page",
    "console.news_of_queue": "for scripts",
    "console.open_then": "for scripts",
    "console.session_left": "for scripts",
    "console.call_progress": "for scripts",
    "console.request_next": "leads to a request",
    "console.recording_audio": "sound",
    "console.recording_bars": "for scripts",
    "console.report_picture": "a picture",
    "console.report_figures": "a file",
    "console.calendar_feed": "a calendar",
    "console.second_factor_picture": "a picture",
    "phone.slash": "leads to the telephone",
    "studio.audio": "sound",
    "studio.bars": "for scripts",
    "studio.progress": "for scripts",
    "studio.import_progress": "for scripts",
    "studio.imported": "shown once a zip was sent",
    "studio.export_language": "a file",
    "security.verify": "the sign-in form once more",
    "security.two_factor_setup": "shown while a second factor is set up",
    "console.recovery_codes": "shown once, after a form",
    "console.welcome": "by a link that is made once",
}
FORMS = {"security.two_factor_rescue", "security.tf_select", "security.mf_recovery_codes"}
"""Pages of the library that are switched off."""


def test_every_page_is_measured_or_says_why_not(console):
    acts = {rule.endpoint for rule in console.url_map.iter_rules() if "GET" in rule.methods and "POST" in rule.methods}
    pages = {rule.endpoint for rule in console.url_map.iter_rules() if "GET" in rule.methods}
    led = {one for one in acts if one.startswith("console.request_")}
    assert pages - led == set(PAGES) | SIGNING_IN | set(NO_PAGES) | FORMS


@pytest.fixture
def work(line, clock, staff):
    """Somebody with a long name, and one request of every kind."""
    nurse = staff(Role.ADMIN, name="Alexandria Featherstonehaugh-Montgomery")
    me, now = Actor.of(nurse, "192.0.2.1"), clock.now
    put_requests(
        line,
        {"priority": Priority.URGENT, "red_flags": True, "status": RequestStatus.INCOMPLETE, "left_incomplete": True},
        {"priority": Priority.SOON, "due_at": now - timedelta(days=2)},
        {},
        {"callback_number": None, "left_in_outage": True},
        {},
        now=now,
    )
    naming.set_name(line, 2, me, now, name="Maximiliana Wolfeschlegelsteinhausen", record_number="MR-0042")
    triage.claim(line, 2, me, now)
    triage.record_attempt(
        line, 3, me, now, outcome=Outcome.NO_ANSWER, follow_up_at=now + timedelta(days=3), note="x" * 90
    )
    triage.claim(line, 5, me, now)
    triage.close(line, 5, me, now, disposition="answered", note="She called herself, and everything is answered.")
    return nurse


def faults_of(page, width):
    found = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        found += page.evaluate(CLIPPED)
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        found.append(f"the page scrolls sideways: {page.evaluate(BEYOND)}")
    if width == PHONE:
        found += page.evaluate(SMALL, TARGET)
        found += page.evaluate(SCROLLS)
        if (height := page.locator("header.bar").bounding_box()["height"]) > HEADER:
            found.append(f"the header is {height} high")
    return list(dict.fromkeys(found))


@pytest.mark.parametrize("width", SIZES)
def test_nothing_is_cut_off_and_everything_can_be_touched(open_page, work, width):
    size = {"viewport": {"width": width, "height": SIZES[width]}, "has_touch": width == PHONE}
    page, told = open_page("/console/", work, **size), {}
    open_page.expected.append("404")
    for path in (*(path for paths in PAGES.values() for path in paths), "/console/nothing"):
        page.goto(path)
        if found := faults_of(page, width):
            told[path] = found
        for opened in page.locator("details:not([open]) > summary").all():
            if opened.is_visible():
                opened.click()
        if found := [one for one in faults_of(page, width) if one not in told.get(path, ())]:
            told[f"{path}, all opened"] = found
        if width == DESK and (found := accessibility_faults(page)):
            told[f"{path}, to axe"] = found
    assert not told, "\n".join(f"{path}\n  " + "\n  ".join(found) for path, found in told.items())


def test_the_navigation_of_an_admin_stands_in_one_row_on_a_laptop_and_in_two_on_a_tablet(open_page):
    page = open_page("/console/hours", Role.ADMIN, viewport={"width": 1280, "height": 800})
    page.locator(".me a").evaluate("link => link.textContent = 'Anne Smith'")
    links = page.locator(".bar a").all()
    rows = {round(one.bounding_box()["y"] + one.bounding_box()["height"] / 2) for one in links}
    assert max(rows) - min(rows) < 5, rows
    page.locator(".brand span").evaluate("name => name.textContent = 'Massachusetts Bay Spine and Pain Rehabilitation'")
    for width in (780, 1024, 1270):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.locator("header.bar").bounding_box()["height"] < 110, width
        assert len({round(one.bounding_box()["y"]) for one in page.locator(".bar nav a").all()}) == 1, width
        brand, me = (page.locator(part).bounding_box() for part in (".brand", ".me"))
        assert brand["x"] + brand["width"] < me["x"], width


@pytest.mark.parametrize("width", SIZES)
def test_signing_in_as_well(open_page, staff, width):
    admin = staff(Role.ADMIN, password=PASSWORD)
    size = {"viewport": {"width": width, "height": SIZES[width]}, "has_touch": width == PHONE}
    page = open_page("/console/sign-in", **size)
    told = faults_of(page, width)
    page.get_by_label("E-mail address").fill(admin.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/sign-in/code**")
    told += faults_of(page, width)
    page.goto("/console/sign-in/recovery")
    told += faults_of(page, width) + accessibility_faults(page)
    assert told == []
