"""Recordings of prompts for tests: real sentences of the machine's voice, dressed up as somebody's."""

from __future__ import annotations

import io
import wave
from functools import cache

import numpy as np

from ivr.audio import synthesis
from ivr.audio.voices import plain_voice

CALM_PACE = 142.0  # words a minute: nobody reads at the very limit, as the machine does on the air
SENTENCE = "Fresh snow falls softly. If this is a medical emergency, hang up now and dial 911."


@cache
def spoken(words, language="en-US"):
    """The samples (-1 to 1) of a sentence with half a second of silence around it, and their rate."""
    with synthesis.Synthesizer(language, voice=plain_voice(language)) as voice:
        pcm = voice.say("take", words, pace=CALM_PACE)
    quiet = np.zeros(pcm.rate // 2)
    return np.concatenate([quiet, pcm.samples / 32768, quiet]), pcm.rate


def as_wav(samples, rate):
    steps = (np.clip(samples, -1, 1) * 32767).astype("<i2")
    sink = io.BytesIO()
    with wave.open(sink, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(steps.tobytes())
    return sink.getvalue()


def take(words, language="en-US"):
    """A WAV file of somebody who says these words."""
    return as_wav(*spoken(words, language))
