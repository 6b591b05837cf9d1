"""What the server sees of a request, told to whoever holds the auth token: the doctor looks through the proxies by it.

`POST /voice/echo/<proof>` answers as JSON; so do /console/echo/ and /phone/echo/, for the staff's pages may lie behind
other proxies. The proof is signed with the carrier's auth token, good for some minutes, and stands in the path: there
it arrives even where a proxy drops headers, changes the query or cuts the body. Everybody else gets 403 before the
body is read. The answer tells of the asker's own request alone: no patient, no member of the staff, no secret.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from itsdangerous import BadData, URLSafeTimedSerializer
from werkzeug.exceptions import HTTPException
from werkzeug.wsgi import get_input_stream

from ivr import limits
from ivr.proxies import TrustedProxies

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

ADDRESS = re.compile(r"/(?:voice|console|phone)/echo/([\w.-]+)")
GOOD_SECONDS = 600
PAUSE_SECONDS = 1.5
"""Between the two pieces of an answer that comes in pieces, as the telephone page's events do."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as it arrived.

    `query` is raw. `peer` is who was connected, `client` whom the staff's pages take it to come from; `trusts_proxies`
    says whether they believe any proxy. `forwarded_for` and `forwarded_proto` are headers (X-…), `signature_headers`
    names those that hold the signature that was sent. `at` is the server's clock, in seconds since 1970.
    """

    query: str
    scheme: str
    host: str
    peer: str
    client: str
    client_scheme: str
    trusts_proxies: bool
    forwarded_for: str
    forwarded_proto: str
    signature_headers: tuple[str, ...]
    body_bytes: int
    body_sha256: str
    public_base_url: str
    at: float


def make_proof(auth_token: str, signature: str, *, in_pieces: bool = False) -> str:
    """The last part of an echo's address; `signature` is what the request has as its X-Twilio-Signature."""
    return str(_signer(auth_token).dumps([signature, in_pieces]))


def read_answer(text: str) -> Seen | None:
    """What an echo answered; None when it was no echo."""
    try:
        found = json.loads(text)
        return Seen(**{**found, "signature_headers": tuple(found["signature_headers"])})
    except (ValueError, KeyError, TypeError):
        return None


def _signer(auth_token: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(auth_token, salt="what the server sees")


@dataclass(frozen=True, slots=True)
class Echo:
    """An application with the echo before it."""

    app: WSGIApplication
    auth_token: str
    public_base_url: str
    trusted_proxies: TrustedProxies

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer an echo's address; everything else is the application's."""
        found = ADDRESS.fullmatch(environ.get("PATH_INFO", ""))
        if found is None:
            return self.app(environ, start_response)
        try:
            signature, in_pieces = _signer(self.auth_token).loads(found[1], max_age=GOOD_SECONDS)
        except (BadData, ValueError, TypeError):
            start_response("403 Forbidden", [("Content-Type", "text/plain")])
            return [b""]
        try:
            answer = json.dumps(asdict(self._seen(environ, str(signature)))).encode()
        except HTTPException as error:
            return error(environ, start_response)
        return _in_pieces(answer, start_response) if in_pieces else _at_once(answer, start_response)

    def _seen(self, environ: WSGIEnvironment, signature: str) -> Seen:
        body = get_input_stream(environ, max_content_length=limits.LONG_FORM).read()
        client, scheme = self.trusted_proxies.client(environ)
        return Seen(
            query=environ.get("QUERY_STRING", ""),
            scheme=environ["wsgi.url_scheme"],
            host=environ.get("HTTP_HOST", ""),
            peer=environ.get("REMOTE_ADDR", ""),
            client=client,
            client_scheme=scheme,
            trusts_proxies=bool(self.trusted_proxies),
            forwarded_for=environ.get("HTTP_X_FORWARDED_FOR", ""),
            forwarded_proto=environ.get("HTTP_X_FORWARDED_PROTO", ""),
            signature_headers=tuple(_headers_with(signature, environ)),
            body_bytes=len(body),
            body_sha256=hashlib.sha256(body).hexdigest(),
            public_base_url=self.public_base_url,
            at=time.time(),
        )


def _headers_with(value: str, environ: WSGIEnvironment) -> Iterator[str]:
    for name, given in environ.items():
        if name.startswith("HTTP_") and value and given == value:
            yield name.removeprefix("HTTP_").replace("_", "-").title()


def _at_once(answer: bytes, start_response: StartResponse) -> Iterable[bytes]:
    length = str(len(answer))
    start_response(
        "200 OK", [("Content-Type", "application/json"), ("Content-Length", length), ("Cache-Control", "no-store")]
    )
    return [answer]


def _in_pieces(answer: bytes, start_response: StartResponse) -> Iterator[bytes]:
    """With the headers of the telephone page's events."""
    headers = [("Content-Type", "text/event-stream"), ("Cache-Control", "no-store"), ("X-Accel-Buffering", "no")]
    start_response("200 OK", headers)
    yield b"\n"
    time.sleep(PAUSE_SECONDS)
    yield answer


__all__ = ["ADDRESS", "PAUSE_SECONDS", "Echo", "Seen", "make_proof", "read_answer"]
