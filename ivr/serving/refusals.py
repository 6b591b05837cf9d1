"""Requests that are refused before their body is read, and what is said of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus

from ivr import limits

SIGNATURE = "X-Twilio-Signature".upper()

SIGNED = re.compile(r"/voice(?!/echo/)(/.*)?")
"""Addresses that only the carrier may post to. The echo is the doctor's, who looks for proxies that drop headers."""

READ_ALL_THE_SAME = limits.LONG_FORM
"""Bytes that are read of every request: a form that is a little too large gets a page that says so."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is refused: the status, the name it is counted under, and a sentence for whoever sent it."""

    status: HTTPStatus
    reason: str
    words: str


class RequestRefused(Exception):
    """A request that is not read any further."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.words)
        self.refusal = refusal


UNSIGNED = Refusal(HTTPStatus.FORBIDDEN, "unsigned", "Only the carrier may call this address.")
WITHOUT_LENGTH = Refusal(HTTPStatus.LENGTH_REQUIRED, "without_length", "Say how long the request is.")
LATE = Refusal(HTTPStatus.REQUEST_TIMEOUT, "late", "The request did not arrive in time.")
LARGE_HEAD = Refusal(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "large_head", "The request's headers are too large.")
LONG_ADDRESS = Refusal(HTTPStatus.REQUEST_URI_TOO_LONG, "large_head", "The address is too long.")
MALFORMED = Refusal(HTTPStatus.BAD_REQUEST, "malformed", "The request cannot be read.")
BUSY = Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "busy", "Too many are waiting. Try again in a minute.")


def too_large(most: int) -> Refusal:
    """The refusal of a body of more bytes than that."""
    words = f"That is too much at once: {most // 1000:,} kB at most."
    return Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "large", words)


def refusal_of(method: str, path: str, header_names: frozenset[str], length: int | None) -> Refusal | None:
    """Why a request should be refused whose head has arrived; None when it should not.

    `header_names` are in capitals. `length` is what it says of its body, None when it says nothing of one that comes.
    """
    if method == "POST" and SIGNATURE not in header_names and SIGNED.fullmatch(path):
        return UNSIGNED
    if length is None:
        return WITHOUT_LENGTH
    most = max(limits.largest(path), READ_ALL_THE_SAME)
    return too_large(most) if length > most else None


def answer_to(refusal: Refusal) -> bytes:
    """The whole answer; the connection ends with it."""
    body = f"{refusal.words}\n".encode()
    lines = [
        f"HTTP/1.1 {refusal.status.value} {refusal.status.phrase}",
        "Content-Type: text/plain; charset=utf-8",
        f"Content-Length: {len(body)}",
        "Cache-Control: no-store",
        *(["Retry-After: 60"] if refusal is BUSY else []),
        "Connection: close",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body
