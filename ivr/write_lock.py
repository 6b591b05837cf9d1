"""The right to write to one SQLite file: writers wait in the order they came, and processes wake one another.

SQLite itself lets writers poll for its lock, without any order and with sleeps of up to 100 ms. Here the threads of a
process stand in a line, and only the first of them asks the other processes, by a lock on a file beside the database
that the kernel hands on. Waiting is no failure as long as others get to write; only a line that does not move is.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
import time
from collections import deque
from pathlib import Path

STUCK_SECONDS = 3.0
"""Nobody in this process got to write for so long: whoever holds the lock hangs."""

LONGEST_SECONDS = 9.0
"""The longest that a writer waits in a line that moves: the carrier gives a webhook 15 s."""


class WriteLockTimeout(sqlite3.OperationalError):
    """The right to write was not to be had: the line did not move, or was far too long."""


class _Writer:
    """One waiting thread."""

    __slots__ = ("turn",)

    def __init__(self) -> None:
        self.turn = threading.Event()


class WriteLock:
    """One process's share of the lock; threads may use it.

    It is taken by `acquire` and given back by `release`. In between, `progress` tells the others that the line moves: a
    turn alone does not, for a program outside the line may have SQLite's own lock, and then each turn is in vain.
    """

    def __init__(self, path: Path) -> None:
        """The lock of the database that the file `path`, made at the first use, stands beside."""
        self._path = path
        self._start()

    def _start(self) -> None:
        self._pid = os.getpid()
        self._mutex = threading.Lock()
        self._line: deque[_Writer] = deque()
        self._holder: _Writer | None = None
        self._file: int | None = None
        self._has_file = False
        self._wanted = threading.Semaphore(0)
        self._fetching = False
        self._courier: threading.Thread | None = None
        self._moved_at = time.monotonic()

    def _forget_parent(self) -> None:
        """A process that was forked stands in no line yet, and asks with a descriptor of its own."""
        if self._file is not None:
            os.close(self._file)
        self._start()

    def acquire(self, stuck_seconds: float = STUCK_SECONDS, longest_seconds: float = LONGEST_SECONDS) -> float:
        """Wait for a turn to write.

        Returns:
            Until when it is worth trying to begin, by the monotonic clock: the line has stood still for
            `stuck_seconds` then.

        Raises:
            WriteLockTimeout: when nobody got to write for `stuck_seconds`, or this one had no turn within
                `longest_seconds`.
        """
        if self._pid != os.getpid():
            self._forget_parent()
        me = _Writer()
        began = time.monotonic()
        with self._mutex:
            if not self._line and self._holder is None:
                self._moved_at = began
            self._line.append(me)
            self._hand_on()
        while not me.turn.wait(self._patience(began, stuck_seconds, longest_seconds)):
            with self._mutex:
                if me.turn.is_set():
                    break
                if self._patience(began, stuck_seconds, longest_seconds) <= 0:
                    self._line.remove(me)
                    raise WriteLockTimeout("no turn to write")
        return max(began, self._moved_at) + stuck_seconds

    def progress(self) -> None:
        """The holder writes: those behind it in the line may go on waiting."""
        self._moved_at = time.monotonic()

    def release(self) -> None:
        """Let the next one write: the first in line here, or another process."""
        with self._mutex:
            self._holder = None
            self._give_file_back()
            self._hand_on()

    def _patience(self, began: float, stuck_seconds: float, longest_seconds: float) -> float:
        now = time.monotonic()
        return min(max(began, self._moved_at) + stuck_seconds, began + longest_seconds) - now

    def _hand_on(self) -> None:
        """Give the turn to the first in line, once this process has the file's lock. The mutex is held."""
        if self._holder is not None or not self._line:
            return
        if not self._has_file and not self._fetching and not self._take_file():
            self._fetch()
        if self._has_file:
            self._holder = self._line.popleft()
            self._holder.turn.set()

    def _take_file(self) -> bool:
        """Take the file's lock at once if no other process has it."""
        try:
            fcntl.flock(self._descriptor(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        self._has_file = True
        return True

    def _fetch(self) -> None:
        """Let the courier wait for the file's lock: it alone can wait without an end."""
        self._fetching = True
        if self._courier is None:
            self._courier = threading.Thread(target=self._fetch_for_ever, name="write-lock", daemon=True)
            self._courier.start()
        self._wanted.release()

    def _fetch_for_ever(self) -> None:
        while True:
            self._wanted.acquire()
            fcntl.flock(self._descriptor(), fcntl.LOCK_EX)
            with self._mutex:
                self._fetching, self._has_file = False, True
                self._hand_on()
                if self._holder is None:
                    self._give_file_back()

    def _give_file_back(self) -> None:
        if self._has_file:
            fcntl.flock(self._descriptor(), fcntl.LOCK_UN)
            self._has_file = False

    def _descriptor(self) -> int:
        if self._file is None:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        return self._file
