"""Making any recording fit for the telephone: band, silence around it, level, peak, and its name inside."""

import math
from dataclasses import dataclass

import numpy as np

from ivr.audio.decoding import Pcm, telephone_band
from ivr.audio.endpoints import speech_bounds
from ivr.audio.errors import MasteringError
from ivr.audio.measuring import HIGHEST_PEAK_DBFS, TARGET_DBOV
from ivr.audio.speechlevel import active_speech_level
from ivr.audio.wavefile import RATE, Samples, write_wav

__all__ = ["Mastered", "MasteringError", "Pcm", "master"]

HEAD_MS, TAIL_MS = 40, 90
FADE_MS = 5  # in and out, so that a noisy room does not click on and off
CEILING_DBFS = HIGHEST_PEAK_DBFS - 0.3
LOOK_AHEAD_MS = 5  # how long before a peak the limiter begins to turn down, and after it to turn up
LEVEL_ROUNDS = 4  # a limiter lowers the level a little, so gain and limiter are settled together
CLOSE_ENOUGH_DB = 0.05


@dataclass(frozen=True)
class Mastered:
    """A clip ready for the line (8 kHz mono 16-bit WAV); the gain and the deepest limiting it took, in dB."""

    wav: bytes
    gain_db: float
    limited_db: float


def master(source: bytes | Pcm, title: str, comment: str) -> Mastered:
    """Master a recording (WAV, FLAC, MP3, M4A, OGG, WebM, or raw samples) to -23 dBov, peaks under -3 dBFS.

    `title` (the prompt's key) and `comment` (the words spoken) are kept inside the file. The same input gives
    the same bytes. Raises MasteringError for a source that cannot be decoded, is longer than ten minutes, or
    holds no speech.
    """
    return master_band(telephone_band(source), title, comment)


def master_band(samples: Samples, title: str, comment: str) -> Mastered:
    """Do the same with samples that hold the telephone's band already, at 8 kHz."""
    speech = _trimmed(samples)
    levelled, gain_db, limited_db = _levelled(speech)
    return Mastered(write_wav(levelled, title, comment), round(gain_db, 2), round(limited_db, 2))


def _trimmed(samples: Samples) -> Samples:
    """Cut or fill the silence to about 50 ms before and 150 ms after the speech."""
    level, _ = active_speech_level(samples, RATE)
    first, last = speech_bounds(samples, RATE, level)
    if first == last:
        raise MasteringError("holds no speech")
    head, tail = RATE * HEAD_MS // 1000, RATE * TAIL_MS // 1000
    kept = samples[max(0, first - head) : last + tail].copy()
    fade = np.linspace(0.0, 1.0, min(len(kept) // 2, RATE * FADE_MS // 1000))
    kept[: len(fade)] *= fade
    kept[len(kept) - len(fade) :] *= fade[::-1]
    return np.pad(kept, (max(0, head - first), max(0, last + tail - len(samples))))


def _levelled(speech: Samples) -> tuple[Samples, float, float]:
    """Apply gain and limiter in a few rounds, until the active level is met with the peaks held down."""
    gain_db, shaped, limited_db = 0.0, speech, 0.0
    for _ in range(LEVEL_ROUNDS):
        level, _activity = active_speech_level(shaped, RATE)
        if abs(TARGET_DBOV - level) <= CLOSE_ENOUGH_DB and limited_db + gain_db != 0.0:
            break
        gain_db += TARGET_DBOV - level
        shaped, limited_db = _limited(speech * 10 ** (gain_db / 20))
    return shaped, gain_db, limited_db


def _limited(samples: Samples) -> tuple[Samples, float]:
    """Hold peaks under the ceiling by a smooth gain that starts 5 ms early; return also its deepest cut, dB.

    The gain each sample needs is spread over the window by a running minimum, then averaged over the same
    window: the average of values that all suffice for a peak suffices for it, so nothing overshoots and
    nothing is clipped.
    """
    ceiling = 10 ** (CEILING_DBFS / 20)
    needed = np.minimum(1.0, ceiling / np.maximum(np.abs(samples), 1e-9))
    if needed.min(initial=1.0) >= 1.0:
        return samples, 0.0
    reach = RATE * LOOK_AHEAD_MS // 1000
    padded = np.pad(needed, 2 * reach, constant_values=1.0)
    held = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1).min(axis=1)
    window = np.hanning(2 * reach + 3)[1:-1]
    gain = np.convolve(held, window / window.sum(), mode="valid")
    return samples * gain, -20.0 * math.log10(float(gain.min()))
