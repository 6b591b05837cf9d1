"""Text messages to patients, numbers that want none, the patient's link to their request, and codes for a number."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from ivr.db import Base, BigId, ByValue, EncryptedText, UtcDateTime


class TextKind(StrEnum):
    """What a text message is about. `DIALLING` is `CALLING` from a telephone that is not the clinic's.

    `CODE`: somebody online has asked for the code that shows that the number is theirs.
    """

    SAVED = "saved"
    CALLING = "calling"
    DIALLING = "dialling"
    CANCELLED = "cancelled"
    CHANGED = "changed"
    CODE = "code"


class TextStatus(StrEnum):
    """How far a text message is; it never goes back.

    `WAITING`: for the worker. `ASKED`: the carrier is being asked; where that was never answered it is left so, and
    the carrier is not asked again. `DROPPED`: not sent, for nobody would want it any more. `REFUSED`: by the carrier.
    """

    WAITING = "waiting"
    ASKED = "asked"
    DROPPED = "dropped"
    REFUSED = "refused"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"


class TextMessage(Base):
    """One text message to the patient of a request.

    `words` is what was sent, without a link's secret or a code. `error` is the carrier's number for what went wrong.
    """

    __tablename__ = "text_messages"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    request_id: Mapped[int] = mapped_column(ForeignKey("patient_requests.id"))
    kind: Mapped[TextKind] = mapped_column(ByValue(TextKind))
    status: Mapped[TextStatus] = mapped_column(ByValue(TextStatus))
    words: Mapped[str | None] = mapped_column(EncryptedText)
    sid: Mapped[str | None] = mapped_column(String(64))
    error: Mapped[str | None] = mapped_column(String(8))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    asked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (Index(None, "request_id", "id"),)


class TextStop(Base):
    """A number whose owner has said STOP, and since `lifted_at` START.

    It outlives the requests, for it has to be honoured for as long as there is a number to text.
    """

    __tablename__ = "text_stops"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    number: Mapped[str] = mapped_column(EncryptedText)
    number_index: Mapped[str] = mapped_column(String(32))
    stopped_at: Mapped[datetime] = mapped_column(UtcDateTime)
    lifted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (Index(None, "number_index", unique=True),)


class PatientLink(Base):
    """The link by which a patient sees their request: of its secret, only the digest is here."""

    __tablename__ = "patient_links"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    request_id: Mapped[int] = mapped_column(ForeignKey("patient_requests.id"))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (Index(None, "request_id"),)


class NumberCode(Base):
    """A code that somebody online has asked for, to show that a telephone number is theirs. It lasts an hour.

    `form` is the digest of the form's secret: the code counts there alone. `request_id` and `text_id` stay None where
    the number has no open request, or must not be texted. `digest` is a keyed digest of the code, which is made, at
    `sent_at`, when the text leaves. `tries` counts the wrong codes that were typed.
    """

    __tablename__ = "number_codes"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    form: Mapped[str] = mapped_column(String(64))
    number: Mapped[str] = mapped_column(EncryptedText)
    number_index: Mapped[str] = mapped_column(String(32))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    request_id: Mapped[int | None] = mapped_column(ForeignKey("patient_requests.id"))
    text_id: Mapped[int | None] = mapped_column(ForeignKey("text_messages.id"))
    digest: Mapped[str | None] = mapped_column(String(32))
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    tries: Mapped[int] = mapped_column(default=0)

    __table_args__ = (
        Index(None, "form", "id"),
        Index(None, "number_index"),
        Index(None, "request_id"),
        Index(None, "text_id"),
    )
