"""A request on a phone and on paper: a low header, room for a thumb, a number that stays in sight, and one page."""

import re

import pytest

from ivr.models import EntryKind, Role
from tests.support.jobs import until
from tests.support.staff_pages import DIALLER, PHONE, assert_accessible
from tests.support.triage import entries

PAGE = "/console/requests/1"
HEADER, TARGET = 56, 44
"""Pixels: the header at most, what is to be touched at least."""

APPOINTMENT = "1 1 2 2 2 05171948 1 2 1 1 2 2 2 2 1 1 r 1"
SMALL = (
    "most => [...document.querySelectorAll('button, select, input:not([type=hidden]), textarea, summary, .button, .back a')]"
    ".filter(one => one.checkVisibility()).map(one => one.closest('label') ?? one)"
    ".filter(one => { const box = one.getBoundingClientRect(); return box.height && box.height < most })"
    ".map(one => one.outerHTML.slice(0, 120))"
)


@pytest.fixture
def page(open_page, leave):
    leave(APPOINTMENT, "CA1")
    leave(call="CA2")
    page = open_page("/console/account", Role.STAFF, **PHONE)
    page.add_init_script(DIALLER)
    page.goto(PAGE)
    return page


def test_the_header_is_low_and_has_a_menu(page):
    assert page.locator("header.bar").bounding_box()["height"] <= HEADER
    assert page.get_by_role("link", name="Hours").is_hidden()
    page.get_by_role("button", name="Menu").tap()
    page.get_by_role("link", name="Hours").wait_for()
    assert page.get_by_role("button", name="Sign out").is_visible()
    assert_accessible(page)
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Hours").wait_for(state="hidden")


def test_nothing_scrolls_the_number_away_and_everything_is_large_enough(page):
    page.locator("summary").first.tap()
    assert page.evaluate(SMALL, TARGET) == []
    page.locator("#save-next").scroll_into_view_if_needed()
    box = page.locator("a.dial").bounding_box()
    assert 0 <= box["y"] < 844 - box["height"]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert_accessible(page)


def test_the_number_is_the_button_and_the_call_is_noted(page, line):
    dial = page.locator("a.dial")
    assert (dial.get_attribute("href"), dial.inner_text()) == ("tel:+16175550142", "Call (617) 555-0142")
    dial.tap()
    page.locator("#dialled:not([hidden])").wait_for()
    until(lambda: [entry.kind for entry in entries(line)] == [EntryKind.CLAIMED, EntryKind.DIALLED])
    page.locator("label:has(input[value=no_answer])").tap()
    page.locator("#save").tap()
    page.get_by_text("Tried to reach the patient: no answer").wait_for()


def test_on_paper_it_is_one_page_without_forms(page):
    pdf = page.pdf()
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf)) == 1
    page.emulate_media(media="print")
    assert page.locator("form:visible, button:visible").count() == 0
    assert page.get_by_text("(617) 555-0142").first.is_visible()
