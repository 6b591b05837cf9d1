"""Sounds for the audio tests: one really spoken sentence, and tones and encodings made on the spot."""

import io
from collections.abc import Callable, Sequence

import av
import numpy as np
import pytest
from av.audio.frame import AudioFrame
from numpy.typing import NDArray

from ivr.audio.decoding import Pcm
from ivr.audio.synthesis import Synthesizer
from ivr.audio.voices import plain_voice
from tests.support.takes import CALM_PACE, SENTENCE

Encode = Callable[[NDArray[np.float64], int, str, str], bytes]


@pytest.fixture(autouse=True)
def spoken_once() -> None:
    """Here every word is spoken anew."""


@pytest.fixture(scope="session")
def speech() -> Pcm:
    """One sentence as espeak speaks it, 22.05 kHz."""
    with Synthesizer("en-US", voice=plain_voice("en-US")) as voice:
        return voice.say("speech", SENTENCE, pace=CALM_PACE)


@pytest.fixture(scope="session")
def encode() -> Encode:
    """Return a function that encodes samples (channels, n) at a rate in Hz into a container with a codec."""

    def encoded(samples: NDArray[np.float64], rate: int, container: str, codec: str) -> bytes:
        sink = io.BytesIO()
        layout = "stereo" if samples.shape[0] == 2 else "mono"
        with av.open(sink, "w", format=container) as output:
            stream = output.add_stream(codec, rate=rate)
            stream.layout = layout
            frame = AudioFrame.from_ndarray(samples.astype(np.float32), format="fltp", layout=layout)
            frame.sample_rate = rate
            for part in _prepared(frame, stream):
                output.mux(stream.encode(part))
            output.mux(stream.encode(None))
        return sink.getvalue()

    return encoded


def _prepared(frame: AudioFrame, stream: av.AudioStream) -> Sequence[AudioFrame]:
    size = stream.codec_context.frame_size or 1024
    resampler = av.AudioResampler(stream.format, stream.layout, stream.rate, frame_size=size)
    return [*resampler.resample(frame), *resampler.resample(None)]
