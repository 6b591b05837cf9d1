"""What a patient asks for. "Request" alone means Flask's; ours is `PatientRequest`."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from ivr.callflow.answers import BestTime, Kind, PatientType, Reason, VisitType, Weekday
from ivr.db import Base, BigId, ByValue, EncryptedText, UtcDateTime


class RequestStatus(StrEnum):
    """Where staff are with a request; `INCOMPLETE` was left by a caller who hung up."""

    INCOMPLETE = "incomplete"
    NEW = "new"
    CLAIMED = "claimed"
    FOLLOW_UP = "follow_up"
    CLOSED = "closed"


class Priority(StrEnum):
    """How soon staff should call: the triage."""

    URGENT = "urgent"
    SOON = "soon"
    ROUTINE = "routine"


class PatientRequest(Base):
    """A callback or appointment request. Number and birth date are encrypted; `number_index` finds equal numbers.

    `left_in_outage` marks a message the carrier took while we could not answer. `legal_hold` keeps it from being
    erased; `erased_at` is when its personal fields were.
    """

    __tablename__ = "patient_requests"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    reference: Mapped[str] = mapped_column(String(6))
    kind: Mapped[Kind] = mapped_column(ByValue(Kind))
    status: Mapped[RequestStatus] = mapped_column(ByValue(RequestStatus))
    priority: Mapped[Priority] = mapped_column(ByValue(Priority))
    callback_number: Mapped[str | None] = mapped_column(EncryptedText)
    number_index: Mapped[str | None] = mapped_column(String(32))
    is_caller_id: Mapped[bool] = mapped_column(default=False)
    may_leave_message: Mapped[bool | None]
    reason: Mapped[Reason | None] = mapped_column(ByValue(Reason))
    patient_type: Mapped[PatientType | None] = mapped_column(ByValue(PatientType))
    visit_type: Mapped[VisitType | None] = mapped_column(ByValue(VisitType))
    birth_date: Mapped[str | None] = mapped_column(EncryptedText)
    weekday: Mapped[Weekday | None] = mapped_column(ByValue(Weekday))
    best_time: Mapped[BestTime | None] = mapped_column(ByValue(BestTime))
    red_flags: Mapped[bool] = mapped_column(default=False)
    language: Mapped[str] = mapped_column(String(12))
    call_id: Mapped[int] = mapped_column(ForeignKey("calls.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    left_in_outage: Mapped[bool] = mapped_column(default=False)
    legal_hold: Mapped[bool] = mapped_column(default=False)
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        Index(None, "reference"),
        Index(None, "number_index"),
        Index(None, "call_id"),
        Index(None, "status", "due_at"),
    )


class ReferenceNumber(Base):
    """A reference in use. It is free again once `held_until` has passed: a year after its request was closed."""

    __tablename__ = "reference_numbers"

    reference: Mapped[str] = mapped_column(String(6), primary_key=True)
    held_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
