"""The chunks that a RIFF file, such as a WAV, is made of; standard library only, so that web workers may use it."""

import struct


def chunks(body: bytes) -> list[tuple[bytes, bytes]]:
    """The chunks of a RIFF body as pairs of a four-letter name and its contents; a cut one holds what is there."""
    found, at = [], 0
    while at + 8 <= len(body):
        name, (size,) = body[at : at + 4], struct.unpack("<I", body[at + 4 : at + 8])
        found.append((name, body[at + 8 : at + 8 + size]))
        at += 8 + size + size % 2
    return found
