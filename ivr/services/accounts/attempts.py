"""Wrong tries to sign in, counted by account and source: a stranger's never lock out somebody's own device.

A device in which the account was signed in to before has a count of its own. All other tries count for the network
address that they come from, and a larger limit holds for them together, however many addresses somebody has. They are
counted for any e-mail address, whether it has an account or not: nobody can tell the difference.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from ivr.db import vault_of
from ivr.models import FailedSignIns, StaffDevice

FAILURES_TO_LOCK, FAILURES_OF_ALL = 5, 100
"""Wrong tries in a row that lock a source, and all unknown devices together."""

LOCKED_FOR = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(days=1)
"""How long a lock lasts, and how long a try counts that no other one follows."""

ALL_UNKNOWN = "all unknown devices"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where somebody signs in from: the network address, and the secret of the device ('' for one that has none)."""

    address: str
    device: str = ""


def digest_of(secret: str) -> str:
    """What is kept of a random secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def network_of(address: str) -> str:
    """What counts as one source: an IPv4 address, or the network (/64) that an IPv6 host chooses its addresses from."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    return address if found.version == 4 else str(ipaddress.ip_network((found, 64), strict=False))


class Tries:
    """The counts that hold for one e-mail address and one origin, in a session's transaction."""

    def __init__(self, session: Session, email: str, member_id: int | None, origin: Origin) -> None:
        self._session = session
        self._indexes = indexes_of(session, email)
        mine = StaffDevice.digest == digest_of(origin.device)
        known = session.scalar(select(StaffDevice.id).where(StaffDevice.staff_id == (member_id or 0), mine))
        self.is_known_device = known is not None
        self._limits = _limits(origin, self.is_known_device)

    def locked_until(self, now: datetime) -> datetime | None:
        """When this origin may try again; None when it may now."""
        ends = [row.locked_until for row in self._rows() if row.locked_until and row.locked_until > now]
        return max(ends, default=None)

    def add(self, now: datetime) -> datetime | None:
        """Count a wrong try; the end of the lock that it brings about, if it does."""
        self._session.execute(delete(FailedSignIns).where(FailedSignIns.last_at < now - FORGOTTEN_AFTER))
        rows = {row.source: row for row in self._rows()}
        for source, limit in self._limits.items():
            row = rows.get(source)
            if row is None:
                row = FailedSignIns(address_index=self._indexes[0], source=source, failures=0)
                self._session.add(row)
            row.failures, row.last_at = row.failures + 1, now
            if row.failures >= limit:
                row.failures, row.locked_until = 0, now + LOCKED_FOR
        self._session.flush()
        return self.locked_until(now)

    def forget(self) -> None:
        """After a success: tries before it do not count any more."""
        for row in self._rows():
            self._session.delete(row)

    def _rows(self) -> Sequence[FailedSignIns]:
        mine = FailedSignIns.address_index.in_(self._indexes), FailedSignIns.source.in_(self._limits)
        return self._session.scalars(select(FailedSignIns).where(*mine)).all()


def forget_all(session: Session, email: str) -> None:
    """Let everybody try again at an e-mail address."""
    session.execute(delete(FailedSignIns).where(FailedSignIns.address_index.in_(indexes_of(session, email))))


def indexes_of(session: Session, email: str) -> Sequence[str]:
    """What is kept of an e-mail address, which may be mistyped and somebody else's: digests under each data key."""
    return vault_of(session.get_bind().dialect).indexes(f"sign-in\0{email.strip().lower()}")


def _limits(origin: Origin, is_known_device: bool) -> Mapping[str, int]:
    if is_known_device:
        return {f"device {digest_of(origin.device)}": FAILURES_TO_LOCK}
    return {network_of(origin.address): FAILURES_TO_LOCK, ALL_UNKNOWN: FAILURES_OF_ALL}
