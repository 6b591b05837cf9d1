"""A client's connection: its socket, the request that is coming in on it, and what gunicorn's worker asks of it."""

from __future__ import annotations

import contextlib
import socket
import time
from typing import Any

from ivr.serving.incoming import Incoming
from ivr.serving.pace import REQUEST, PacedSocket


class Connection:
    """One connection, and its requests one after the other."""

    initialized = True
    data_ready = True
    is_http2 = False
    """What gunicorn's worker asks: a thread never waits for a request."""

    def __init__(self, cfg: Any, sock: socket.socket, client: Any, server: Any) -> None:
        self.cfg, self.client, self.server = cfg, client, server
        self.sock = PacedSocket(sock)
        self.parser = self
        self.left = b""
        self.number = 1
        self._wait_for_a_request(REQUEST.seconds)

    def _wait_for_a_request(self, seconds: float) -> None:
        now = time.monotonic()
        self.incoming = Incoming(self.cfg, self.client, self.number, now)
        self.is_admitted = False
        self.has_begun = False
        self._ends_at: float | None = now + seconds

    @property
    def deadline(self) -> float:
        """When something must have happened."""
        return self.incoming.deadline if self._ends_at is None else self._ends_at

    @deadline.setter
    def deadline(self, at: float) -> None:
        self._ends_at = at

    def next_request(self, idle_seconds: float) -> None:
        """Wait for another request, for so long."""
        self.number += 1
        self._wait_for_a_request(idle_seconds)

    def feed(self, data: bytes) -> None:
        """Take what has arrived; what is behind the request stays for the next one."""
        if not self.has_begun:
            self.has_begun, self._ends_at = True, None
            self.incoming.begin_now(time.monotonic())
        self.left = self.incoming.feed(self.left + data)

    def open_request(self) -> None:
        """The request is whole: a thread may answer it."""
        self.incoming.open_body()
        self.sock.begin()

    def close(self) -> None:
        """Let the client go; what it was sent still reaches it."""
        self.incoming.close()
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_WR)
        with contextlib.suppress(OSError):
            self.sock.settimeout(0)
            self.sock.recv(64 * 1024)
        self.sock.close()

    # ---- What gunicorn's worker asks

    def init(self) -> None:
        """There is nothing to set up."""

    def __next__(self) -> Any:
        """The request that is whole."""
        return self.incoming.request

    def finish_body(self, deadline: float | None = None) -> bool:
        """The body has been taken from the connection, whether or not it was read."""
        return True
