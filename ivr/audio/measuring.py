"""Measuring a finished clip and saying in plain words what is wrong with it."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ivr.audio.endpoints import speech_bounds
from ivr.audio.speechlevel import NOTHING, active_speech_level
from ivr.audio.wavefile import read_wav
from ivr.audio.words import words_in

__all__ = ["Measurement", "active_speech_level", "faults", "measure", "spread_db"]

TARGET_DBOV = -23.0  # active level by P.56; this, its range and the other limits are the product's own
QUIETEST_DBOV, LOUDEST_DBOV = -26.0, -20.0
HIGHEST_PEAK_DBFS = -3.0
LONGEST_HEAD_MS, LONGEST_TAIL_MS = 100, 250
SLOWEST_WPM, FASTEST_WPM = 105.0, 150.0  # words a minute, pauses included
TARGET_WPM, CLINICAL_WPM = 148.0, 134.0  # what the machine's voice aims at
FEWEST_WORDS_FOR_PACE = 5
WIDEST_SPREAD_DB = 2.0  # between the loudest and the quietest clip of a set


@dataclass(frozen=True)
class Measurement:
    """A clip in figures: s, dBov (P.56), active share of time, dBFS, ms of silence, words, words/min."""

    seconds: float
    level_dbov: float
    activity: float
    peak_dbfs: float
    head_ms: int
    tail_ms: int
    words: int
    words_per_minute: float | None


def measure(wav_bytes: bytes, text: str, language: str) -> Measurement:
    """Measure a mono 16-bit WAV that speaks `text`; pace is None under five words, where it means nothing."""
    samples, rate = read_wav(wav_bytes)
    seconds = len(samples) / rate
    level, activity = active_speech_level(samples, rate)
    peak = float(np.abs(samples).max(initial=0.0))
    first, last = speech_bounds(samples, rate, level)
    words = words_in(text, language)
    paced = words >= FEWEST_WORDS_FOR_PACE and seconds > 0
    return Measurement(
        seconds=round(seconds, 3),
        level_dbov=round(level, 2),
        activity=round(activity, 3),
        peak_dbfs=round(20.0 * math.log10(peak), 2) if peak else NOTHING,
        head_ms=round(1000 * first / rate),
        tail_ms=round(1000 * (len(samples) - last) / rate),
        words=words,
        words_per_minute=round(60.0 * words / seconds, 1) if paced else None,
    )


def faults(measurement: Measurement, longest_seconds: float | None = None) -> list[str]:
    """Name every limit the clip breaks, in words for the people who write and record prompts."""
    if measurement.activity == 0.0:
        return ["no speech was found"]
    found = _level_faults(measurement)
    if longest_seconds is not None and measurement.seconds > longest_seconds:
        found.append(f"too long: {measurement.seconds:.1f} s, at most {longest_seconds:g} s")
    if measurement.head_ms > LONGEST_HEAD_MS:
        found.append(f"starts late: {measurement.head_ms} ms of silence, at most {LONGEST_HEAD_MS} ms")
    if measurement.tail_ms > LONGEST_TAIL_MS:
        found.append(f"ends late: {measurement.tail_ms} ms of silence, at most {LONGEST_TAIL_MS} ms")
    pace = measurement.words_per_minute
    if pace is not None and pace < SLOWEST_WPM:
        found.append(f"too slow: {pace:.0f} words a minute, at least {SLOWEST_WPM:.0f}")
    if pace is not None and pace > FASTEST_WPM:
        found.append(f"too fast: {pace:.0f} words a minute, at most {FASTEST_WPM:.0f}")
    return found


def spread_db(measurements: Iterable[Measurement]) -> float:
    """Return the loudest less the quietest active level of a set, in dB (wanted: at most 2); 0 for none."""
    levels = [measurement.level_dbov for measurement in measurements]
    return max(levels) - min(levels) if levels else 0.0


def _level_faults(measurement: Measurement) -> list[str]:
    found = []
    if measurement.level_dbov < QUIETEST_DBOV:
        found.append(f"too quiet: {measurement.level_dbov:.1f} dBov, at least {QUIETEST_DBOV:.0f}")
    if measurement.level_dbov > LOUDEST_DBOV:
        found.append(f"too loud: {measurement.level_dbov:.1f} dBov, at most {LOUDEST_DBOV:.0f}")
    if measurement.peak_dbfs > HIGHEST_PEAK_DBFS:
        found.append(f"peaks too high: {measurement.peak_dbfs:.1f} dBFS, at most {HIGHEST_PEAK_DBFS:.0f}")
    return found
