"""What a patient asks for. "Request" alone means Flask's; ours is `PatientRequest`."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column, validates

from ivr.callflow.answers import BestTime, Kind, PatientType, Reason, VisitType, Weekday
from ivr.db import Base, BigId, ByValue, EncryptedText, UtcDateTime
from ivr.models.triage import Disposition


class RequestStatus(StrEnum):
    """Where staff are with a request; `INCOMPLETE` was left by a caller who hung up."""

    INCOMPLETE = "incomplete"
    NEW = "new"
    CLAIMED = "claimed"
    FOLLOW_UP = "follow_up"
    CLOSED = "closed"


class Source(StrEnum):
    """By which door a request came."""

    PHONE = "phone"
    WEB = "web"


class Tab(StrEnum):
    """Whether a request waits for staff, was left by its caller, or is done with; its status tells."""

    OPEN = "open"
    INCOMPLETE = "incomplete"
    CLOSED = "closed"


TABS = {
    RequestStatus.INCOMPLETE: Tab.INCOMPLETE,
    RequestStatus.NEW: Tab.OPEN,
    RequestStatus.CLAIMED: Tab.OPEN,
    RequestStatus.FOLLOW_UP: Tab.OPEN,
    RequestStatus.CLOSED: Tab.CLOSED,
}


class Priority(StrEnum):
    """How soon staff should call: the triage. The most pressing first."""

    URGENT = "urgent"
    SOON = "soon"
    ROUTINE = "routine"

    @property
    def rank(self) -> int:
        """Its place in the queue: 0 is called first."""
        return list(Priority).index(self)


class PatientRequest(Base):
    """A callback or appointment request. Number and birth date are encrypted; `number_index` finds equal numbers.

    `left_in_outage` marks a message the carrier took while we could not answer. `left_incomplete` marks one whose
    caller hung up before it was saved, whatever staff have made of it since; `pressed_nothing` one whose caller spoke
    and never pressed a key, as machines do. `patient_name` and `record_number` are what staff wrote down; `NameWord`
    finds them. `best_time` is for the call, `visit_time` for the visit. `legal_hold` keeps it from being erased;
    `erased_at` is when its personal fields were.

    The queue's lists are made of `tab`, `rank` (of the priority), `act_by`, `status` and `best_time`. `act_by` is when
    somebody should act next: the promised `due_at` until the first attempt, then the follow-up agreed on. `owner_id`
    has claimed it at `claimed_at` and was last seen working on it at `owner_seen_at`. While they are on the telephone
    with the patient, the claim lasts until `talking_until`, seen or not. `attempts` counts those not undone;
    `first_attempt_at` and `reached_at` are what reports measure promises by.
    `assigned_to_id` is whose it is until it is done, since `assigned_at`, whoever works on it meanwhile.
    `may_text`: the patient agreed to text messages to this number, at `text_agreed_at`, when asked in the words that
    `text_wording` names.
    `for_desk`: somebody on the phone passed it on to the desk, so that it is not read out there again.

    What came online has no call. Its patient wrote the name and, as `told`, what they want to say; it says whether it
    is `for_someone_else`, and whether an interpreter is needed and for which language. `submission` is the digest of
    the form that was sent, which is saved once however often it comes.
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
    may_text: Mapped[bool | None]
    text_wording: Mapped[str | None] = mapped_column(String(60))
    text_agreed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reason: Mapped[Reason | None] = mapped_column(ByValue(Reason))
    patient_type: Mapped[PatientType | None] = mapped_column(ByValue(PatientType))
    visit_type: Mapped[VisitType | None] = mapped_column(ByValue(VisitType))
    birth_date: Mapped[str | None] = mapped_column(EncryptedText)
    patient_name: Mapped[str | None] = mapped_column(EncryptedText)
    record_number: Mapped[str | None] = mapped_column(EncryptedText)
    weekday: Mapped[Weekday | None] = mapped_column(ByValue(Weekday))
    best_time: Mapped[BestTime | None] = mapped_column(ByValue(BestTime))
    visit_time: Mapped[BestTime | None] = mapped_column(ByValue(BestTime))
    red_flags: Mapped[bool] = mapped_column(default=False)
    language: Mapped[str] = mapped_column(String(12))
    call_id: Mapped[int | None] = mapped_column(ForeignKey("calls.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    left_in_outage: Mapped[bool] = mapped_column(default=False)
    legal_hold: Mapped[bool] = mapped_column(default=False)
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    tab: Mapped[Tab] = mapped_column(ByValue(Tab))
    rank: Mapped[int] = mapped_column(SmallInteger)
    act_by: Mapped[datetime] = mapped_column(UtcDateTime)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("staff_members.id"))
    claimed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    assigned_to_id: Mapped[int | None] = mapped_column(ForeignKey("staff_members.id"))
    assigned_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    owner_seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    talking_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    first_attempt_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reached_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    disposition: Mapped[Disposition | None] = mapped_column(ByValue(Disposition))
    for_desk: Mapped[bool] = mapped_column(default=False)
    left_incomplete: Mapped[bool] = mapped_column(default=False)
    pressed_nothing: Mapped[bool] = mapped_column(default=False)
    source: Mapped[Source] = mapped_column(ByValue(Source), default=Source.PHONE)
    told: Mapped[str | None] = mapped_column(EncryptedText)
    for_someone_else: Mapped[bool | None]
    needs_interpreter: Mapped[bool | None]
    interpreter_language: Mapped[str | None] = mapped_column(EncryptedText)
    submission: Mapped[str | None] = mapped_column(String(64))

    __table_args__ = (
        Index(None, "reference"),
        Index(None, "number_index"),
        Index(None, "call_id"),
        Index(None, "submission", unique=True),
        Index(None, "status", "due_at"),
        Index(None, "tab", "rank", "act_by", "id"),
        Index(None, "tab", "status", "best_time", "act_by", "id"),
        Index("ix_patient_requests_closed", "tab", "closed_at", "id"),
        Index(None, "created_at"),
        Index("ix_patient_requests_assigned", "assigned_to_id", "tab", "act_by", "id"),
        Index("ix_patient_requests_owner", "owner_id", "tab", "closed_at", "id"),
    )

    @validates("status")
    def _stands_in(self, _: str, status: RequestStatus) -> RequestStatus:
        self.tab = TABS[status]
        return status

    @validates("callback_number")
    def _agrees_for(self, _: str, number: str | None) -> str | None:
        """Who agreed to texts did so for one number: another one was never asked about."""
        if self.callback_number is not None and number != self.callback_number:
            self.may_text = self.text_wording = self.text_agreed_at = None
        return number

    @validates("priority")
    def _ranks(self, _: str, priority: Priority) -> Priority:
        self.rank = priority.rank
        return priority

    @validates("due_at")
    def _acts_by(self, _: str, due_at: datetime) -> datetime:
        if not self.attempts:
            self.act_by = due_at
        return due_at


class FormCount(Base):
    """How often something was sent online in a while that ends at `ends_at`: by a digest of what is limited."""

    __tablename__ = "form_counts"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    count: Mapped[int]
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (Index(None, "ends_at"),)


class ReferenceNumber(Base):
    """A reference in use. It is free again once `held_until` has passed: a year after its request was closed."""

    __tablename__ = "reference_numbers"

    reference: Mapped[str] = mapped_column(String(6), primary_key=True)
    held_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
