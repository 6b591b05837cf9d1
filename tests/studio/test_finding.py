"""Prompts are found by what people call them, and by what callers hear of them today."""

import tomllib

import pytest

from ivr.callflow.check import STAFF_PROMPTS, prompts_of
from ivr.callflow.tree import build
from ivr.config import PROMPTS
from ivr.models import PromptVersion, Role
from ivr.services.scripts import read_script, read_scripts
from ivr.studio.places import GROUPS, group_of, places_of, title_of
from tests.support.staff_pages import assert_accessible
from tests.support.studio import CLINICAL, EN, KEY, PAGE, newest, until, upload


@pytest.mark.parametrize(
    ("looked_for", "key"),
    [
        ("greeting", CLINICAL),
        ("welcome", CLINICAL),
        ("have us call you back", KEY),
        ("main menu", KEY),
        ("end of the call", "goodbye"),
        ("100", KEY),
        ("clear key", KEY),
    ],
)
def test_a_prompt_is_found_by_what_people_call_it(client_as, looked_for, key):
    found = client_as(Role.ADMIN).get(f"/studio/?find={looked_for}").text
    assert f"/{EN}/{key}" in found
    assert found.count('<th scope="row">') < 3


def test_words_on_the_air_are_found_and_not_those_of_the_script(client_as, line, worker):
    client = client_as(Role.ADMIN)
    upload(client, line, words="To be rung by us, please press 2.")
    worker()
    client.send(f"/studio/versions/{newest(line).id}/publish")
    assert "To be rung by us" in client.get("/studio/?find=rung+us").text
    assert "No prompt is like that" in client.get("/studio/?find=have+us+call+you").text


def test_every_prompt_says_where_it_is_heard(config):
    tree = build(("en-US", "es-US"), str)
    for key, places in places_of(tree, *prompts_of(tree)).items():
        assert len(list(filter(None, places))) == len(places) > 0, key
        assert group_of(key) in GROUPS
    assert group_of("digit_4") == group_of("am") == "Numbers, dates and times"
    assert group_of("number_this") == group_of("number") == "A request"
    weather = places_of(tree, "closure_weather")["closure_weather"]
    assert weather == ("In the greeting, on a day when the clinic is closed",)
    assert {group_of(key) for key in prompts_of(tree) if key.startswith(STAFF_PROMPTS)} == {GROUPS[-1]}


def test_what_is_not_as_the_script_has_a_tab_and_can_be_found_right(client_as, line, worker):
    client = client_as(Role.ADMIN)
    upload(client, line, words="To have us call you, press 2.")
    worker()
    client.send(f"/studio/versions/{newest(line).id}/publish")
    with line.database.write() as session:
        session.get(PromptVersion, newest(line).id).shipped_text = "For a callback, press 2."
    assert "not as the script" in client.get("/studio/?show=changed").text
    assert "The script has changed since" in client.get(PAGE).text
    assert "still right" in client.send(f"/studio/versions/{newest(line).id}/still-right", follow_redirects=True).text
    assert "No prompt is like that" in client.get("/studio/?show=changed").text


def test_every_prompt_has_a_title_of_its_own_in_plain_words(line):
    """One for all languages, and none that is of no prompt."""
    values = {"clinic": "A Clinic", "language_key": "1"}
    titles = tomllib.loads((PROMPTS / "titles.toml").read_text("utf-8"))
    scripts = read_scripts(PROMPTS, ["en-US", "es-US"], values["clinic"])
    for script in (*scripts.values(), read_script(PROMPTS / "pt-BR.toml", values)):
        for key in script.prompts:
            kind, _, number = key.rpartition("_")
            assert key in titles["titles"] or (number.isdigit() and kind in titles["blocks"]), key
    known = {key for script in scripts.values() for key in script.prompts}
    assert not set(titles["titles"]) - known
    assert len(set(titles["titles"].values())) == len(titles["titles"])
    assert scripts["es-US"].prompts["closure_weather"].title == "Closed because of snow or other weather"
    assert scripts["en-US"].prompts["month_5"].title == "Month: May"
    assert title_of(line.scripts, CLINICAL) == "Greeting, with 911"


def test_the_page_shows_the_sentence_around_a_prompt(client_as, line):
    page = client_as(Role.ADMIN).get(PAGE).text
    assert "<mark>To have us call you back, press 2.</mark>" in page
    assert "Menus: a call back" in page


def test_in_a_browser_the_sentence_is_heard(open_page):
    page = open_page(PAGE, Role.ADMIN)
    heard = []
    page.on("request", lambda request: heard.append(request.url) if request.url.endswith(".wav") else None)
    page.get_by_role("button", name="Hear it as a caller does").click()
    until(page, "document.getElementById('play-sentence').getAttribute('aria-pressed') === 'false'")
    assert heard
    assert_accessible(page)
