"""The patients' pages in a real browser: with and without scripts, by keyboard alone, on 320 pixels, at 200 % zoom."""

from dataclasses import replace

import pytest

from ivr.models import Priority, Source
from tests.support.callers import stored
from tests.support.patients_browser import assert_seen_well, enter, into_main, press

NARROW = {"viewport": {"width": 320, "height": 640}}
ZOOMED = {"viewport": {"width": 640, "height": 480}, "device_scale_factor": 2}
"""A window of 1280 pixels whose page is shown at 200 %."""


@pytest.fixture
def line(make_line, sqlite_url):
    return make_line(sqlite_url, languages=("en-US", "es-US"), desk_numbers=("+16175550111",))


@pytest.fixture
def config(config):
    return replace(config, clinic_number="+16175550199")


def go_on(page):
    page.get_by_role("button").click()


def choose(page, words):
    page.get_by_label(words, exact=True).check()
    go_on(page)


@pytest.mark.parametrize("window", [NARROW, ZOOMED], ids=["320 pixels", "200 %"])
def test_a_request_in_spanish_for_someone_else_with_an_interpreter(open_page, line, window):
    page = open_page("/request/en-US", **window)
    assert_seen_well(page)
    page.get_by_role("link", name="Español").click()
    page.get_by_role("link", name="Empezar").click()
    assert_seen_well(page)
    choose(page, "Una cita")
    open_page.expected.append("422")
    page.get_by_role("textbox").fill("555")
    go_on(page)
    page.get_by_text("Hay un problema").wait_for()
    assert_seen_well(page)
    page.get_by_role("textbox").fill("(617) 555-0142")
    go_on(page)
    choose(page, "Sí")
    choose(page, "Un control después de un procedimiento")
    page.get_by_text("Llame al 911 ahora").wait_for()
    assert_seen_well(page)
    choose(page, "No")
    page.get_by_label("Mes").press_sequentially("mayo")
    go_on(page)
    page.get_by_text("Hay un problema").wait_for()
    assert page.get_by_label("Mes").input_value() == "mayo", "nothing that is typed is cut off unsaid"
    for name, value in (("Mes", "5"), ("Día", "17"), ("Año", "1948")):
        page.get_by_label(name).fill(value)
    assert_seen_well(page)
    go_on(page)
    choose(page, "El viernes")
    choose(page, "Por la mañana")
    choose(page, "No")
    choose(page, "Para otra persona")
    page.get_by_role("textbox").fill("José Núñez")
    go_on(page)
    page.get_by_label("Español").check()
    page.get_by_label("Sí", exact=True).check()
    page.get_by_role("textbox").fill("mixteco")
    assert_seen_well(page)
    go_on(page)
    page.get_by_role("textbox").fill("Mi papá no oye bien. " + "m" * 60)
    assert_seen_well(page)
    go_on(page)
    page.get_by_role("heading", name="Revise sus respuestas").wait_for()
    assert_seen_well(page)
    go_on(page)
    page.get_by_role("heading", name="Su solicitud está guardada").wait_for()
    assert_seen_well(page)
    [request] = stored(line)
    assert (request.source, request.language, request.needs_interpreter) == (Source.WEB, "es-US", True)
    page.go_back()
    page.get_by_role("heading").first.wait_for()
    assert len(stored(line)) == 1


def test_by_keyboard_alone_and_without_scripts(open_page, line):
    """The button follows the last field; a choice is made with the arrow keys, and sent with Enter."""
    page = open_page("/request/en-US/ask", java_script_enabled=False)

    def pick(down):
        into_main(page)
        press(page, "Tab", "Space" if down == 0 else "ArrowDown", *["ArrowDown"] * (down - 1), "Enter")

    page.get_by_role("heading", name="What can we do for you?").wait_for()
    pick(1)
    page.get_by_role("heading", name="Which phone number may we call?").wait_for()
    into_main(page)
    press(page, "Tab")
    page.keyboard.type("617 555 0142")
    press(page, "Enter")
    page.get_by_role("heading", name="What is it about?").wait_for()
    into_main(page)
    press(page, "Tab", "Tab", "ArrowDown", "Enter")
    page.get_by_role("heading", name="Is there a fever").wait_for()
    pick(0)
    page.get_by_role("heading", name="Your request is urgent").wait_for()
    assert page.get_by_role("link", name="Call 911").is_visible()
    into_main(page)
    press(page, "Tab", "Tab", "Tab", "Enter")
    page.get_by_role("heading", name="What is the patient's name?").wait_for()
    into_main(page)
    press(page, "Tab")
    page.keyboard.type("Ana Ruiz")
    press(page, "Enter")
    page.get_by_role("heading", name="Is there anything else").wait_for()
    into_main(page)
    press(page, "Tab", "Tab", "Enter")
    page.get_by_role("heading", name="Check your answers").wait_for()
    enter(page, page.get_by_role("button"))
    page.get_by_role("heading", name="Your request is saved").wait_for()
    [request] = stored(line)
    assert (request.priority, request.patient_name) == (Priority.URGENT, "Ana Ruiz")


def test_the_information_and_the_error_pages_are_seen_well(open_page):
    page = open_page("/request/en-US/learn", **NARROW)
    assert_seen_well(page)
    open_page.expected.append("404")
    page.goto("/request/fr-FR")
    assert_seen_well(page)
