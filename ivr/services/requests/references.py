"""Reference numbers: six digits a patient can write down and read back over the phone."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from ivr.callflow.entries import luhn_digit
from ivr.inserts import insert_into
from ivr.models import ReferenceNumber

HELD_AFTER_CLOSING = timedelta(days=365)
TRIES = 50


class ReferencesExhausted(Exception):
    """All 100,000 references are held: more requests than the line was made for are open."""


def new_reference(session: Session, now: datetime) -> str:
    """Take a reference that no request holds: open ones hold theirs, closed ones for a year more.

    Raises:
        ReferencesExhausted: when none can be had.
    """
    for _ in range(TRIES):
        digits = f"{secrets.randbelow(100_000):05d}"
        if _take(session, digits + luhn_digit(digits), now):
            return digits + luhn_digit(digits)
    return _scarce_reference(session, now)


def _scarce_reference(session: Session, now: datetime) -> str:
    """Any reference that is still free; when none is, the one whose request was closed the longest ago."""
    taken = set(session.scalars(select(ReferenceNumber.reference).where(_is_held(now))))
    for digits in (f"{number:05d}" for number in range(100_000)):
        reference = digits + luhn_digit(digits)
        if reference not in taken and _take(session, reference, now):
            return reference
    longest = select(ReferenceNumber).where(ReferenceNumber.held_until.is_not(None))
    oldest = session.scalars(longest.order_by(ReferenceNumber.held_until).with_for_update().limit(1)).first()
    if oldest is None:
        raise ReferencesExhausted("close requests, so that their references become free")
    oldest.held_until = None
    return oldest.reference


def _is_held(now: datetime) -> ColumnElement[bool]:
    return or_(ReferenceNumber.held_until.is_(None), ReferenceNumber.held_until >= now)


def _take(session: Session, reference: str, now: datetime) -> bool:
    statement = insert_into(ReferenceNumber, session.get_bind().dialect).values(reference=reference, held_until=None)
    statement = statement.on_conflict_do_update(
        index_elements=["reference"], set_={"held_until": None}, where=ReferenceNumber.held_until < now
    )
    return session.scalar(statement.returning(ReferenceNumber.reference)) is not None
