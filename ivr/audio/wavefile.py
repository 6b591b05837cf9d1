"""Reading and writing the file format of the line: RIFF WAV, 8 kHz, mono, 16-bit PCM, with INFO texts.

Written with the standard library, because `wave` cannot write INFO and libav adds its version to it: the same
samples and texts must always give the same bytes.
"""

import io
import struct
import wave

import numpy as np
from numpy.typing import NDArray

from ivr.audio.riff import chunks

RATE = 8000  # Hz, the sampling rate of the telephone network (ITU-T G.711)
FULL_SCALE = 32768.0  # one over the largest 16-bit sample: amplitude 1.0

Samples = NDArray[np.float64]  # amplitude, -1.0 ... 1.0


def write_wav(samples: Samples, title: str, comment: str = "") -> bytes:
    """Return a WAV of the samples (8 kHz, mono), INAM = title and, unless empty, ICMT = comment, in UTF-8."""
    steps = np.clip(np.rint(samples * FULL_SCALE), -32768, 32767).astype("<i2")
    info = b"INFO" + _text(b"INAM", title) + (_text(b"ICMT", comment) if comment else b"")
    fmt = struct.pack("<HHIIHH", 1, 1, RATE, RATE * 2, 2, 16)
    body = b"WAVE" + _chunk(b"fmt ", fmt) + _chunk(b"LIST", info) + _chunk(b"data", steps.tobytes())
    return _chunk(b"RIFF", body)


def read_wav(wav: bytes) -> tuple[Samples, int]:
    """Return the samples and the rate (Hz) of a mono 16-bit PCM WAV; raises ValueError for any other kind."""
    try:
        with wave.open(io.BytesIO(wav)) as file:
            if (file.getnchannels(), file.getsampwidth()) != (1, 2):
                raise ValueError("not a mono 16-bit WAV")
            steps = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
            return steps.astype(np.float64) / FULL_SCALE, file.getframerate()
    except (wave.Error, EOFError) as error:
        raise ValueError(f"not a PCM WAV: {error}") from error


def read_info(wav: bytes) -> dict[str, str]:
    """Return the INFO texts of a WAV by their four-letter names, e.g. {"INAM": "main", "ICMT": "..."}."""
    for name, body in chunks(wav[12:]):
        if name == b"LIST" and body[:4] == b"INFO":
            return {key.decode("ascii"): text.rstrip(b"\0").decode("utf-8") for key, text in chunks(body[4:])}
    return {}


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def _text(name: bytes, text: str) -> bytes:
    return _chunk(name, text.encode("utf-8") + b"\0")
