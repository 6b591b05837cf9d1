"""A call (one CallSid) and its turns. What the caller said or keyed is only in the encrypted `progress`."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ivr.db import Base, BigId, EncryptedText, UtcDateTime


class Call(Base):
    """One call: where it is, the answer to its last turn, and what the carrier says of it.

    `turn` is the number of the last turn answered. `progress` is JSON: the engine's state and that turn's outputs,
    so that a webhook delivered again gets the same answer. `carrier_status` is the carrier's word, never a
    disposition; `stir_verstat` is how far it vouches for the caller ID. `release_id` is the set of prompts that this
    call hears from beginning to end.
    """

    __tablename__ = "calls"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    sid: Mapped[str] = mapped_column(String(64), unique=True)
    from_number: Mapped[str | None] = mapped_column(EncryptedText)
    from_index: Mapped[str | None] = mapped_column(String(32))
    to_number: Mapped[str | None] = mapped_column(String(64))
    stir_verstat: Mapped[str | None] = mapped_column(String(32))
    language: Mapped[str] = mapped_column(String(12))
    release_id: Mapped[int | None] = mapped_column(ForeignKey("prompt_releases.id"))
    turn: Mapped[int]
    progress: Mapped[str] = mapped_column(EncryptedText)
    carrier_status: Mapped[str | None] = mapped_column(String(16))
    duration_seconds: Mapped[int | None]
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (Index(None, "from_index"), Index(None, "started_at"))


class CallTurn(Base):
    """One input and its outcome, as far as reports and the picture of a call need it: nodes and kinds, no answers.

    `events` is JSON: rows of an event's name and its fields; see `callflow/events.py`.
    """

    __tablename__ = "call_turns"

    call_id: Mapped[int] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    input: Mapped[str] = mapped_column(String(16))
    node: Mapped[str] = mapped_column(String(32))
    events: Mapped[str] = mapped_column(Text)

    __table_args__ = ({"sqlite_with_rowid": False},)
