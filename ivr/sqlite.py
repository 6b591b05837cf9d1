"""The embedded database: durable commits, writers that wait in order, and a file that must stay where it is."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.pool import ConnectionPoolEntry

from ivr.write_lock import WriteLock

POOL_SIZE, POOL_OVERFLOW = 16, 16
"""Connections kept, and more under load: at least one for each thread of a web worker, for none may wait for one."""

RETRY_SECONDS = 0.001
"""Between two tries to begin, while a program that does not stand in our line has SQLite's own lock."""


class FileReplaced(sqlite3.OperationalError):
    """The database's file was moved away or replaced under the running line; nothing more may be saved into it."""


class FileIdentity:
    """Which file a database is, by device and inode: its name may come to stand for another one."""

    def __init__(self, path: Path) -> None:
        """Remember the file as it is now."""
        self.path = path
        self._known = self._now()

    def check(self) -> None:
        """Refuse to go on when the name stands for another file, or for none.

        Raises:
            FileReplaced: saying what to do.
        """
        if self._now() != self._known:
            raise FileReplaced(f"{self.path} was moved or replaced while in use: stop the line, look, start it again")

    def _now(self) -> tuple[int, int] | None:
        try:
            found = os.stat(self.path)
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino


class LineConnection(sqlite3.Connection):
    """A connection that gives the right to write back as soon as its transaction is over."""

    write_lock: WriteLock | None = None
    holds_lock = False

    def commit(self) -> None:
        """Commit, and let the next writer begin."""
        try:
            super().commit()
        finally:
            self._give_back()

    def rollback(self) -> None:
        """Roll back, and let the next writer begin."""
        try:
            super().rollback()
        finally:
            self._give_back()

    def close(self) -> None:
        """Close; an open transaction is over then, too."""
        super().close()
        if self.holds_lock and self.write_lock is not None:
            self.holds_lock = False
            self.write_lock.release()

    def begin_to_write(self, busy_milliseconds: int) -> None:
        """Wait for a turn in our line, then for SQLite's own lock, which only other programs may have.

        Both waits together last `busy_milliseconds`, and longer only while others get to write.

        Raises:
            sqlite3.OperationalError: when one of the two was not to be had in time.
        """
        if self.write_lock is None or self.holds_lock:
            self._begin(busy_milliseconds, time.monotonic() + busy_milliseconds / 1000)
            return
        deadline = self.write_lock.acquire(busy_milliseconds / 1000)
        self.holds_lock = True
        try:
            self._begin(busy_milliseconds, deadline)
            self.write_lock.progress()
        finally:
            self._give_back()

    def _begin(self, busy_milliseconds: int, deadline: float) -> None:
        self.execute("PRAGMA busy_timeout = 0")
        try:
            while True:
                try:
                    self.execute("BEGIN IMMEDIATE")
                    return
                except sqlite3.OperationalError as error:
                    is_busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
                    if not is_busy or time.monotonic() > deadline:
                        raise
                time.sleep(RETRY_SECONDS)
        finally:
            self.execute(f"PRAGMA busy_timeout = {busy_milliseconds}")

    def _give_back(self) -> None:
        if self.holds_lock and self.write_lock is not None and not self.in_transaction:
            self.holds_lock = False
            self.write_lock.release()


def sqlite_engine(url: URL, *, busy_milliseconds: int, pool_seconds: int) -> Engine:
    """An engine for a SQLite file: `busy_milliseconds` is how long other programs may keep SQLite's lock."""
    options: dict[str, Any] = {"timeout": busy_milliseconds / 1000, "factory": LineConnection}
    if not url.database or url.database == ":memory:":
        engine = create_engine(url, hide_parameters=True, connect_args=options)
        file, lock = None, None
    else:
        path = Path(url.database)
        path.parent.mkdir(parents=True, exist_ok=True)
        _keep_private(path)
        pool = {"pool_size": POOL_SIZE, "max_overflow": POOL_OVERFLOW, "pool_timeout": pool_seconds}
        engine = create_engine(url, hide_parameters=True, connect_args=options, **pool)
        file, lock = FileIdentity(path), WriteLock(path.with_name(f"{path.name}.write-lock"))

    def may_connect(*_: Any) -> None:
        """SQLite would make a new file where there is none."""
        if file is not None:
            file.check()

    def prepare(connection: LineConnection, _: ConnectionPoolEntry) -> None:
        """Durable commits, readers beside the writer, zeros over what is deleted, no transactions but our own."""
        connection.isolation_level = None
        connection.write_lock = lock
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "secure_delete = ON"):
            connection.execute(f"PRAGMA {pragma}")

    def begin(connection: Connection) -> None:
        """Writers queue at the start instead of failing at the end."""
        driver: LineConnection = connection.connection.driver_connection  # type: ignore[assignment]
        if connection.get_execution_options().get("ivr_reads", False):
            driver.execute("BEGIN")
            return
        if file is not None:
            file.check()
        driver.begin_to_write(busy_milliseconds)

    event.listen(engine, "do_connect", may_connect)
    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", begin)
    return engine


def _keep_private(file: Path) -> None:
    """A new database is nobody else's to read; where it cannot be made, connecting says so."""
    with suppress(OSError):
        file.touch(mode=0o600, exist_ok=True)
