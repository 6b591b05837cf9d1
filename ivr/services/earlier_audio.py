"""What a prompt sounded like before: for one that the release on the air has no audio of."""

from __future__ import annotations

from sqlalchemy import select

from ivr.db import Database
from ivr.models import PromptRelease

FURTHEST = 20
"""Releases looked back through."""


class EarlierAudio:
    """Finds a prompt's audio in the releases before a call's own. Releases never change: each is asked for once."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[tuple[int, str, str], str | None] = {}

    def find(self, release_id: int | None, language: str, key: str) -> str | None:
        """The address of the newest one, or None when no earlier release has any."""
        if release_id is None:
            return None
        if (release_id, language, key) not in self._known:
            self._known[release_id, language, key] = self._read(release_id, language, key)
        return self._known[release_id, language, key]

    def _read(self, release_id: int, language: str, key: str) -> str | None:
        before = select(PromptRelease.manifest).where(PromptRelease.id < release_id)
        with self._database.read() as session:
            for manifest in session.scalars(before.order_by(PromptRelease.id.desc()).limit(FURTHEST)):
                if address := manifest.get(language, {}).get(key):
                    return str(address)
        return None
