"""Codes by which somebody online shows that a telephone number is theirs: six digits, good for ten minutes."""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from ivr.db import Vault
from ivr.models import NumberCode

DIGITS = 6
VALID = timedelta(minutes=10)
"""How long a code counts after its text has left, and how long that may take."""

MOST_TRIES = 5
"""Wrong codes that may be typed before another one has to be asked for."""

KEPT = timedelta(hours=1)
"""How long it is known that a code was asked for."""

NO_DIGEST = "0" * 32


def new_code(session: Session, vault: Vault, text_id: int, now: datetime) -> str:
    """The six digits for a text; only their keyed digest is kept. Commits nothing."""
    digits = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
    asked = select(NumberCode).where(NumberCode.text_id == text_id)
    code = session.scalars(asked.with_for_update()).one_or_none()
    if code is not None:
        code.digest, code.sent_at = vault.index(_sealed(code.id, digits)), now
    return digits


def is_right(vault: Vault, code: NumberCode, given: str, now: datetime) -> bool:
    """Whether the digits are this code's, and it still counts. It takes as long whatever is wrong."""
    indexes = vault.indexes(_sealed(code.id, given))
    fits = [hmac.compare_digest(one, code.digest or NO_DIGEST) for one in indexes]
    counts = code.sent_at is not None and now < code.sent_at + VALID and code.tries < MOST_TRIES
    return any(fits) and counts


def forget_codes(session: Session, now: datetime) -> None:
    """Delete the codes that count no more. Commits nothing."""
    session.execute(delete(NumberCode).where(NumberCode.asked_at <= now - KEPT))


def _sealed(code_id: int, digits: str) -> str:
    """What the digest is of: the same digits have another one in each code."""
    return f"code\0{code_id}\0{digits}"
