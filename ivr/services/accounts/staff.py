"""The staff's accounts: making, changing, deactivating and resetting them, and the PIN that signs in by phone.

Every change ends the sessions of the account that it concerns if they should not go on, and leaves a row in the trail.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ivr.db import Database
from ivr.models import AuditAction, Role, StaffMember
from ivr.services.accounts import attempts, devices
from ivr.services.accounts.passwords import PasswordOwner, weakness
from ivr.services.audit import Actor, add_audit_entry, lock
from ivr.services.numbers import read_number

TIME_COST, MEMORY_COST, PARALLELISM = 2, 19 * 1024, 1
"""What a hash costs (argon2id; memory in KiB): the least OWASP recommends, since eight threads may hash at once."""

HASHER = PasswordHasher(TIME_COST, MEMORY_COST, PARALLELISM)

NOBODY = f"$argon2id$v=19$m={MEMORY_COST},t={TIME_COST},p={PARALLELISM}${'A' * 22}${'A' * 43}"
"""Compared with where there is no account, so that it takes as long to say no: salt and digest are zeros, which no
secret is known to hash to, and nothing need be computed before the first comparison."""

SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 200

EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
EXTENSION = re.compile("[0-9]{2,6}")
PIN = re.compile("[0-9]{6}")


class StaffError(Exception):
    """An account cannot be as asked; the message says why, in words for whoever asked."""


class NoSuchMemberError(StaffError):
    """There is no such account."""


@dataclass(frozen=True, slots=True)
class AccountDetails:
    """What an administrator says of somebody. `extension` and `phone_number` ('' is none) are for work by phone."""

    email: str
    name: str
    role: Role
    extension: str = ""
    phone_number: str = ""


def hash_password(password: str) -> str:
    """The hash that is kept.

    Raises:
        StaffError: when the password is too short or too long.
    """
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise StaffError(f"A password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters")
    return HASHER.hash(_plain(password))


def require_good_password(password: str, owner: PasswordOwner) -> None:
    """Refuse a password that nobody should choose.

    Raises:
        StaffError: when it is too short, too long or easily guessed; the message says why.
    """
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise StaffError(f"A password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters")
    if why := weakness(_plain(password), owner):
        raise StaffError(f"This password is easily guessed, because {why}: choose another")


def matches(kept: str | None, secret: str) -> bool:
    """Whether a secret is the one whose hash is kept; it takes as long when none is, or when it is far too long."""
    is_possible = len(secret) <= LONGEST_PASSWORD
    try:
        HASHER.verify(kept or NOBODY, _plain(secret) if is_possible else "")
    except VerificationError:
        return False
    return kept is not None and is_possible


def _plain(secret: str) -> str:
    """The same characters, however a keyboard composes them; a thousand accents on a letter cost a thousand squared."""
    return unicodedata.normalize("NFKC", secret)


def subject(member_id: int) -> str:
    """How the audit trail names an account."""
    return f"staff:{member_id}"


def end_sessions(member: StaffMember) -> None:
    """Sign an account out everywhere: it gets a new session key."""
    member.fs_uniquifier = secrets.token_hex(16)


def everybody(database: Database) -> Sequence[StaffMember]:
    """All accounts, those in use first, by name."""
    with database.read() as session:
        return session.scalars(select(StaffMember).order_by(StaffMember.active.desc(), StaffMember.name)).all()


def active_admins(database: Database) -> Sequence[str]:
    """The addresses of everybody who runs the line, for mail about it."""
    with database.read() as session:
        admins = select(StaffMember.email).where(StaffMember.active, StaffMember.role == Role.ADMIN)
        return session.scalars(admins.order_by(StaffMember.email)).all()


def find(database: Database, member_id: int) -> StaffMember:
    """One account.

    Raises:
        NoSuchMemberError: when there is none.
    """
    with database.read() as session:
        return _get(session, member_id)


def find_by_email(database: Database, email: str) -> StaffMember:
    """The account of an address.

    Raises:
        NoSuchMemberError: when there is none.
    """
    with database.read() as session:
        member = session.scalar(select(StaffMember).where(StaffMember.email == email.strip().lower()))
    if member is None:
        raise NoSuchMemberError(f"{email} has no account")
    return member


def create(database: Database, actor: Actor, details: AccountDetails, now: datetime) -> StaffMember:
    """Make an account, which cannot sign in before it has a password.

    Raises:
        StaffError: when a detail is malformed, or the address or extension is another account's.
    """
    with database.write() as session:
        lock(session)  # one account after the other: each address is one's, and somebody stays administrator
        member = StaffMember(created_at=now, active=True, failed_sign_ins=0, failed_pins=0)
        _describe(session, member, details)
        end_sessions(member)
        session.add(member)
        session.flush()
        add_audit_entry(
            session, actor, AuditAction.ACCOUNT_CHANGED, subject(member.id), now, f"added as {details.role.value}"
        )
    return member


def change(database: Database, actor: Actor, member_id: int, details: AccountDetails, now: datetime) -> StaffMember:
    """Change what an administrator says of somebody; it counts from the next page that the account opens.

    Raises:
        StaffError: as `create`; also when nobody in use would be an administrator any more.
    """
    with database.write() as session:
        lock(session)
        member = _get(session, member_id)
        before, was_admin = _description(member), _is_admin(member)
        _describe(session, member, details)
        session.flush()
        if was_admin:
            _require_an_admin(session)
        after = _description(member)
        names = ("name", "address", f"role, now {member.role.value}", "extension", "telephone")
        changed = [name for name, old, new in zip(names, before, after, strict=True) if old != new]
        if changed:
            add_audit_entry(
                session, actor, AuditAction.ACCOUNT_CHANGED, subject(member_id), now, "changed: " + ", ".join(changed)
            )
    return member


def set_active(database: Database, actor: Actor, member_id: int, active: bool, now: datetime) -> StaffMember:
    """Deactivate an account, which ends its sessions at once, or take it into use again.

    Raises:
        StaffError: when nobody in use would be an administrator any more.
    """
    with database.write() as session:
        lock(session)
        member = _get(session, member_id)
        if member.active != active:
            was_admin, member.active = _is_admin(member), active
            end_sessions(member)
            session.flush()
            if was_admin:
                _require_an_admin(session)
            done = "reactivated" if active else "deactivated"
            add_audit_entry(session, actor, AuditAction.ACCOUNT_CHANGED, subject(member_id), now, done)
    return member


def set_password(
    database: Database, actor: Actor, member_id: int, password: str, now: datetime, clinic_name: str
) -> StaffMember:
    """Give an account a new password; its sessions end, and it is not locked any more.

    Raises:
        StaffError: when the password is too short, too long or easily guessed.
    """
    owner = find(database, member_id)
    require_good_password(password, PasswordOwner(clinic_name, owner.name, owner.email))
    kept = hash_password(password)
    with database.write() as session:
        member = _get(session, member_id)
        member.password = kept
        _unlock(session, member)
        end_sessions(member)
        add_audit_entry(session, actor, AuditAction.ACCOUNT_CHANGED, subject(member_id), now, "new password")
    return member


def reset(
    database: Database,
    actor: Actor,
    member_id: int,
    now: datetime,
    *,
    password: bool = False,
    second_factor: bool = False,
    pin: bool = False,
) -> StaffMember:
    """Take away what was lost or is known to others, and unlock the account; its sessions end, its devices are unknown.

    Without a password it can only be opened by a new link; without a second factor it is asked to set one up.
    """
    with database.write() as session:
        member = _get(session, member_id)
        end_sessions(member)
        _unlock(session, member)
        devices.forget_all(session, member_id)
        if password:
            member.password = None
        if second_factor:
            member.tf_primary_method = member.tf_totp_secret = member.mf_recovery_codes = None
        if pin:
            member.pin_hash, member.failed_pins, member.pin_locked_until = None, 0, None
        chosen = {"password": password, "second factor": second_factor, "PIN": pin}
        words = ", ".join(name for name, was_chosen in chosen.items() if was_chosen) or "lock"
        add_audit_entry(session, actor, AuditAction.ACCOUNT_CHANGED, subject(member_id), now, f"reset: {words}")
    return member


def set_phone_number(database: Database, actor: Actor, member_id: int, number: str, now: datetime) -> StaffMember:
    """Where somebody's calls to patients are bridged from; '' for nowhere.

    Raises:
        StaffError: when it is no telephone number.
    """
    with database.write() as session:
        member = _get(session, member_id)
        member.phone_number = _number(number)
        add_audit_entry(session, actor, AuditAction.ACCOUNT_CHANGED, subject(member_id), now, "changed: telephone")
    return member


def set_pin(database: Database, actor: Actor, member_id: int, pin: str, now: datetime) -> StaffMember:
    """Give an account the PIN that it signs in with by phone.

    Raises:
        StaffError: when it is not six digits, easily guessed, or the account has no extension.
    """
    if not PIN.fullmatch(pin):
        raise StaffError("A PIN has six digits")
    if len(set(pin)) < 3 or pin in "01234567890" or pin in "09876543210":
        raise StaffError("This PIN is easily guessed: choose another")
    kept = HASHER.hash(pin)
    with database.write() as session:
        member = _get(session, member_id)
        if member.extension is None:
            raise StaffError("The account has no extension: an administrator gives it one first")
        member.pin_hash, member.failed_pins, member.pin_locked_until = kept, 0, None
        add_audit_entry(session, actor, AuditAction.ACCOUNT_CHANGED, subject(member_id), now, "new PIN")
    return member


def _unlock(session: Session, member: StaffMember) -> None:
    member.failed_sign_ins, member.locked_until = 0, None
    attempts.forget_all(session, member.email)


def _get(session: Session, member_id: int) -> StaffMember:
    member = session.get(StaffMember, member_id)
    if member is None:
        raise NoSuchMemberError("There is no such account")
    return member


def _describe(session: Session, member: StaffMember, details: AccountDetails) -> None:
    email, name, extension = details.email.strip().lower(), details.name.strip(), details.extension.strip()
    if not EMAIL.fullmatch(email) or len(email) > 255:
        raise StaffError("This is no e-mail address")
    if not 1 <= len(name) <= 80 or not name.isprintable():
        raise StaffError("A name has 1 to 80 characters")
    if extension and not EXTENSION.fullmatch(extension):
        raise StaffError("An extension has 2 to 6 digits")
    with session.no_autoflush:
        others = select(StaffMember.id).where(StaffMember.id != (member.id or 0))
        if session.scalar(others.where(StaffMember.email == email)):
            raise StaffError("Another account has this address")
        if extension and session.scalar(others.where(StaffMember.extension == extension)):
            raise StaffError("Another account has this extension")
    member.email, member.name, member.role, member.extension = email, name, details.role, extension or None
    member.phone_number = _number(details.phone_number)
    if member.extension is None:
        member.pin_hash = None


def _description(member: StaffMember) -> tuple[object, ...]:
    return (member.name, member.email, member.role, member.extension, member.phone_number)


def _number(number: str) -> str | None:
    if not number.strip():
        return None
    try:
        return read_number(number)
    except ValueError as error:
        raise StaffError(f"The telephone number: {error}") from None


def _is_admin(member: StaffMember) -> bool:
    return member.active and member.role is Role.ADMIN


def _require_an_admin(session: Session) -> None:
    admins = select(func.count()).where(StaffMember.active, StaffMember.role == Role.ADMIN)
    if not session.scalar(admins):
        raise StaffError("Somebody has to be an administrator: give the role to another account first")
