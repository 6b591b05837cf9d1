"""What the address does with bodies that are large, or never come: asked by hand, byte for byte."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Iterator
from urllib.parse import urlencode, urlsplit

from ivr.config import Config
from ivr.doctor.asking import SECONDS, SIGNATURE, STATIC, signature_of, static_form
from ivr.doctor.findings import CheckResult, fault, fine, warning
from ivr.services.prompts.versions import LARGEST_TAKE

PATIENCE_SECONDS = 15.0
"""How long the server may wait for a body that does not come."""

UPLOAD_SECONDS = 3.0


def check_slow_body(config: Config, patience: float = PATIENCE_SECONDS) -> Iterator[CheckResult]:
    """That a signed request whose body does not come is ended: enough of them would keep callers out."""
    path = urlsplit(config.public_base_url).path + STATIC
    form = static_form(config)
    body = urlencode(form).encode()
    headers = {
        SIGNATURE: signature_of(config, config.public_base_url + STATIC, form),
        "Content-Type": "application/x-www-form-urlencoded",
        "Content-Length": str(len(body)),
    }
    begun = time.monotonic()
    try:
        with connected(config.public_base_url) as connection:
            connection.sendall(request_head("POST", path, config.public_base_url, headers) + body[:1])
            connection.settimeout(patience)
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                connection.recv(1)
    except TimeoutError:
        yield warning(
            "slow bodies", f"A request whose body does not come is still waited for after {patience:.0f} s.",
            "Let the proxy end it. In nginx: client_body_timeout 5s; and client_header_timeout 5s;",
        )  # fmt: skip
        return
    except OSError as error:
        yield warning("slow bodies", f"It could not be tried ({type(error).__name__}).", "Try again.")
        return
    yield fine("slow bodies", f"A request whose body does not come is ended after {time.monotonic() - begun:.0f} s.")


def check_upload_size(config: Config, language: str, key: str) -> Iterator[CheckResult]:
    """That a proxy lets recordings up to the studio; only announced: a proxy says no before it reads them."""
    base = config.staff_url or config.public_base_url
    path = f"{urlsplit(base).path.rstrip('/')}/studio/{language}/{key}/takes"
    headers = {
        "Content-Length": str(LARGEST_TAKE),
        "Expect": "100-continue",
        "Content-Type": "application/octet-stream",
    }
    try:
        with connected(base) as connection:
            connection.sendall(request_head("POST", path, base, headers))
            connection.settimeout(UPLOAD_SECONDS)
            answer = connection.recv(64)
    except OSError:
        answer = b""
    if answer.startswith((b"HTTP/1.1 413", b"HTTP/1.0 413")):
        yield fault(
            "upload size", f"A recording of {LARGEST_TAKE // 1_000_000} MB is refused on its way to the studio (413).",
            "Allow them there. In nginx: location /studio/ { client_max_body_size 21m; … }",
        )  # fmt: skip
    else:
        yield fine("upload size", "No proxy refuses a recording for its size before it is sent.")


@contextlib.contextmanager
def connected(base: str) -> Iterator[socket.socket]:
    """A connection to a base address, with TLS when it says so."""
    parts = urlsplit(base)
    host, is_tls = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if is_tls else 80)
    with socket.create_connection((host, port), SECONDS[0]) as plain:
        if not is_tls:
            yield plain
            return
        with ssl.create_default_context().wrap_socket(plain, server_hostname=host) as encrypted:
            yield encrypted


def request_head(method: str, path: str, base: str, headers: dict[str, str]) -> bytes:
    """A request up to its body."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {urlsplit(base).netloc.rpartition('@')[2]}", "Connection: close"]
    return "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers.items()), "", ""]).encode()
