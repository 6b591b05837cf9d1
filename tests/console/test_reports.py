"""The reports and the audit trail, as leads and admins see them."""

import csv
import html
import io
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from ivr.callflow.answers import Draft, Kind
from ivr.console import words
from ivr.console.trail import DONE
from ivr.models import AuditAction, AuditEntry, Role
from ivr.services.audit import check
from ivr.services.requests.exporting import FORMULA_SIGNS, csv_line
from ivr.services.requests.online import OnlineRequest, save_online
from tests.support.callers import CALLBACK, keyed_call
from tests.support.staff_pages import assert_accessible, text_of


@pytest.fixture
def lead(client_as, line):
    keyed_call(line, "CA1", CALLBACK)
    keyed_call(line, "CA2", "1 2", "+16175550143")
    return client_as(Role.LEAD)


def test_the_page_has_the_figures_and_a_table_for_each_picture(lead):
    page = lead.get("/console/reports?days=7").text
    assert page.count("<picture>") == 2
    assert "Where callers give up" in page
    assert "1 of 2 calls ended before anything was finished (50 %)" in page


@pytest.mark.parametrize("name", ["week", "tree"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pictures_are_svg(lead, name, scheme):
    picture = lead.get(f"/console/reports/{name}-{scheme}.svg?days=7")
    assert picture.mimetype == "image/svg+xml"
    assert (picture.text[:4], picture.text[-6:]) == ("<svg", "</svg>")


def test_every_node_that_callers_come_to_stands_in_the_picture(lead, line):
    picture = lead.get("/console/reports/tree-light.svg").text
    texts = re.findall(r">([^<]+)</text>", picture)
    told = set(re.split(r"(?: |^)(?:\d+ of \d+ left|nobody came)(?: |$)", html.unescape(" ".join(texts))))
    width = int(re.search(r'width="(\d+)"', picture)[1])
    assert width <= 1100, "it fits the page"
    for_staff = [name for name in line.tree.nodes if name.startswith(("staff_", "studio_"))]
    assert [name for name in line.tree.nodes if words.node(name) not in told] == for_staff
    assert ">1 of 1 left<" in picture


def test_in_a_browser_every_name_fits_its_box(lead, open_page):
    open_page.expected.append("404")  # a picture by itself names no icon
    page = open_page("/console/reports/tree-light.svg", Role.LEAD)
    beyond = page.evaluate(
        """() => {
            const [ground, ...boxes] = [...document.querySelectorAll("rect")].map((one) => one.getBBox());
            const holds = (box, one) => box.x < one.x && one.x < box.x + box.width && box.y < one.y && one.y < box.y + box.height;
            return [...document.querySelectorAll("text")].filter((text) => {
                const [one, box] = [text.getBBox(), boxes.find((box) => holds(box, text.getBBox()))];
                return !box || one.x + one.width > box.x + box.width;
            }).map((text) => text.textContent);
        }"""
    )
    assert beyond == []


def test_exports_are_whole_and_leave_a_row(lead, client_as, line):
    rows = list(csv.DictReader(lead.send("/console/reports/requests.csv?days=7").text.splitlines()))
    assert [row["callback_number"] for row in rows] == ["'+16175550142"]
    listed = json.loads(lead.send("/console/reports/requests.json?days=7").text)
    assert [row["callback_number"] for row in listed] == ["+16175550142"]
    figures = json.loads(lead.get("/console/reports/figures.json").text)
    assert figures["requests"] == 1
    assert {one["place"] for one in figures["nodes"]} == {words.NODES[one["node"]] for one in figures["nodes"]} != set()
    table = dict(csv.reader(lead.get("/console/reports/figures.csv?days=7").text.splitlines()))
    assert (
        table["figure"],
        table["requests"],
        table["promises.routine.due"],
        table["by_weekday_and_hour.1.weekday"],
    ) == ("value", "1", "0", "Monday")
    trail = client_as(Role.ADMIN).get("/console/audit?action=exported").text
    assert re.findall(r"report (requests-7-\w+|figures-\d+-\w+)", trail) == [
        "figures-7-csv",
        "figures-30-json",
        "requests-7-json",
        "requests-7-csv",
    ]


@given(
    st.lists(
        st.text(st.characters(codec="utf-8"))
        | st.builds("{}{}".format, st.sampled_from(FORMULA_SIGNS), st.text(st.characters(codec="utf-8"))),
        min_size=1,
    )
)
def test_no_cell_begins_a_formula_and_none_is_lost(cells):
    (read,) = csv.reader(io.StringIO(csv_line(cells), newline=""))
    assert not any(cell.startswith(FORMULA_SIGNS) for cell in read)
    assert [
        cell.removeprefix("'") if sent.startswith(FORMULA_SIGNS) else cell
        for cell, sent in zip(read, cells, strict=True)
    ] == cells


def test_the_calendar_needs_its_secret_only(client_as, client):
    page = client_as(Role.STAFF).send("/console/calendar").text
    address = re.search(r"/console/calendar/[\w-]+\.ics", page)[0]
    feed = client.get(address)
    assert (feed.status_code, feed.mimetype) == (200, "text/calendar")
    assert client.get("/console/calendar/nonsense.ics").status_code == 404


def test_the_trail_is_searched_and_paged(client_as, monkeypatch, line):
    monkeypatch.setattr("ivr.services.audit.SHOWN", 1)
    admin = client_as(Role.ADMIN)
    admin.send("/console/calendar")
    first = admin.get("/console/audit").text
    older = re.search(r'href="(/console/audit\?[^"]*before=\d+)"', first)[1]
    assert admin.get(older.replace("&amp;", "&")).status_code == 200
    assert "Nothing was found" in admin.get("/console/audit?subject=request:99").text
    narrowed = admin.get("/console/audit?subject=staff:1&_scheme=javascript&who=cares").text
    assert re.search(r'href="(/console/audit\?subject=staff(?::|%3A)1&amp;before=\d+)">Older', narrowed)
    assert admin.get("/console/audit?day=nonsense&action=nonsense").status_code == 200


@pytest.mark.parametrize("width", [1280, 390])
def test_in_a_browser(open_page, line, width):
    keyed_call(line, "CA1", CALLBACK)
    page = open_page("/console/reports?days=7", Role.ADMIN, viewport={"width": width, "height": 900})
    picture = page.locator("picture img").first
    picture.scroll_into_view_if_needed()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 500
    for path in ("/console/reports?days=7", "/console/calendar", "/console/audit"):
        page.goto(path)
        assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def test_the_trail_speaks_plainly_and_says_whether_it_is_whole(client_as, line):
    admin = client_as(Role.ADMIN)
    assert set(DONE) == set(AuditAction)
    assert "Not checked yet" in admin.get("/console/audit").text
    check(line.database, line.clock())
    page = admin.get("/console/audit").text
    assert "every row is as it was written" in page
    assert ">Changed an account</td>" in page
    with line.database.write() as session:
        session.execute(update(AuditEntry).values(detail="something else"))
    check(line.database, line.clock())
    assert "found 1 fault: rows were changed" in admin.get("/console/audit").text


def test_the_figures_tell_which_door_requests_came_by(lead, line, clock):
    asked = Draft(kind=Kind.CALLBACK, callback_number="+16175550149")
    save_online(line, OnlineRequest("token", "en-US", asked), clock.now)
    figures = json.loads(lead.get("/console/reports/figures.json").text)
    none = {"due": 0, "kept": 0, "tried": 0, "reached": 0}
    assert figures["doors"] == {"phone": {"requests": 1, **none}, "web": {"requests": 1, **none}}
    assert "Online 1 0 of 0 0 of 0" in text_of(lead.get("/console/reports"))
    assert "doors.web.requests,1" in lead.get("/console/reports/figures.csv").text
