"""Active speech level (ITU-T P.56) against signals whose level is known."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ivr.audio.speechlevel import NOTHING, _smooth, active_speech_level


def sine(dbov: float, seconds: float, rate: int = 8000) -> np.ndarray:
    """A 1 kHz sine whose power is `dbov` re a full-scale square wave."""
    times = np.arange(round(seconds * rate)) / rate
    return np.sqrt(2) * 10 ** (dbov / 20) * np.sin(2 * np.pi * 1000 * times)


@pytest.mark.parametrize("dbov", [-3.01, -10.0, -23.0, -26.0, -40.0, -55.0])
@pytest.mark.parametrize("rate", [8000, 16000, 44100])
def test_a_steady_sine_has_its_own_level(dbov: float, rate: int) -> None:
    level, activity = active_speech_level(sine(dbov, 4.0, rate), rate)
    assert level == pytest.approx(dbov, abs=0.15)
    assert activity > 0.96


@pytest.mark.parametrize(("on", "off"), [(5.0, 5.0), (6.0, 2.0), (3.0, 9.0)])
def test_silence_does_not_lower_the_level(on: float, off: float) -> None:
    burst = np.concatenate([sine(-23.0, on), np.zeros(round(off * 8000))])
    samples = np.tile(burst, 2)
    long_term = 10 * np.log10(np.mean(samples**2))
    level, activity = active_speech_level(samples, 8000)
    assert level == pytest.approx(-23.0, abs=0.4)
    assert long_term == pytest.approx(-23.0 + 10 * np.log10(on / (on + off)), abs=0.01)
    assert activity == pytest.approx(on / (on + off), abs=0.05)


def test_pauses_shorter_than_the_hangover_are_part_of_the_speech() -> None:
    samples = np.tile(np.concatenate([sine(-20.0, 0.15), np.zeros(1200)]), 20)
    level, activity = active_speech_level(samples, 8000)
    assert level == pytest.approx(-23.0, abs=0.3)
    assert activity > 0.96


@pytest.mark.parametrize("samples", [np.zeros(8000), np.zeros(0), np.full(8000, 1e-6)])
def test_silence_has_no_level(samples: np.ndarray) -> None:
    assert active_speech_level(samples, 8000) == (NOTHING, 0.0)


@example(gain_db=-24.375, seed=85)
@settings(max_examples=25)
@given(gain_db=st.floats(-25.0, 15.0), seed=st.integers(0, 100))
def test_gain_moves_the_level_by_as_much(gain_db: float, seed: int) -> None:
    noise = np.random.default_rng(seed).normal(0.0, 0.02, 24000)
    loudness = np.repeat(np.random.default_rng(seed + 1).choice([0.0, 0.5, 1.0], 30), 800)
    speechlike = noise * loudness
    if not speechlike.any():
        return
    before, _ = active_speech_level(speechlike, 8000)
    after, _ = active_speech_level(speechlike * 10 ** (gain_db / 20), 8000)
    assert after - before == pytest.approx(gain_db, abs=0.5)


def test_the_smoothing_in_blocks_equals_the_recursion() -> None:
    values, keep, last = np.abs(np.random.default_rng(7).normal(size=20_000)), 0.9958, 0.0
    expected = np.empty_like(values)
    for at, value in enumerate(values):
        last = keep * last + (1.0 - keep) * value
        expected[at] = last
    assert np.allclose(_smooth(values, keep), expected, rtol=1e-9)
