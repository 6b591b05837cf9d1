"""Messages to a call or a desk telephone from any web worker of this machine: sockets in a folder nobody else reads."""

from __future__ import annotations

import json
import os
import secrets
import socket
import stat
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

CALL, DESK = "call-", "desk-"
LARGEST = 4096
Message = dict[str, Any]


class Unsafe(Exception):
    """The folder belongs to somebody else, or others may write to it."""


def new_token() -> str:
    """A name that nobody can guess."""
    return secrets.token_hex(12)


def folder() -> Path:
    """The folder of this user's calls, made when it is not there; raise Unsafe when it is not ours alone."""
    place = Path(tempfile.gettempdir()) / f"ivr-phone-{os.getuid()}"
    place.mkdir(mode=0o700, exist_ok=True)
    facts = place.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.getuid() or facts.st_mode & 0o077:
        raise Unsafe(str(place))
    return place


class Mailbox:
    """Where one call, or one desk telephone, gets its messages."""

    def __init__(self, name: str) -> None:
        """Open it under a name such as 'call-' and a token."""
        self._path = _path(name)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self._path))

    def __enter__(self) -> Mailbox:
        """Use it."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Close it, and what was sent to it is lost."""
        self._path.unlink(missing_ok=True)
        self._socket.close()

    def receive(self, seconds: float) -> Message | None:
        """The next message, or None when none came in time."""
        self._socket.settimeout(max(0.001, seconds))
        try:
            return dict(json.loads(self._socket.recv(LARGEST)))
        except TimeoutError:
            return None


def send(name: str, message: Message) -> bool:
    """Send a message; False when nobody of this name is there, or takes it within a second."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.settimeout(1)
        try:
            sender.sendto(json.dumps(message).encode(), str(_path(name)))
        except (FileNotFoundError, ConnectionRefusedError, TimeoutError):
            return False
    return True


def names(kind: str) -> list[str]:
    """Who is there now; what a process that ended left behind is cleared away."""
    found = []
    for path in folder().glob(f"{kind}*.sock"):
        if _is_open(path):
            found.append(path.stem)
        else:
            path.unlink(missing_ok=True)
    return found


def _is_open(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        try:
            sender.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
    return True


def _path(name: str) -> Path:
    return folder() / f"{name}.sock"
