"""Prompts as they are heard: audio by content, versions of each prompt, and the releases that calls hear."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ivr.db import Base, BigId, ByValue, UtcDateTime


class PromptSource(StrEnum):
    """Where a version's audio came from."""

    SYNTHESIS = "synthesis"


class PromptAudio(Base):
    """A WAV file as the telephone plays it, addressed by the SHA-256 of its bytes. Never changed, only added."""

    __tablename__ = "prompt_audio"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PromptVersion(Base):
    """One version of a prompt (key and language): the words, the audio, and what was measured of it.

    `fingerprint` tells whether the audio is still what this text and this voice would give. Levels are in dBov and
    dBFS, silences in milliseconds; `words_per_minute` is empty for the shortest clips.
    """

    __tablename__ = "prompt_versions"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(String(64))
    language: Mapped[str] = mapped_column(String(12))
    text: Mapped[str] = mapped_column(Text)
    source: Mapped[PromptSource] = mapped_column(ByValue(PromptSource))
    fingerprint: Mapped[str] = mapped_column(String(64))
    audio_sha256: Mapped[str] = mapped_column(ForeignKey("prompt_audio.sha256"))
    seconds: Mapped[float]
    level_dbov: Mapped[float]
    peak_dbfs: Mapped[float]
    head_ms: Mapped[float]
    tail_ms: Mapped[float]
    words_per_minute: Mapped[float | None]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (Index(None, "language", "key", "id"), Index(None, "fingerprint"))


class PromptRelease(Base):
    """Which audio every prompt has on the air: `{language: {key: sha256}}`. A call keeps the one it began with."""

    __tablename__ = "prompt_releases"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    manifest: Mapped[dict[str, dict[str, str]]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
