"""Clips: kept in memory once they were asked for, those that are not there never."""

import hashlib
from collections import Counter

import pytest
from flask import Flask

from ivr.voice import media

CLIP = b"RIFF"
THERE = hashlib.sha256(CLIP).hexdigest()


@pytest.fixture
def reads():
    return Counter()


@pytest.fixture
def client(reads):
    def read(sha256):
        reads[sha256] += 1
        return CLIP if sha256 == THERE else None

    app = Flask(__name__)
    nothing = lambda *_: None  # noqa: E731
    app.register_blueprint(media.create_blueprint(read, nothing, nothing, nothing, media.Signers.of("s" * 40)))
    return app.test_client()


def test_unknown_addresses_take_no_room_from_clips(client, reads):
    """More of them than there is room for."""
    assert client.get(f"/media/prompts/{THERE}.wav").data == CLIP
    for number in range(media.CACHED_CLIPS + 50):
        assert client.get(f"/media/prompts/{number:064x}.wav").status_code == 404
    assert client.get(f"/media/prompts/{THERE}.wav").data == CLIP
    assert reads[THERE] == 1


def test_a_clip_that_was_not_there_is_found_as_soon_as_it_is(client, reads):
    later = hashlib.sha256(b"later").hexdigest()
    assert client.get(f"/media/prompts/{later}.wav").status_code == 404
    assert client.get(f"/media/prompts/{later}.wav").status_code == 404
    assert reads[later] == 2
