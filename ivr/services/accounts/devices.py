"""Sessions by device: each browser has one of its own, which ends without touching those of the others."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from ivr.db import Database
from ivr.models import StaffDevice, StaffMember
from ivr.services.accounts.attempts import digest_of

KEPT = timedelta(days=400)
"""How long a browser is known after it was last used; browsers keep a cookie no longer."""


def new_device() -> str:
    """The secret by which a browser will be known again."""
    return secrets.token_urlsafe(24)


def begin(session: Session, member_id: int, device: str, now: datetime) -> str:
    """Begin a session in a device, in the session's transaction, and end the one before it there.

    Returns:
        The secret that the browser shows with each request.
    """
    session.execute(delete(StaffDevice).where(StaffDevice.staff_id == member_id, StaffDevice.seen_at < now - KEPT))
    mine = StaffDevice.staff_id == member_id, StaffDevice.digest == digest_of(device)
    row = session.scalar(select(StaffDevice).where(*mine))
    if row is None:
        row = StaffDevice(staff_id=member_id, digest=digest_of(device))
        session.add(row)
    secret = secrets.token_urlsafe(24)
    row.session_digest, row.started_at, row.seen_at, row.held_until = digest_of(secret), now, now, None
    session.flush()
    return secret


def find(database: Database, member_id: int, secret: str) -> StaffDevice | None:
    """The device whose session has this secret, if that goes on."""
    with database.read() as session:
        return session.scalar(select(StaffDevice).where(*_session_of(member_id, secret)))


def end(session: Session, member_id: int, secret: str) -> bool:
    """End one session, in the session's transaction; whether it went on until now."""
    row = session.scalar(select(StaffDevice).where(*_session_of(member_id, secret)).with_for_update())
    if row is not None:
        row.session_digest = None
    return row is not None


def note_seen(database: Database, device: StaffDevice, now: datetime, *, with_account: bool) -> None:
    """Keep when a session was last used, and the account too if that is wished."""
    with database.write() as session:
        session.execute(update(StaffDevice).where(StaffDevice.id == device.id).values(seen_at=now))
        if with_account:
            session.execute(update(StaffMember).where(StaffMember.id == device.staff_id).values(last_seen_at=now))


def hold(database: Database, member_id: int, secret: str, until: datetime) -> None:
    """Keep one session from ending by itself until then, because its owner is on the telephone."""
    with database.write() as session:
        session.execute(update(StaffDevice).where(*_session_of(member_id, secret)).values(held_until=until))


def shorten_hold(session: Session, member_id: int, until: datetime) -> None:
    """Somebody's call is over: their sessions are held until then at most. Commits nothing."""
    held = StaffDevice.staff_id == member_id, StaffDevice.held_until > until
    session.execute(update(StaffDevice).where(*held).values(held_until=until))


def end_all(session: Session, member_id: int) -> int:
    """End all sessions of somebody, in the session's transaction; how many went on. The browsers stay known."""
    going_on = StaffDevice.staff_id == member_id, StaffDevice.session_digest.is_not(None)
    rows = list(session.scalars(select(StaffDevice).where(*going_on).with_for_update()))
    for row in rows:
        row.session_digest = None
    return len(rows)


def forget_all(session: Session, member_id: int) -> None:
    """Know none of somebody's devices any more."""
    session.execute(delete(StaffDevice).where(StaffDevice.staff_id == member_id))


def _session_of(member_id: int, secret: str) -> tuple[ColumnElement[bool], ...]:
    return StaffDevice.staff_id == member_id, StaffDevice.session_digest == digest_of(secret)
