"""Recordings come to us from the carrier's API over real HTTP: once, checked, encrypted, and then deleted there."""

import io
import wave
from dataclasses import replace
from datetime import timedelta

import pytest
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import select

from ivr.callflow.inputs import Recorded
from ivr.clients.errors import Unavailable
from ivr.clients.twilio import LARGEST_RECORDING
from ivr.models import Recording, RecordingAudio, RecordingStatus
from ivr.services.calls.turns import Arrival, note_recording
from ivr.services.recordings.recordings import load_audio
from ivr.simulator.speechlike import speechlike
from tests.support.callers import Caller, stored
from tests.support.carrier_api import sid
from tests.support.jobs import run_jobs, waiting
from tests.support.telephone import Telephone

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
    assert speechlike(3)[:12] not in bytes(raw)
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


class TestTakenBack:
    """What a caller left out or recorded again is kept nowhere, whichever word of the carrier comes first."""

    @pytest.fixture
    def caller(self, line, api):
        """A caller who has just recorded a message."""
        caller = Caller(line, Arrival(sid("CA", 1), "+16175550142", "+16175550100"))("2 1 4 3 1 1")
        api.add_call()
        api.add_recording()
        caller.take(Recorded(RE1, 3, "#"))
        return caller

    def complete(self, line, number=1):
        note_recording(line, sid("CA", 1), sid("RE", number), RecordingStatus.READY, 3)

    def again(self, caller, api):
        caller("3")
        api.add_recording(2)
        caller.take(Recorded(sid("RE", 2), 3, "#"))

    def kept(self, line):
        with line.database.read() as session:
            return [
                (one.sid, one.status) for one in session.scalars(select(Recording).where(Recording.erased_at.is_(None)))
            ]

    def audio(self, line):
        with line.database.read() as session:
            return list(session.scalars(select(RecordingAudio.recording_id)))

    @pytest.mark.parametrize("order", ["drop complete", "complete drop", "complete import drop"])
    @pytest.mark.parametrize("keys", ["*", "1 2 4 3 1 2"], ids=["left out", "left out at the receipt"])
    def test_is_deleted_here_and_at_the_carrier(self, line, tasks, api, caller, order, keys):
        steps = {
            "drop": lambda: caller(keys),
            "complete": lambda: self.complete(line),
            "import": lambda: run_jobs(tasks),
        }
        for step in order.split():
            steps[step]()
        run_jobs(tasks)
        assert (self.kept(line), self.audio(line)) == ([], [])
        assert recording(line).deleted_at is not None
        assert api.store.list() == ()
        caller.hang_up()
        self.complete(line)
        tasks.nightly()
        run_jobs(tasks)
        assert api.count("GET", ".wav") == ("import" in order)
        assert api.count("DELETE", ".json") == 1
        assert len(stored(line)) == 1

    def test_of_two_takes_the_second_is_kept(self, line, tasks, api, caller):
        self.complete(line)
        run_jobs(tasks)
        self.again(caller, api)
        caller("1")
        self.complete(line, 2)
        run_jobs(tasks)
        assert self.kept(line) == [(sid("RE", 2), RecordingStatus.STORED)]
        assert len(self.audio(line)) == 1
        assert api.store.list() == ()

    def test_the_first_take_is_kept_until_there_is_a_second(self, line, tasks, caller):
        caller("3").hang_up()
        self.complete(line)
        run_jobs(tasks)
        assert self.kept(line) == [(RE1, RecordingStatus.STORED)]
        assert recording(line).request_id == stored(line)[0].id

    def test_a_second_take_that_ends_with_the_call_replaces_the_first(self, line, tasks, api, caller):
        caller("3")
        api.add_recording(2)
        for number in (1, 2):
            self.complete(line, number)
        caller.hang_up()
        run_jobs(tasks)
        assert self.kept(line) == [(sid("RE", 2), RecordingStatus.STORED)]
        assert len(stored(line)) == 1

    def test_a_lost_word_of_the_carrier_is_made_up_for(self, line, tasks, api, caller, clock):
        caller("*").hang_up()
        clock.now += timedelta(minutes=11)
        tasks.fetch_missed()
        run_jobs(tasks)
        assert (self.kept(line), self.audio(line), api.store.list()) == ([], [], ())
        assert len(stored(line)) == 1

    def test_a_voicemail_takes_nothing_back(self, line, tasks, api, caller):
        caller("1 0")
        api.add_recording(2)
        caller.take(Recorded(sid("RE", 2), 3, "hangup"))
        for number in (1, 2):
            self.complete(line, number)
        run_jobs(tasks)
        assert [status for _, status in self.kept(line)] == [RecordingStatus.STORED] * 2

    def test_a_message_that_was_sent_is_kept(self, line, tasks, caller):
        self.complete(line)
        caller("1 * 2 1")
        run_jobs(tasks)
        assert self.kept(line) == [(RE1, RecordingStatus.STORED)]


def test_a_caller_hears_the_own_message_when_it_is_ours_already(config, rendered_line, make_tasks, api):
    line = rendered_line()
    phone = Telephone(replace(config, twilio_api_url=api.url), line)
    caller = Caller(line)("2 1 4 3 1 1")
    api.add_recording()
    caller.take(Recorded(RE1, 3, "#"))
    note_recording(line, "CA1", RE1, RecordingStatus.READY, 3)
    run_jobs(make_tasks(line))
    assert api.store.list() == ()
    token = URLSafeTimedSerializer(config.secret_key, salt="utterance").dumps([RE1, "en-US"])
    heard = phone.app.test_client().get(f"/media/utterances/{token}.wav")
    assert (heard.status_code, heard.data) == (200, speechlike(3))
    assert api.count("GET", ".wav") == 1


def test_a_message_that_is_ours_before_the_call_ends_belongs_to_its_request(line, tasks, api):
    caller = Caller(line)("0")
    api.add_recording()
    note_recording(line, "CA1", RE1, RecordingStatus.READY, 3)
    run_jobs(tasks)
    assert recording(line).status is RecordingStatus.STORED
    caller.hang_up()
    (request,) = stored(line)
    assert (request.reason, request.left_in_outage, recording(line).request_id) == ("message", False, request.id)
