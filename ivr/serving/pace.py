"""How fast the other side must be: nobody may hold a connection, or a thread, by being slow."""

from __future__ import annotations

import errno
import socket
import time
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Pace:
    """So many seconds, and one more for each `bytes_a_second` that have passed; 0 for none more."""

    seconds: float
    bytes_a_second: int = 0

    def allowed(self, passed: int) -> float:
        """How long it may have taken to pass so many bytes."""
        return self.seconds + (passed / self.bytes_a_second if self.bytes_a_second else 0.0)


REQUEST = Pace(5.0)
"""For a whole request, from its first byte: the carrier's and browsers' take milliseconds."""

UPLOAD = Pace(10.0, 20_000)
"""For one with a file."""

ANSWER = Pace(10.0, 20_000)
"""For an answer: only the time counts in which there was something to send."""

PIECE = 64 * 1024


class PacedSocket:
    """A connection's socket for its answers: whoever takes one too slowly is given up."""

    def __init__(self, sock: socket.socket, pace: Pace = ANSWER) -> None:
        self.sock = sock
        self._pace = pace
        self._waited = 0.0
        self._sent = 0

    def begin(self) -> None:
        """Begin an answer."""
        self._waited, self._sent = 0.0, 0

    def setblocking(self, flag: bool) -> None:
        """Stay as it is: each piece has a time limit of its own."""

    def send(self, data: bytes) -> int:
        """The same as `sendall`."""
        self.sendall(data)
        return len(data)

    def sendall(self, data: bytes) -> None:
        """Send all of it.

        Raises:
            BrokenPipeError: it was taken too slowly; the same as from a client that has gone.
        """
        view = memoryview(data)
        for start in range(0, len(view), PIECE):
            self._send(view[start : start + PIECE])

    def _send(self, piece: memoryview) -> None:
        began = time.monotonic()
        self.sock.settimeout(max(self._pace.allowed(self._sent) - self._waited, 0.001))
        try:
            self.sock.sendall(piece)
        except TimeoutError as error:
            raise BrokenPipeError(errno.EPIPE, "the answer is taken too slowly") from error
        finally:
            self._waited += time.monotonic() - began
        self._sent += len(piece)

    def __getattr__(self, name: str) -> Any:
        """Everything else is the socket's."""
        return getattr(self.sock, name)
