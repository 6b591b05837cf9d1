"""Phrases put together: the pace that was asked for, rests, and edges without clicks or swallowed ends."""

import numpy as np
import pytest

from ivr.audio import pacing
from ivr.audio.words import phrases, respelt

HERTZ = 24000


def hum(seconds):
    """A sound that begins and ends in the middle of a wave, with silence around it."""
    wave = 8000 * np.cos(2 * np.pi * 300 * np.arange(round(seconds * HERTZ)) / HERTZ)
    quiet = np.zeros(HERTZ // 4)
    return np.concatenate([quiet, wave, quiet]).astype(np.int16)


def speaker(natural):
    """A voice that says each phrase in so many seconds at its quickest, and in steps slower, as hibari does."""
    return lambda words, rate: (hum(natural[words] * pacing.STRETCH[rate]), HERTZ)


@pytest.mark.parametrize("wanted", [3.2, 4.0, 4.8])
def test_the_clip_lasts_as_long_as_was_asked_for(wanted):
    said = [("one of them", 0.2), ("the other one", 0.4), ("and the last", 0.4)]
    samples, hertz, rates = pacing.paced(speaker({words: 0.8 for words, _ in said}), said, 164, wanted)
    spoken = len(samples) / hertz - 2 * pacing.AROUND + pacing.PADDING
    assert spoken == pytest.approx(wanted, rel=0.06)
    assert len(rates) == 3


@pytest.mark.parametrize("wanted", np.arange(3.0, 4.8, 0.1))
def test_rests_take_up_what_the_steps_of_the_speech_leave(wanted):
    said = [("one of them", 0.2), ("the other one", 0.4), ("and the last", 0.4)]
    samples, hertz, _ = pacing.paced(speaker({words: 0.8 for words, _ in said}), said, 164, wanted)
    spoken = len(samples) / hertz - 2 * pacing.AROUND + pacing.PADDING
    assert spoken == pytest.approx(wanted, rel=0.02)


@pytest.mark.parametrize("wanted", np.arange(1.5, 2.8, 0.05))
def test_one_phrase_is_rather_too_slow_than_too_fast(wanted):
    samples, hertz, _ = pacing.paced(speaker({"one of them": 1.3}), [("one of them", 0.4)], 164, wanted)
    spoken = len(samples) / hertz - 2 * pacing.AROUND + pacing.PADDING
    assert 0.988 < spoken / wanted < 1.13


def test_without_a_wish_the_nominal_rate_is_used():
    assert pacing.paced(speaker({"five": 0.4}), [("five", 0.4)], 164, None)[2] == [164]


def test_edges_are_faded_and_nothing_of_the_sound_is_lost():
    samples = pacing.trimmed(hum(0.5), HERTZ)
    assert len(samples) / HERTZ == pytest.approx(0.5 + 2 * pacing.MARGIN_MS / 1000, abs=0.002)
    joined = pacing.joined([samples, samples], [0.2], HERTZ)
    steps = np.abs(np.diff(joined.astype(int)))
    assert steps[: HERTZ // 10].max() == 0
    quiet = np.abs(joined) < 4
    longest = max(len(run) for run in "".join("x" if one else " " for one in quiet[HERTZ // 8 : -HERTZ // 8]).split())
    assert longest / HERTZ == pytest.approx(0.2 + 2 * pacing.MARGIN_MS / 1000, abs=0.01)


def test_silence_is_refused():
    with pytest.raises(ValueError, match="nothing"):
        pacing.trimmed(np.zeros(100, dtype=np.int16), HERTZ)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Take care. Goodbye.", [("Take care.", 0.4), ("Goodbye.", 0.4)]),
        ("To skip it, press pound.", [("To skip it,", 0.2), ("press pound.", 0.4)]),
        ("Yes, press 1.", [("Yes, press 1.", 0.4)]),
        ("Call Dr. Smith by ten a.m. Then wait.", [("Call Dr. Smith by ten a.m. Then wait.", 0.4)]),
        ("Again: one", [("Again: one", 0.4)]),
        ("Ready? Go.", [("Ready?", 0.4), ("Go.", 0.4)]),
    ],
)
def test_a_voice_rests_at_full_stops_and_commas(text, parts):
    assert list(phrases(text)) == parts


def test_a_pronunciation_leaves_what_is_in_the_brackets():
    assert respelt("For [kyfo-plasty](/ˈkaɪfoʊˌplæsti/), press 3.") == "For kyfo-plasty, press 3."
