"""How far recurring jobs have come."""

from __future__ import annotations

from datetime import datetime

from ivr.db import Database
from ivr.models import Checkpoint


def read_checkpoint(database: Database, name: str) -> datetime | None:
    """Up to when a recurring job has done its work; None before its first run."""
    with database.read() as session:
        found = session.get(Checkpoint, name)
        return found.at if found else None


def move_checkpoint(database: Database, name: str, at: datetime) -> None:
    """Note that a recurring job has done its work up to a moment."""
    with database.write() as session:
        session.merge(Checkpoint(name=name, at=at))
