"""The clinic's staff: who may sign in, in the browser and by phone."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ivr.db import Base, BigId, ByValue, EncryptedList, EncryptedText, UtcDateTime


class Role(StrEnum):
    """What somebody may do; each role may do all that the one before it may.

    `STAFF` works the queue; `LEAD` also reassigns and reads reports; `ADMIN` also keeps accounts, prompts and hours.
    """

    STAFF = "staff"
    LEAD = "lead"
    ADMIN = "admin"

    def includes(self, other: Role) -> bool:
        """Whether this role may do what the other one may."""
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(other)


class StaffMember(Base):
    """An account. It is deactivated, never deleted: history and audit name it for ever.

    `email` is in small letters. `password` and `pin_hash` are argon2 hashes. `extension` and PIN sign in by phone;
    `phone_number` (E.164) is where calls to patients are bridged from. `failed_sign_ins` counts wrong codes after a
    right password since the last success, and until `locked_until` no unknown device may give one; wrong passwords are
    `FailedSignIns`. `failed_pins` and `pin_locked_until` are the same for the telephone. `fs_uniquifier` and the
    columns with `tf_` and `mf_` are named as Flask-Security expects them: the key that all sessions of the account
    share, second factor, recovery codes (their digests). `tf_last_counter` is the time step of the last code that was
    accepted: none is accepted twice. `calendar_digest` is the SHA-256 of the secret in the address of their calendar.
    """

    __tablename__ = "staff_members"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    email: Mapped[str] = mapped_column(String(255), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    role: Mapped[Role] = mapped_column(ByValue(Role))
    active: Mapped[bool] = mapped_column(default=True)
    password: Mapped[str | None] = mapped_column(String(255))
    fs_uniquifier: Mapped[str] = mapped_column(String(64), unique=True)
    tf_primary_method: Mapped[str | None] = mapped_column(String(64))
    tf_totp_secret: Mapped[str | None] = mapped_column(EncryptedText)
    tf_last_counter: Mapped[int | None] = mapped_column(BigInteger)
    mf_recovery_codes: Mapped[list[str] | None] = mapped_column(EncryptedList)
    failed_sign_ins: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    extension: Mapped[str | None] = mapped_column(String(6), unique=True)
    pin_hash: Mapped[str | None] = mapped_column(String(255))
    failed_pins: Mapped[int] = mapped_column(default=0)
    pin_locked_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    phone_number: Mapped[str | None] = mapped_column(EncryptedText)
    calendar_digest: Mapped[str | None] = mapped_column(String(64), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class StaffDevice(Base):
    """A browser in which somebody has signed in, and the session that they have in it now, if any.

    Both are known by the SHA-256 of a secret that only the browser has, in its cookies. Signing in again in the same
    browser puts a new session in the place of the old one. Until `held_until` the session does not end by itself: its
    owner is on the telephone with a patient.
    """

    __tablename__ = "staff_devices"
    __table_args__ = (UniqueConstraint("staff_id", "digest"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff_members.id"))
    digest: Mapped[str] = mapped_column(String(64))
    session_digest: Mapped[str | None] = mapped_column(String(64), unique=True)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    held_until: Mapped[datetime | None] = mapped_column(UtcDateTime)


class FailedSignIns(Base):
    """Wrong passwords and codes for an e-mail address, from one source, since the last success.

    There need be no account with the address, so that nothing tells whether there is. `address_index` is a keyed
    digest of it; `source` is a network address, a device, or all devices that nobody knows.
    """

    __tablename__ = "failed_sign_ins"
    __table_args__ = (UniqueConstraint("address_index", "source"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    address_index: Mapped[str] = mapped_column(String(32))
    source: Mapped[str] = mapped_column(String(80))
    failures: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
