"""Where speech begins and ends; and phrases spoken one by one, made into a clip with a person's rests, at a pace.

`worker.py` loads it from beside itself, so it imports nothing of this product.
"""

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.int16]
Speak = Callable[[str, int], tuple[Sound, int]]
"""Speaks words at a nominal rate; returns samples and how many of them make a second."""

STRETCH = {
    **{206: 1.0, 198: 1.03, 190: 1.05, 184: 1.07, 178: 1.09, 174: 1.13, 170: 1.15, 166: 1.17, 164: 1.30, 162: 1.32},
    **{158: 1.34, 152: 1.38, 148: 1.40, 144: 1.42, 140: 1.46, 136: 1.54, 132: 1.59, 128: 1.62, 124: 1.64, 120: 1.68},
    **{118: 1.72, 116: 1.85, 114: 1.88, 112: 1.90, 110: 1.94, 106: 1.97, 103: 2.0},
    **{98: 2.07, 94: 2.14, 90: 2.32},
}
"""How many times as long hibari speaks at a nominal rate as at 206, measured: it goes up in steps, as its model counts
a sound's length in whole frames."""

A_LETTER, BESIDES = 0.051, 0.06
"""Seconds that hibari needs for a letter at 206, and for a phrase besides."""

PADDING = 0.09
"""Seconds that the finished clip lasts longer than the phrases: it is trimmed once more, and gets silence around it."""

LEAST_STRETCH, SHORTEST_REST = 1.2, 0.4
"""Rather than speak faster than so many times its quickest, it rests less, down to so much of each rest."""

FIT = 0.8, 1.3
"""By how much a rest may differ, so that a clip has its pace in spite of the steps."""

AROUND = 0.1
"""Seconds of silence before and after the phrases: beside it, a soft "s" or "th" is seen to be speech."""

FASTEST_SHARE = 0.992
"""Of the wished length: what is shorter is taken only when everything else is much too long."""

PASSES = 4
CLOSE_ENOUGH = 0.015
AUDIBLE = 0.006  # of the loudest sample: where speech begins and ends
MARGIN_MS, FADE_MS = 20, 8  # kept around the speech, of which the outer part is faded


def paced(
    speak: Speak, phrases: Sequence[tuple[str, float]], rate: int, wanted: float | None
) -> tuple[Sound, int, list[int]]:
    """Speak phrases, each with the seconds of rest after it, so that the clip lasts as many seconds as wanted.

    Returns the samples, how many make a second, and the nominal rate of each phrase; without a wish all have `rate`.
    """
    natural = [A_LETTER * len(words) + BESIDES for words, _ in phrases]
    rests = _rests([rest for _, rest in phrases[:-1]], sum(natural), wanted)
    said = cache(lambda words, at: _spoken(speak, words, at))
    rates = [rate] * len(phrases)
    if wanted is not None:
        wanted -= PADDING
        rates = _spread(natural, wanted - sum(rests))
    best: tuple[float, Sound, int, list[int]] | None = None
    for _ in range(PASSES if wanted is not None else 1):
        sounds = [said(words, at) for (words, _), at in zip(phrases, rates, strict=True)]
        hertz = sounds[0][1]
        seconds = [len(samples) / hertz for samples, _ in sounds]
        fitted = _fitted(rests, wanted - sum(seconds)) if wanted else rests
        off = _off((sum(seconds) + sum(fitted)) / wanted) if wanted else 0.0
        if best is None or off < best[0]:
            best = off, joined([samples for samples, _ in sounds], fitted, hertz), hertz, rates
        if wanted is None or off <= CLOSE_ENOUGH:
            break
        natural = [length / STRETCH[at] for length, at in zip(seconds, rates, strict=True)]
        rates = _spread(natural, wanted - sum(rests))
    assert best is not None
    return best[1:]


def _spoken(speak: Speak, words: str, rate: int) -> tuple[Sound, int]:
    samples, hertz = speak(words, rate)
    return trimmed(samples, hertz), hertz


def _off(share: float) -> float:
    """How far from the wished length a clip is; too fast is worse than too slow, and soon breaks a limit."""
    if share > 1.0:
        return share - 1.0
    return (2.0 if share > FASTEST_SHARE else 10.0) * (1.0 - share)


def _rests(rests: Sequence[float], natural: float, wanted: float | None) -> Sequence[float]:
    """The rests, shorter where a list of many short things would leave no time to speak."""
    if wanted is None or not rests:
        return rests
    share = (wanted - PADDING - LEAST_STRETCH * natural) / sum(rests)
    return [rest * min(1.0, max(SHORTEST_REST, share)) for rest in rests]


def _fitted(rests: Sequence[float], left: float) -> Sequence[float]:
    """Rests made a little shorter or longer, so that they take up what the steps of the speech leave."""
    share = left / sum(rests) if rests else 1.0
    return [rest * min(FIT[1], max(FIT[0], share)) for rest in rests]


def _spread(natural: Sequence[float], wanted: float) -> list[int]:
    """Rates for phrases of so many seconds at 206; what one phrase misses because of the steps, the next makes up."""
    rates, room, left = [], wanted, sum(natural)
    for seconds in natural:
        stretch = max(0.1, room) / left
        rates.append(max((at for at in STRETCH if STRETCH[at] >= stretch * (1 - CLOSE_ENOUGH)), default=min(STRETCH)))
        room -= STRETCH[rates[-1]] * seconds
        left -= seconds
    return rates


def audible(samples: Sound, share: float) -> tuple[int, int]:
    """Where what is louder than a share of the loudest sample begins and ends; raises ValueError if nothing is."""
    amplitude = np.abs(samples.astype(np.int32))
    loud = np.flatnonzero(amplitude > share * amplitude.max(initial=0))
    if not len(loud):
        raise ValueError("nothing was spoken")
    return int(loud[0]), int(loud[-1]) + 1


def trimmed(samples: Sound, hertz: int) -> Sound:
    """The speech without the silence around it, faded in and out; raises ValueError when nothing was spoken."""
    first, end = audible(samples, AUDIBLE)
    margin = hertz * MARGIN_MS // 1000
    kept = samples[max(0, first - margin) : end + margin].astype(np.float64)
    length = min(len(kept) // 2, hertz * FADE_MS // 1000)
    fade = (1.0 - np.cos(np.pi * np.arange(length) / max(1, length))) / 2.0
    kept[:length] *= fade
    kept[len(kept) - length :] *= fade[::-1]
    return np.rint(kept).astype(np.int16)


def joined(phrases: Sequence[Sound], rests: Sequence[float], hertz: int) -> Sound:
    """The phrases in a row, with so many seconds of silence between them, and enough around to tell it from speech."""
    silences = [np.zeros(round(hertz * rest), dtype=np.int16) for rest in (AROUND, *rests, AROUND)]
    parts = [part for pair in zip(silences, phrases, strict=False) for part in pair]
    return np.concatenate([*parts, silences[-1]])
