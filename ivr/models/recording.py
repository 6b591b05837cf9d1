"""What callers said: the carrier's reference to each recording."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from ivr.db import Base, BigId, ByValue, UtcDateTime


class RecordingStatus(StrEnum):
    """`ANNOUNCED`: the call told of it; `READY`: the carrier says it is complete; `ABSENT`: the carrier has none."""

    ANNOUNCED = "announced"
    READY = "ready"
    ABSENT = "absent"


class Recording(Base):
    """One recording at the carrier: its SID and length, the call it came from and the request it belongs to."""

    __tablename__ = "recordings"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    sid: Mapped[str] = mapped_column(String(64), unique=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("calls.id"))
    request_id: Mapped[int | None] = mapped_column(ForeignKey("patient_requests.id"))
    status: Mapped[RecordingStatus] = mapped_column(ByValue(RecordingStatus))
    duration_seconds: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (Index(None, "call_id"), Index(None, "request_id"))
