"""Prompts as calls hear them: releases, and the audio behind each prompt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session, load_only

from ivr.db import Database
from ivr.models import PromptAudio, PromptRelease, PromptState, PromptVersion

SILENCE = "silence"
"""The manifest's name for pauses, beside the languages; its keys are milliseconds."""

DIRECTIONS = "directions"
"""Its name for how each prompt is to be said, read out to those who record by phone; its keys are prompts."""

OWN = "own"
"""With a language, its name for the prompts that a person speaks: these are played whoever speaks the others."""


def own_of(language: str) -> str:
    """The manifest's name for the prompts of a language that are the clinic's own."""
    return f"{OWN} {language}"


@dataclass(frozen=True, slots=True)
class Release:
    """The prompts on the air: the audio's SHA-256 by language and key. Without an id: nothing is rendered yet."""

    id: int | None
    manifest: Mapping[str, Mapping[str, str]]

    def audio(self, language: str, key: str) -> str | None:
        """The address of a prompt's audio, or None when there is none."""
        return self.manifest.get(language, {}).get(key)

    def own(self, language: str, key: str) -> str | None:
        """The address of a prompt's audio if it is the clinic's own."""
        return self.audio(own_of(language), key)


class Releases:
    """The releases that calls in progress hear. They never change, so each is read once per process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[int | None, Release] = {None: Release(None, {})}

    def get(self, release_id: int | None) -> Release:
        """The release of that id."""
        if release_id not in self._known:
            with self._database.read() as session:
                release = session.get_one(PromptRelease, release_id)
                self._known[release_id] = Release(release.id, release.manifest)
        return self._known[release_id]

    def latest(self) -> Release:
        """The one that calls beginning now hear."""
        with self._database.read() as session:
            release_id = session.scalar(select(func.max(PromptRelease.id)))
        return self.get(release_id)


def read_audio(database: Database, sha256: str) -> bytes | None:
    """A prompt's WAV bytes by content address."""
    with database.read() as session:
        return session.scalar(select(PromptAudio.data).where(PromptAudio.sha256 == sha256))


def read_current(database: Database, key: str, language: str) -> bytes | None:
    """The WAV bytes that a prompt has on the air now, or None when it has none."""
    with database.read() as session:
        release = latest_release(session)
        address = release.manifest.get(language, {}).get(key) if release else None
        return session.scalar(select(PromptAudio.data).where(PromptAudio.sha256 == address)) if address else None


def read_any_clip(database: Database, language: str) -> tuple[str, bytes] | None:
    """The address and the WAV bytes of one prompt that is on the air in a language; None when none is."""
    with database.read() as session:
        release = latest_release(session)
        addresses = sorted(release.manifest.get(language, {}).values()) if release else []
        clip = session.get(PromptAudio, addresses[0]) if addresses else None
        return (clip.sha256, clip.data) if clip else None


def measured_seconds(database: Database, languages: tuple[str, ...]) -> dict[str, dict[str, float]]:
    """How long each prompt on the air lasts, by language and key."""
    with database.read() as session:
        latest = latest_release(session)
        manifest = latest.manifest if latest else {}
        versions = session.scalars(
            select(PromptVersion).options(
                load_only(PromptVersion.audio_sha256, PromptVersion.seconds, PromptVersion.language)
            )
        )
        seconds = {(v.language, v.audio_sha256): v.seconds or 0.0 for v in versions if v.audio_sha256}
    return {
        language: {key: seconds[language, sha] for key, sha in manifest.get(language, {}).items()}
        for language in languages
    }


def versions_on_air(database: Database, languages: tuple[str, ...]) -> list[PromptVersion]:
    """The version of each prompt that callers hear, language by language."""
    query = select(PromptVersion).where(
        PromptVersion.state == PromptState.PUBLISHED, PromptVersion.language.in_(languages)
    )
    with database.read() as session:
        found = list(session.scalars(query.order_by(PromptVersion.language, PromptVersion.key)))
        session.expunge_all()
        return found


def latest_release(session: Session) -> PromptRelease | None:
    """The release that calls beginning now will hear."""
    return session.scalars(select(PromptRelease).order_by(PromptRelease.id.desc()).limit(1)).first()


RELEASES_LOOKED_BACK = 20
"""Releases before a call's own in which a missing prompt's audio is looked for."""


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
            for manifest in session.scalars(before.order_by(PromptRelease.id.desc()).limit(RELEASES_LOOKED_BACK)):
                if address := manifest.get(language, {}).get(key):
                    return str(address)
        return None
