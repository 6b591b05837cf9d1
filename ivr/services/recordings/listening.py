"""Listening to what a caller said: the audio for staff, and a row of the audit trail for every time it is played."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from ivr.db import Database
from ivr.models import AuditAction, AuditEntry, Recording, RecordingAudio, StaffMember
from ivr.services import audit
from ivr.services.audit import Actor

ONE_PLAY = timedelta(hours=1)
"""How long the parts that a browser asks for can belong to one play."""


def listen(database: Database, recording_id: int, actor: Actor, now: datetime, play: str = "") -> bytes | None:
    """A recording's audio for a member of the staff who plays it, in a browser or by telephone.

    A browser fetches one play in several parts, which all name it: `play`, a word of its own making, is noted the
    first time only. Audio that is fetched without one is noted each time.

    Returns:
        The audio as a WAV file; None when it is not stored, or erased, or the account is not active.
    """
    audio = select(RecordingAudio.data).where(RecordingAudio.recording_id == recording_id)
    with database.read() as session:
        if play and _is_noted(session, recording_id, actor, now, play):
            return session.scalar(audio)
    with database.write() as session:
        member = session.get(StaffMember, actor.staff_id or 0)
        if member is None or not member.active:
            return None
        data = session.scalar(audio)
        audit.lock(session)
        if data is not None and not (play and _is_noted(session, recording_id, actor, now, play)):
            request_id = session.scalar(select(Recording.request_id).where(Recording.id == recording_id))
            detail = f"of request:{request_id}, {_play(play)}" if play else f"of request:{request_id}"
            audit.add_audit_entry(session, actor, AuditAction.HEARD, _subject(recording_id), now, detail)
        return data


def listen_by_phone(database: Database, recording_id: int, staff_id: int, now: datetime) -> bytes | None:
    """The same for a member of the staff who is on the telephone."""
    return listen(database, recording_id, Actor(f"staff:{staff_id}", "phone", staff_id), now)


def _is_noted(session: Session, recording_id: int, actor: Actor, now: datetime, play: str) -> bool:
    noted = exists().where(
        AuditEntry.subject == _subject(recording_id),
        AuditEntry.action == AuditAction.HEARD,
        AuditEntry.actor == actor.name,
        AuditEntry.at > now - ONE_PLAY,
        AuditEntry.detail.endswith(_play(play), autoescape=True),
    )
    return bool(session.scalar(select(noted)))


def _subject(recording_id: int) -> str:
    return f"recording:{recording_id}"


def _play(play: str) -> str:
    return f"play {play}"
