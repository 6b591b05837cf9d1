"""Where the speech in a clip begins and ends, judged in the band the caller hears.

Two thresholds (after Rabiner and Sambur, 1975): a loud one finds what is certainly speech, a soft one follows
it outwards into quiet consonants. Both follow the noise of the recording: a hissing room is not speech.
"""

import numpy as np

from ivr.audio.speechlevel import NOTHING
from ivr.audio.wavefile import Samples

FRAME_MS = 5
# Thresholds: so many dB over the noise, but never outside these bounds, dB over the active level.
SURE_OVER_NOISE_DB, SURE_DB = 10.0, (-30.0, -12.0)
SOFT_OVER_NOISE_DB, SOFT_DB = 5.0, (-45.0, -18.0)
NOISE_WINDOW_MS = 60  # the quietest stretch of this length is taken for the noise
BRIDGE_MS = 120  # a consonant may stand this far from the rest of its word (the closure of a stop)
LONE_MS = 15  # anything shorter than this is a click, not speech


def speech_bounds(samples: Samples, rate: int, level_dbov: float) -> tuple[int, int]:
    """Return the first sample of speech and the one after its last, or (0, 0); needs the active level."""
    levels = _frame_levels(samples, rate)
    if not len(levels) or level_dbov <= NOTHING:
        return 0, 0
    noise = _noise_level(levels)
    sure = levels >= np.clip(noise + SURE_OVER_NOISE_DB, level_dbov + SURE_DB[0], level_dbov + SURE_DB[1])
    soft = levels >= np.clip(noise + SOFT_OVER_NOISE_DB, level_dbov + SOFT_DB[0], level_dbov + SOFT_DB[1])
    runs = [run for run in _runs(sure) if run[1] - run[0] >= LONE_MS // FRAME_MS]
    if not runs:
        return 0, 0
    first = _reach(_runs(soft)[::-1], runs[0][0])
    beyond = len(levels)
    mirrored = [(beyond - end, beyond - start) for start, end in _runs(soft)]
    last = beyond - _reach(mirrored, beyond - runs[-1][1])
    frame = rate * FRAME_MS // 1000
    return first * frame, min(last * frame, len(samples))


def noise_dbov(samples: Samples, rate: int) -> float:
    """Return the level of the quietest 60 ms in dBov: what is heard when nobody speaks."""
    levels = _frame_levels(samples, rate)
    return _noise_level(levels) if len(levels) else -100.0


def _reach(soft_runs: list[tuple[int, int]], edge: int) -> int:
    """Move the edge (a frame) towards 0 over soft runs, latest first, each within the bridge of the last."""
    for start, end in soft_runs:
        if start >= edge:
            continue
        if end < edge - BRIDGE_MS // FRAME_MS or (end < edge and end - start < LONE_MS // FRAME_MS):
            break
        edge = start
    return edge


def _frame_levels(samples: Samples, rate: int) -> Samples:
    """Return the level of each 5 ms frame in dBov, smoothed over three frames."""
    frame = rate * FRAME_MS // 1000
    count = len(samples) // frame
    power = (samples[: count * frame].reshape(count, frame) ** 2).mean(axis=1)
    if count >= 3:
        power = np.convolve(power, [0.25, 0.5, 0.25], mode="same")
    levels: Samples = 10.0 * np.log10(power + 1e-10)
    return levels


def _noise_level(levels: Samples) -> float:
    width = min(len(levels), NOISE_WINDOW_MS // FRAME_MS)
    power = np.convolve(10.0 ** (levels / 10.0), np.full(width, 1.0 / width), mode="valid")
    return float(10.0 * np.log10(max(power.min(), 1e-10)))


def _runs(mask: np.ndarray) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], mask.astype(np.int8), [0]))))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]
