"""The audit trail: who saw, heard, exported or changed what. Rows are sealed in a chain that a missing one breaks.

Each row's digest covers the digest before it, and the head, which names the last one, is sealed with a data key that is
not in the database: whoever changes or removes a row cannot seal what is left.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.db import AdvisoryLock, Database, Vault, lock_for_transaction, vault_of
from ivr.inserts import upsert
from ivr.models import AuditAction, AuditCheck, AuditEntry, AuditHead, StaffMember

GENESIS = "0" * 64
LONGEST_DETAIL = 200
PAGE = 1000
SHOWN = 50


class TrailBroken(Exception):
    """A row of the trail was changed or is missing; `python -m ivr audit verify` names it."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: `name` as the trail keeps it ('staff:3'), and `source`, an address or 'phone'."""

    name: str
    source: str = ""
    staff_id: int | None = None

    @classmethod
    def of(cls, member: StaffMember, source: str) -> Actor:
        """A member of the staff."""
        return cls(f"staff:{member.id}", source, member.id)


CALLER = Actor("caller", "phone")
COMMAND = Actor("command")
SYSTEM = Actor("system")


def lock(session: Session) -> None:
    """Let nobody else add to the trail until the session's transaction is over; `add_audit_entry` does so by itself."""
    lock_for_transaction(session, AdvisoryLock.AUDIT_TRAIL)


def add_audit_entry(
    session: Session, actor: Actor, action: AuditAction, subject: str, now: datetime, detail: str = ""
) -> None:
    """Add a row to the trail, in the session's transaction. `detail` is plain words without personal data."""
    lock(session)
    vault = vault_of(session.get_bind().dialect)
    head = session.get(AuditHead, 1, with_for_update=True, populate_existing=True)
    if head is None:
        head = AuditHead(id=1, entries=0, digest=GENESIS, seal="")
        session.add(head)
    entry = AuditEntry(
        id=head.entries + 1,
        at=now.astimezone(UTC).replace(microsecond=0),
        actor=actor.name,
        action=action,
        subject=subject[:60],
        detail=detail[:LONGEST_DETAIL],
        source=actor.source[:64],
        previous=head.digest,
    )
    entry.digest = _digest(entry)
    session.add(entry)
    head.entries, head.digest = entry.id, entry.digest
    head.seal = _seal(vault, head)
    session.flush()


def trail_faults(database: Database) -> Iterator[str]:
    """What is wrong with the trail, a sentence each; nothing when every row is as it was written.

    The end is read before each page: rows that are added meanwhile are on the page, and are no fault.
    """
    if _has_rows_before_the_first(database):
        yield "rows were put before the first one"
    previous, last = GENESIS, 0
    while True:
        with database.read() as session:
            head = session.get(AuditHead, 1)
        try:
            entries = _rows_after(database, last)
        except (ValueError, TypeError):
            yield f"a row after row {last} cannot be read: it was changed"
            return
        if not entries:
            break
        for entry in entries:
            if entry.id != last + 1:
                yield _missing(last + 1, entry.id - 1)
            elif entry.previous != previous:
                yield f"row {entry.id} does not follow row {last}"
            if _digest(entry) != entry.digest:
                yield f"row {entry.id} was changed"
            previous, last = entry.digest, entry.id
    if head is None:
        if last:
            yield "the end of the trail is missing"
    elif not database.vault.has_sealed(f"{head.entries} {head.digest}", head.seal):
        yield "the end of the trail was changed"
    elif head.entries > last:
        yield _missing(last + 1, head.entries)
    elif (head.entries, head.digest) != (last, previous):
        yield "the last rows are not those that the end of the trail names"


def _has_rows_before_the_first(database: Database) -> bool:
    with database.read() as session:
        return session.scalar(select(AuditEntry.id).where(AuditEntry.id < 1).limit(1)) is not None


def _rows_after(database: Database, last: int) -> Sequence[AuditEntry]:
    page = select(AuditEntry).where(AuditEntry.id > last).order_by(AuditEntry.id).limit(PAGE)
    with database.read() as session:
        entries = session.scalars(page).all()
        session.expunge_all()
        return entries


def _missing(first: int, last: int) -> str:
    return f"row {first} is missing" if first == last else f"rows {first} to {last} are missing"


def check(database: Database, now: datetime) -> list[str]:
    """Look for faults, and remember when and how many, for the metrics and the page."""
    found = list(trail_faults(database))
    with database.write() as session:
        upsert(session, AuditCheck, {"id": 1}, {"at": now, "faults": len(found)})
    return found


def last_check(database: Database) -> AuditCheck | None:
    """The latest check, if there ever was one."""
    with database.read() as session:
        return session.get(AuditCheck, 1)


def reseal(session: Session) -> None:
    """Seal the trail's end with the first data key, so that an older one can go."""
    lock(session)
    head = session.get(AuditHead, 1, with_for_update=True)
    vault = vault_of(session.get_bind().dialect)
    if head is not None and vault.has_sealed(f"{head.entries} {head.digest}", head.seal):
        head.seal = _seal(vault, head)


def _digest(entry: AuditEntry) -> str:
    """The SHA-256 of a row and of the digest before it; no field can pass for two."""
    fields = (entry.id, entry.at.isoformat(), entry.actor, entry.action, entry.subject, entry.detail, entry.source)
    words = "\x1f".join(str(field).replace("\x1f", " ") for field in (*fields, entry.previous))
    return hashlib.sha256(words.encode()).hexdigest()


def _seal(vault: Vault, head: AuditHead) -> str:
    return vault.seal(f"{head.entries} {head.digest}")


@dataclass(frozen=True, slots=True)
class Search:
    """What to look for in the trail; what is empty is not looked at. `since` and `until` are moments."""

    actor: str = ""
    action: AuditAction | None = None
    subject: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class TrailPage:
    """Rows, the newest first; `older` is where the page after it begins, or None."""

    entries: tuple[AuditEntry, ...]
    older: int | None


def read_trail(database: Database, search: Search, before: int | None = None) -> TrailPage:
    """A page of the trail."""
    found = select(AuditEntry)
    if search.actor:
        found = found.where(AuditEntry.actor == search.actor)
    if search.action is not None:
        found = found.where(AuditEntry.action == search.action)
    if search.subject:
        found = found.where(AuditEntry.subject == search.subject)
    if search.since is not None:
        found = found.where(AuditEntry.at >= search.since)
    if search.until is not None:
        found = found.where(AuditEntry.at < search.until)
    if before is not None:
        found = found.where(AuditEntry.id < before)
    with database.read() as session:
        entries = list(session.scalars(found.order_by(AuditEntry.id.desc()).limit(SHOWN + 1)))
    return TrailPage(tuple(entries[:SHOWN]), entries[SHOWN - 1].id if len(entries) > SHOWN else None)


def staff_names(database: Database) -> dict[str, str]:
    """The name of each member of the staff, by what the trail calls them."""
    with database.read() as session:
        rows = session.execute(select(StaffMember.id, StaffMember.name).order_by(StaffMember.name))
        return {f"staff:{member_id}": name for member_id, name in rows}
