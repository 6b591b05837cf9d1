"""The page of what waits: many published as one and taken back as one, approvals, what is discarded."""

from ivr.models import Role
from ivr.services.prompts.releases import read_current
from tests.support.staff_pages import assert_accessible
from tests.support.studio import CLINICAL, EN, KEY, PAGE, newest, upload

WAITING = "/studio/waiting"


def heard(line):
    return [read_current(line.database, key, EN) for key in (KEY, "goodbye")]


def test_all_that_are_ready_are_published_and_taken_back_as_one(client_as, line, worker):
    client = client_as(Role.ADMIN)
    before = heard(line)
    upload(client, line)
    upload(client, line, "goodbye")
    worker()
    page = client.get(WAITING).text
    ids = [newest(line, key).id for key in (KEY, "goodbye")]
    assert page.count(" checked>") == 2
    page = client.send(WAITING, {"version": ids, "do": "publish"}, follow_redirects=True).text
    assert "2 versions are on the air in one release" in page
    assert "2 prompts, 2 of them on the air now" in page
    assert all(now != then for now, then in zip(heard(line), before, strict=True))
    release = page.partition("/studio/releases/")[2].partition("/")[0]
    page = client.send(f"/studio/releases/{release}/roll-back", follow_redirects=True).text
    assert "2 prompts are as before, in one release." in page
    assert heard(line) == before
    assert "Choose at least one" in client.send(WAITING, {"do": "publish"}, follow_redirects=True).text


def test_who_has_to_approve_sees_it_and_a_single_administrator_what_to_do(client_as, line, worker):
    author = client_as(Role.ADMIN)
    upload(author, line, CLINICAL)
    worker()
    version = newest(line)
    alone = "You are the only administrator"
    assert 'To approve <span class="number">1</span>' in author.get("/studio/").text
    assert alone in author.get(WAITING).text
    assert alone in author.get(f"/studio/{EN}/{CLINICAL}").text
    assert "Somebody else has to: you made it." in author.get(WAITING).text
    other = client_as(Role.ADMIN)
    assert alone not in author.get(WAITING).text
    assert f"Approve version {version.id} of {CLINICAL}" in other.get(WAITING).text
    page = other.send(f"/studio/versions/{version.id}/approve", {"from": "waiting"}, follow_redirects=True).text
    assert "Approved." in page
    assert "Nothing waits for an approval." in page
    assert f"choose-{version.id}" in page


def test_tried_and_refused_versions_are_discarded(client_as, line, worker):
    client = client_as(Role.ADMIN)
    upload(client, line)
    upload(client, line, data=b"no sound")
    worker()
    refused = newest(line)
    assert "Refused, and earlier tries" in client.get(WAITING).text
    page = client.send(f"/studio/versions/{refused.id}/discard", follow_redirects=True).text
    assert f"Version {refused.id} is discarded." in page
    tried = newest(line)
    assert tried.id != refused.id
    page = client.send(WAITING, {"version": [tried.id], "do": "discard"}, follow_redirects=True).text
    assert "1 version is discarded." in page
    assert newest(line) is None
    assert client.send(f"/studio/versions/{tried.id}/discard").status_code == 404


def test_an_unapproved_version_at_its_time_says_so(client_as, line, worker, clock):
    client = client_as(Role.ADMIN)
    upload(client, line, CLINICAL)
    worker()
    version = newest(line)
    client.send(f"/studio/versions/{version.id}/schedule", {"publish_at": "2026-11-24T08:00", "expires_at": ""})
    assert "if it is approved by then" in client.get(WAITING).text
    clock.now = newest(line).publish_at
    client = client_as(Role.ADMIN)
    assert "It should be on the air since" in client.get(WAITING).text
    assert "Its time has come, and nobody has approved it" in client.get(f"/studio/{EN}/{CLINICAL}").text


def test_in_a_browser_what_is_ready_is_heard_and_published(open_page, client_as, line, worker):
    client = client_as(Role.ADMIN)
    upload(client, line)
    upload(client, line, CLINICAL)
    upload(client, line, data=b"no sound")
    worker()
    page = open_page("/studio/", Role.ADMIN)
    page.get_by_role("link", name="Ready 1").click()
    page.get_by_role("heading", name="Prompts that wait").wait_for()
    assert_accessible(page)
    page.get_by_role("button", name=f"Approve version {newest(line, CLINICAL).id}").click()
    page.get_by_text("Approved.").wait_for()
    page.get_by_role("button", name="Publish the chosen").click()
    page.get_by_text("2 versions are on the air in one release").wait_for()
    page.get_by_role("button", name="Roll back release").click()
    page.get_by_text("2 prompts are as before").wait_for()
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert_accessible(page)
    assert page.request.get(page.url.replace(WAITING, PAGE)).ok
