"""Which keys the stored data may need: their fingerprints stand in the database, so that a missing one has a name."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from ivr.db import Database, Vault
from ivr.inserts import upsert
from ivr.models import Checkpoint

PREFIX = "data-key:"
"""Before a fingerprint, as the name of a checkpoint: up to when a process with this key is known to have begun."""


def note_keys(database: Database, now: datetime) -> None:
    """Note the keys of this process, which is going to write; a fingerprint tells nothing of its key."""
    with database.write() as session:
        for fingerprint in sorted(database.vault.fingerprints):  # in one order, or two processes wait for each other
            upsert(session, Checkpoint, {"name": PREFIX + fingerprint}, {"at": now})


def noted_keys(database: Database) -> list[str]:
    """The fingerprints of keys that the data may need, those noted last first."""
    noted = select(Checkpoint.name).where(Checkpoint.name.startswith(PREFIX)).order_by(Checkpoint.at.desc())
    with database.read() as session:
        return [name.removeprefix(PREFIX) for name in session.scalars(noted)]


def forget_other_keys(session: Session, vault: Vault) -> None:
    """Nothing needs any key but the first one any more."""
    first = PREFIX + vault.fingerprints[0]
    session.execute(delete(Checkpoint).where(Checkpoint.name.startswith(PREFIX), Checkpoint.name != first))
