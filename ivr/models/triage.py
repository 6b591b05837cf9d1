"""What staff did about a request: rows that are only ever added."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ivr.db import Base, BigId, ByValue, EncryptedText, UtcDateTime


class EntryKind(StrEnum):
    """What an entry of a request's history tells of. `UNDONE` takes back the entry that it names.

    `CALLED` is a call through the clinic's number, `DIALLED` one that staff dial from a phone that is not ours.
    `LINK_USED`: the patient opened the link in a text message. `CODE_ASKED` and `CODE_USED`: somebody online asked for
    a code by text to see the request, and typed it. `ASKED_AGAIN`: another request of the same number came online.
    """

    CLAIMED = "claimed"
    RELEASED = "released"
    REASSIGNED = "reassigned"
    ASSIGNED = "assigned"
    CALLED = "called"
    DIALLED = "dialled"
    ATTEMPTED = "attempted"
    NOTED = "noted"
    EDITED = "edited"
    CLOSED = "closed"
    REOPENED = "reopened"
    UNDONE = "undone"
    CHANGED_BY_CALLER = "changed_by_caller"
    CANCELLED_BY_CALLER = "cancelled_by_caller"
    MESSAGE_ADDED = "message_added"
    ANSWER_ADDED = "answer_added"
    ON_CALL = "on_call"
    TEXT_RECEIVED = "text_received"
    TEXTS_STOPPED = "texts_stopped"
    TEXTS_STARTED = "texts_started"
    TEXT_FAILED = "text_failed"
    LINK_USED = "link_used"
    CHANGED_BY_LINK = "changed_by_link"
    CANCELLED_BY_LINK = "cancelled_by_link"
    MESSAGE_BY_LINK = "message_by_link"
    CODE_ASKED = "code_asked"
    CODE_USED = "code_used"
    ASKED_AGAIN = "asked_again"


class Outcome(StrEnum):
    """How an attempt to reach a patient went."""

    REACHED = "reached"
    LEFT_MESSAGE = "left_message"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    WRONG_NUMBER = "wrong_number"
    DECLINED = "declined"
    LANGUAGE_BARRIER = "language_barrier"


class Disposition(StrEnum):
    """How a request was closed; never mixed with a call's status."""

    SCHEDULED = "scheduled"
    ANSWERED = "answered"
    REFERRED = "referred"
    EMERGENCY = "emergency"
    DUPLICATE = "duplicate"
    UNREACHABLE = "unreachable"
    CANCELLED = "cancelled"
    NOT_A_PATIENT = "not_a_patient"


class RequestEntry(Base):
    """One entry of a request's history. `staff_id` is empty when a caller or the line itself did it.

    `note` is what somebody wrote, `changes` JSON of what was there before and after an edit; both may be personal.
    `undoes_id` names the entry that this one takes back. `once` is the key of the form that made it: sent again because
    the answer was lost, it makes no second one.
    """

    __tablename__ = "request_entries"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    request_id: Mapped[int] = mapped_column(ForeignKey("patient_requests.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    kind: Mapped[EntryKind] = mapped_column(ByValue(EntryKind))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff_members.id"))
    outcome: Mapped[Outcome | None] = mapped_column(ByValue(Outcome))
    disposition: Mapped[Disposition | None] = mapped_column(ByValue(Disposition))
    follow_up_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    note: Mapped[str | None] = mapped_column(EncryptedText)
    changes: Mapped[str | None] = mapped_column(EncryptedText)
    undoes_id: Mapped[int | None] = mapped_column(ForeignKey("request_entries.id"))
    once: Mapped[str | None] = mapped_column(String(32))

    __table_args__ = (Index(None, "request_id", "id"), Index(None, "kind", "at"))


class EntryDraft(Base):
    """What somebody has typed about a request and not sent yet: one for each request and person.

    `content` is JSON of the form's fields. `made_from` is the newest entry of the history that they had before them.
    `revision` counts on each time it is kept, so that a second window does not write over what it has not seen.
    """

    __tablename__ = "entry_drafts"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    request_id: Mapped[int] = mapped_column(ForeignKey("patient_requests.id"))
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff_members.id"))
    content: Mapped[str] = mapped_column(EncryptedText)
    made_from: Mapped[int] = mapped_column(BigId)
    revision: Mapped[int]
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (UniqueConstraint("request_id", "staff_id"),)
