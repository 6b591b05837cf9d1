"""The picture of a recording: its loudness as a row of bars, read from the telephone's WAV without any codec."""

from __future__ import annotations

import struct
import sys
from array import array
from dataclasses import dataclass
from itertools import pairwise

from ivr.audio.riff import chunks

BARS = 180
FAINTEST = 0.03
"""Of full scale: what is never louder is drawn small, so that line noise does not look like speech."""

PCM, A_LAW, MU_LAW, EXTENSIBLE = 1, 6, 7, 0xFFFE


@dataclass(frozen=True, slots=True)
class Waveform:
    """How long a recording is, and its bars: each 0 to 100, beside the loudest one."""

    seconds: float
    bars: tuple[int, ...]


def waveform(wav: bytes, bars: int = BARS) -> Waveform | None:
    """The waveform of a WAV: 8 or 16 bits of PCM, mu-law or A-law; None for anything else, or no sound.

    A shorter recording than that many samples has fewer bars.
    """
    parts = dict(reversed(chunks(wav[12:]))) if wav[:4] == b"RIFF" and wav[8:12] == b"WAVE" else {}
    form, sound = parts.get(b"fmt ", b""), parts.get(b"data", b"")
    if len(form) < 16:
        return None
    kind, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", form)
    if kind == EXTENSIBLE and len(form) >= 26:
        (kind,) = struct.unpack_from("<H", form, 24)
    loudness = _loudness(sound, kind, bits)
    frames = len(loudness) // channels if loudness and channels else 0
    if not rate or not frames or loudness is None:
        return None
    bars = min(bars, frames)
    edges = [frames * bar // bars * channels for bar in range(bars + 1)]
    loudest = [_loudest(loudness[start:end]) for start, end in pairwise(edges)]
    most = max(FAINTEST, *loudest)
    return Waveform(round(frames / rate, 3), tuple(round(100 * one / most) for one in loudest))


def _loudness(sound: bytes, kind: int, bits: int) -> array[int] | bytes | None:
    """What the loudest sample can be found in: 16-bit samples, or a byte of loudness for each; None: unknown kind."""
    if (kind, bits) == (PCM, 16):
        samples = array("h", sound[: len(sound) // 2 * 2])
        if sys.byteorder == "big":
            samples.byteswap()
        return samples
    table = _SIZES.get((kind, bits))
    return sound.translate(table) if table else None


def _loudest(part: array[int] | bytes) -> float:
    """The loudest sample of a part; full scale is 1."""
    return max(part) / 255 if isinstance(part, bytes) else max(max(part), -min(part)) / 32768


def _mu_law(code: int) -> int:
    """The size of a mu-law sample, of 32,124 (ITU-T G.711)."""
    code = ~code & 0x7F
    return (((code & 0x0F) << 3) + 0x84 << (code >> 4)) - 0x84


def _a_law(code: int) -> int:
    """The size of an A-law sample, of 32,256 (ITU-T G.711)."""
    code = (code ^ 0x55) & 0x7F
    size, segment = (code & 0x0F) << 4, code >> 4
    return size + 8 if not segment else size + 0x108 << segment - 1


_SIZES = {
    (PCM, 8): bytes(min(255, abs(code - 128) * 2) for code in range(256)),
    (MU_LAW, 8): bytes(_mu_law(code) * 255 // 32768 for code in range(256)),
    (A_LAW, 8): bytes(_a_law(code) * 255 // 32768 for code in range(256)),
}
"""How loud each sample of one byte is: 255 is full scale."""
