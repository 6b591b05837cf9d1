"""Versions of prompts: what the clinic writes and records itself, who approves it, and what is on the air when.

Web and calls use this module; nothing here handles audio. What a recording is worth, the worker finds out, see
`services/prompts/takes`.
"""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from ivr.models import AuditAction, PromptSource, PromptState, PromptTake, PromptVersion, Recording, RecordingStatus
from ivr.services.audit import Actor, add_audit_entry
from ivr.services.jobs import Job, enqueue
from ivr.services.line import Line
from ivr.services.prompts.agreement import key_fault
from ivr.services.prompts.releasing import put_on_air
from ivr.services.scripts import Prompt

LARGEST_TAKE = 20_000_000
"""Bytes of a recording that is uploaded."""

LONGEST_SCRIPT = 600
"""Letters of a script; what it lasts is measured when it has audio."""

READY = (PromptState.RECORDED, PromptState.APPROVED)
"""States of a version that could go on the air."""

WAS_ON_AIR = (PromptState.PUBLISHED, PromptState.RETIRED)


class VersionError(ValueError):
    """It cannot be done; the message says why to whoever asked."""


def save_script(
    line: Line, actor: Actor, language: str, key: str, words: str, now: datetime, *, import_id: int | None = None
) -> int:
    """Keep a new wording as a draft, which the machine's voice then speaks; its id. `import_id`: of a zip with more.

    Raises:
        VersionError: there is no such prompt, or the wording is empty, too long or cannot be said.
    """
    with line.database.write() as session:
        version = _draft(line, actor, language, key, words, PromptSource.SYNTHESIS, now)
        version.import_id = import_id
        session.add(version)
        session.flush()
        note(session, actor, version, "wording saved as a draft", now)
        enqueue_mastering(session, line, version.id)
        return version.id


def add_take(
    line: Line,
    actor: Actor,
    language: str,
    key: str,
    words: str,
    data: bytes,
    source: PromptSource,
    now: datetime,
    *,
    import_id: int | None = None,
) -> int:
    """Keep somebody's recording of a prompt, to be mastered by the worker; the version's id.

    `import_id`: of a zip that it came in, with others.

    Raises:
        VersionError: there is no such prompt, or the file is empty or larger than 20 MB.
    """
    if not data:
        raise VersionError("There is nothing in this file.")
    if len(data) > LARGEST_TAKE:
        raise VersionError("This file is too large: 20 MB is the most.")
    with line.database.write() as session:
        version = _draft(line, actor, language, key, words, source, now)
        version.take_sha256, version.import_id = sha256(data).hexdigest(), import_id
        session.add(version)
        session.flush()
        session.add(PromptTake(version_id=version.id, data=data))
        note(session, actor, version, f"recording added ({source})", now)
        enqueue_mastering(session, line, version.id)
        return version.id


def keep_call_take(
    session: Session,
    line: Line,
    actor: Actor,
    language: str,
    key: str,
    recording_sid: str,
    now: datetime,
    *,
    publish: bool,
) -> int:
    """Keep what was recorded in a call as a version; it is mastered as soon as its audio is ours. Commits nothing.

    Raises:
        VersionError: there is no such prompt.
    """
    words, _ = words_to_record(session, line, language, key)
    version = _draft(line, actor, language, key, words, PromptSource.PHONE, now)
    version.recording_sid, version.publish_when_ready = recording_sid, publish
    session.add(version)
    session.flush()
    note(session, actor, version, f"recorded by phone{', to be published at once' if publish else ''}", now)
    recording = session.scalars(select(Recording).where(Recording.sid == recording_sid).with_for_update()).first()
    if recording is not None and recording.status is RecordingStatus.STORED:
        enqueue_mastering(session, line, version.id)
    return version.id


def enqueue_mastering(session: Session, line: Line, version_id: int) -> None:
    """Let the worker make a version's audio."""
    version = session.get_one(PromptVersion, version_id)
    job = Job.MASTER_PROMPT if version.import_id is None else Job.MASTER_IMPORTED
    enqueue(line.database, session.connection(), job, version_id, key=f"master-{version_id}")


def approve(line: Line, actor: Actor, version_id: int, now: datetime) -> None:
    """Approve a version that has audio.

    Raises:
        VersionError: it has none, is approved already, or was made by the same person.
    """
    with line.database.write() as session:
        approve_in(session, actor, locked(session, version_id), now)


def approve_in(session: Session, actor: Actor, version: PromptVersion, now: datetime) -> None:
    """The same within a transaction. Commits nothing.

    Raises:
        VersionError: as above.
    """
    if version.state is not PromptState.RECORDED:
        raise VersionError("Only a version that is recorded and not approved yet can be approved.")
    if version.author_id is not None and version.author_id == actor.staff_id:
        raise VersionError("A second person has to approve this; you made it yourself.")
    version.state, version.approver_id, version.approved_at = PromptState.APPROVED, actor.staff_id, now
    note(session, actor, version, "approved", now)


def publish(line: Line, actor: Actor, version_id: int, now: datetime) -> None:
    """Put a version on the air: calls that begin from now on hear it. One that was there before may come back.

    Raises:
        VersionError: it has no audio, or nobody else approved it and it is clinical.
    """
    with line.database.write() as session:
        version = locked(session, version_id)
        if version.state is PromptState.PUBLISHED:
            return
        refused = refusal(line, version)
        if refused:
            raise VersionError(refused)
        publish_in(session, line, actor, version, now)


def publish_in(session: Session, line: Line, actor: Actor, version: PromptVersion, now: datetime) -> None:
    """The same within a transaction, for a version that nothing keeps from the air. Commits nothing."""
    note(session, actor, version, "published", now)
    put_on_air(session, [version], line.scripts, now)


def refusal(line: Line, version: PromptVersion) -> str:
    """Why a version may not go on the air, a sentence; empty when it may."""
    if version.audio_sha256 is None:
        return "This version has no audio yet."
    if false := version.problem or key_fault(line.all_scripts.get(version.language), version.key, version.text):
        return false
    if version.state is PromptState.RECORDED and is_clinical(line, version.language, version.key):
        return "This is a clinical prompt: a second person has to approve it first."
    return ""


def prompt_of(line: Line, language: str, key: str) -> Prompt:
    """A prompt of a language's script.

    Raises:
        VersionError: there is no such prompt.
    """
    script = line.all_scripts.get(language)
    if script is None or key not in script.prompts:
        raise VersionError("There is no such prompt.")
    return script.prompts[key]


def is_clinical(line: Line, language: str, key: str) -> bool:
    """Whether a prompt says something medical, which two people have to look at."""
    script = line.all_scripts.get(language)
    return script is not None and key in script.prompts and script.prompts[key].clinical


def roll_back(line: Line, actor: Actor, language: str, key: str, now: datetime) -> int:
    """Put the version back on the air that was there before this one; its id. Again, and this one is back.

    Raises:
        VersionError: there is none.
    """
    with line.database.write() as session:
        return roll_back_in(session, line, actor, language, key, now)


def roll_back_in(session: Session, line: Line, actor: Actor, language: str, key: str, now: datetime) -> int:
    """The same within a transaction. Commits nothing.

    Raises:
        VersionError: as above.
    """
    version = before_on_air(session, line, language, key, now)
    if version is None:
        raise VersionError("Nothing was on the air before this.")
    note(session, actor, version, "rolled back to", now)
    put_on_air(session, [version], line.scripts, now)
    return version.id


def accept_pace(line: Line, actor: Actor, version_id: int, now: datetime) -> None:
    """Let a recording be used although it is read fast; what was said of it stays as a remark.

    Raises:
        VersionError: it was refused for something else, or not at all.
    """
    with line.database.write() as session:
        version = locked(session, version_id)
        if version.state is not PromptState.DRAFT or version.problem is None or version.audio_sha256 is None:
            raise VersionError("Only a recording that is too fast can be used all the same.")
        version.state, version.remark = PromptState.RECORDED, version.problem
        version.problem = version.refused_as = None
        note(session, actor, version, f"to be used all the same. {version.remark}", now)


def confirm_words(line: Line, actor: Actor, version_id: int, now: datetime) -> None:
    """Note that a version's words are still right although the script has changed. Raises VersionError otherwise."""
    with line.database.write() as session:
        version = locked(session, version_id)
        if false := key_fault(line.all_scripts.get(version.language), version.key, version.text):
            raise VersionError(false)
        version.shipped_text = prompt_of(line, version.language, version.key).text
        note(session, actor, version, "words still right beside a changed script", now)


def before_on_air(session: Session, line: Line, language: str, key: str, now: datetime) -> PromptVersion | None:
    """What was on the air last, apart from what is there now; what has expired or names other keys stays off."""
    query = select(PromptVersion).where(
        PromptVersion.language == language,
        PromptVersion.key == key,
        PromptVersion.state == PromptState.RETIRED,
        PromptVersion.audio_sha256.is_not(None),
        or_(PromptVersion.expires_at.is_(None), PromptVersion.expires_at > now),
    )
    latest_first = session.scalars(query.order_by(PromptVersion.retired_at.desc(), PromptVersion.id.desc()))
    script = line.all_scripts.get(language)
    return next((version for version in latest_first if not key_fault(script, key, version.text)), None)


def locked_waiting(session: Session, language: str, key: str, audio_sha256: str) -> PromptVersion | None:
    """The clinic's newest version with this audio that could go on the air, locked."""
    query = select(PromptVersion).where(
        PromptVersion.language == language,
        PromptVersion.key == key,
        PromptVersion.own.is_(True),
        PromptVersion.problem.is_(None),
        PromptVersion.state.in_(READY),
        PromptVersion.audio_sha256 == audio_sha256,
    )
    return session.scalars(query.order_by(PromptVersion.id.desc()).limit(1).with_for_update()).first()


def words_on_air(session: Session, line: Line, language: str, key: str) -> str:
    """The words callers hear of a prompt now, otherwise those of the script.

    Raises:
        VersionError: there is no such prompt.
    """
    prompt = prompt_of(line, language, key)
    published = select(PromptVersion.text).where(
        PromptVersion.language == language, PromptVersion.key == key, PromptVersion.state == PromptState.PUBLISHED
    )
    return session.scalar(published.limit(1)) or prompt.text


def words_to_record(session: Session, line: Line, language: str, key: str) -> tuple[str, str | None]:
    """The words somebody who records a prompt should say, and their audio: a newer draft's, else those on the air.

    Raises:
        VersionError: there is no such prompt.
    """
    mine = PromptVersion.language == language, PromptVersion.key == key
    published = session.scalars(
        select(PromptVersion).where(*mine, PromptVersion.state == PromptState.PUBLISHED)
    ).first()
    newer = select(PromptVersion).where(
        *mine,
        PromptVersion.own.is_(True),
        PromptVersion.problem.is_(None),
        PromptVersion.state.in_((PromptState.DRAFT, *READY)),
    )
    if published is not None and published.published_at is not None:
        newer = newer.where(PromptVersion.created_at >= published.published_at)
    wanted = session.scalars(newer.order_by(PromptVersion.id.desc()).limit(1)).first() or published
    if wanted is None:
        return words_on_air(session, line, language, key), None
    return wanted.text, wanted.audio_sha256


def _draft(
    line: Line, actor: Actor, language: str, key: str, words: str, source: PromptSource, now: datetime
) -> PromptVersion:
    prompt = prompt_of(line, language, key)
    words = checked_words(words)
    if false := key_fault(line.all_scripts[language], key, words):
        raise VersionError(false)
    return PromptVersion(
        key=key,
        language=language,
        text=words,
        shipped_text=prompt.text,
        source=source,
        state=PromptState.DRAFT,
        own=True,
        author_id=actor.staff_id,
        created_at=now,
    )


def checked_words(words: str) -> str:
    """Words as they are kept, without needless spaces; VersionError when they are none, too many or unsayable."""
    words = " ".join(words.split())
    if not words:
        raise VersionError("Write the words that callers are to hear.")
    if not words.isprintable():
        raise VersionError("These words have characters that no voice can say. Take them out.")
    if len(words) > LONGEST_SCRIPT:
        raise VersionError(f"These words are too many: {LONGEST_SCRIPT} letters are the most.")
    return words


def locked(session: Session, version_id: int) -> PromptVersion:
    """A version, locked; raises VersionError when there is none."""
    version = session.get(PromptVersion, version_id, with_for_update=True)
    if version is None:
        raise VersionError("There is no such version.")
    return version


def note(session: Session, actor: Actor, version: PromptVersion, what: str, now: datetime) -> None:
    """Leave a row in the audit trail. Commits nothing."""
    subject = f"prompt:{version.language}:{version.key}"
    add_audit_entry(session, actor, AuditAction.PROMPT_CHANGED, subject, now, f"version {version.id}: {what}")
