"""Pauses between the options of a menu, as clips: the carrier's <Pause> cannot do less than a second."""

import numpy as np

from ivr.audio.wavefile import RATE, write_wav

LONGEST_MS = 10_000


def silence(milliseconds: int) -> bytes:
    """Return a WAV of digital silence (8 kHz, mono, 16 bit) of 1 to 10,000 ms, titled e.g. "silence_600"."""
    if not 1 <= milliseconds <= LONGEST_MS:
        raise ValueError(f"a pause is 1 to {LONGEST_MS} ms, not {milliseconds}")
    return write_wav(np.zeros(RATE * milliseconds // 1000), title=f"silence_{milliseconds}")
