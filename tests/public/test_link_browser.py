"""The link's page in a real browser: without scripts, on a narrow screen, with targets that fingers find."""

from datetime import timedelta

import pytest

from ivr.models import EntryKind, RequestStatus
from ivr.services.requests.links import new_link
from tests.support.settings import DEADLINE_SECONDS
from tests.support.staff_pages import serving
from tests.support.texts import agreed, history
from tests.support.triage import one

TARGETS = (
    "[...document.querySelectorAll('button, input:not([type=hidden]), textarea')].map(e => e.getBoundingClientRect())"
)
SMALLEST = 44


@pytest.fixture
def line(make_line, sqlite_url):
    return agreed(make_line(sqlite_url, texts=True, sms_from="+16175550100"), kind=None)


@pytest.fixture
def page(browser, config, line):
    with serving(config, line) as address:
        options = {"base_url": address, "java_script_enabled": False, "viewport": {"width": 320, "height": 640}}
        context = browser.new_context(**options)
        context.set_default_timeout(timedelta(seconds=DEADLINE_SECONDS) / timedelta(milliseconds=1))
        yield context.new_page()
        context.close()


def fits(page):
    """Nothing is wider than the screen, and everything that is pressed is large enough."""
    page.wait_for_load_state("load")  # its style sheet too
    sizes = page.evaluate(f"({{wide: document.documentElement.scrollWidth, targets: {TARGETS}}})")
    assert sizes["wide"] <= 320
    assert [one for one in sizes["targets"] if one["height"] < SMALLEST] == []


def test_a_patient_looks_changes_adds_and_cancels(page, line, clock):
    with line.database.write() as session:
        secret = new_link(session, 1, clock.now)
    page.goto(f"/r/{secret}")
    fits(page)
    assert one(line, 1).reference[:3] not in page.inner_text("main")
    page.get_by_role("button", name="Show my request").click()
    fits(page)
    assert "We will call you tomorrow" in page.inner_text("main")
    assert page.title().startswith("Your request")
    page.get_by_label("In the afternoon").check()
    page.get_by_role("button", name="Change the time").click()
    assert "tomorrow afternoon" in page.inner_text("main")
    page.get_by_label("Add something").fill("Please ask for Ana.")
    page.get_by_role("button", name="Add this").click()
    page.get_by_text("It is added to your request.").wait_for()
    page.reload()
    assert history(line, EntryKind.MESSAGE_BY_LINK) == ["Please ask for Ana."]
    page.get_by_role("button", name="Cancel my request").click()
    fits(page)
    page.get_by_role("button", name="Yes, cancel it").click()
    page.get_by_text("Your request is cancelled.").wait_for()
    assert one(line, 1).status is RequestStatus.CLOSED
    assert page.url.endswith(f"/r/{secret}")
