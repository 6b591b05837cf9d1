"""What callers said: the carrier's reference to each recording."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from ivr.db import Base, BigId, ByValue, EncryptedBytes, UtcDateTime


class RecordingStatus(StrEnum):
    """Where a recording is on its way from the carrier to us.

    `ANNOUNCED`: the call told of it; `READY`: the carrier says it is complete; `ABSENT`: the carrier has none;
    `STORED`: its audio is ours; `EMPTY`: it holds no sound; `REFUSED`: it is too large or no audio.
    """

    ANNOUNCED = "announced"
    READY = "ready"
    ABSENT = "absent"
    STORED = "stored"
    EMPTY = "empty"
    REFUSED = "refused"


class Recording(Base):
    """One recording: its carrier's SID and length, the call it came from and the request it belongs to.

    `sha256` is of its audio, `stored_at` when that became ours, `deleted_at` when the carrier's copy was deleted,
    `erased_at` when ours was (retention or a patient's wish).
    """

    __tablename__ = "recordings"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    sid: Mapped[str] = mapped_column(String(64), unique=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("calls.id"))
    request_id: Mapped[int | None] = mapped_column(ForeignKey("patient_requests.id"))
    status: Mapped[RecordingStatus] = mapped_column(ByValue(RecordingStatus))
    duration_seconds: Mapped[int | None]
    sha256: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    stored_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (Index(None, "call_id"), Index(None, "request_id"))


class RecordingAudio(Base):
    """What a caller said, encrypted; apart from its recording, so that lists stay light."""

    __tablename__ = "recording_audio"

    recording_id: Mapped[int] = mapped_column(ForeignKey("recordings.id", ondelete="CASCADE"), primary_key=True)
    data: Mapped[bytes] = mapped_column(EncryptedBytes)
