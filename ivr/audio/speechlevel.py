"""Active speech level after ITU-T P.56 (12/2011), method B: how loud the speech is, its pauses left out."""

import math

import numpy as np

from ivr.audio.wavefile import Samples

TIME_CONSTANT = 0.03  # s, of the two-stage envelope (P.56, table 1)
HANGOVER = 0.2  # s, that still count as speech after the envelope fell (P.56, table 1)
MARGIN = 15.9  # dB, between the active level and the threshold of activity (P.56, table 1)
THRESHOLDS = tuple(2.0**-step for step in range(1, 16))  # of full scale (P.56: 15 for 16 bits)
NOTHING = -100.0  # dBov, reported where nothing is active


def active_speech_level(samples: Samples, rate: int) -> tuple[float, float]:
    """Return the active level in dBov (0 = a full-scale square wave) and the activity, 0.0-1.0 of the time.

    Samples have amplitude -1.0 ... 1.0, `rate` is in Hz. Where nothing is active the answer is (-100.0, 0.0).
    """
    energy = float(np.square(samples).sum())
    if energy <= 0.0:
        return NOTHING, 0.0
    envelope = _envelope(samples, rate)
    below: tuple[float, float] | None = None  # (level, excess) at the next lower threshold
    for threshold in reversed(THRESHOLDS):
        active = _active_samples(envelope, threshold, rate)
        if not active:
            break
        level = _db(energy / active)
        excess = level - 2 * _db(threshold) - MARGIN
        if excess < 0.0:
            return _activity(_between((level, excess), below), energy, len(samples)) if below else (NOTHING, 0.0)
        below = (level, excess)
    return _activity(below[0], energy, len(samples)) if below else (NOTHING, 0.0)


def _activity(level: float, energy: float, samples: int) -> tuple[float, float]:
    return level, min(1.0, energy / (samples * 10 ** (level / 10)))


def _between(above: tuple[float, float], below: tuple[float, float]) -> float:
    """Interpolate the level (dB) to where it lies exactly the margin over the threshold."""
    share = -above[1] / (below[1] - above[1])
    return above[0] + share * (below[0] - above[0])


def _envelope(samples: Samples, rate: int) -> Samples:
    keep = math.exp(-1.0 / (rate * TIME_CONSTANT))
    return _smooth(_smooth(np.abs(samples), keep), keep)


def _smooth(values: Samples, keep: float) -> Samples:
    """Filter y[n] = keep*y[n-1] + (1-keep)*x[n], a block at a time: within a block it is a cumulative sum."""
    block = min(len(values), max(1, round(-24.0 / math.log(keep))))  # so that keep**-block stays near e**24
    powers = keep ** np.arange(1, block + 1)
    smoothed = np.empty_like(values)
    last = 0.0
    for start in range(0, len(values), block):
        part = values[start : start + block]
        fade = powers[: len(part)]
        smoothed[start : start + len(part)] = fade * (last + (1.0 - keep) * np.cumsum(part / fade))
        last = float(smoothed[start + len(part) - 1])
    return smoothed


def _active_samples(envelope: Samples, threshold: float, rate: int) -> int:
    """Count the samples at or over the threshold, and those within the hangover behind them."""
    loud = np.flatnonzero(envelope >= threshold)
    if not len(loud):
        return 0
    gaps = np.diff(loud, append=len(envelope))
    return int(np.minimum(gaps, 1 + int(HANGOVER * rate)).sum())


def _db(power: float) -> float:
    return 10.0 * math.log10(power)
