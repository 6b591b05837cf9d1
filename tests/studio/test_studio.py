"""The studio's pages: what they show, who may do what, files in and out, and a real browser with a microphone."""

import pytest

from ivr.models import PromptSource, PromptState, Role
from ivr.services.prompts.releases import read_current
from ivr.services.prompts.versions import LARGEST_TAKE
from tests.support.staff_pages import assert_accessible
from tests.support.studio import CLINICAL, EN, KEY, PAGE, newest, until, upload, words
from tests.support.takes import take


def test_the_matrix_shows_every_prompt_with_its_number_and_length(client_as, line):
    page = client_as(Role.ADMIN).get("/studio/").text
    assert page.count('<th scope="row">') == 3
    for part in ("3 prompts", "100", "machine", "clinical", words(line)):
        assert part in page
    found = client_as(Role.ADMIN).get("/studio/?find=goodbye").text
    assert found.count('<th scope="row">') == 1
    assert "No prompt is like that" in client_as(Role.ADMIN).get("/studio/?show=person").text


def test_from_upload_to_the_air_and_back(client_as, line, worker):
    client = client_as(Role.ADMIN)
    before = read_current(line.database, KEY, EN)
    assert "being made fit" in upload(client, line).text
    worker()
    version = newest(line)
    assert (version.state, version.source) == (PromptState.RECORDED, PromptSource.UPLOAD)
    page = client.get(PAGE).text
    assert "Publish now" in page
    assert client.get(f"/studio/versions/{version.id}.json").json["seconds"] == pytest.approx(version.seconds, abs=0.01)
    clip = client.get(f"/studio/versions/{version.id}.wav").data
    assert read_current(line.database, KEY, EN) == before != clip
    page = client.send(f"/studio/versions/{version.id}/publish", follow_redirects=True).text
    assert "calls that begin now hear it" in page
    assert read_current(line.database, KEY, EN) == clip
    assert "recorded" in client.get("/studio/?show=person").text
    client.send(f"{PAGE}/roll-back")
    assert read_current(line.database, KEY, EN) == before


def test_a_refused_recording_says_why(client_as, line, worker):
    client = client_as(Role.ADMIN)
    upload(client, line, data=take("No."))
    worker()
    assert "its words take" in client.get(PAGE).text
    assert "There is nothing in this file" in upload(client, line, data=b"").text


@pytest.mark.usefixtures("collected")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_large_files_may_come_here_and_larger_ones_not(client_as, line):
    """The test client leaves its own large files to the garbage collector."""
    client = client_as(Role.ADMIN)
    assert upload(client, line, data=b"\0" * (LARGEST_TAKE - 1)).status_code == 200
    assert "20 MB is the most" in upload(client, line, data=b"\0" * (LARGEST_TAKE + 10)).text
    refused = upload(client, line, data=b"\0" * (LARGEST_TAKE + 200_000))
    assert (refused.status_code, "20 MB are the most here" in refused.text) == (413, True)
    assert client.send("/console/hours/weekly", {"x": "y" * 1_100_000}).status_code == 413


def test_clinical_prompts_need_two_people(client_as, line, worker):
    author, other = client_as(Role.ADMIN), client_as(Role.ADMIN)
    upload(author, line, CLINICAL)
    worker()
    version = newest(line)
    address = f"/studio/{EN}/{CLINICAL}"
    assert "A second person has to approve this." in author.get(address).text
    assert (
        "a second person has to approve"
        in author.send(f"/studio/versions/{version.id}/publish", follow_redirects=True).text
    )
    assert "you made it yourself" in author.send(f"/studio/versions/{version.id}/approve", follow_redirects=True).text
    assert f"Approve version {version.id}" in other.get(address).text
    other.send(f"/studio/versions/{version.id}/approve")
    author.send(f"/studio/versions/{version.id}/publish")
    assert newest(line).state is PromptState.PUBLISHED
    assert f"approved by {other.member.name}" in author.get(address).text


def test_new_words_are_escaped_spoken_and_scheduled(client_as, line, worker, clock):
    client = client_as(Role.ADMIN)
    client.send(f"{PAGE}/script", {"words": "For a <b>callback</b>, press 2."})
    assert "&lt;b&gt;callback" in client.get(PAGE).text
    client.send(f"{PAGE}/script", {"words": "To be called & helped, press 2."})
    worker()
    version = newest(line)
    client.send(f"/studio/versions/{version.id}/schedule", {"publish_at": "2026-11-24T08:00", "expires_at": ""})
    assert newest(line).publish_at.isoformat() == "2026-11-24T13:00:00+00:00"
    assert "Goes on the air" in client.get(PAGE).text
    assert "scheduled" in client.get("/studio/").text
    assert (
        "Choose a day and a time"
        in client.send(f"/studio/versions/{version.id}/schedule", {"publish_at": "soon"}, follow_redirects=True).text
    )


def test_what_does_not_exist_is_not_found(client_as, line):
    client = client_as(Role.ADMIN)
    for address in (
        "/studio/xx/emergency",
        f"/studio/{EN}/nothing",
        "/studio/versions/99.wav",
        "/studio/versions/99.json",
        "/studio/versions/99/progress",
        "/studio/xx/export.zip",
    ):
        assert client.get(address).status_code == 404
    for address in ("/studio/versions/99/publish", f"/studio/{EN}/nothing/script"):
        assert client.send(address).status_code == 404


def test_only_here_may_a_page_use_the_microphone(client_as):
    client = client_as(Role.ADMIN)
    assert "microphone=(self)" in client.get(PAGE).headers["Permissions-Policy"]
    assert client.get("/console/hours").headers.getlist("Permissions-Policy") == [
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
    ]


# ---- A real browser


def test_in_a_browser_an_admin_records_hears_and_publishes(open_page, line, worker):
    page = open_page("/studio/", Role.ADMIN)
    assert_accessible(page)
    page.get_by_role("link", name=f"{KEY} in English: machine").click()
    page.get_by_role("heading", name=f"{KEY}, English").wait_for()
    assert_accessible(page)
    page.get_by_role("button", name="Start recording").click()
    page.get_by_text("Recording: 1 of").wait_for()
    until(page, "document.getElementById('level').value > 0.05")
    page.get_by_text("Recording: 6 of").wait_for()
    page.get_by_role("button", name="Stop and keep").click()
    page.get_by_text("being made fit").first.wait_for()
    version = newest(line)
    assert (version.state, version.source) == (PromptState.DRAFT, PromptSource.BROWSER)
    worker()
    page.get_by_role("button", name=f"Publish version {version.id}").wait_for()
    assert newest(line).state is PromptState.RECORDED
    player = page.get_by_role("group", name=f"Version {version.id}")
    player.get_by_role("button", name="Play").click()
    until(page, "[...document.querySelectorAll('audio')].some(one => one.currentTime > 0.3)")
    assert_accessible(page)
    page.get_by_role("button", name=f"Publish version {version.id}").click()
    page.get_by_text("calls that begin now hear it").wait_for()
    assert newest(line).state is PromptState.PUBLISHED
    page.get_by_role("button", name="Roll back").click()
    page.get_by_text("The version before is on the air again").wait_for()
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert_accessible(page)


def test_in_a_browser_a_wording_is_estimated_while_it_is_typed(open_page):
    page = open_page(PAGE, Role.ADMIN)
    told = page.locator("#words-told")
    page.get_by_label("What callers hear").fill("To get a callback, press 2.")
    assert told.inner_text() == "About 2.8 seconds. Reading level: grade 1."
    page.get_by_label("What callers hear").fill("word " * 40)
    assert "too long" in told.inner_text()
    page.get_by_label("What callers hear").fill(
        "Individuals necessitating telephonic communication should immediately depress the numeral."
    )
    assert "use shorter sentences or plainer words" in told.inner_text()
    assert_accessible(page)


def test_words_that_name_another_key_are_refused_where_they_are_written(client_as, line):
    page = client_as(Role.ADMIN).send(f"{PAGE}/script", {"words": "For a callback, press 5."}, follow_redirects=True)
    assert "These words name the key 5. Here the call has the key 2" in page.text
    assert newest(line) is None
