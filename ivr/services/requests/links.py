"""The patient's link to their request: 128 random bits, of which only a digest is kept."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.models import PatientLink, PatientRequest

KEPT_AFTER_CLOSING = timedelta(days=7)
"""For so long after its request was closed, a link still leads to it."""

SECRET_BYTES = 16


def new_link(session: Session, request_id: int, now: datetime) -> str:
    """The secret of a new link to a request. Commits nothing."""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    session.add(PatientLink(digest=digest_of(secret), request_id=request_id, made_at=now))
    return secret


def digest_of(secret: str) -> str:
    """What is kept of a secret: nobody can guess 128 random bits, so it needs no salt."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def request_behind(session: Session, secret: str, now: datetime, *, lock: bool = False) -> PatientRequest | None:
    """The request that a link leads to; None for a wrong secret, and for one that has expired.

    One and the same query answers all of them, so that the time it takes tells nothing.
    """
    behind = select(PatientRequest).join(PatientLink, PatientLink.request_id == PatientRequest.id)
    behind = behind.where(PatientLink.digest == digest_of(secret))
    request = session.scalars(behind.with_for_update(of=PatientRequest) if lock else behind).first()
    if request is None or request.erased_at is not None:
        return None
    if request.closed_at is not None and request.closed_at + KEPT_AFTER_CLOSING <= now:
        return None
    return request
