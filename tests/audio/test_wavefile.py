"""The file format of the line, and pauses."""

import io
import wave

import av
import numpy as np
import pytest

from ivr.audio.silence import silence
from ivr.audio.wavefile import read_info, read_wav, write_wav


def test_texts_are_kept_in_utf8_and_other_readers_find_them() -> None:
    wav = write_wav(np.zeros(801), "main", "Para español, oprima el 2.")
    assert read_info(wav) == {"INAM": "main", "ICMT": "Para español, oprima el 2."}
    with av.open(io.BytesIO(wav)) as container:
        assert container.metadata == {"title": "main", "comment": "Para español, oprima el 2."}
        assert container.streams.audio[0].rate == 8000
    with wave.open(io.BytesIO(wav)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 8000)
        assert file.getnframes() == 801


def test_samples_survive_and_never_wrap_around() -> None:
    samples, rate = read_wav(write_wav(np.array([0.0, 0.5, -0.5, 2.0, -2.0]), "k"))
    assert rate == 8000
    assert samples == pytest.approx([0.0, 0.5, -0.5, 32767 / 32768, -1.0])


@pytest.mark.parametrize("milliseconds", [1, 500, 600, 750])
def test_a_pause_is_exactly_as_long_as_asked(milliseconds: int) -> None:
    wav = silence(milliseconds)
    samples, rate = read_wav(wav)
    assert len(samples) == rate * milliseconds // 1000
    assert not samples.any()
    assert read_info(wav) == {"INAM": f"silence_{milliseconds}"}
    assert wav == silence(milliseconds)


@pytest.mark.parametrize("milliseconds", [0, -5, 10_001])
def test_a_pause_must_make_sense(milliseconds: int) -> None:
    with pytest.raises(ValueError, match="a pause is"):
        silence(milliseconds)
