"""Calls back to patients that are bridged through the clinic's number: first the staff's phone rings, then theirs."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from ivr.db import Base, BigId, ByValue, EncryptedText, UtcDateTime


class BridgeStatus(StrEnum):
    """How far a bridged call is; it never goes back.

    `WAITING`: for the worker. `ASKED`: the carrier is being asked; where that was never answered it is left so, and the
    carrier is not asked again. `RINGING`: the staff's phone. `ACCEPTED`: key 1 was pressed, the patient's phone rings.
    """

    WAITING = "waiting"
    ASKED = "asked"
    RINGING = "ringing"
    ACCEPTED = "accepted"
    CONNECTED = "connected"
    ENDED = "ended"


class BridgeOutcome(StrEnum):
    """How a bridged call ended; what came of the attempt to reach the patient is for staff to say."""

    TALKED = "talked"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    FAILED = "failed"
    HUNG_UP = "hung_up"
    NOT_ACCEPTED = "not_accepted"
    STAFF_NO_ANSWER = "staff_no_answer"
    STAFF_BUSY = "staff_busy"
    STAFF_FAILED = "staff_failed"
    TAKEN = "taken"
    TOO_LATE = "too_late"
    REFUSED = "refused"


class BridgeCall(Base):
    """One call back. The numbers of the patient and of the staff are looked up when they are dialled.

    `seconds` is how long staff and patient were connected, as the carrier tells. A call to somebody on call has the
    number that is rung and its place among those numbers (from 0), and belongs to one round of them; it is nobody's
    until it is taken, and stays so where that telephone is no account's.
    """

    __tablename__ = "bridge_calls"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    request_id: Mapped[int] = mapped_column(ForeignKey("patient_requests.id"))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff_members.id"))
    status: Mapped[BridgeStatus] = mapped_column(ByValue(BridgeStatus))
    outcome: Mapped[BridgeOutcome | None] = mapped_column(ByValue(BridgeOutcome))
    staff_call_sid: Mapped[str | None] = mapped_column(String(64))
    patient_call_sid: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    asked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    accepted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    connected_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    seconds: Mapped[int | None]
    on_call_number: Mapped[str | None] = mapped_column(EncryptedText)
    on_call_round: Mapped[int | None]
    on_call_place: Mapped[int | None]

    __table_args__ = (
        Index(None, "request_id", "id"),
        Index(None, "request_id", "on_call_round", "on_call_place", unique=True),
    )
