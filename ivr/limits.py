"""How large a request may be, by its address: the server refuses more before it arrives, the pages before they read it.

Addresses are paths as the application sees them, without escapes.
"""

from __future__ import annotations

import re

KIB = 1024

FORM = 16 * KIB
"""Bytes of an ordinary form."""

LONG_FORM = 64 * KIB
"""Bytes of the carrier's webhooks, and of forms with a note: 4000 characters of up to 12 bytes in a form."""

SOUND = 4 * KIB * KIB
"""Bytes of what a microphone recorded for the telephone page."""

BESIDE_A_FILE = 100_000
"""Bytes that a form has beside its file."""

TAKE = 20_000_000 + BESIDE_A_FILE
ARCHIVE = 300_000_000 + BESIDE_A_FILE
"""Bytes of a form with a recording of a prompt, and of one with a whole language as a zip."""

_BY_ADDRESS: tuple[tuple[re.Pattern[str], int], ...] = (
    (re.compile(r"/voice(/.*)?"), LONG_FORM),
    (re.compile(r"/(?:console|phone)/echo/.*"), LONG_FORM),
    (re.compile(r"/console/requests/[^/]+/[^/]+"), LONG_FORM),
    (re.compile(r"/phone/calls/[^/]+/sound"), SOUND),
    (re.compile(r"/studio/[^/]+/import"), ARCHIVE),
    (re.compile(r"/studio/waiting"), LONG_FORM),
    (re.compile(r"/studio/[^/]+/[^/]+/takes"), TAKE),
)


def largest(path: str) -> int:
    """How many bytes the body of a request to a path may have."""
    return next((size for pattern, size in _BY_ADDRESS if pattern.fullmatch(path)), FORM)
