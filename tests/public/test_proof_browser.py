"""The proof of work in a real browser: worked out and sent by the page's own script, under the pages' policy."""

from dataclasses import replace

import pytest

from ivr.public import proof_of_work
from tests.support.callers import stored
from tests.support.jobs import until
from tests.support.patients_browser import assert_seen_well
from tests.support.patients_pages import ADDRESS_OF_BROWSERS, filled, numbers, send

NARROW = {"viewport": {"width": 320, "height": 640}}

REMEMBER_WHAT_IS_ANNOUNCED = """() => new MutationObserver(() => {
    const told = JSON.parse(sessionStorage.told ?? "[]");
    sessionStorage.told = JSON.stringify([...told, document.getElementById("proof-status").textContent]);
}).observe(document.getElementById("proof-status"), { childList: true })"""


@pytest.fixture
def line(make_line, sqlite_url):
    return make_line(sqlite_url, languages=("en-US", "es-US"))


@pytest.fixture
def config(config):
    return replace(config, clinic_number="+16175550199")


@pytest.fixture
def asked(open_page, app, line):
    """Opens the page that asks for a proof: `asked("es-US", …)` with what a context of a browser may have.

    `prepare` is done with the page before.
    """
    for number in numbers(5):
        send(app, number, ADDRESS_OF_BROWSERS)
    open_page.expected.append("429")

    def open_asked(language="en-US", prepare=lambda page: None, **options):
        cookie = filled(app, "6175550177", language=language).client.get_cookie("__Secure-request", path="/request")
        page = open_page(f"/request/{language}", **options)
        own = {"name": "request", "value": cookie.value, "domain": "127.0.0.1", "path": "/request", "httpOnly": True}
        page.context.add_cookies([own])
        prepare(page)
        page.goto(f"/request/{language}/check")
        page.get_by_role("button").click()
        page.locator("#proof").wait_for()
        page.wait_for_load_state()  # before its style sheet is there, more of it is visible than is shown
        return page

    return open_asked


def test_by_keyboard_alone_on_320_pixels(asked, line):
    page = asked(**NARROW)
    page.get_by_role("heading", name="One more step").wait_for()
    assert page.get_by_text("Many requests came from your network in the last hour.").is_visible()
    assert not page.get_by_text("This step needs JavaScript").is_visible()
    assert_seen_well(page)
    assert len(stored(line)) == 5
    page.evaluate(REMEMBER_WHAT_IS_ANNOUNCED)
    until(lambda: page.keyboard.press("Tab") or page.locator("button:focus").count())
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Your request is saved").wait_for()
    assert page.evaluate("JSON.parse(sessionStorage.told)") == [
        "Your device is working. When it is done, your request is sent by itself.",
        "Done. Your request is being sent.",
    ]
    assert len(stored(line)) == 6
    assert stored(line)[-1].patient_name == "Ana Ruiz"


def test_a_press_on_a_page_whose_script_comes_late_is_not_lost(asked, line):
    def late(page):
        page.route("**/proof.js", lambda route: page.wait_for_timeout(1500) or route.continue_())

    page = asked(prepare=late)
    page.get_by_role("button", name="Do this step and send my request").click()
    page.get_by_role("heading", name="Your request is saved").wait_for()
    assert len(stored(line)) == 6


def test_while_it_works_and_where_it_cannot(asked, monkeypatch):
    """A challenge that takes a minute, and a browser without what it needs."""
    monkeypatch.setattr(proof_of_work, "MOST", 100_000)
    monkeypatch.setattr(proof_of_work, "FEWEST", 100_000)
    page = asked("es-US", **NARROW)
    page.get_by_role("button", name="Hacer este paso y enviar mi solicitud").click()
    page.get_by_text("Su dispositivo está trabajando.").wait_for()
    until(lambda: page.locator("progress").evaluate("one => one.value") > 0)
    assert_seen_well(page)
    page.goto("about:blank")
    page.context.add_init_script("Object.defineProperty(crypto, 'subtle', { value: undefined })")
    page.goto("/request/es-US/check")
    page.get_by_role("button").click()
    page.get_by_text("Su navegador no puede hacer este paso.").wait_for()
    assert not page.get_by_role("button").is_visible()
    assert page.get_by_role("link", name="(617) 555-0199").first.is_visible()
    assert_seen_well(page)


def test_a_proof_that_does_not_count_is_done_again(asked, line):
    page = asked()
    page.locator("#proof").evaluate("form => { form.elements.altcha.value = 'none'; form.submit() }")
    page.get_by_text("does not belong to this request").wait_for()
    assert_seen_well(page)
    page.get_by_role("button").click()
    page.get_by_role("heading", name="Your request is saved").wait_for()
    assert len(stored(line)) == 6


def test_without_scripts_it_says_whom_to_call(asked, line):
    page = asked(java_script_enabled=False, **NARROW)
    page.get_by_role("heading", name="One more step").wait_for()
    assert page.get_by_text("This step needs JavaScript").is_visible()
    assert not page.get_by_role("button").is_visible()
    assert page.get_by_role("main").get_by_role("link", name="(617) 555-0199").is_visible()
    assert page.get_by_text("My left side hurts.").is_visible()
    assert len(stored(line)) == 5
