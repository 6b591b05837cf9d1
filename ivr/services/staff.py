"""The staff's accounts: who may sign in, in the browser and by phone. Wrong tries are counted, and lock."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.db import Database
from ivr.models import Action, Role, StaffMember
from ivr.services.audit import Actor, note

TIME_COST, MEMORY_COST, PARALLELISM = 2, 19 * 1024, 1
"""What a hash costs (argon2id; memory in KiB): the least OWASP recommends, since eight threads may hash at once."""

HASHER = PasswordHasher(TIME_COST, MEMORY_COST, PARALLELISM)

NOBODY = HASHER.hash(secrets.token_hex(8))
"""Compared with where there is no account, so that it takes as long to say no."""

SHORTEST_PASSWORD = 12
FAILURES_TO_LOCK = 5
LOCKED_FOR = timedelta(minutes=15)

EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


class StaffError(Exception):
    """An account cannot be as asked; the message says why, in words for whoever asked."""


@dataclass(frozen=True, slots=True)
class Details:
    """What an account is made of."""

    email: str
    name: str
    role: Role


def key_of_account() -> str:
    """A new session key: whoever is signed in with the old one is signed out."""
    return secrets.token_hex(16)


def hash_password(password: str) -> str:
    """The hash that is kept.

    Raises:
        StaffError: when the password is too short.
    """
    if len(password) < SHORTEST_PASSWORD:
        raise StaffError(f"A password needs {SHORTEST_PASSWORD} characters at least")
    return HASHER.hash(password)


def matches(kept: str | None, secret: str) -> bool:
    """Whether a secret is the one whose hash is kept; as slow when none is."""
    try:
        HASHER.verify(kept or NOBODY, secret)
    except VerificationError:
        return False
    return kept is not None


def create(database: Database, actor: Actor, details: Details, now: datetime) -> StaffMember:
    """Make an account, which cannot sign in before it has a password.

    Raises:
        StaffError: when the address is none, or has an account.
    """
    email, name = details.email.strip().lower(), details.name.strip()
    if not EMAIL.fullmatch(email) or len(email) > 255:
        raise StaffError(f"{email!r} is no e-mail address")
    if not name or len(name) > 80:
        raise StaffError("A name has 1 to 80 characters")
    with database.write() as session:
        if session.scalar(select(StaffMember.id).where(StaffMember.email == email)):
            raise StaffError(f"{email} has an account already")
        member = StaffMember(
            email=email, name=name, role=details.role, fs_uniquifier=key_of_account(), created_at=now, active=True
        )
        session.add(member)
        session.flush()
        note(session, actor, Action.ACCOUNT_CHANGED, subject(member.id), now, f"added as {details.role.value}")
    return member


def set_password(database: Database, actor: Actor, member_id: int, password: str, now: datetime) -> StaffMember:
    """Give an account a new password; every session of it ends.

    Raises:
        StaffError: when the password is too short.
    """
    kept = hash_password(password)
    with database.write() as session:
        member = session.get_one(StaffMember, member_id)
        member.password, member.fs_uniquifier = kept, key_of_account()
        note(session, actor, Action.ACCOUNT_CHANGED, subject(member_id), now, "password changed")
    return member


def check_password(database: Database, email: str, password: str, source: str, now: datetime) -> StaffMember | None:
    """The account that an address and a password open, or nobody. A wrong try is counted and noted.

    It takes as long, and says as little, whether the address is unknown, the account locked or the password wrong.
    """
    with database.read() as session:
        member = session.scalar(select(StaffMember).where(StaffMember.email == email.strip().lower()))
    is_right = matches(member.password if member else None, password)
    if member and is_right and may_sign_in(member, now):
        return member
    count_failure(database, member.id if member else None, source, now, "password")
    return None


def may_sign_in(member: StaffMember, now: datetime) -> bool:
    """Whether an account is neither deactivated nor locked."""
    return member.active and (member.locked_until is None or member.locked_until <= now)


def count_failure(database: Database, member_id: int | None, source: str, now: datetime, what: str) -> None:
    """Note that a sign-in failed at its password, code or recovery code; too many in a row lock the account.

    While it is locked, tries are noted but not counted.
    """
    with database.write() as session:
        if member_id is None:
            note(session, Actor("unknown", source), Action.SIGN_IN_FAILED, "staff:unknown", now, "no such account")
            return
        member = session.get_one(StaffMember, member_id, with_for_update=True)
        actor, about = Actor("unknown", source), subject(member_id)
        if not may_sign_in(member, now):
            note(session, actor, Action.SIGN_IN_FAILED, about, now, "locked" if member.active else "deactivated")
            return
        member.failed_sign_ins += 1
        note(session, actor, Action.SIGN_IN_FAILED, about, now, f"wrong {what}")
        if member.failed_sign_ins >= FAILURES_TO_LOCK:
            member.failed_sign_ins, member.locked_until = 0, now + LOCKED_FOR
            note(session, actor, Action.LOCKED_OUT, about, now, f"after {FAILURES_TO_LOCK} failures")


def signed_in(database: Database, actor: Actor, member_id: int, now: datetime) -> None:
    """Note a sign-in that succeeded; failures before it are forgotten."""
    with database.write() as session:
        member = session.get_one(StaffMember, member_id)
        member.failed_sign_ins, member.locked_until, member.last_seen_at = 0, None, now
        note(session, actor, Action.SIGNED_IN, subject(member_id), now)


def signed_out(database: Database, actor: Actor, member_id: int, now: datetime, why: str = "") -> None:
    """Note that somebody signed out; every session of the account ends, on other devices too."""
    with database.write() as session:
        member = session.get_one(StaffMember, member_id)
        member.fs_uniquifier = key_of_account()
        note(session, actor, Action.SIGNED_OUT, subject(member_id), now, why)


def member_by_email(session: Session, email: str) -> StaffMember | None:
    """The account of an address."""
    return session.scalar(select(StaffMember).where(StaffMember.email == email.strip().lower()))


def subject(member_id: int) -> str:
    """How the audit trail names an account."""
    return f"staff:{member_id}"
