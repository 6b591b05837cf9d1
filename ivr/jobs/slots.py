"""Places for workers: each holds one by a lock that ends with its life, so that its jobs are known to be orphans.

DBOS gives an interrupted job back only to the executor that began it. Executors are named after places ("worker-1"):
whoever takes a dead worker's place, or finds it empty, takes over the jobs left in it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from typing import Protocol

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from ivr.db import AdvisoryLock, Database

PLACES = 64


class NoPlace(Exception):
    """All places for workers are taken."""


class WorkerSlots(Protocol):
    """The locks of the places."""

    def take(self, place: int) -> bool:
        """Take a place, unless somebody has it."""

    def give_back(self, place: int) -> None:
        """Leave a place."""

    def check(self) -> None:
        """Raise when the places we hold may be lost."""

    def close(self) -> None:
        """Leave all places."""


class FileSlots:
    """Locks on files beside a SQLite database."""

    def __init__(self, database_path: str) -> None:
        self._path = database_path
        self._files: dict[int, int] = {}

    def take(self, place: int) -> bool:
        """Take a place, unless somebody has it."""
        file = os.open(f"{self._path}.worker-{place}", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        self._files[place] = file
        return True

    def give_back(self, place: int) -> None:
        """Leave a place."""
        os.close(self._files.pop(place))

    def check(self) -> None:
        """A lock on a file lasts as long as its process."""

    def close(self) -> None:
        """Leave all places."""
        for place in list(self._files):
            self.give_back(place)


class PostgresSlots:
    """Advisory locks of one connection that stays open."""

    def __init__(self, url: URL) -> None:
        self._engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT", hide_parameters=True)
        self._connection: Connection = self._engine.connect()

    def take(self, place: int) -> bool:
        """Take a place, unless somebody has it."""
        return bool(self._ask("SELECT pg_try_advisory_lock(:lock, :place)", place))

    def give_back(self, place: int) -> None:
        """Leave a place."""
        self._ask("SELECT pg_advisory_unlock(:lock, :place)", place)

    def check(self) -> None:
        """Raise when the connection, and with it every lock, is lost."""
        self._connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Leave all places."""
        with contextlib.suppress(Exception):
            self._connection.close()
        self._engine.dispose()

    def _ask(self, question: str, place: int) -> object:
        return self._connection.execute(
            text(question), {"lock": int(AdvisoryLock.WORKER_SLOT), "place": place}
        ).scalar()


def slots_of(url: URL) -> WorkerSlots:
    """The places of a database's workers."""
    return FileSlots(url.database or "") if url.get_backend_name() == "sqlite" else PostgresSlots(url)


_HELD = text(
    "SELECT objid FROM pg_locks WHERE locktype = 'advisory' AND classid = :lock AND objsubid = 2 AND granted "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY objid"
)


def held_places(database: Database) -> list[int]:
    """The places that workers hold now; looking takes none and leaves nothing behind."""
    if database.is_sqlite:
        path = database.engine.url.database
        return [place for place in range(1, PLACES + 1) if _is_locked(f"{path}.worker-{place}")]
    with database.read() as session:
        return [int(place) for place in session.scalars(_HELD, {"lock": int(AdvisoryLock.WORKER_SLOT)})]


def _is_locked(path: str) -> bool:
    try:
        file = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False


def first_free(slots: WorkerSlots) -> int:
    """Take the first free place: the one a restarted worker had before.

    Raises:
        NoPlace: when all are taken.
    """
    for place in range(1, PLACES + 1):
        if slots.take(place):
            return place
    raise NoPlace(f"{PLACES} workers are running")


@contextlib.contextmanager
def borrowed(slots: WorkerSlots, place: int) -> Iterator[bool]:
    """A place for a moment, if nobody has it."""
    taken = slots.take(place)
    try:
        yield taken
    finally:
        if taken:
            slots.give_back(place)
