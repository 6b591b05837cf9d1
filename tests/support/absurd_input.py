"""Absurd values, files and bodies: what no page of ours asks for."""

from __future__ import annotations

import io
import json
import zipfile

LONG = 100_000

NUMBERS = {
    "zero": "0",
    "negative": "-1",
    "one more than a database's integers": "9223372036854775808",
    "more digits than Python reads": "9" * 5000,
    "digits of other scripts": "\u0663\u00b2",
    "no number": "NaN",
    "infinite": "1e400",
    "huge": "1" + "0" * 400,
}
TIMES = {
    "the last minute": "9999-12-31T23:59",
    "the last day": "9999-12-31",
    "the first minute": "0001-01-01T00:00",
    "the first day": "0001-01-01",
    "no such day": "2026-02-30",
    "no such time": "25:61",
}
WORDS = {
    "empty": "",
    "NUL": "a\0b",
    "no UTF-8": b"a\xed\xa0\x80\xff",
    "a lone surrogate": b"a\xed\xb2\x80b",
    "overlong UTF-8": b"a\xc0\x80b\xc0\xae\xe0\x80\x80",
    "NUL in an address": "a\0b@x",
    "hostile": "=1+1;'\"><script>{{7*7}}%s",
    "long": "x" * LONG,
    "combining marks": "a" + "\u0315\u0316" * (LONG // 2),
    "right to left": "\u202e\u200f1\u2066",
    "emoji": "\U0001f9d1\u200d\u2695\ufe0f",
    "no characters": "\ufffe\U0010ffff",
    "half an address": "http://[::1",
    "another path": "../../etc/passwd%00",
}
TEXTS = {**NUMBERS, **TIMES, **WORDS}
"""What no form of ours asks for; bytes are sent as they are."""

FEW = ("empty", "NUL", "no UTF-8", "overlong UTF-8", "hostile", "one more than a database's integers")
IN_KINDS = {
    "time": (*TIMES, *FEW, "more digits than Python reads"),
    "choice": (*FEW, "more digits than Python reads"),
    "text": (*NUMBERS, *WORDS),
    "password": ("empty", "NUL", "no UTF-8", "long", "combining marks"),
    "file": tuple(WORDS),
}
"""What is tried in a field by its kind; comparing a password takes long, as it has to."""

IN_PARTS = (
    "one more than a database's integers",
    "more digits than Python reads",
    "digits of other scripts",
    "NUL",
    "no UTF-8",
    "a lone surrogate",
    "overlong UTF-8",
    "another path",
)
"""What is tried as a part of an address."""

FAR_AWAY = "a0-99999999999999999999-99999999999999999999"
"""A place in the queue, as an address has it, that lies beyond every calendar."""

IN_ADDRESSES = 1500
"""Characters of a value in an address; web servers take few more."""

UNKNOWN_FIELDS = ("no_such_field", "endpoint", "_scheme", "_anchor", "self", "line")

JSON_VALUES = (None, True, -1, 10**400, 1e400, float("nan"), "", "\ud800", "a\0b", "x" * LONG, [], [[1]], {}, {"a": {}})
JSON_BODIES = (
    b"",
    b"{",
    b"[" * LONG,
    b'{"speed": ' + b"9" * 5000 + b"}",
    b"\xff\xfe",
    b"null",
    b'"text"',
    b'{"a":' * 20_000,
)
"""Whole bodies for addresses that take JSON."""


NO_SOUND = b"RIFF\0\0\0\0WAVE" + b"\0" * 100


def absurd_files() -> dict[str, bytes]:
    """What may be uploaded where a recording, or a zip of a language, is expected."""
    prompts = [{"key": "\ud800", "text": "\ud800"}, {"key": "k" * LONG, "text": ""}, {"key": [], "text": 10**400}]
    return {
        "nothing": b"",
        "no sound": NO_SOUND,
        "deep manifest": _zip("[" * LONG),
        "no prompts": _zip('{"language": "en-US", "prompts": 5}'),
        "odd prompts": _zip(json.dumps({"language": "en-US", "prompts": prompts})),
        "odd words": _zip(json.dumps({"language": "en-US", "prompts": [{"key": "emergency", "text": "a\0\ud800"}]})),
        "NUL in words": _zip(json.dumps({"language": "en-US", "prompts": [{"key": "emergency", "text": "a\0b"}]})),
        "damaged": _damaged(_zip("{}" + " " * 1000)),
        "half": _zip("{}")[:-30],
    }


def _zip(manifest: str) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", manifest)
    return sink.getvalue()


def _damaged(data: bytes) -> bytes:
    """A zip whose compressed bytes make no sense."""
    start = data.index(b"manifest.json") + len("manifest.json")
    return data[:start] + b"\xff" * 8 + data[start + 8 :]
