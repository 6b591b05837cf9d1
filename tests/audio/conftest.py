"""Sounds for the audio tests: one really spoken sentence, and tones and encodings made on the spot."""

from collections.abc import Callable

import pytest

from ivr.audio.decoding import Pcm
from ivr.audio.synthesis import Synthesizer
from ivr.audio.voices import plain_voice
from tests.support.takes import CALM_PACE, SENTENCE, encoded

Encode = Callable[..., bytes]


@pytest.fixture(autouse=True)
def heard_once() -> None:
    """Here every word is spoken, and every file decoded, anew."""


@pytest.fixture(scope="session")
def speech() -> Pcm:
    """One sentence as espeak speaks it, 22.05 kHz."""
    with Synthesizer("en-US", voice=plain_voice("en-US")) as voice:
        return voice.say("speech", SENTENCE, pace=CALM_PACE)


@pytest.fixture(scope="session")
def encode() -> Encode:
    """Return a function that encodes samples (channels, n) at a rate in Hz into a container with a codec."""

    return encoded
