"""Files as people send them: every coding with every fault comes out right, or is refused with the fitting sentence."""

import functools

import numpy as np
import pytest

from ivr.audio.clips import PromptText
from ivr.audio.errors import TakeFault, TakeRefused
from ivr.audio.measuring import faults
from ivr.audio.takes import LARGEST_BYTES, finish_take
from tests.support.takes import as_wav, encoded, resampled, spoken

WORDS = "Please press 2 and we will call you back."
LINE = PromptText("k", WORDS, 8.0)

CODINGS = {
    "WAV, 8 bit": ("wav", "pcm_u8", 44_100),
    "WAV, 16 bit": ("wav", "pcm_s16le", 44_100),
    "WAV, 24 bit": ("wav", "pcm_s24le", 48_000),
    "WAV, 32 bit": ("wav", "pcm_s32le", 48_000),
    "WAV, floating point": ("wav", "pcm_f32le", 48_000),
    "WAV, long floating point": ("wav", "pcm_f64le", 96_000),
    "WAV, 16 kHz": ("wav", "pcm_s16le", 16_000),
    "WAV, 22 kHz": ("wav", "pcm_s16le", 22_050),
    "WAV, 192 kHz": ("wav", "pcm_s16le", 192_000),
    "WAV, 8 kHz": ("wav", "pcm_s16le", 8_000),
    "WAV, mu-law": ("wav", "pcm_mulaw", 8_000),
    "WAV, A-law": ("wav", "pcm_alaw", 8_000),
    "WAV, ADPCM": ("wav", "adpcm_ima_wav", 44_100),
    "Wave64": ("w64", "pcm_s16le", 48_000),
    "AIFF": ("aiff", "pcm_s16be", 44_100),
    "CAF": ("caf", "pcm_s16be", 44_100),
    "FLAC": ("flac", "flac", 44_100),
    "MP3": ("mp3", "libmp3lame", 44_100),
    "MP3, 22 kHz": ("mp3", "libmp3lame", 22_050),
    "AAC in MP4": ("mp4", "aac", 48_000),
    "AAC alone": ("adts", "aac", 44_100),
    "Apple Lossless": ("mov", "alac", 44_100),
    "Opus in Ogg": ("ogg", "libopus", 48_000),
    "Opus in WebM": ("webm", "libopus", 48_000),
    "Opus in Matroska": ("matroska", "libopus", 48_000),
}
TELEPHONES = ("WAV, 8 kHz", "WAV, mu-law", "WAV, A-law")
"""A telephone's band takes the flat tops away: what was too loud in front of it is not told from clean speech."""

USUAL = ("WAV, 16 bit", "FLAC", "MP3", "AAC in MP4", "Opus in WebM")

TOO_OFTEN = 24
"""The sentence takes 5.2 seconds: 125 in all, which is more than two minutes."""

UNREADABLE = "not a recording we can read"
CUT_OFF = "Was it cut off"


@functools.cache
def voice():
    """A short sentence at -1 dBFS, and its rate; spoken once for all files."""
    samples, rate = spoken(WORDS)
    return samples / np.abs(samples).max() * 0.89, rate


@functools.cache
def at(hertz):
    return resampled(*voice(), hertz)


@functools.cache
def expected():
    """Seconds of the clip that becomes of the plainest file."""
    return finish_take(as_wav(*voice()), "en-US", LINE).measurement.seconds


@functools.cache
def plain(coding):
    """A file of clean speech."""
    return file_of(coding)


def file_of(coding, change=lambda samples: samples, channels=1):
    container, codec, hertz = CODINGS[coding]
    return encoded(np.stack([change(at(hertz))] * channels), hertz, container, codec)


def clipped(samples):
    return np.clip(samples * 16, -1, 1) * 0.9


def refused(source, line=LINE):
    with pytest.raises(TakeRefused) as found:
        finish_take(source, "en-US", line)
    return str(found.value), found.value.reason


@pytest.mark.parametrize("channels", [1, 2], ids=["mono", "stereo"])
@pytest.mark.parametrize("coding", CODINGS)
def test_clean_speech_comes_out_right(coding, channels):
    clip = finish_take(file_of(coding, channels=channels), "en-US", LINE)
    assert faults(clip.measurement, LINE.longest_seconds) == []
    assert clip.measurement.seconds == pytest.approx(expected(), abs=0.1)


@pytest.mark.parametrize("coding", [name for name in CODINGS if name not in TELEPHONES])
def test_a_voice_that_was_24_db_too_loud_is_distorted_in_every_coding(coding):
    words, reason = refused(file_of(coding, clipped))
    assert ("the voice was too loud" in words, reason) == (True, TakeFault.DISTORTED)


@pytest.mark.parametrize("coding", CODINGS)
def test_the_beginning_of_a_file_is_no_recording(coding):
    """Forty bytes of AAC alone are some milliseconds of silence already."""
    words, _ = refused(plain(coding)[:40])
    assert ("almost silent" if coding == "AAC alone" else UNREADABLE) in words


@pytest.mark.parametrize("coding", CODINGS)
def test_half_a_file_is_unreadable_or_lacks_words(coding):
    source = plain(coding)
    words, _ = refused(source[: len(source) // 2])
    assert UNREADABLE in words or CUT_OFF in words


@pytest.mark.parametrize("coding", USUAL)
@pytest.mark.parametrize(
    ("change", "reason", "said"),
    [
        (lambda samples: samples * 0, TakeFault.QUIET, "almost silent"),
        (lambda samples: samples * 0.002, TakeFault.QUIET, "almost silent"),
        (lambda samples: np.tile(samples, 2), TakeFault.LONG, "Was something said twice"),
        (lambda samples: np.tile(samples, TOO_OFTEN), TakeFault.LONG, "longer than two minutes"),
        (lambda samples: samples[: len(samples) // 2], TakeFault.SHORT, CUT_OFF),
    ],
    ids=["silence", "far away", "said twice", "minutes", "half of it"],
)
def test_what_is_wrong_with_the_sound_is_said_in_every_coding(coding, change, reason, said):
    words, why = refused(file_of(coding, change))
    assert (why, said in words) == (reason, True), words


@pytest.mark.parametrize("coding", USUAL)
def test_channels_that_cancel_and_one_that_is_silent(coding):
    container, codec, hertz = CODINGS[coding]
    samples = at(hertz)
    words, _ = refused(encoded(np.stack([samples, -samples]), hertz, container, codec))
    assert "Left and right cancel each other out" in words
    one_side = encoded(np.stack([samples, samples * 0]), hertz, container, codec)
    assert faults(finish_take(one_side, "en-US", LINE).measurement) == []


@pytest.mark.parametrize("coding", USUAL)
def test_a_beep_before_the_speech_is_cut_off(coding):
    hertz = CODINGS[coding][2]
    beep = 0.3 * np.sin(2 * np.pi * 1000 * np.arange(hertz // 5) / hertz)
    clip = finish_take(file_of(coding, lambda samples: np.concatenate([beep, samples])), "en-US", LINE)
    alone = finish_take(plain(coding), "en-US", LINE)
    assert clip.measurement.seconds == pytest.approx(alone.measurement.seconds, abs=0.1)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (b"", UNREADABLE),
        (b"\0" * 1000, UNREADABLE),
        (b"%PDF-1.7 " * 500, UNREADABLE),
        (b"PK\x03\x04" * 500, UNREADABLE),
        (b"#EXTM3U\nfile:///etc/passwd\n", UNREADABLE),
        (b"\0" * (LARGEST_BYTES + 1), "20 MB is the most"),
    ],
    ids=["empty", "zeros", "a PDF", "a zip", "a playlist", "huge"],
)
def test_what_is_no_sound_at_all(source, said):
    assert said in refused(source)[0]
