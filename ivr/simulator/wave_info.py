"""Reading a RIFF WAV file's length, and the text and title that its INFO chunk holds."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class WaveInfo:
    """What a WAV says of itself; comment and title are empty when it says nothing."""

    seconds: float
    comment: str = ""
    title: str = ""


def read_wave(data: bytes) -> WaveInfo:
    """Return length, ICMT and INAM of a WAV of any codec; raise ValueError when it is none."""
    if len(data) < 12 or data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise ValueError("not a RIFF WAVE file")
    rate, size, info = 0, -1, {}
    for name, chunk in _chunks(data[12:]):
        if name == b"fmt " and len(chunk) >= 12:
            rate = struct.unpack_from("<I", chunk, 8)[0]
        elif name == b"data":
            size = len(chunk)
        elif name == b"LIST" and chunk[:4] == b"INFO":
            info = {key: _text(value) for key, value in _chunks(chunk[4:])}
    if not rate or size < 0:
        raise ValueError("a WAVE file without its format or its sound")
    return WaveInfo(size / rate, info.get(b"ICMT", ""), info.get(b"INAM", ""))


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + 8 <= len(data):
        name, length = data[at : at + 4], struct.unpack_from("<I", data, at + 4)[0]
        yield name, data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def _text(value: bytes) -> str:
    return " ".join(value.rstrip(b"\0").decode("utf-8", "replace").split())
