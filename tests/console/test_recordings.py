"""A message played in the browser: sent in parts, counted once a play, and drawn."""

import pytest

from ivr.models import AuditAction, RecordingAudio, Role
from ivr.services.recordings.recordings import store_audio
from ivr.simulator.speechlike import speechlike
from tests.support.settings import MONDAY_MORNING as NOW
from tests.support.triage import audited

APPOINTMENT = "1 1 2 2 2 05171948 1 2 1 1 2 2 2 2 1 1 r 1"


class TestPlaying:
    @pytest.fixture
    def client(self, client_as, leave, line):
        leave(APPOINTMENT)
        store_audio(line.database, "RE1", speechlike(2), 2, NOW)
        return client_as(Role.STAFF)

    def test_parts_are_sent_as_they_are_asked_for(self, client, line):
        whole = speechlike(2)
        first = client.get("/console/recordings/1.wav?play=abcdefgh", headers={"Range": "bytes=0-"})
        part = client.get("/console/recordings/1.wav?play=abcdefgh", headers={"Range": "bytes=1000-1999"})
        assert (first.status_code, first.data) == (206, whole)
        assert (part.status_code, part.data) == (206, whole[1000:2000])
        assert part.headers["Content-Range"] == f"bytes 1000-1999/{len(whole)}"
        for answer in (first, part):
            assert answer.headers["Cache-Control"] == "no-store"
            assert answer.headers["Accept-Ranges"] == "bytes"
            assert answer.mimetype == "audio/wav"
        beyond = client.get("/console/recordings/1.wav?play=abcdefgh", headers={"Range": "bytes=99999999-"})
        assert beyond.status_code == 416
        assert audited(line, AuditAction.HEARD) == ["recording:1"]

    @pytest.mark.parametrize("play", ["", "x", "%25%25%25%25%25%25%25%25", "a" * 41])
    def test_a_play_without_a_proper_name_counts_each_time(self, client, line, play):
        for _ in range(2):
            assert client.get(f"/console/recordings/1.wav?play={play}").status_code == 200
        assert audited(line, AuditAction.HEARD) == ["recording:1"] * 2

    def test_the_picture_is_no_listening(self, client, line):
        drawn = client.get("/console/recordings/1.json").json
        assert drawn["seconds"] == 2
        assert max(drawn["bars"]) == 100
        assert not audited(line, AuditAction.HEARD)

    def test_a_wav_that_cannot_be_drawn_can_still_be_played(self, client, change):
        change(RecordingAudio, data=b"RIFF of some kind")
        assert client.get("/console/recordings/1.json").json == {"seconds": None, "bars": []}
        assert client.get("/console/recordings/1.wav").data == b"RIFF of some kind"
