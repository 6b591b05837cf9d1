"""Sound that has the rhythm of speech and says nothing, for recordings that no person made."""

import io
import math
import random
import struct
import wave
from functools import lru_cache

RATE = 8000
_PHRASE_SECONDS = 4


def speechlike(seconds: float) -> bytes:
    """Return a WAV of `seconds`, 8 kHz 16-bit mono, with syllables at about four a second."""
    frames = max(1, round(seconds * RATE))
    phrase = _phrase()
    samples = (phrase * (frames * 2 // len(phrase) + 1))[: frames * 2]
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples)
    return out.getvalue()


@lru_cache(maxsize=1)
def _phrase() -> bytes:
    """Four seconds: a voice of some 120 Hz with overtones and a melody, in syllables, a breath at the end."""
    noise = random.Random(8000)
    samples = []
    angle = 0.0
    for index in range(RATE * _PHRASE_SECONDS):
        at = index / RATE
        angle += 2 * math.pi * (120 + 15 * math.sin(2 * math.pi * at / 1.7)) / RATE
        loudness = max(0.0, math.sin(math.pi * at * 4.1)) ** 0.5 if at < _PHRASE_SECONDS - 0.6 else 0.0
        voice = sum(math.sin(angle * overtone) / overtone for overtone in (1, 2, 3, 5, 8))
        samples.append(round(6000 * loudness * voice / 1.5 + noise.uniform(-40, 40)))
    return struct.pack(f"<{len(samples)}h", *samples)
