"""How far recurring jobs have come."""

from __future__ import annotations

from datetime import datetime

from ivr.db import Database
from ivr.inserts import upsert
from ivr.models import Checkpoint

WALKED, WALKED_CLEAN = "walked", "walked-clean"
"""When the automatic caller last walked the line, and when it last found nothing."""

WRITTEN = "written"
"""When somebody last asked whether the line can save."""


def read_checkpoint(database: Database, name: str) -> datetime | None:
    """Up to when a recurring job has done its work; None before its first run."""
    with database.read() as session:
        found = session.get(Checkpoint, name)
        return found.at if found else None


def move_checkpoint(database: Database, name: str, at: datetime) -> None:
    """Note that a recurring job has done its work up to a moment."""
    with database.write() as session:
        upsert(session, Checkpoint, {"name": name}, {"at": at})


def try_write(database: Database, at: datetime) -> None:
    """Commit something small, as a saved request would be; whatever keeps that from being done is raised."""
    move_checkpoint(database, WRITTEN, at)


def note_walk(database: Database, at: datetime, *, clean: bool) -> None:
    """Note that the automatic caller has walked the line, and whether it found nothing."""
    move_checkpoint(database, WALKED, at)
    if clean:
        move_checkpoint(database, WALKED_CLEAN, at)


def was_walk_clean(database: Database) -> bool | None:
    """Whether the latest walk found nothing; None before the first."""
    walked = read_checkpoint(database, WALKED)
    return None if walked is None else read_checkpoint(database, WALKED_CLEAN) == walked
