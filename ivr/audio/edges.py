"""What stands around the speech and is none: the tone of a key, a beep, a click. It is cut off before mastering."""

from itertools import pairwise

import numpy as np

from ivr.audio.wavefile import RATE, Samples

FRAME_MS = 10
SPECTRUM_MS = 40
QUIET_DB = -30.0  # under the loudest frames: a pause
GAP_MS = 60  # a sound at the edge stands apart from the speech by this much
JOIN_MS = 40  # shorter breaks are within one sound
CLICK_MS = 50  # a sound that stands apart and is shorter than this is no word
LONGEST_TONE_MS = 1500
PURE = 0.9  # of a tone's energy lies in its one or two strongest partials; of a vowel's far less
MOST_SOUNDS = 3  # at each end


def speech_range(band: Samples) -> tuple[int, int]:
    """Where the speech of a recording (8 kHz) is, without tones and clicks that stand apart at its beginning or end.

    The first sample, and the one after the last.
    """
    sounds = _sounds(band)
    gaps = [following[0] - sound[1] for sound, following in pairwise(sounds)]
    first, last = 0, len(sounds)
    while last - first > 1 and first < MOST_SOUNDS and _is_foreign(band, sounds[first], gaps[first]):
        first += 1
    while last - first > 1 and len(sounds) - last < MOST_SOUNDS and _is_foreign(band, sounds[last - 1], gaps[last - 2]):
        last -= 1
    begin = 0 if first == 0 else (sounds[first - 1][1] + sounds[first][0]) // 2
    end = len(band) if last == len(sounds) else (sounds[last - 1][1] + sounds[last][0]) // 2
    return begin, end


def _sounds(band: Samples) -> list[tuple[int, int]]:
    """Where something is to be heard: first sample, and the one after the last."""
    frame = RATE * FRAME_MS // 1000
    count = len(band) // frame
    if not count:
        return []
    power = (band[: count * frame].reshape(count, frame) ** 2).mean(axis=1)
    loud = power > np.percentile(power, 95) * 10 ** (QUIET_DB / 10)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], loud.astype(np.int8), [0]))))
    sounds: list[tuple[int, int]] = []
    for start, end in edges.reshape(-1, 2):
        if sounds and (start * frame - sounds[-1][1]) * 1000 < JOIN_MS * RATE:
            sounds[-1] = (sounds[-1][0], int(end * frame))
        else:
            sounds.append((int(start * frame), int(end * frame)))
    return sounds


def _is_foreign(band: Samples, sound: tuple[int, int], gap: int) -> bool:
    """Whether a sound is none of the speech, from which it is `gap` samples away."""
    start, end = sound
    milliseconds = (end - start) * 1000 / RATE
    if gap * 1000 < GAP_MS * RATE:
        return False
    return milliseconds < CLICK_MS or (milliseconds < LONGEST_TONE_MS and _is_tone(band[start:end]))


def _is_tone(sound: Samples) -> bool:
    """Whether every part of a sound is one or two steady partials, as keys and beeps are."""
    width = RATE * SPECTRUM_MS // 1000
    parts = [sound[at : at + width] for at in range(0, len(sound) - width + 1, width // 2)]
    return bool(parts) and float(np.median([_purity(part) for part in parts])) > PURE


def _purity(part: Samples) -> float:
    """The share of the energy in the two strongest partials, each with its neighbours (bins of 25 Hz)."""
    spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part)))) ** 2
    total = float(spectrum.sum())
    held = 0.0
    for _ in range(2):
        peak = int(spectrum.argmax())
        low, high = max(0, peak - 2), peak + 3
        held += float(spectrum[low:high].sum())
        spectrum[low:high] = 0.0
    return held / total if total > 0 else 0.0
