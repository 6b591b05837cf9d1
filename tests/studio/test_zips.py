"""A language as a zip: out to a recording studio, back in whatever shape, and taken in by the worker in small steps."""

import io
import json
import os
import tracemalloc
import zipfile

import pytest
from sqlalchemy import func, select

from ivr import limits
from ivr.models import (
    ImportState,
    PromptImport,
    PromptImportPart,
    PromptNumber,
    PromptState,
    PromptVersion,
    Role,
)
from ivr.services.audit import SYSTEM
from ivr.services.prompts import exchange, importing
from ivr.services.prompts.releases import read_current
from tests.support.jobs import waiting
from tests.support.staff_pages import assert_accessible
from tests.support.studio import CLINICAL, EN, KEY, newest, words
from tests.support.takes import encoded, spoken, take

pytestmark = [pytest.mark.filterwarnings("ignore::ResourceWarning"), pytest.mark.usefixtures("collected")]
"""The test client leaves its own large files to the garbage collector."""


def exported(client):
    archive = zipfile.ZipFile(io.BytesIO(client.get(f"/studio/{EN}/export.zip").data))
    return {name: archive.read(name) for name in archive.namelist()}


def zipped(files, packing=zipfile.ZIP_STORED):
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", packing) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return sink.getvalue()


def bring_back(client, worker, data):
    """Upload a zip, let the worker work, and look at the page."""
    sent = client.send(f"/studio/{EN}/import", {"zip": (io.BytesIO(data), "back.zip")}, follow_redirects=True)
    worker()
    return client.get(sent.request.path).text if "/imports/" in sent.request.path else sent.text


def parts(line):
    with line.database.read() as session:
        return session.scalar(select(func.count()).select_from(PromptImportPart))


def test_a_language_goes_to_a_recording_studio_and_comes_back(client_as, line, worker):
    client = client_as(Role.ADMIN)
    files = exported(client)
    manifest = json.loads(files["manifest.json"])
    assert {entry["key"] for entry in manifest["prompts"]} == set(line.scripts[EN].prompts)
    entry = next(entry for entry in manifest["prompts"] if entry["key"] == KEY)
    assert files[entry["file"]] == read_current(line.database, KEY, EN)
    assert entry["direction"] in files["script.txt"].decode()
    assert "0 recordings and 0 new wordings" in bring_back(client, worker, zipped(files))
    files[entry["file"]] = take(words(line))
    next(one for one in manifest["prompts"] if one["key"] == "goodbye")["text"] = "Thank you. Goodbye."
    manifest["prompts"].append({"key": "unknown", "text": "Hello."})
    files["manifest.json"] = json.dumps(manifest)
    page = bring_back(client, worker, zipped(files))
    assert "1 recording and 1 new wording are drafts now" in page
    assert "unknown: There is no such prompt." in page
    with line.database.read() as session:
        made = {row.key: row.state for row in session.scalars(select(PromptVersion).where(PromptVersion.own))}
    assert made == {KEY: PromptState.RECORDED, "goodbye": PromptState.RECORDED}
    assert "0 recordings and 0 new wordings" in bring_back(client, worker, zipped(files)), "nothing twice"
    assert parts(line) == 0


def test_a_whole_import_is_published_as_one_and_taken_back_as_one(client_as, line, worker):
    client = client_as(Role.ADMIN)
    before = [read_current(line.database, key, EN) for key in (KEY, "goodbye")]
    page = bring_back(
        client, worker, zipped({f"{key}.wav": take(words(line, key)) for key in line.scripts[EN].prompts})
    )
    assert "3 recordings and 0 new wordings" in page
    assert "2 are ready. 1 clinical one waits for a second person" in page
    ids = page.split('name="version" value="')[1:]
    ready = [one.partition('"')[0] for one in ids]
    page = client.send("/studio/waiting", {"version": ready, "do": "publish"}, follow_redirects=True).text
    assert "2 versions are on the air in one release" in page
    assert [read_current(line.database, key, EN) for key in (KEY, "goodbye")] != before
    release = page.partition("/studio/releases/")[2].partition("/")[0]
    client.send(f"/studio/releases/{release}/roll-back")
    assert [read_current(line.database, key, EN) for key in (KEY, "goodbye")] == before


def numbers(line):
    with line.database.read() as session:
        return {row.key: row.number for row in session.scalars(select(PromptNumber))}


def mp3(line, key):
    samples, rate = spoken(words(line, key))
    return encoded(samples.reshape(1, -1), rate, "mp3", "libmp3lame")


SHAPES = {
    "as it went out": lambda files, new, number: {**files, **new},
    "a folder on top, as Explorer makes it": lambda files, new, number: {
        f"prompts-en-US/{name}": data for name, data in {**files, **new}.items()
    },
    "a folder and more, as the Finder makes it": lambda files, new, number: {
        **{f"prompts-en-US/{name}": data for name, data in {**files, **new}.items()},
        **{f"__MACOSX/prompts-en-US/audio/._{name.rpartition('/')[2]}": b"x" for name in new},
        "prompts-en-US/.DS_Store": b"x",
        "prompts-en-US/audio/Thumbs.db": b"x",
    },
    "other names": lambda files, new, number: {
        "manifest.json": files["manifest.json"],
        **{f"Jane, {key}, take {n} FINAL.wav": data for n, (key, data) in enumerate(by_key(new).items())},
    },
    "capital letters, in folders of their own": lambda files, new, number: {
        "SCRIPT.TXT": files["script.txt"],
        **{f"Delivery/{key.upper()}/{key.upper()}.WAV": data for key, data in by_key(new).items()},
    },
    "numbers alone": lambda files, new, number: {f"{number[key]}.wav": data for key, data in by_key(new).items()},
}


def by_key(new):
    """The recordings by the prompts' keys instead of their files' names."""
    return {name.partition("-")[2].removesuffix(".wav"): data for name, data in new.items()}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_whole_language_comes_back_in_whatever_shape(client_as, line, worker, shape):
    client = client_as(Role.ADMIN)
    files, number = exported(client), numbers(line)
    new = {f"audio/{number[key]}-{key}.wav": take(words(line, key)) for key in line.scripts[EN].prompts}
    back = SHAPES[shape](files, new, number)
    page = bring_back(client, worker, zipped(back))
    assert "3 recordings and 0 new wordings are drafts now" in page
    for key in line.scripts[EN].prompts:
        assert page.count(f": became a draft of {key}.") == 1
        assert (newest(line, key).text, newest(line, key).state) == (words(line, key), PromptState.RECORDED)
    assert "not recognised" not in page
    again = bring_back(client, worker, zipped(back))
    assert "0 recordings and 0 new wordings" in again
    assert again.count(": unchanged.") == 3
    assert '<summary>Unchanged <span class="number">3</span></summary>' in again
    assert "Nothing in it was new." in again


def test_what_studios_outside_send_is_told_file_by_file(client_as, line, worker):
    client = client_as(Role.ADMIN)
    files = exported(client)
    sheet = files["script.txt"].decode().replace(words(line, "goodbye"), "Thank you. Goodbye.")
    (clip,) = [data for name, data in files.items() if name.endswith(f"-{CLINICAL}.wav")]
    page = bring_back(
        client,
        worker,
        zipped(
            {
                "Back/Script.txt": sheet.replace("\n", "\r\n"),
                f"Back/MP3/{KEY}_v2.MP3": mp3(line, KEY),
                f"Back/{CLINICAL}.wav": clip,
                f"Back/old/{KEY}.wav": take(words(line)),
                "Back/notes.docx": b"x",
                "Back/999.wav": b"x",
            }
        ),
    )
    for sentence in (
        f"Back/MP3/{KEY}_v2.MP3: became a draft of {KEY}.",
        "New words became a draft of goodbye.",
        f"Back/{CLINICAL}.wav: unchanged.",
        f"Back/old/{KEY}.wav: not taken, Back/MP3/{KEY}_v2.MP3 is of the same prompt.",
        "Back/notes.docx: not recognised: it is no recording.",
        "Back/999.wav: not recognised: its name has no prompt",
    ):
        assert sentence in page.replace("&#39;", "'")
    assert newest(line, KEY).state is PromptState.RECORDED
    assert newest(line, "goodbye").text == "Thank you. Goodbye."


# ---- Bounds


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no zip",
        b"PK",
        zipped({"x": "y"}),
        zipped({"manifest.json": "[]"}),
        zipped({"manifest.json": '{"language": "en-US", "prompts": [{}]}'}),
        zipped({"manifest.json": '{"language": "en-US", "prompts": 5}'}),
        zipped({"manifest.json": '{"language": "es-US", "prompts": []}'}),
        zipped({"manifest.json": b"\0" * 3_000_000}),
    ],
)
def test_zips_that_are_none_are_refused(client_as, line, worker, data):
    page = bring_back(client_as(Role.ADMIN), worker, data)
    assert 'class="message bad"' in page
    assert newest(line) is None
    assert parts(line) == 0


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
        ({f"{n}.txt": b"" for n in range(2001)}, zipfile.ZIP_STORED, "too many files"),
        ({"manifest.json": named((KEY, "a.wav")), "a.wav": SILENCE}, zipfile.ZIP_DEFLATED, "far more than sound"),
        ({"manifest.json": named(*((f"k{n}", f"{n}.wav") for n in range(8))), **{f"{n}.wav": SILENCE for n in range(8)}},
         zipfile.ZIP_DEFLATED, "far more than sound"),
    ],
    ids=["one file, eight names", "one prompt, two files", "prompts without end", "files without end", "one bomb",
         "eight bombs"],
)  # fmt: skip
def test_a_small_zip_cannot_put_much_into_the_database(client_as, line, worker, files, packing, words):
    assert words in bring_back(client_as(Role.ADMIN), worker, zipped(files, packing))
    assert newest(line) is None
    assert parts(line) == 0


def test_a_file_that_is_too_large_is_told_and_the_others_are_taken(client_as, line, worker, monkeypatch):
    monkeypatch.setattr(exchange, "LARGEST_TAKE", 1_000_000)
    page = bring_back(
        client_as(Role.ADMIN), worker, zipped({f"{CLINICAL}.wav": b"\1" * 1_000_001, f"{KEY}.wav": take(words(line))})
    )
    assert f"{CLINICAL}.wav: it is too large. 1 MB is the most." in page
    assert f"{KEY}.wav: became a draft of {KEY}." in page


def test_a_zip_is_bounded_as_it_arrives(line, monkeypatch):
    monkeypatch.setattr(importing, "LARGEST_ZIP", 3 * importing.PIECE)
    with pytest.raises(importing.VersionError, match="too large"):
        importing.receive(line, SYSTEM, EN, io.BytesIO(b"PK" + b"\0" * 3 * importing.PIECE), line.clock())
    assert parts(line) == 0
    assert limits.largest("/studio/en-US/import") >= exchange.LARGEST_ZIP


def test_one_zip_of_a_language_at_a_time(client_as, line, worker):
    client = client_as(Role.ADMIN)
    data = zipped({f"{KEY}.wav": take(words(line))})
    client.send(f"/studio/{EN}/import", {"zip": (io.BytesIO(data), "back.zip")})
    page = client.send(f"/studio/{EN}/import", {"zip": (io.BytesIO(data), "back.zip")}, follow_redirects=True).text
    assert "Another zip of this language is being taken in" in page
    worker()
    assert "0 recordings" in bring_back(client, worker, data)


def test_a_worker_that_is_killed_on_the_way_makes_nothing_twice(line, worker, monkeypatch):
    class Killed(BaseException):
        pass

    back = zipped({f"{key}.wav": take(words(line, key)) for key in line.scripts[EN].prompts})
    import_id = importing.receive(line, SYSTEM, EN, io.BytesIO(back), line.clock())
    add_take, calls = exchange.add_take, []

    def killed_at_the_third(*arguments, **more):
        calls.append(arguments)
        if len(calls) == 3:
            raise Killed
        return add_take(*arguments, **more)

    monkeypatch.setattr(exchange, "add_take", killed_at_the_third)
    with pytest.raises(Killed):
        importing.take_in(line, import_id, line.clock())
    assert importing.progress_of(line, import_id).kept.looked_at == 2
    assert importing.take_in(line, import_id, line.clock()) is ImportState.DONE
    done = importing.progress_of(line, import_id)
    assert (done.recordings, done.kept.looked_at) == (3, 3)
    assert sum("became a draft" in sentence for sentence in done.kept.told) == 3
    assert importing.take_in(line, import_id, line.clock()) is None


def test_little_of_a_zip_is_in_memory_at_a_time(line):
    megabyte = 1 << 20
    sounds = {f"{key}.wav": os.urandom(8 * megabyte) for key in line.scripts[EN].prompts}
    notes = {f"{number}.bin": os.urandom(megabyte) for number in range(40)}
    file = io.BytesIO(zipped({**sounds, **notes}))
    del sounds, notes
    tracemalloc.start()
    try:
        import_id = importing.receive(line, SYSTEM, EN, file, line.clock())
        arriving = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        assert importing.take_in(line, import_id, line.clock()) is ImportState.DONE
        taking_in = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert arriving < 6 * megabyte, "of 64"
    assert taking_in < 40 * megabyte, "a file of 8, and what the database makes of it"
    assert importing.progress_of(line, import_id).recordings == 3


def test_a_zip_whose_end_never_came_is_forgotten(line, clock):
    with line.database.write() as session:
        session.add(PromptImport(language=EN, created_at=clock.now - importing.ABANDONED * 2))
        session.add(PromptImport(language=EN, created_at=clock.now))
        session.flush()
        session.add(PromptImportPart(import_id=1, number=0, data=b"x"))
    importing.forget_unfinished(line.database, clock.now)
    assert [one.id for one in importing.latest_imports(line)] == [2]
    assert parts(line) == 0


def test_what_a_studio_delivers_waits_in_a_queue_of_its_own(client_as, line):
    client = client_as(Role.ADMIN)
    data = zipped({f"{KEY}.wav": take(words(line))})
    client.send(f"/studio/{EN}/import", {"zip": (io.BytesIO(data), "back.zip")})
    ((job, (import_id,), _),) = waiting(line)
    importing.take_in(line, import_id, line.clock())
    lanes = {one.lane for one in (job, *(job for job, *_ in waiting(line)))}
    assert lanes == {"studio"}


# ---- A real browser


def test_in_a_browser_a_zip_is_brought_and_its_progress_is_seen(open_page, line, worker, tmp_path):
    file = tmp_path / "back.zip"
    file.write_bytes(zipped({f"{KEY}.wav": take(words(line)), "notes.txt": b"x"}))
    page = open_page("/studio/", Role.ADMIN)
    page.get_by_label("Zip of English").set_input_files(file)
    page.get_by_role("button", name="Import English").click()
    page.get_by_role("heading", name="How far it is").wait_for()
    assert_accessible(page)
    worker()
    page.get_by_text("1 recording and 0 new wordings are drafts now").wait_for()
    page.get_by_text("notes.txt: not recognised").wait_for()
    assert_accessible(page)
    page.get_by_role("button", name="Publish all that are ready").click()
    page.get_by_text("1 version is on the air").wait_for()
