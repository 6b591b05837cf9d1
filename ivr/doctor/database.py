"""That the database answers, has the newest schema, takes writes, and keeps what it has committed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from sqlalchemy import text

from ivr.db import Database
from ivr.doctor.findings import CheckResult, fault, fine, warning

OLDEST_POSTGRESQL = 14
LEAST_FREE_BYTES = 1_000_000_000


def check_database(database: Database, is_current: Callable[[Database], bool]) -> Iterator[CheckResult]:
    """That it answers, has the newest schema, takes writes, and keeps what it has committed."""
    try:
        current = is_current(database)
        with database.write() as session:
            session.execute(text("SELECT 1"))
    except Exception as error:
        yield fault(
            "database", f"The database does not answer or takes no writes ({type(error).__name__}).",
            "Check DATABASE_URL, that the server runs, that its disk has room and its files may be written.",
        )  # fmt: skip
        return
    if current:
        yield fine("database", "The database answers; its schema is current.")
    else:
        yield fault("database", "The schema is not current.", "Run python -m ivr db upgrade.")
    yield from _check_sqlite(database) if database.is_sqlite else _check_postgresql(database)


def _check_sqlite(database: Database) -> Iterator[CheckResult]:
    with database.read() as session:
        values = {name: str(session.scalar(text(f"PRAGMA {name}"))) for name in ("journal_mode", "synchronous")}
    path = Path(database.engine.url.database or ".").absolute()
    if values == {"journal_mode": "wal", "synchronous": "2"}:
        yield fine("durability", "SQLite writes ahead and waits for the disk at each commit.")
    else:
        yield fault(
            "durability", f"SQLite runs with {values}, so that a power cut could lose saved requests.",
            "Keep the database on a local disk; network file systems do not support write-ahead logs.",
        )  # fmt: skip
    if shutil.disk_usage(path.parent).free < LEAST_FREE_BYTES:
        yield warning("disk", "Less than 1 GB is free where the database is.", "Free some space, or move the database.")


def _check_postgresql(database: Database) -> Iterator[CheckResult]:
    with database.read() as session:
        version = int(session.scalar(text("SHOW server_version_num")) or 0) // 10_000
        synchronous = session.scalar(text("SHOW synchronous_commit"))
    if version < OLDEST_POSTGRESQL:
        yield fault("durability", f"PostgreSQL {version} is too old.", f"Use version {OLDEST_POSTGRESQL} or newer.")
    elif synchronous == "off":
        yield fault(
            "durability", "PostgreSQL runs with synchronous_commit off: a crash could lose saved requests.",
            "Set synchronous_commit to on.",
        )  # fmt: skip
    else:
        yield fine("durability", f"PostgreSQL {version} waits for the disk at each commit.")
