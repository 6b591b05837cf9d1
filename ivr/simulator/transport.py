"""How requests travel: over HTTP, or straight into WSGI applications, without redirects or cookies."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import requests
from werkzeug.datastructures import Headers
from werkzeug.test import Client

from ivr.simulator.errors import ConnectFailure, ResponseTimeout

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

CONNECT_SECONDS = 5.0
WHOLE_SECONDS = 15.0
MAX_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True)
class Response:
    """An answer: header names are lower case, `content_type` is bare (without its charset)."""

    status: int
    content_type: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class Transport(Protocol):
    """Anything that can carry one request."""

    def request(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> Response:
        """Send and return the answer; raise ConnectFailure or ResponseTimeout."""


class HttpTransport:
    """Real HTTP with the carrier's patience: 5 s to connect, 15 s for the whole answer."""

    def __init__(self, *, connect_seconds: float = CONNECT_SECONDS, whole_seconds: float = WHOLE_SECONDS) -> None:
        """Keep one pool of connections; proxies of the environment are not used."""
        self._session = requests.Session()
        self._session.trust_env = False
        self._connect = connect_seconds
        self._whole = whole_seconds

    def request(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> Response:
        """Send and read the whole answer, or raise ConnectFailure or ResponseTimeout."""
        deadline = time.monotonic() + self._whole
        try:
            with self._session.request(
                method,
                url,
                data=body,
                headers=dict(headers),
                timeout=(self._connect, self._whole),
                allow_redirects=False,
                stream=True,
            ) as answer:
                data = _read(answer.iter_content(16384), deadline)
                self._session.cookies.clear()
                return _response(answer.status_code, answer.headers.items(), data)
        except (requests.ReadTimeout, TimeoutError) as error:
            raise ResponseTimeout(f"{url} did not answer within {self._whole:g} s", 11200) from error
        except requests.RequestException as error:
            raise ConnectFailure(f"{url} cannot be reached: {error}", 11205) from error


class WsgiTransport:
    """Calls `app` without a socket; `elsewhere` maps the beginning of other URLs to other applications."""

    def __init__(self, app: "WSGIApplication", elsewhere: "Mapping[str, WSGIApplication] | None" = None) -> None:
        """Wrap the applications in test clients without cookies."""
        self._app = Client(app, use_cookies=False)
        self._elsewhere = {start: Client(other, use_cookies=False) for start, other in (elsewhere or {}).items()}

    def request(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> Response:
        """Call the application that `url` belongs to."""
        matches = (client for start, client in self._elsewhere.items() if url.startswith(start))
        client = next(matches, self._app)
        with client.open(url, method=method, data=body, headers=Headers(list(headers.items()))) as answer:
            return _response(answer.status_code, answer.headers.items(), answer.get_data())


def _read(chunks: Iterable[bytes], deadline: float) -> bytes:
    data = b""
    for chunk in chunks:
        data += chunk
        if time.monotonic() > deadline or len(data) > MAX_BYTES:
            raise TimeoutError
    return data


def _response(status: int, headers: Iterable[tuple[str, str]], body: bytes) -> Response:
    lower = {name.lower(): value for name, value in headers}
    kind = lower.get("content-type", "").partition(";")[0].strip().lower()
    return Response(status, kind, body, lower)
