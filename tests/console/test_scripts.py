"""The pages' scripts: modules that import one another, and are never served stale."""

import re
import shutil
from pathlib import Path

import pytest
from sqlalchemy import event

from ivr.config import ROOT
from ivr.models import Role
from tests.support.staff_pages import serving

STATIC, TEMPLATES = ROOT / "ivr" / "static", ROOT / "ivr" / "templates"
SCRIPTS = sorted(STATIC.rglob("*.js"))
IMPORT = re.compile(r'^import .+ from "(.+)";$', re.MULTILINE)
LOADED = re.compile(r'new URL\("(.+)", import\.meta\.url\)')
TAG = re.compile(r"<script\b[^>]*>")
MODULE_TAG = re.compile(
    r"""<script type="module"(?: blocking="render")? src="\{\{ url_for\('static', filename='([^']+)'\) \}\}">"""
)


def name_of(script: Path) -> str:
    return script.relative_to(STATIC).as_posix()


def used_by(script: Path) -> set[str]:
    """What a script imports or loads, by name."""
    text = script.read_text()
    return {name_of((script.parent / one).resolve()) for one in IMPORT.findall(text) + LOADED.findall(text)}


def entries() -> set[str]:
    """The scripts that templates name; every tag is a module's, so that nothing runs in a page itself."""
    found = set()
    for template in TEMPLATES.rglob("*.html"):
        text = template.read_text()
        named = MODULE_TAG.findall(text)
        assert len(TAG.findall(text)) == len(named), f"{template.name}: a script that is not a module of its own"
        found.update(named)
    return found


@pytest.mark.parametrize("script", SCRIPTS, ids=name_of)
def test_a_script_says_first_what_it_is_for(script):
    assert re.match(r"// [A-Z].{20,}", script.read_text())


def test_every_script_is_used_by_a_page_and_no_other_is_named():
    reached, waiting = set(), entries()
    while waiting:
        reached |= waiting
        waiting = {one for name in waiting for one in used_by(STATIC / name)} - reached
    assert reached == {name_of(script) for script in SCRIPTS}


@pytest.mark.parametrize("script", SCRIPTS, ids=name_of)
def test_a_browser_asks_again_whether_a_script_has_changed(client, script):
    address = f"/console/static/{name_of(script)}"
    first = client.get(address)
    assert first.mimetype in ("text/javascript", "application/javascript")
    assert first.headers["Cache-Control"] == "no-cache"
    again = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_nobody_is_looked_up_for_a_script(client_as, line):
    client, asked = client_as(Role.STAFF), []
    event.listen(line.database.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    assert client.get("/console/static/console/queue.js").status_code == 200
    assert asked == []
    assert client.get("/console/account").status_code == 200
    assert asked


@pytest.fixture
def upgraded(config, line, tmp_path):
    """The application with scripts of its own, which can be changed; yields its address and their folder."""
    folder = tmp_path / "static"
    shutil.copytree(STATIC, folder)
    server = serving(config, line)
    with server as address:
        server.app.extensions["console"].static_folder = str(folder)
        yield address, folder


@pytest.fixture
def server(upgraded):
    return upgraded[0]


def test_after_an_upgrade_a_page_runs_the_new_module_that_an_unchanged_one_imports(open_page, upgraded):
    page = open_page("/console/", Role.STAFF)
    asked = []
    page.on("response", lambda response: asked.append((response.url.rpartition("/static/")[2], response.status)))
    page.keyboard.press("?")
    assert page.get_by_text("Show these keys").is_visible()
    page.goto("/console/hours")
    page.goto("/console/")
    shortcuts = upgraded[1] / "shared" / "keyboard-shortcuts.js"
    shortcuts.write_text(shortcuts.read_text().replace("Show these keys", "Show these same keys"))
    page.goto("/console/")
    page.keyboard.press("?")
    assert page.get_by_text("Show these same keys").is_visible()
    shared = [status for name, status in asked if name == "shared/dom.js"]
    assert len(shared) == 3, "two pages, one of them twice, asked for the module that they share"
    assert [status for name, status in asked if name == "shared/keyboard-shortcuts.js"][-1] == 200
