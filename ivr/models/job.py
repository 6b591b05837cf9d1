"""What jobs remember between runs: notices that have been sent, and how far a nightly run has come."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from ivr.db import Base, UtcDateTime


class SentNotice(Base):
    """A notice that left us, by a key that names its occasion: the guard against sending one twice."""

    __tablename__ = "notices"

    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    sent_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Checkpoint(Base):
    """Up to when a recurring job has done its work."""

    __tablename__ = "checkpoints"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
