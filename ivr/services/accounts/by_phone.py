"""Who is on the telephone: the extension and PIN that sign staff in there, and what a call remembers of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.models import AuditAction, Role, StaffMember
from ivr.services.accounts.staff import matches, subject
from ivr.services.audit import Actor, add_audit_entry
from ivr.services.inquiry import Inquiry
from ivr.services.line import Line


@dataclass(frozen=True, slots=True)
class PinResult:
    """Who an extension and PIN are, or nobody; `locked` when the account takes no PIN for now."""

    member: StaffMember | None
    locked: bool = False


PIN_FAILURES_TO_LOCK = 3


PIN_LOCKED_FOR = timedelta(minutes=15)


def check_pin(session: Session, line: Line, extension: str, pin: str, now: datetime) -> PinResult:
    """Who signs in by phone, in the session's transaction: commit it whatever the answer, it counts wrong tries.

    Three wrong ones in a row lock the account's PIN for 15 minutes. An extension nobody has takes as long to refuse.
    """
    member = session.scalar(select(StaffMember).where(StaffMember.extension == extension).with_for_update())
    is_right = matches(member.pin_hash if member else None, pin)
    caller = Actor("unknown", "phone")
    if member is None:
        add_audit_entry(session, caller, AuditAction.SIGN_IN_FAILED, "staff:unknown", now, "no such extension")
        return PinResult(None)
    about = subject(member.id)
    if not member.active:
        add_audit_entry(session, caller, AuditAction.SIGN_IN_FAILED, about, now, "deactivated")
        return PinResult(None)
    if member.pin_locked_until is not None and member.pin_locked_until > now:
        add_audit_entry(session, caller, AuditAction.SIGN_IN_FAILED, about, now, "PIN is locked")
        return PinResult(None, locked=True)
    if is_right:
        member.failed_pins, member.pin_locked_until, member.last_seen_at = 0, None, now
        add_audit_entry(session, Actor.of(member, "phone"), AuditAction.SIGNED_IN, about, now)
        return PinResult(member)
    member.failed_pins += 1
    add_audit_entry(session, caller, AuditAction.SIGN_IN_FAILED, about, now, "wrong PIN")
    if member.failed_pins < PIN_FAILURES_TO_LOCK:
        return PinResult(None)
    member.failed_pins, member.pin_locked_until = 0, now + PIN_LOCKED_FOR
    add_audit_entry(session, caller, AuditAction.LOCKED_OUT, about, now, f"PIN, after {PIN_FAILURES_TO_LOCK} failures")
    return PinResult(None, locked=True)


def admin_of(session: Session, inquiry: Inquiry) -> StaffMember | None:
    """Who has signed in to this call, if an admin still; what the call remembers may be out of date."""
    member = session.get(StaffMember, inquiry.state.staff.staff_id or 0)
    return member if member is not None and member.active and member.role.includes(Role.ADMIN) else None
