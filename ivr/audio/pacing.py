"""Sentences spoken one by one, made into a clip with a person's pauses, at the pace that is wanted.

`worker.py` loads it from beside itself, so it imports nothing of this product.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

BETWEEN_SENTENCES = 0.4
"""Seconds of silence between two sentences."""

PADDING = 0.13
"""Seconds of silence that the finished clip has around the speech."""

SLOWEST, FASTEST = 148, 206
"""Nominal rates between which hibari sounds natural: 0.72 to 1.0 of its own speed."""

CLOSE_ENOUGH = 0.02
AUDIBLE = 0.006  # of the loudest sample: where speech begins and ends
MARGIN_MS, FADE_MS = 20, 8  # kept around the speech, of which the outer part is faded


def trimmed(samples: NDArray[np.int16], hertz: int) -> NDArray[np.int16]:
    """The speech without the silence around it, faded in and out; raises ValueError when nothing was spoken."""
    amplitude = np.abs(samples.astype(np.int32))
    loud = np.flatnonzero(amplitude > AUDIBLE * amplitude.max(initial=0))
    if not len(loud):
        raise ValueError("nothing was spoken")
    margin = hertz * MARGIN_MS // 1000
    kept = samples[max(0, loud[0] - margin) : loud[-1] + 1 + margin].astype(np.float64)
    length = min(len(kept) // 2, hertz * FADE_MS // 1000)
    fade = (1.0 - np.cos(np.pi * np.arange(length) / max(1, length))) / 2.0
    kept[:length] *= fade
    kept[len(kept) - length :] *= fade[::-1]
    return np.rint(kept).astype(np.int16)


def joined(sentences: Sequence[NDArray[np.int16]], hertz: int) -> NDArray[np.int16]:
    """The sentences in a row, with silence between them."""
    pause = np.zeros(round(hertz * BETWEEN_SENTENCES), dtype=np.int16)
    parts = [part for sentence in sentences for part in (pause, trimmed(sentence, hertz))]
    return np.concatenate(parts[1:])


def better_rate(rate: int, seconds: float, sentences: int, wanted: float) -> int:
    """The nominal rate at which the clip lasts as many seconds as wanted; the same one when it is close enough."""
    pauses = BETWEEN_SENTENCES * (sentences - 1)
    if abs(seconds + PADDING - wanted) <= CLOSE_ENOUGH * wanted:
        return rate
    room = max(0.1, wanted - pauses - PADDING)
    return min(FASTEST, max(SLOWEST, round(rate * (seconds - pauses) / room)))
