"""Prompts as they are heard: audio by content, versions of each prompt, and the releases that calls hear."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ivr.db import Base, BigId, ByValue, UtcDateTime


class PromptSource(StrEnum):
    """Where a version's audio comes from: the machine's voice, or a person by one of three ways."""

    SYNTHESIS = "synthesis"
    PHONE = "phone"
    BROWSER = "browser"
    UPLOAD = "upload"

    @property
    def is_human(self) -> bool:
        """Whether a person spoke it."""
        return self is not PromptSource.SYNTHESIS


class PromptState(StrEnum):
    """How far a version is: words without audio, with audio, approved, on the air, and off it again."""

    DRAFT = "draft"
    RECORDED = "recorded"
    APPROVED = "approved"
    PUBLISHED = "published"
    RETIRED = "retired"


class PromptAudio(Base):
    """A WAV file as the telephone plays it, addressed by the SHA-256 of its bytes. Never changed, only added."""

    __tablename__ = "prompt_audio"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PromptNumber(Base):
    """The number by which a prompt is keyed on the telephone; it is given once and stays, whatever the script does."""

    __tablename__ = "prompt_numbers"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(String(64), unique=True)


class PromptVersion(Base):
    """One version of a prompt (key and language): the words, the audio, and what was measured of it.

    `own` tells the clinic's versions from those of the shipped script; `shipped_text` is what the script said when such
    a version was made or last looked at. `fingerprint` tells whether synthetic audio is
    still what this text and this voice would give. Audio and figures are missing until there is audio: levels are in
    dBov and dBFS, silences in milliseconds; `words_per_minute` is empty for the shortest clips. `problem` says why a
    recording was refused. `publish_when_ready`: it goes on the air as soon as it is fit for it; `publish_at` and
    `expires_at` are when the clock puts it on the air, and takes it off again. `recording_sid` is the call's recording
    that it is made of, `take_sha256` the digest of the file that was uploaded. `refused_as` is the problem in a word,
    `remark` advice on a recording that may be used. `told_at` is when the admins were last told that it waits for an
    approval; `import_id` is the zip that it came in.
    """

    __tablename__ = "prompt_versions"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(String(64))
    language: Mapped[str] = mapped_column(String(12))
    text: Mapped[str] = mapped_column(Text)
    shipped_text: Mapped[str | None] = mapped_column(Text)
    state: Mapped[PromptState] = mapped_column(ByValue(PromptState), default=PromptState.DRAFT)
    source: Mapped[PromptSource] = mapped_column(ByValue(PromptSource))
    own: Mapped[bool] = mapped_column(default=False)
    fingerprint: Mapped[str | None] = mapped_column(String(64))
    audio_sha256: Mapped[str | None] = mapped_column(ForeignKey("prompt_audio.sha256"))
    seconds: Mapped[float | None]
    level_dbov: Mapped[float | None]
    peak_dbfs: Mapped[float | None]
    head_ms: Mapped[float | None]
    tail_ms: Mapped[float | None]
    words_per_minute: Mapped[float | None]
    problem: Mapped[str | None] = mapped_column(Text)
    refused_as: Mapped[str | None] = mapped_column(String(24))
    remark: Mapped[str | None] = mapped_column(Text)
    author_id: Mapped[int | None] = mapped_column(ForeignKey("staff_members.id"))
    approver_id: Mapped[int | None] = mapped_column(ForeignKey("staff_members.id"))
    recording_sid: Mapped[str | None] = mapped_column(String(34))
    take_sha256: Mapped[str | None] = mapped_column(String(64))
    publish_when_ready: Mapped[bool] = mapped_column(default=False)
    publish_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    approved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    import_id: Mapped[int | None] = mapped_column(ForeignKey("prompt_imports.id"))

    __table_args__ = (
        Index(None, "language", "key", "id"),
        Index(None, "fingerprint"),
        Index(None, "recording_sid"),
        Index(None, "take_sha256"),
        Index(None, "import_id"),
    )


class PromptTake(Base):
    """What was recorded or uploaded for a version, as it came; it goes once the version has its mastered audio."""

    __tablename__ = "prompt_takes"

    version_id: Mapped[int] = mapped_column(ForeignKey("prompt_versions.id", ondelete="CASCADE"), primary_key=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)


class ImportState(StrEnum):
    """How far an import is: arriving, in the worker's hands, done, or refused as a whole."""

    ARRIVING = "arriving"
    WAITING = "waiting"
    DONE = "done"
    REFUSED = "refused"


class PromptImport(Base):
    """A zip that came back from a recording studio, and what became of each of its files, a sentence each.

    `size` is in bytes; `files` are those that were found in it, `looked_at` how many of them the worker is through
    with. `problem` says why it was refused as a whole.
    """

    __tablename__ = "prompt_imports"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    language: Mapped[str] = mapped_column(String(12))
    author_id: Mapped[int | None] = mapped_column(ForeignKey("staff_members.id"))
    state: Mapped[ImportState] = mapped_column(ByValue(ImportState), default=ImportState.ARRIVING)
    size: Mapped[int] = mapped_column(default=0)
    files: Mapped[int] = mapped_column(default=0)
    looked_at: Mapped[int] = mapped_column(default=0)
    told: Mapped[list[str]] = mapped_column(JSON, default=list)
    problem: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PromptImportPart(Base):
    """A piece of such a zip, the first is number 0; all of them go when the worker is through."""

    __tablename__ = "prompt_import_parts"

    import_id: Mapped[int] = mapped_column(ForeignKey("prompt_imports.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    data: Mapped[bytes] = mapped_column(LargeBinary)


class InformationClip(Base):
    """An information clip of the clinic's own: where it stands in the call tree, and its first words by language.

    `node` names its place in the tree, `after` the shipped clip that it follows. What callers hear of it are versions
    of its prompt, as of any other. A removed one stays, as reports of earlier calls name it.
    """

    __tablename__ = "information_clips"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    node: Mapped[str] = mapped_column(String(32), unique=True)
    title: Mapped[str] = mapped_column(String(80))
    after: Mapped[str] = mapped_column(String(32))
    clinical: Mapped[bool]
    words: Mapped[dict[str, str]] = mapped_column(JSON)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("staff_members.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    removed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class PromptRelease(Base):
    """Which audio every prompt has on the air: `{language: {key: sha256}}`. A call keeps the one it began with.

    `together` is what a release of several put on the air: for each the version's id, and that of the one before it
    or None. Beside the languages stand `silence`, `directions` (English, for those who record by phone) and, with a
    language, `own en-US`: which of its prompts are the clinic's own. `clips` are the information clips of the clinic's
    own that stood in the call tree then: node, the clip before it, and the languages that have it.
    """

    __tablename__ = "prompt_releases"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    manifest: Mapped[dict[str, dict[str, str]]] = mapped_column(JSON)
    together: Mapped[list[list[int | None]] | None] = mapped_column(JSON(none_as_null=True))
    clips: Mapped[list[list[str]] | None] = mapped_column(JSON(none_as_null=True))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
