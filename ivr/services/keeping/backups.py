"""Backups of a SQLite database: taken while calls go on, checked before they count, restored beside the old one."""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ivr.db import InvalidToken, Vault
from ivr.services.keeping.keys import sealed_tables

OURS = frozenset({"alembic_version", "calls", "call_turns", "patient_requests", "reference_numbers"})
"""Tables that every version of the line has had."""

NOTE = "backup_keys"
"""A table that only backups have: the fingerprints of the keys that its data needs."""

MAGIC = b"SQLite format 3\0"

BESIDE = ("", "-wal", "-shm")
"""What SQLite keeps under a database's name."""


class BackupError(Exception):
    """A backup could not be made, or a file is not one that could be restored; the message says why."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a database file holds: its schema's revision, how many requests, and which keys (fingerprints) it needs."""

    revision: str
    requests: int
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored, and where the database that was there before is now."""

    contents: Contents
    moved_to: Path | None


def back_up(source: Path, file: Path, vault: Vault, *, force: bool = False) -> Contents:
    """Copy the database as it is at one moment; calls go on meanwhile. The file appears only once it is checked.

    Raises:
        BackupError: when there is nothing to copy, the file exists (without `force`), or the copy is not sound.
    """
    if not source.is_file():
        raise BackupError(f"there is no database {source}")
    if file.exists() and (not force or not file.is_file() or file.samefile(source)):
        raise BackupError(f"{file} exists already")
    if not file.parent.is_dir():
        raise BackupError(f"there is no folder {file.parent}")
    with _new_file(file) as copy:
        _copy(source, copy)
        contents = examine(copy, vault)
        _write_note(copy, contents.keys)
        _appear(copy, file)
    return contents


def restore(file: Path, target: Path, vault: Vault, *, now: datetime, force: bool = False) -> Restored:
    """Make a backup the database. What was there is moved aside, never deleted.

    Raises:
        BackupError: when the file is no sound backup that the keys open, the target exists (without `force`), or the
            line is still running on it.
    """
    contents = examine(file, vault)
    existing = [beside for beside in _family(target) if beside.exists()]
    if target.exists() and not force:
        raise BackupError(f"{target} exists already; with --force it is moved aside")
    if target.exists() and target.samefile(file):
        raise BackupError(f"{file} is the database itself")
    target.parent.mkdir(parents=True, exist_ok=True)
    with _new_file(target) as copy:
        _copy(file, copy, "ro")
        with _opened(copy) as connection:
            connection.execute(f"DROP TABLE IF EXISTS {NOTE}")
            connection.execute("PRAGMA journal_mode = DELETE")
        if target.exists() and _is_sqlite(target):
            _refuse_running(target)
        moved_to = _move_aside(target, now) if existing else None
        _appear(copy, target)
    return Restored(contents, moved_to)


def examine(file: Path, vault: Vault) -> Contents:
    """Look a file through: sound, ours, and readable with these keys.

    Raises:
        BackupError: naming the first thing that is wrong, and the keys that are missing.
    """
    if not file.is_file():
        raise BackupError(f"there is no file {file}")
    try:
        with _opened(file, "ro") as connection:
            _refuse_unsound(connection, file)
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if not tables >= OURS:
                raise BackupError(f"{file} is a database, but not of this line: it lacks {_list(OURS - tables)}")
            revision = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            requests = connection.execute("SELECT count(*) FROM patient_requests").fetchone()
            keys = _keys_needed(connection, file, tables, vault)
    except sqlite3.DatabaseError as error:
        raise BackupError(f"{file} is no sound SQLite database: {error}") from None
    if revision is None:
        raise BackupError(f"{file} has no schema revision")
    return Contents(revision[0], requests[0], keys)


def _refuse_unsound(connection: sqlite3.Connection, file: Path) -> None:
    faults = [fault for (fault,) in connection.execute("PRAGMA integrity_check(3)") if fault != "ok"]
    if faults:
        raise BackupError(f"{file} is damaged: {faults[0]}")


def _keys_needed(connection: sqlite3.Connection, file: Path, tables: Collection[str], vault: Vault) -> tuple[str, ...]:
    """Fingerprints of the keys that the data needs, in the vault's order; every value is tried."""
    needed: set[int] = set()
    unreadable = 0
    for table, column in _encrypted_columns(connection, tables):
        for (token,) in connection.execute(f'SELECT "{column}" FROM "{table}" WHERE "{column}" IS NOT NULL'):
            try:
                needed.add(vault.reader_of(token))
            except (InvalidToken, TypeError):
                unreadable += 1
    if unreadable:
        raise BackupError(_unreadable(connection, file, tables, vault, unreadable))
    return tuple(vault.fingerprints[place] for place in sorted(needed))


def _encrypted_columns(connection: sqlite3.Connection, tables: Collection[str]) -> Iterator[tuple[str, str]]:
    """Encrypted columns as far as the file has them: an older schema may lack some."""
    for sealed in sealed_tables():
        if sealed.name in tables:
            there = {row[1] for row in connection.execute(f'PRAGMA table_info("{sealed.name}")').fetchall()}
            yield from ((sealed.name, column) for column in sealed.tokens if column in there)


def _unreadable(
    connection: sqlite3.Connection, file: Path, tables: Collection[str], vault: Vault, unreadable: int
) -> str:
    noted = [key for (key,) in connection.execute(f"SELECT fingerprint FROM {NOTE}")] if NOTE in tables else []
    missing = [key for key in noted if key not in vault.fingerprints]
    has = f"DATA_KEYS has only {_list(vault.fingerprints)}"
    if missing:
        return f"{file} needs the key {_list(missing)} (fingerprint); {has}"
    if noted:
        return f"{file} is damaged: {unreadable} values cannot be read although no key is missing"
    return f"{unreadable} values of {file} need a key that is missing; {has} (fingerprints)"


def _write_note(copy: Path, keys: Collection[str]) -> None:
    with _opened(copy) as connection:
        connection.execute(f"DROP TABLE IF EXISTS {NOTE}")
        connection.execute(f"CREATE TABLE {NOTE} (fingerprint TEXT NOT NULL)")
        connection.executemany(f"INSERT INTO {NOTE} VALUES (?)", [(key,) for key in keys])


def _copy(source: Path, copy: Path, mode: str = "rw") -> None:
    """Copy in one step: a snapshot that no writer waits for, and that no writer makes start again."""
    try:
        with _opened(source, mode) as original, _opened(copy) as connection:
            original.backup(connection, pages=-1)
            connection.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.DatabaseError as error:
        raise BackupError(f"{source} could not be copied: {error}") from None


def _is_sqlite(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def _refuse_running(target: Path) -> None:
    """Leave WAL, which SQLite allows to the last connection only; a damaged database cannot tell."""
    try:
        with _opened(target) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise BackupError(f"{target} is in use: stop the web and worker processes first") from None
    except sqlite3.DatabaseError:
        return


def _move_aside(target: Path, now: datetime) -> Path:
    aside = target.with_name(f"{target.name}.before-{now:%Y%m%dT%H%M%S}-{secrets.token_hex(2)}")
    for old, new in zip(_family(target), _family(aside), strict=True):
        if old.exists():
            old.rename(new)
    return aside


def _family(path: Path) -> list[Path]:
    return [path.with_name(path.name + ending) for ending in BESIDE]


@contextlib.contextmanager
def _new_file(final: Path) -> Iterator[Path]:
    """A new file next to where it belongs, that only its owner can read; gone if the block does not rename it."""
    path = final.with_name(f".{final.name}.{secrets.token_hex(4)}.part")
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        yield path
    finally:
        for left in (*_family(path), path.with_name(f"{path.name}-journal")):
            left.unlink(missing_ok=True)


def _appear(copy: Path, final: Path) -> None:
    """Rename what is safely on the disk, and see that the new name is, too."""
    _sync(copy)
    copy.replace(final)
    _sync(final.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def _opened(path: Path, mode: str = "rw") -> Iterator[sqlite3.Connection]:
    """A connection that commits each statement and never creates a file."""
    with contextlib.closing(
        sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=3)
    ) as connection:
        connection.isolation_level = None
        yield connection


def _list(names: Collection[str]) -> str:
    return ", ".join(sorted(names))
