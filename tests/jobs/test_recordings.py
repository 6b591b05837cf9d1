"""Recordings come to us from the carrier's API over real HTTP: once, checked, encrypted, and then deleted there."""

import io
import wave

import pytest
from sqlalchemy import select

from ivr.clients.errors import Unavailable
from ivr.clients.twilio import LARGEST_RECORDING
from ivr.models import Recording, RecordingAudio, RecordingStatus
from ivr.services.calls import note_recording
from ivr.services.recordings import load_audio
from ivr.simulator.speechlike import speechlike
from tests.carrier_api import sid
from tests.jobs.conftest import run_jobs, waiting
from tests.services.test_calls import Caller

RE1 = sid("RE", 1)


@pytest.fixture
def ready(line, api):
    """A call left a recording, and the carrier says that it is complete."""

    def announce(**options):
        Caller(line)("2 1 4 3 1 1")
        api.add_recording(**options)
        assert note_recording(line, "CA1", RE1, RecordingStatus.READY, 3)

    return announce


def recording(line):
    with line.database.read() as session:
        return session.scalars(select(Recording)).one()


def test_a_recording_is_stored_and_deleted_at_the_carrier(line, tasks, api, ready, clock):
    ready()
    run_jobs(tasks)
    kept = recording(line)
    assert (kept.status, kept.duration_seconds) == (RecordingStatus.STORED, 3)
    assert kept.stored_at == kept.deleted_at == clock.now
    assert load_audio(line.database, kept.id) == speechlike(3)
    assert api.asked == [("GET", f"/Recordings/{RE1}.wav"), ("DELETE", f"/Recordings/{RE1}.json")]
    assert api.store.list() == ()


def test_its_audio_is_unreadable_in_the_database(line, tasks, ready):
    ready()
    run_jobs(tasks)
    with line.database.read() as session:
        raw = session.connection().exec_driver_sql("SELECT data FROM recording_audio").scalar_one()
    assert b"RIFF" not in bytes(raw)
    assert speechlike(3)[1000:1100] not in bytes(raw)


def test_delivered_twice_is_stored_once_and_deleted_once(line, tasks, api, ready):
    ready()
    for _ in range(3):
        tasks.import_recording(RE1)
        note_recording(line, "CA1", RE1, RecordingStatus.READY, 3)
    run_jobs(tasks)
    assert recording(line).status is RecordingStatus.STORED
    assert (api.count("GET", ".wav"), api.count("DELETE", ".json")) == (1, 1)


def test_not_ready_at_first_is_no_failure(line, tasks, api, ready):
    api.delay.requests = 2
    ready()
    for _ in range(2):
        with pytest.raises(Unavailable):
            tasks.import_recording(RE1)
        assert recording(line).status is RecordingStatus.READY
    tasks.import_recording(RE1)
    assert recording(line).status is RecordingStatus.STORED


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_carrier_in_trouble_is_asked_again_later(line, tasks, api, ready, status):
    ready()
    api.fault("GET .*wav", status)
    with pytest.raises(Unavailable):
        tasks.import_recording(RE1)
    tasks.import_recording(RE1)
    assert recording(line).status is RecordingStatus.STORED


def test_a_worker_lost_before_the_deletion_deletes_later(line, tasks, api, ready):
    ready()
    api.fault("DELETE", 500)
    with pytest.raises(Unavailable):
        tasks.import_recording(RE1)
    assert (recording(line).status, recording(line).deleted_at) == (RecordingStatus.STORED, None)
    tasks.import_recording(RE1)
    assert recording(line).deleted_at is not None
    assert api.count("GET", ".wav") == 1


def test_a_copy_that_is_gone_already_counts_as_deleted(line, tasks, api, ready):
    ready()
    api.fault("DELETE", 404)
    tasks.import_recording(RE1)
    assert recording(line).deleted_at is not None


def wav(frames, rate=16000):
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(bytes(frames * 2))
    return out.getvalue()


@pytest.mark.parametrize(
    ("audio", "status"),
    [
        (b"", RecordingStatus.EMPTY),
        (wav(0), RecordingStatus.EMPTY),
        (b"RIFF\x00\x00\x00\x00WAVE" + bytes(200), RecordingStatus.REFUSED),
        (b"<html>" + b"no audio " * 100, RecordingStatus.REFUSED),
        (b"#EXTM3U\nfile:///etc/passwd\n" * 20, RecordingStatus.REFUSED),
        (bytes(LARGEST_RECORDING + 1), RecordingStatus.REFUSED),
    ],
    ids=["nothing", "header", "broken", "html", "playlist", "large"],
)
def test_what_is_no_message_stays_with_the_carrier_and_is_seen(line, tasks, api, ready, audio, status, capsys):
    ready(audio=audio)
    run_jobs(tasks)
    run_jobs(tasks)
    assert (recording(line).status, recording(line).stored_at) == (status, None)
    assert api.count("DELETE", ".json") == 0
    with line.database.read() as session:
        assert session.scalars(select(RecordingAudio)).all() == []
    assert "recording_not_stored" in capsys.readouterr().out


def test_the_longest_message_is_not_too_large(line, tasks, api, ready):
    ready(audio=wav(120 * 16000), seconds=120)
    run_jobs(tasks)
    assert (recording(line).status, recording(line).duration_seconds) == (RecordingStatus.STORED, 120)


def test_a_recording_the_carrier_has_not_is_absent(line, tasks, api, ready):
    ready()
    api.store.delete(RE1)
    api.fault("GET .*/RE[^/]*json", lambda: _json({"status": "deleted"}))
    tasks.import_recording(RE1)
    assert recording(line).status is RecordingStatus.ABSENT


def _json(value):
    import json

    from werkzeug.wrappers import Response

    return Response(json.dumps(value), mimetype="application/json")


def test_late_words_of_the_carrier_change_nothing_of_what_is_stored(line, tasks, ready):
    ready()
    run_jobs(tasks)
    note_recording(line, "CA1", RE1, RecordingStatus.READY, 99)
    note_recording(line, "CA1", RE1, RecordingStatus.ABSENT, None)
    assert (recording(line).status, recording(line).duration_seconds) == (RecordingStatus.STORED, 3)
    assert waiting(line) == []
