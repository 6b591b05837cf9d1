"""A request on its way in: fed with what arrives, and handed on when it is whole. Nothing here waits for anything."""

from __future__ import annotations

import tempfile
from typing import IO, Any

from gunicorn.http.body import Body, ChunkedReader, LengthReader
from gunicorn.http.errors import LimitRequestHeaders, LimitRequestLine, ParseException
from gunicorn.http.message import Request
from gunicorn.http.unreader import Unreader
from gunicorn.util import unquote_to_wsgi_str

from ivr import limits
from ivr.serving.pace import REQUEST, UPLOAD
from ivr.serving.refusals import LARGE_HEAD, LONG_ADDRESS, MALFORMED, RequestRefused, refusal_of

LARGEST_HEAD = 16 * 1024
END_OF_HEAD = b"\r\n\r\n"

IN_MEMORY = 256 * 1024
"""Bytes of a body that stay in memory; a larger one goes into a temporary file."""


class _Here(Unreader):
    """What gunicorn's parser reads: only what is here."""

    file: IO[bytes] | None = None

    def chunk(self, size_hint: int | None = None) -> bytes:
        """The next piece of the body; nothing while it has not arrived whole."""
        return self.file.read(size_hint or IN_MEMORY) if self.file else b""


class Incoming:
    """One request of a connection."""

    def __init__(self, cfg: Any, client: Any, number: int, began: float) -> None:
        """Wait for the request of that number of a connection; it begins at a time of the monotonic clock."""
        self._cfg, self._client, self._number = cfg, client, number
        self._began = began
        self._head = bytearray()
        self._source = _Here()
        self._body: IO[bytes] | None = None
        self._missing = 0
        self._received = 0
        self.request: Any = None
        self.path = ""
        self.is_upload = False

    @property
    def is_whole(self) -> bool:
        """Whether head and body are here."""
        return self.request is not None and not self._missing

    @property
    def deadline(self) -> float:
        """When it must be whole, or have come further."""
        return self._began + (UPLOAD if self.is_upload else REQUEST).allowed(self._received)

    @property
    def expects_word(self) -> bool:
        """Whether the client waits for a word before it sends the body."""
        return bool(self.request and self.request._expected_100_continue)

    def begin_now(self, now: float) -> None:
        """Count the time from here: the first byte of a connection that was kept has come."""
        self._began = now

    def feed(self, data: bytes) -> bytes:
        """Take what has arrived; returns what is left of it for the next request.

        Raises:
            RequestRefused: it is not to be read any further.
        """
        if self.request is None:
            data = self._take_head(data)
        return self._take_body(data) if self.request else b""

    def open_body(self) -> None:
        """Let the application read the body, which is whole."""
        if self._body:
            self._body.seek(0)
        self._source.file = self._body
        self.request._expected_100_continue = False

    def close(self) -> None:
        """Forget the body."""
        if self._body:
            self._body.close()

    def _take_head(self, data: bytes) -> bytes:
        seen = max(0, len(self._head) - len(END_OF_HEAD) + 1)
        self._head += data
        end = self._head.find(END_OF_HEAD, seen)
        if max(end, 0 if end >= 0 else len(self._head)) > LARGEST_HEAD:
            raise RequestRefused(LARGE_HEAD)
        if end < 0:
            return b""
        self._source.unread(bytes(self._head))
        self._head.clear()
        self.request = self._parsed()
        self._judge()
        return bytes(self._source.take_buffered())

    def _parsed(self) -> Any:
        try:
            return Request(self._cfg, self._source, self._client, self._number)
        except LimitRequestLine:
            raise RequestRefused(LONG_ADDRESS) from None
        except LimitRequestHeaders:
            raise RequestRefused(LARGE_HEAD) from None
        except (ParseException, OSError, StopIteration):
            raise RequestRefused(MALFORMED) from None

    def _judge(self) -> None:
        """Refuse it by its head, or make room for its body."""
        self.path = unquote_to_wsgi_str(self.request.path)
        reader = self.request.body.reader
        length = None if isinstance(reader, ChunkedReader) else getattr(reader, "length", 0)
        names = frozenset(name for name, _ in self.request.headers)
        refusal = refusal_of(self.request.method, self.path, names, length)
        if refusal:
            raise RequestRefused(refusal)
        self._missing = length or 0
        self.is_upload = self._missing > limits.LONG_FORM
        self.request.body = Body(LengthReader(self._source, self._missing))
        if self._missing:
            self._body = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115  (closed with the request)

    def _take_body(self, data: bytes) -> bytes:
        mine, rest = data[: self._missing], data[self._missing :]
        if mine and self._body:
            self._body.write(mine)
            self._missing -= len(mine)
            self._received += len(mine)
        return rest
