"""The code's pages in a real browser: by keyboard, without scripts, on 320 pixels and wide, in English and Spanish."""

from dataclasses import replace

import pytest

from ivr.models import EntryKind
from tests.support.callers import stored
from tests.support.codes import arrived, wrong
from tests.support.patients_browser import assert_seen_well, enter, into_main, press
from tests.support.patients_pages import TELEPHONE
from tests.support.texts import history
from tests.support.triage import leave

NARROW = {"viewport": {"width": 320, "height": 640}}
WIDE = {"viewport": {"width": 1280, "height": 800}}


@pytest.fixture
def line(make_line, sqlite_url):
    line = make_line(sqlite_url, languages=("en-US", "es-US"), texts=True, sms_from="+16175550100")
    leave(line, "1 2 1 4 3 1 2").hang_up()
    return line


@pytest.fixture
def config(config):
    return replace(config, clinic_number=TELEPHONE)


@pytest.mark.parametrize("window", [NARROW, WIDE], ids=["320 pixels", "wide"])
@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en-US", ("Have you already asked us?", "Text me a code", "What is the code?",
                   "Show my request", "There is a problem", "Go on with my new request", "What is it about?")),
        ("es-US", ("¿Ya hizo una solicitud?", "Enviarme un código", "¿Cuál es el código?",
                   "Mostrar mi solicitud", "Hay un problema", "Seguir con mi nueva solicitud", "¿De qué se trata?")),
    ],
)  # fmt: skip
def test_every_page_is_seen_well_and_leads_on(open_page, line, window, language, words):
    already, send, code, show, problem, go_on, about = words
    open_page.expected.append("422")
    page = open_page(f"/request/{language}/ask", **window)
    page.get_by_role("radio").nth(1).check()
    page.get_by_role("button").click()
    page.get_by_role("textbox").fill("617 555 0142")
    page.get_by_role("button").click()
    page.get_by_role("link", name=already).wait_for()
    assert_seen_well(page)
    page.get_by_role("link", name=already).click()
    page.get_by_role("button", name=send).wait_for()
    assert_seen_well(page)
    page.get_by_role("button", name=send).click()
    page.get_by_role("heading", name=code).wait_for()
    assert_seen_well(page)
    digits = arrived(line)
    page.get_by_role("textbox").fill(wrong(digits))
    page.get_by_role("button", name=show).click()
    page.get_by_text(problem).wait_for()
    assert_seen_well(page)
    page.get_by_role("textbox").fill(digits)
    page.get_by_role("button", name=show).click()
    page.get_by_role("link", name=go_on).wait_for()
    assert_seen_well(page)
    page.get_by_role("link", name=go_on).click()
    page.get_by_role("heading", name=about).wait_for()
    assert len(stored(line)) == 1


def test_by_keyboard_alone_and_without_scripts(open_page, line):
    """One stop more than before on the page after the number; the code's field takes Enter."""
    page = open_page("/request/en-US/ask", java_script_enabled=False)
    page.get_by_role("radio").nth(1).check()
    enter(page, page.get_by_role("button"))
    page.get_by_role("textbox").fill("617 555 0142")
    enter(page, page.get_by_role("button"))
    page.get_by_role("heading", name="What is it about?").wait_for()
    into_main(page)
    press(page, "Tab", "Tab", "Enter")
    page.get_by_role("heading", name="Have you already asked us?").wait_for()
    into_main(page)
    press(page, "Tab", "Enter")
    page.get_by_role("heading", name="What is the code?").wait_for()
    digits = arrived(line)
    into_main(page)
    press(page, "Tab")
    page.keyboard.type(digits)
    press(page, "Enter")
    page.get_by_text("You asked for a call.").wait_for()
    assert page.url.split("/")[-2] == "r"
    page.reload()
    page.get_by_text("You asked for a call.").wait_for()
    page.get_by_label("In the afternoon").check()
    enter(page, page.get_by_role("button", name="Change the time"))
    page.get_by_text("The time is changed.").wait_for()
    enter(page, page.get_by_role("link", name="Go on with my new request"))
    page.get_by_role("heading", name="What is it about?").wait_for()
    assert len(history(line, EntryKind.CODE_USED)) == 1
    assert len(history(line, EntryKind.CHANGED_BY_LINK)) == 1
