"""A voice that was too loud is found after every coding, and clean voices never are; channels that cancel are named."""

import numpy as np
import pytest

from ivr.audio import sandbox
from ivr.audio.clips import PromptText
from ivr.audio.decoding import decoded
from ivr.audio.distortion import crest_and_tops, is_distorted
from ivr.audio.errors import TakeFault, TakeRefused
from ivr.audio.takes import finish_take
from tests.support.takes import SENTENCE, as_wav, resampled, spoken, too_loud

LINE = PromptText("emergency", SENTENCE, 12.0)

CODINGS = {
    "WAV": lambda encode, samples, rate: as_wav(samples, rate),
    "WAV, turned down": lambda encode, samples, rate: as_wav(samples * 0.25, rate),
    "WAV, 48 kHz": lambda encode, samples, rate: as_wav(resampled(samples, rate, 48_000) * 0.7, 48_000),
    "WAV, 16 kHz": lambda encode, samples, rate: as_wav(resampled(samples, rate, 16_000) * 0.7, 16_000),
    "FLAC": lambda encode, samples, rate: encode(samples[None], rate, "flac", "flac"),
    "Opus": lambda encode, samples, rate: encode(
        resampled(samples, rate, 48_000)[None], 48_000, "ogg", "libopus", 24_000
    ),
    "Opus in WebM": lambda encode, samples, rate: encode(
        resampled(samples, rate, 48_000)[None] * 0.5, 48_000, "webm", "libopus", 64_000
    ),
    "MP3": lambda encode, samples, rate: encode(
        resampled(samples, rate, 44_100)[None], 44_100, "mp3", "libmp3lame", 64_000
    ),
    "MP3, turned down": lambda encode, samples, rate: encode(
        resampled(samples, rate, 44_100)[None] * 0.3, 44_100, "mp3", "libmp3lame", 128_000
    ),
    "AAC": lambda encode, samples, rate: encode(resampled(samples, rate, 44_100)[None], 44_100, "mp4", "aac", 64_000),
}


@pytest.fixture(scope="module")
def voice():
    samples, rate = spoken(SENTENCE)
    return samples / np.abs(samples).max() * 0.89, rate


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("decibels", [12, 24])
def test_a_voice_that_was_too_loud_is_found(voice, encode, coding, decibels):
    samples, rate = voice
    with pytest.raises(TakeRefused, match="the voice was too loud") as refused:
        finish_take(CODINGS[coding](encode, too_loud(samples, decibels), rate), "en-US", LINE)
    assert refused.value.reason is TakeFault.DISTORTED


@pytest.mark.parametrize("coding", CODINGS)
def test_a_clean_voice_is_far_from_it(voice, encode, coding):
    samples, rate = voice
    wide, hertz = decoded(CODINGS[coding](encode, samples, rate))
    assert not is_distorted(wide, hertz)
    crest, near_top = crest_and_tops(wide, hertz)
    assert crest > 12
    assert near_top < 0.03


def test_a_loud_key_at_the_end_is_no_distortion(voice):
    samples, rate = voice
    seconds = np.arange(rate) / rate
    key = 0.49 * (np.sin(2 * np.pi * 770 * seconds) + np.sin(2 * np.pi * 1336 * seconds))
    assert finish_take(as_wav(np.concatenate([samples * 0.5, np.zeros(rate // 4), key]), rate), "en-US", LINE)


@pytest.mark.parametrize(
    "silence", [np.zeros(0), np.zeros(10), np.zeros(48_000)], ids=["nothing", "a moment", "silence"]
)
def test_what_is_nothing_is_not_distorted(silence):
    assert not is_distorted(silence, 48_000)


@pytest.mark.parametrize(
    ("left", "right", "words"),
    [
        (1.0, -1.0, "Left and right cancel each other out"),
        (1.0, -0.9, "Left and right cancel each other out"),
        (1.0, 0.0, ""),
        (1.0, 1.0, ""),
        (1.0, 0.3, ""),
    ],
)
def test_left_and_right_that_cancel_have_a_sentence_of_their_own(voice, encode, left, right, words):
    samples, rate = voice
    source = encode(np.stack([samples * left, samples * right]), rate, "wav", "pcm_s16le")
    if not words:
        assert sandbox.master_take(source, "en-US", LINE).wav
        return
    with pytest.raises(TakeRefused, match=words) as refused:
        sandbox.master_take(source, "en-US", LINE)
    assert refused.value.reason is TakeFault.QUIET
