"""Recordings of prompts for tests: real sentences of the machine's voice, dressed up as somebody's."""

from __future__ import annotations

import io
import wave
from functools import cache

import av
import numpy as np
from av.audio.frame import AudioFrame

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


def take(words, language="en-US", quiet=0.0):
    """A WAV file of somebody who says these words, after so many seconds more of silence."""
    samples, rate = spoken(words, language)
    return as_wav(np.concatenate([np.zeros(round(rate * quiet)), samples]), rate)


def encoded(samples, rate, container, codec, bits=None):
    """Samples (channels, n; -1 to 1) at a rate in Hz in a container with a codec, of so many bits a second."""
    sink = io.BytesIO()
    layout = "stereo" if samples.shape[0] == 2 else "mono"
    with av.open(sink, "w", format=container) as output:
        stream = output.add_stream(codec, rate=rate)
        stream.layout = layout
        if bits:
            stream.bit_rate = bits
        frame = AudioFrame.from_ndarray(samples.astype(np.float32), format="fltp", layout=layout)
        frame.sample_rate = rate
        size = stream.codec_context.frame_size or 1024
        resampler = av.AudioResampler(stream.format, stream.layout, stream.rate, frame_size=size)
        for part in (*resampler.resample(frame), *resampler.resample(None)):
            output.mux(stream.encode(part))
        output.mux(stream.encode(None))
    return sink.getvalue()


def resampled(samples, rate, wanted):
    """Mono samples at another rate, by libav."""
    frame = AudioFrame.from_ndarray(samples.reshape(1, -1).astype(np.float64), format="dbl", layout="mono")
    frame.sample_rate = rate
    resampler = av.AudioResampler(format="dbl", layout="mono", rate=wanted)
    parts = [*resampler.resample(frame), *resampler.resample(None)]
    return np.concatenate([part.to_ndarray().reshape(-1) for part in parts])


def too_loud(samples, decibels):
    """Somebody who spoke so much louder than the recorder could take, turned down a little afterwards."""
    return np.clip(samples / np.abs(samples).max() * 10 ** (decibels / 20), -1, 1) * 0.98
