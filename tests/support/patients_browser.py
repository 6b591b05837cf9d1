"""The patients' pages in a real browser: whether they are seen well, and the keyboard."""

from tests.support.jobs import until
from tests.support.page_faults import BEYOND, CLIPPED, SMALL
from tests.support.staff_pages import assert_accessible

TARGET = 44
"""Pixels, each way, of what is to be touched."""


def assert_seen_well(page):
    """Nothing is cut off, too small to touch, or beyond the window's edge; axe finds nothing, in light and dark."""
    page.wait_for_load_state()  # a page is found as soon as it is read: measured then, it has no style yet
    assert page.evaluate(CLIPPED) == []
    assert page.evaluate(SMALL, TARGET) == []
    assert page.evaluate(BEYOND) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert_accessible(page)


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def into_main(page):
    """Go by keyboard to what a page is about.

    A key that comes before the page is painted is lost: the skip link is the first that can be reached.
    """
    page.wait_for_load_state()
    until(lambda: page.keyboard.press("Tab") or page.locator(".skip:focus").count())
    press(page, "Enter", "Tab")


def enter(page, element):
    """Press Enter on an element that has the focus, as soon as the page takes keys."""
    into_main(page)
    element.press("Enter")
