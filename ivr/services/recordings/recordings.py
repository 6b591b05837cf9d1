"""What callers said: from the carrier's copy to ours, each step safe to take twice."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, delete, select, update
from sqlalchemy.orm import Session

from ivr.db import Database, session_in
from ivr.models import PromptVersion, Recording, RecordingAudio, RecordingStatus
from ivr.services.jobs import Job, enqueue

FETCHABLE = frozenset({RecordingStatus.ANNOUNCED, RecordingStatus.READY})
"""Where the carrier has, or may have, audio that is not ours yet."""

LOST = "The telephone company has no such recording, or an empty one. Record again."
"""The problem of a prompt's version that was recorded in a call."""

STUCK_AFTER, STUCK_UNTIL = timedelta(hours=2), timedelta(days=30)


@dataclass(frozen=True, slots=True)
class FetchState:
    """How far a recording's way to us is: its seconds as the carrier told them, and what is still to be done."""

    to_store: bool
    to_delete: bool
    seconds: int | None


def enqueue_import(database: Database, connection: Connection, recording_sid: str, occasion: str = "") -> None:
    """Enqueue a recording's import, once for each occasion."""
    key = f"import-{recording_sid}{occasion and '-'}{occasion}"
    enqueue(database, connection, Job.IMPORT_RECORDING, recording_sid, key=key)


def enqueue_stuck_imports(database: Database, now: datetime) -> int:
    """Give recordings that should long be ours a new import, one a day; how many those are."""
    query = select(Recording.sid).where(
        Recording.status.in_(FETCHABLE),
        Recording.erased_at.is_(None),
        Recording.created_at.between(now - STUCK_UNTIL, now - STUCK_AFTER),
    )
    with database.transaction() as connection:
        sids = list(connection.scalars(query))
        for sid in sids:
            enqueue_import(database, connection, sid, occasion=now.date().isoformat())
    return len(sids)


def enqueue_deletions(database: Database, recording_sids: Sequence[str], now: datetime) -> None:
    """Let the carrier's copies of recordings that were erased here be deleted, each by a job of its own, one a day."""
    with database.transaction() as connection:
        for sid in recording_sids:
            enqueue_import(database, connection, sid, occasion=f"erased-{now.date().isoformat()}")


def import_state(database: Database, recording_sid: str) -> FetchState | None:
    """What is left to do for a recording; None when nobody knows it."""
    with database.read() as session:
        found = _find(session, recording_sid)
        if found is None:
            return None
        return FetchState(
            to_store=found.status in FETCHABLE and found.erased_at is None,
            to_delete=_is_done_with(found) and found.deleted_at is None,
            seconds=found.duration_seconds,
        )


def store_audio(database: Database, recording_sid: str, audio: bytes, seconds: float, now: datetime) -> bool:
    """Keep a recording's audio, encrypted; False when that was done already."""
    with database.write() as session:
        recording = _find(session, recording_sid, lock=True)
        if recording is None or recording.status not in FETCHABLE or recording.erased_at is not None:
            return False
        session.add(RecordingAudio(recording_id=recording.id, data=audio))
        recording.status = RecordingStatus.STORED
        recording.sha256 = hashlib.sha256(audio).hexdigest()
        recording.duration_seconds = max(1, round(seconds))
        recording.stored_at = now
        session.flush()
        _enqueue_prompt(session, database, recording_sid)
        return True


def _enqueue_prompt(session: Session, database: Database, recording_sid: str) -> None:
    """Let the worker master a prompt that somebody recorded in a call."""
    waiting = select(PromptVersion.id).where(PromptVersion.recording_sid == recording_sid)
    for version_id in session.scalars(waiting):
        enqueue(database, session.connection(), Job.MASTER_PROMPT, version_id, key=f"master-{version_id}")


def mark_unusable(database: Database, recording_sid: str, status: RecordingStatus) -> None:
    """Note that a recording will not be stored: it is empty, refused or absent."""
    with database.write() as session:
        recording = _find(session, recording_sid, lock=True)
        if recording is not None and recording.status in FETCHABLE:
            recording.status = status
            lost = update(PromptVersion).where(PromptVersion.recording_sid == recording_sid)
            session.execute(lost.values(problem=LOST, publish_when_ready=False))


def note_deleted(database: Database, recording_sid: str, now: datetime) -> None:
    """Note that the carrier has its copy no more."""
    with database.write() as session:
        recording = _find(session, recording_sid, lock=True)
        if recording is not None and recording.deleted_at is None:
            recording.deleted_at = now


def discard_recording(database: Database, connection: Connection, recording_sid: str, now: datetime) -> None:
    """Erase a recording that its caller does not want kept, the one of a saved request too. Commits nothing.

    The carrier's copy is deleted as soon as the carrier says that it is complete.
    """
    with session_in(connection) as session:
        recording = _find(session, recording_sid, lock=True)
        if recording is None or recording.erased_at is not None:
            return
        recording.request_id = None
        session.flush()
        erase_recordings(session, Recording.id == recording.id, now)
        if recording.status is not RecordingStatus.ANNOUNCED:
            enqueue_import(database, connection, recording_sid, occasion="taken-back")


def erase_recordings(session: Session, chosen: ColumnElement[bool], now: datetime) -> int:
    """Delete the audio of recordings and note when; returns how many there were."""
    among = select(Recording.id).where(chosen, Recording.erased_at.is_(None)).order_by(Recording.id)
    ids = list(session.scalars(among.with_for_update()))
    audio = delete(RecordingAudio).where(RecordingAudio.recording_id.in_(ids))
    session.execute(audio, execution_options={"synchronize_session": False})
    emptied = update(Recording).where(Recording.id.in_(ids)).values(erased_at=now, sha256=None)
    session.execute(emptied, execution_options={"synchronize_session": False})
    return len(ids)


def load_audio(database: Database, recording_id: int) -> bytes | None:
    """A recording's audio, decrypted; None when it is not stored, or erased."""
    with database.read() as session:
        return session.scalar(select(RecordingAudio.data).where(RecordingAudio.recording_id == recording_id))


def find_audio(database: Database, recording_sid: str) -> bytes | None:
    """The same by the carrier's SID."""
    with database.read() as session:
        recording = _find(session, recording_sid)
    return load_audio(database, recording.id) if recording else None


def _is_done_with(recording: Recording) -> bool:
    """Whether the carrier's copy, where there is one, is needed no more."""
    erased = recording.erased_at is not None and recording.status is not RecordingStatus.ABSENT
    return erased or recording.status is RecordingStatus.STORED


def _find(session: Session, recording_sid: str, *, lock: bool = False) -> Recording | None:
    query = select(Recording).where(Recording.sid == recording_sid)
    return session.scalars(query.with_for_update() if lock else query).first()
