"""The studio's pages: what they show, who may do what, files in and out, and a real browser with a microphone."""

import gc
import io
import json
import zipfile

import pytest
from sqlalchemy import select

from ivr.models import PromptNumber, PromptSource, PromptState, PromptVersion, Role
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


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_large_files_may_come_here_and_larger_ones_not(client_as, line):
    """The test client leaves its own large files to the garbage collector."""
    client = client_as(Role.ADMIN)
    assert upload(client, line, data=b"\0" * (LARGEST_TAKE - 1)).status_code == 200
    assert "20 MB is the most" in upload(client, line, data=b"\0" * (LARGEST_TAKE + 10)).text
    refused = upload(client, line, data=b"\0" * (LARGEST_TAKE + 200_000))
    assert (refused.status_code, "20 MB are the most here" in refused.text) == (413, True)
    assert client.send("/console/hours/weekly", {"x": "y" * 1_100_000}).status_code == 413
    gc.collect()


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


# ---- Zips


def exported(client):
    return zipfile.ZipFile(io.BytesIO(client.get(f"/studio/{EN}/export.zip").data))


def zipped(files):
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return sink.getvalue()


def bring_back(client, data):
    return client.send(f"/studio/{EN}/import", {"zip": (io.BytesIO(data), "back.zip")}, follow_redirects=True).text


def test_a_language_goes_to_a_recording_studio_and_comes_back(client_as, line, worker):
    client = client_as(Role.ADMIN)
    archive = exported(client)
    manifest = json.loads(archive.read("manifest.json"))
    files = {name: archive.read(name) for name in archive.namelist()}
    assert {entry["key"] for entry in manifest["prompts"]} == set(line.scripts[EN].prompts)
    entry = next(entry for entry in manifest["prompts"] if entry["key"] == KEY)
    assert files[entry["file"]] == read_current(line.database, KEY, EN)
    assert entry["direction"] in files["script.txt"].decode()
    assert "0 recordings and 0 new wordings" in bring_back(client, zipped(files))
    files[entry["file"]] = take(words(line))
    next(one for one in manifest["prompts"] if one["key"] == "goodbye")["text"] = "Thank you. Goodbye."
    manifest["prompts"].append({"key": "unknown", "text": "Hello."})
    files["manifest.json"] = json.dumps(manifest)
    page = bring_back(client, zipped(files))
    assert "1 recordings and 1 new wordings are drafts now" in page
    assert "unknown: There is no such prompt." in page
    worker()
    with line.database.read() as session:
        made = {row.key: row.state for row in session.scalars(select(PromptVersion).where(PromptVersion.own))}
    assert made == {KEY: PromptState.RECORDED, "goodbye": PromptState.RECORDED}


def number(line):
    with line.database.read() as session:
        return session.scalars(select(PromptNumber.number).where(PromptNumber.key == KEY)).one()


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize(
    "shape",
    ["as it went out", "in a folder", "other names", "capital letters, subfolders", "the number alone", "no manifest"],
)
def test_a_recording_comes_back_in_whatever_shape(client_as, line, shape):
    """The test client leaves its own large files to the garbage collector."""
    client = client_as(Role.ADMIN)
    archive = exported(client)
    files = {name: archive.read(name) for name in archive.namelist()}
    (mine,) = [name for name in files if name.endswith(f"-{KEY}.wav")]
    new = take(words(line))
    back = {
        "as it went out": {**files, mine: new},
        "in a folder": {f"Bay State/{name}": new if name == mine else data for name, data in files.items()},
        "other names": {**files, f"Option callback, {KEY}, take 2.mp3": new},
        "capital letters, subfolders": {f"Final/{KEY.upper()}.WAV": new, "__MACOSX/Final/._x.wav": b"x"},
        "the number alone": {"manifest.json": files["manifest.json"], f"{number(line)}.flac": new},
        "no manifest": {f"a/b/{number(line)} - Jane.wav": new},
    }[shape]
    if shape == "other names":
        del back[mine]
    page = bring_back(client, zipped(back))
    assert "1 recordings and 0 new wordings are drafts now" in page
    assert f"became a draft of {KEY}." in page
    assert "._x.wav" not in page
    assert (newest(line).key, newest(line).text) == (KEY, words(line))
    again = bring_back(client, zipped(back))
    assert "0 recordings and 0 new wordings" in again
    assert "unchanged." in again
    gc.collect()


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_an_edited_script_comes_back_and_strange_files_are_named(client_as, line):
    client = client_as(Role.ADMIN)
    archive = exported(client)
    files = {name: archive.read(name) for name in archive.namelist()}
    sheet = files["script.txt"].decode().replace(words(line), "To be called by us, press 2.")
    page = bring_back(client, zipped({**files, "script.txt": sheet, "notes.docx": b"x", "999.wav": b"x"}))
    assert f"New words became a draft of {KEY}." in page
    assert "notes.docx: not recognised." in page
    assert "999.wav: not recognised." in page
    assert newest(line).text == "To be called by us, press 2."
    gc.collect()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK",
        zipped({"x": "y"}),
        zipped({"manifest.json": "[]"}),
        zipped({"manifest.json": '{"language": "en-US", "prompts": [{}]}'}),
        zipped({"manifest.json": '{"language": "en-US", "prompts": 5}'}),
        zipped({"manifest.json": b"\0" * 3_000_000}),
    ],
)
def test_zips_that_are_none_are_refused(client_as, line, data):
    page = bring_back(client_as(Role.ADMIN), data)
    assert 'class="message bad"' in page
    assert newest(line) is None


SILENCE = b"\0" * 19_000_000


def named(*pairs):
    return json.dumps(
        {"language": EN, "prompts": [{"key": key, "text": "Hello.", "file": file} for key, file in pairs]}
    )


@pytest.mark.parametrize(
    ("files", "packing", "words"),
    [
        ({"manifest.json": named(*((f"k{n}", "a.wav") for n in range(8))), "a.wav": b"sound"}, zipfile.ZIP_STORED,
         "a file twice"),
        ({"manifest.json": named((KEY, "a.wav"), (KEY, "b.wav")), "a.wav": b"a", "b.wav": b"b"}, zipfile.ZIP_STORED,
         "a prompt or a file twice"),
        ({"manifest.json": named(*((f"k{n}", None) for n in range(2001)))}, zipfile.ZIP_STORED, "too many prompts"),
        ({"manifest.json": named((KEY, "a.wav")), "a.wav": SILENCE}, zipfile.ZIP_DEFLATED, "far more than sound"),
        ({"manifest.json": named(*((f"k{n}", f"{n}.wav") for n in range(8))), **{f"{n}.wav": SILENCE for n in range(8)}},
         zipfile.ZIP_DEFLATED, "far more than sound"),
    ],
    ids=["one file, eight names", "one prompt, two files", "prompts without end", "one bomb", "eight bombs"],
)  # fmt: skip
def test_a_small_zip_cannot_put_much_into_the_database(client_as, line, files, packing, words):
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", packing) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    assert words in bring_back(client_as(Role.ADMIN), sink.getvalue())
    assert newest(line) is None


# ---- A real browser


def test_in_a_browser_an_admin_records_hears_and_publishes(open_page, line, worker):
    page = open_page("/studio/", Role.ADMIN)
    assert_accessible(page)
    page.get_by_role("link", name=f"{KEY} in {EN}: machine").click()
    page.get_by_role("heading", name=f"{KEY}, {EN}").wait_for()
    assert_accessible(page)
    page.get_by_role("button", name="Start recording").click()
    page.get_by_text("Recording: 1 of").wait_for()
    until(page, "document.getElementById('level').value > 0.05")
    page.get_by_text("Recording: 4 of").wait_for()
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
