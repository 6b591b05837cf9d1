"""Whether a voice was too loud for what recorded it: the tops of its waves are cut off, whatever coding came after.

Lossy coding, another rate and turning down round the tops, so that few samples are at the very peak. What stays is
that speech has hardly any peaks left over its mean level, and that far too much of it is near the top.
Figures of the limits: tests/README.md, "Distorted recordings".
"""

import numpy as np

from ivr.audio.wavefile import Samples

FLAT = 0.98  # of the peak: samples above it are at the top
SPOKEN = 0.1  # of the peak: samples above it are speech
MOST_FLAT = 0.008  # of the spoken samples; speech that is not clipped has under 0.002

FRAME_SECONDS = 0.02
ACTIVE_DB = -20.0  # under the loud frames: speech still
TOP_PERCENT = 99.9  # of the active samples lie under what counts as their peak
NEAR_TOP = 0.75  # of the peak that 99.5 % lie under
NEAR_TOP_PERCENT = 99.5
LEAST_CREST_DB = 10.0
MOST_NEAR_TOP = 0.06


def is_distorted(wide: Samples, rate: int) -> bool:
    """Whether the tops of the waves are cut off, in mono samples of any rate (Hz) that hold speech."""
    if _is_clipped(wide):
        return True
    crest, near_top = crest_and_tops(wide, rate)
    return crest < LEAST_CREST_DB and near_top > MOST_NEAR_TOP


def crest_and_tops(wide: Samples, rate: int) -> tuple[float, float]:
    """How far the peaks of the active speech are over its mean level (dB), and how much of it is near the top (0-1)."""
    frame = max(1, round(rate * FRAME_SECONDS))
    count = len(wide) // frame
    if not count:
        return np.inf, 0.0
    frames = wide[: count * frame].reshape(count, frame)
    levels = np.sqrt((frames**2).mean(axis=1))
    active = np.abs(frames[levels > np.percentile(levels, 95) * 10 ** (ACTIVE_DB / 20)]).ravel()
    if not len(active) or not active.any():
        return np.inf, 0.0
    peak, top = np.percentile(active, [TOP_PERCENT, NEAR_TOP_PERCENT])
    crest = 20 * np.log10(peak / np.sqrt((active**2).mean()))
    return float(crest), float((active > NEAR_TOP * top).mean())


def _is_clipped(wide: Samples) -> bool:
    """Whether far more samples than speech has are at the very peak."""
    amplitude = np.abs(wide)
    peak = float(amplitude.max(initial=0.0))
    spoken = int((amplitude > SPOKEN * peak).sum())
    return bool(spoken) and float((amplitude > FLAT * peak).sum()) / spoken > MOST_FLAT
