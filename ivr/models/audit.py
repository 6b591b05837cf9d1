"""Who saw, heard, exported or changed what: rows that are only ever added, each sealed to the one before it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from ivr.db import Base, BigId, ByValue, UtcDateTime


class AuditAction(StrEnum):
    """What was done. Looking counts: opening a request and playing its message are actions of their own."""

    SIGNED_IN = "signed_in"
    SIGN_IN_FAILED = "sign_in_failed"
    SIGNED_OUT = "signed_out"
    LOCKED_OUT = "locked_out"
    ACCOUNT_CHANGED = "account_changed"
    SEARCHED = "searched"
    SEEN = "seen"
    HEARD = "heard"
    EXPORTED = "exported"
    CLAIMED = "claimed"
    RELEASED = "released"
    CHANGED = "changed"
    CALLED = "called"
    CLOSED = "closed"
    REOPENED = "reopened"
    HOURS_CHANGED = "hours_changed"
    PROMPT_CHANGED = "prompt_changed"
    ERASED = "erased"
    JOB_RETRIED = "job_retried"
    KEYS_ROTATED = "keys_rotated"


class AuditEntry(Base):
    """One row of the audit trail, without personal data: `subject` is such as 'request:12', `detail` plain words.

    `actor` is 'staff:3', 'caller', 'command' or 'system'; `source` an address, 'phone' or ''. `digest` seals the row
    and the `previous` digest with a key that is not in the database; see `services/audit`.
    """

    __tablename__ = "audit_entries"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(String(40))
    action: Mapped[AuditAction] = mapped_column(ByValue(AuditAction))
    subject: Mapped[str] = mapped_column(String(60))
    detail: Mapped[str] = mapped_column(String(200))
    source: Mapped[str] = mapped_column(String(64))
    previous: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64))

    __table_args__ = (Index(None, "subject"), Index(None, "actor"), Index(None, "at"))


class AuditHead(Base):
    """The end of the audit trail, sealed as well, so that rows missing at the end show. There is one row, number 1."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    entries: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
    seal: Mapped[str] = mapped_column(String(64))


class AuditCheck(Base):
    """The latest nightly check of the trail: when, and how many faults it found. There is one row, number 1."""

    __tablename__ = "audit_checks"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    faults: Mapped[int]
