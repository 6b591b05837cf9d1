"""Measuring a clip and naming its faults."""

from dataclasses import replace

import numpy as np
import pytest

from ivr.audio.measuring import Measurement, faults, measure, spread_db
from ivr.audio.silence import silence
from ivr.audio.wavefile import write_wav

GOOD = Measurement(
    seconds=4.0,
    level_dbov=-23.0,
    activity=0.9,
    peak_dbfs=-5.0,
    head_ms=50,
    tail_ms=150,
    words=9,
    words_per_minute=135.0,
)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({}, None),
        ({"words_per_minute": None, "words": 1}, None),
        ({"level_dbov": -26.1}, "too quiet: -26.1 dBov, at least -26"),
        ({"level_dbov": -19.0}, "too loud: -19.0 dBov, at most -20"),
        ({"peak_dbfs": -2.9}, "peaks too high: -2.9 dBFS, at most -3"),
        ({"head_ms": 101}, "starts late: 101 ms of silence, at most 100 ms"),
        ({"tail_ms": 251}, "ends late: 251 ms of silence, at most 250 ms"),
        ({"words_per_minute": 104.0}, "too slow: 104 words a minute, at least 105"),
        ({"words_per_minute": 151.0}, "too fast: 151 words a minute, at most 150"),
        ({"seconds": 5.04}, "too long: 5.0 s, at most 5 s"),
        ({"activity": 0.0}, "no speech was found"),
    ],
)
def test_every_limit_has_its_words(change: dict[str, float], fault: str | None) -> None:
    assert faults(replace(GOOD, **change), 5.0) == ([fault] if fault else [])


def test_a_clip_is_measured() -> None:
    rate = 8000
    tone = 0.1 * np.sin(2 * np.pi * 1000 * np.arange(3 * rate) / rate)
    clip = np.concatenate([np.zeros(rate // 10), tone, np.zeros(rate // 5)])
    result = measure(write_wav(clip, "tone"), "one two three four five six", "en-US")
    assert result.seconds == 3.3
    assert result.level_dbov == pytest.approx(-23.0, abs=0.3)
    assert result.peak_dbfs == pytest.approx(-20.0, abs=0.05)
    assert (result.head_ms, result.tail_ms) == (pytest.approx(100, abs=10), pytest.approx(200, abs=10))
    assert (result.words, result.words_per_minute) == (6, pytest.approx(109.1, abs=0.1))


def test_pace_means_nothing_under_five_words() -> None:
    clip = 0.1 * np.sin(np.arange(8000))
    assert measure(write_wav(clip, "k"), "one two three four", "en-US").words_per_minute is None


def test_silence_is_no_speech() -> None:
    assert faults(measure(silence(600), "", "en-US")) == ["no speech was found"]


def test_what_is_no_telephone_wav_is_refused() -> None:
    with pytest.raises(ValueError, match="WAV"):
        measure(b"RIFFnonsense", "text", "en-US")


def test_the_spread_of_a_set() -> None:
    assert spread_db([GOOD, replace(GOOD, level_dbov=-24.5)]) == pytest.approx(1.5)
    assert spread_db([]) == 0.0
