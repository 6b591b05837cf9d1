"""Signing in to the console: passwords, codes of a second factor, recovery codes and one-time links.

Wrong tries are counted and lock the account; nothing here tells whether an address has one.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import CursorResult, or_, select, update

from ivr.config import Config
from ivr.db import Database
from ivr.models import AuditAction, Role, StaffMember
from ivr.services.accounts.staff import end_sessions, matches, subject
from ivr.services.audit import Actor, add_audit_entry

FAILURES_TO_LOCK = 5
LOCKED_FOR = timedelta(minutes=15)
RECOVERY_CODES = 8
LINK_LASTS = timedelta(hours=24)


def needs_second_factor(member: StaffMember, policy: str) -> bool:
    """Whether an account must have a second factor; `policy` is the setting: admins, everyone, or the demo's nobody."""
    return policy == "everyone" or (policy == "admins" and member.role is Role.ADMIN)


def may_sign_in(member: StaffMember, now: datetime) -> bool:
    """Whether an account is neither deactivated nor locked."""
    return member.active and (member.locked_until is None or member.locked_until <= now)


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


def count_failure(database: Database, member_id: int | None, source: str, now: datetime, what: str) -> None:
    """Note that a sign-in failed at its password, code or recovery code; too many in a row lock the account.

    While it is locked, tries are noted but not counted. `source` is the address they come from.
    """
    somebody = Actor("unknown", source)
    with database.write() as session:
        if member_id is None:
            add_audit_entry(session, somebody, AuditAction.SIGN_IN_FAILED, "staff:unknown", now, "no such account")
            return
        member = session.get_one(StaffMember, member_id, with_for_update=True)
        if not may_sign_in(member, now):
            why = "locked" if member.active else "deactivated"
            add_audit_entry(session, somebody, AuditAction.SIGN_IN_FAILED, subject(member_id), now, why)
            return
        member.failed_sign_ins += 1
        add_audit_entry(session, somebody, AuditAction.SIGN_IN_FAILED, subject(member_id), now, f"wrong {what}")
        if member.failed_sign_ins >= FAILURES_TO_LOCK:
            member.failed_sign_ins, member.locked_until = 0, now + LOCKED_FOR
            add_audit_entry(
                session, somebody, AuditAction.LOCKED_OUT, subject(member_id), now, f"after {FAILURES_TO_LOCK} failures"
            )


def note_sign_in(database: Database, actor: Actor, member_id: int, now: datetime) -> None:
    """Note a sign-in that succeeded; failures before it are forgotten."""
    with database.write() as session:
        member = session.get_one(StaffMember, member_id)
        member.failed_sign_ins, member.locked_until, member.last_seen_at = 0, None, now
        add_audit_entry(session, actor, AuditAction.SIGNED_IN, subject(member_id), now)


def note_sign_out(database: Database, actor: Actor, member_id: int, now: datetime, why: str = "") -> None:
    """Note that somebody signed out; every session of the account ends, on other devices too."""
    with database.write() as session:
        end_sessions(session.get_one(StaffMember, member_id))
        add_audit_entry(session, actor, AuditAction.SIGNED_OUT, subject(member_id), now, why)


def note_seen(database: Database, member_id: int, now: datetime) -> None:
    """Keep when somebody last opened a page."""
    with database.write() as session:
        session.execute(update(StaffMember).where(StaffMember.id == member_id).values(last_seen_at=now))


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


def use_recovery_code(database: Database, member_id: int, code: str, source: str, now: datetime) -> bool:
    """Accept a recovery code, once. A wrong one is counted and noted like a wrong password."""
    with database.write() as session:
        member = session.get_one(StaffMember, member_id, with_for_update=True)
        left = list(member.mf_recovery_codes or ())
        is_right = may_sign_in(member, now) and _digest(code) in left
        if is_right:
            left.remove(_digest(code))
            member.mf_recovery_codes = left
            words = f"recovery code used, {len(left)} left"
            add_audit_entry(
                session, Actor.of(member, source), AuditAction.ACCOUNT_CHANGED, subject(member_id), now, words
            )
    if not is_right:
        count_failure(database, member_id, source, now, "recovery code")
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


def _links(secret_key: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret_key, salt="staff-link")


def _state(secret_key: str, member: StaffMember) -> str:
    words = f"{member.fs_uniquifier} {member.password}"
    return hmac.new(secret_key.encode(), words.encode(), "sha256").hexdigest()[:32]


def _digest(code: str) -> str:
    """Recovery codes are long enough that a plain digest keeps them; dashes, spaces and capitals do not matter."""
    bare = "".join(code.lower().replace("-", " ").split())
    return hashlib.sha256(bare.encode()).hexdigest()
