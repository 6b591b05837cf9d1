"""Signing in to the console: passwords, codes of a second factor, recovery codes and one-time links.

Wrong tries are counted and lock where they come from; nothing here tells whether an address has an account.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import CursorResult, Select, or_, select, update
from sqlalchemy.orm import Session

from ivr.config import Config
from ivr.db import Database
from ivr.models import AuditAction, Role, StaffMember
from ivr.services import audit
from ivr.services.accounts import devices
from ivr.services.accounts.attempts import FAILURES_TO_LOCK, LOCKED_FOR, Origin, Tries, digest_of
from ivr.services.accounts.staff import matches, subject
from ivr.services.audit import Actor, add_audit_entry

RECOVERY_CODES = 8
LINK_LASTS = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class PasswordResult:
    """Whose account an address and a password open, or nobody's; and until when this origin is locked, if it is."""

    member: StaffMember | None
    locked_until: datetime | None = None


def needs_second_factor(member: StaffMember, policy: str) -> bool:
    """Whether an account must have a second factor; `policy` is the setting: admins, everyone, or the demo's nobody."""
    return policy == "everyone" or (policy == "admins" and member.role is Role.ADMIN)


def check_password(database: Database, email: str, password: str, origin: Origin, now: datetime) -> PasswordResult:
    """Look whether an address and a password open an account. A wrong try is counted and noted.

    It takes as long, and says as little, whether the address is unknown, the account deactivated or the password wrong.
    """
    with database.read() as session:
        found = session.execute(_account_of(email)).first()
        tries = Tries(session, email, found.id if found else None, origin)
        is_locked = tries.locked_until(now) is not None
    is_right = matches(found.password if found else None, password)
    if found and is_right and found.active and not is_locked:
        with database.read() as session:
            return PasswordResult(session.get(StaffMember, found.id))
    return PasswordResult(None, count_failure(database, email, origin, now, "password"))


def count_failure(database: Database, email: str, origin: Origin, now: datetime, what: str) -> datetime | None:
    """Note that a sign-in failed at its password, code or recovery code; too many in a row lock its origin.

    While that is locked, tries are noted but not counted. Wrong codes count for all unknown devices together: who
    gives one knows the password.

    Returns:
        Until when the origin is locked, if it is.
    """
    somebody = Actor("unknown", origin.address)
    with database.write() as session:
        audit.lock(session)
        found = session.execute(_account_of(email)).first()
        tries = Tries(session, email, found.id if found else None, origin)
        about = subject(found.id) if found else "staff:unknown"
        locked = tries.locked_until(now)
        why = f"wrong {what}" if found and found.active else "deactivated" if found else "no such account"
        add_audit_entry(session, somebody, AuditAction.SIGN_IN_FAILED, about, now, "locked" if locked else why)
        if locked is None:
            locked = tries.add(now)
            if locked:
                add_audit_entry(session, somebody, AuditAction.LOCKED_OUT, about, now, "after too many failures")
        if what != "password" and found and not tries.is_known_device:
            _count_code(session, found.id, now)
    return locked


def _count_code(session: Session, member_id: int, now: datetime) -> None:
    member = session.get_one(StaffMember, member_id, with_for_update=True)
    if member.locked_until is None or member.locked_until <= now:
        member.failed_sign_ins += 1
    if member.failed_sign_ins >= FAILURES_TO_LOCK:
        member.failed_sign_ins, member.locked_until = 0, now + LOCKED_FOR


def codes_locked_until(database: Database, member: StaffMember, origin: Origin, now: datetime) -> datetime | None:
    """Until when an origin may give no code of a second factor; None when it may now."""
    with database.read() as session:
        return _codes_locked_until(session, member, origin, now)


def _codes_locked_until(session: Session, member: StaffMember, origin: Origin, now: datetime) -> datetime | None:
    tries = Tries(session, member.email, member.id, origin)
    of_account = session.scalar(select(StaffMember.locked_until).where(StaffMember.id == member.id))
    ends = [tries.locked_until(now), None if tries.is_known_device else of_account]
    return max((end for end in ends if end and end > now), default=None)


def note_sign_in(database: Database, actor: Actor, member_id: int, origin: Origin, now: datetime) -> str:
    """Note a sign-in that succeeded, and begin a session in its device; failures before it are forgotten.

    Returns:
        The secret of the session.
    """
    with database.write() as session:
        audit.lock(session)
        member = session.get_one(StaffMember, member_id)
        Tries(session, member.email, member_id, origin).forget()
        member.failed_sign_ins, member.locked_until, member.last_seen_at = 0, None, now
        add_audit_entry(session, actor, AuditAction.SIGNED_IN, subject(member_id), now)
        return devices.begin(session, member_id, origin.device, now)


def end_session(database: Database, actor: Actor, member_id: int, secret: str, now: datetime, why: str = "") -> None:
    """End the session that has this secret, and no other; that of another device goes on."""
    with database.write() as session:
        if devices.end(session, member_id, secret):
            add_audit_entry(session, actor, AuditAction.SIGNED_OUT, subject(member_id), now, why)


def end_all_sessions(database: Database, actor: Actor, member_id: int, now: datetime) -> int:
    """End the sessions of all of somebody's devices; how many those were."""
    with database.write() as session:
        ended = devices.end_all(session, member_id)
        add_audit_entry(
            session, actor, AuditAction.SIGNED_OUT, subject(member_id), now, f"everywhere: {ended} sessions"
        )
        return ended


def use_code(database: Database, member_id: int, counter: int) -> bool:
    """Accept the code of a time step, unless that one or a later one was accepted before."""
    with database.write() as session:
        unused = or_(StaffMember.tf_last_counter.is_(None), StaffMember.tf_last_counter < counter)
        mine = update(StaffMember).where(StaffMember.id == member_id, unused)
        done = session.execute(mine.values(tf_last_counter=counter))
        return isinstance(done, CursorResult) and done.rowcount == 1


def make_recovery_codes(database: Database, actor: Actor, member_id: int, now: datetime) -> Sequence[str]:
    """New recovery codes, each good for one sign-in; those before are void. They can be shown only now."""
    codes = [f"{secrets.token_hex(2)}-{secrets.token_hex(2)}-{secrets.token_hex(2)}" for _ in range(RECOVERY_CODES)]
    with database.write() as session:
        member = session.get_one(StaffMember, member_id)
        member.mf_recovery_codes = [_digest(code) for code in codes]
        add_audit_entry(session, actor, AuditAction.ACCOUNT_CHANGED, subject(member_id), now, "new recovery codes")
    return codes


def use_recovery_code(database: Database, member_id: int, code: str, origin: Origin, now: datetime) -> bool:
    """Accept a recovery code, once. A wrong one is counted and noted like a wrong password."""
    with database.write() as session:
        member = session.get_one(StaffMember, member_id, with_for_update=True)
        left = list(member.mf_recovery_codes or ())
        may_try = member.active and _codes_locked_until(session, member, origin, now) is None
        is_right = may_try and _digest(code) in left
        if is_right:
            left.remove(_digest(code))
            member.mf_recovery_codes = left
            words = f"recovery code used, {len(left)} left"
            add_audit_entry(
                session, Actor.of(member, origin.address), AuditAction.ACCOUNT_CHANGED, subject(member_id), now, words
            )
    if not is_right:
        count_failure(database, member.email, origin, now, "recovery code")
    return is_right


def make_link(secret_key: str, member: StaffMember, now: datetime) -> str:
    """What makes an address the one-time link by which somebody chooses a password; it lasts 24 hours.

    Choosing a password, resetting or deactivating the account makes it void.
    """
    until = int((now + LINK_LASTS).timestamp())
    return str(_links(secret_key).dumps([member.id, until, _state(secret_key, member)]))


def link_address(config: Config, member: StaffMember, now: datetime) -> str:
    """The whole address of a new one-time link."""
    return f"{config.staff_url or config.public_base_url}/console/welcome/{make_link(config.secret_key, member, now)}"


def member_of_link(database: Database, secret_key: str, link: str, now: datetime) -> StaffMember | None:
    """Whose link it is, or nobody's: forged, used, too old, or the account's state is another since."""
    try:
        member_id, until, state = _links(secret_key).loads(link)
    except (BadSignature, ValueError):
        return None
    with database.read() as session:
        member = session.get(StaffMember, member_id)
    if member is None or not member.active or now.timestamp() >= until:
        return None
    return member if hmac.compare_digest(state, _state(secret_key, member)) else None


def _account_of(email: str) -> Select[int, str | None, bool]:
    columns = select(StaffMember.id, StaffMember.password, StaffMember.active)
    return columns.where(StaffMember.email == email.strip().lower())


def _links(secret_key: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret_key, salt="staff-link")


def _state(secret_key: str, member: StaffMember) -> str:
    words = f"{member.fs_uniquifier} {member.password}"
    return hmac.new(secret_key.encode(), words.encode(), "sha256").hexdigest()[:32]


def _digest(code: str) -> str:
    """Recovery codes are long enough that a plain digest keeps them; dashes, spaces and capitals do not matter."""
    bare = "".join(code.lower().replace("-", " ").split())
    return digest_of(bare)
