"""What a caller can answer: the vocabulary of a patient's request and the draft that a call fills in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What the caller asks the clinic for."""

    CALLBACK = "callback"
    APPOINTMENT = "appointment"


class Reason(StrEnum):
    """Why the caller wants to be called back.

    `MESSAGE` is a voicemail, its reason is in the recording; `PERSON` asked for a person and hung up before one came.
    """

    PROCEDURE = "procedure"
    AFTER_PROCEDURE = "after_procedure"
    BILLING = "billing"
    OTHER = "other"
    MESSAGE = "message"
    PERSON = "person"


class PatientType(StrEnum):
    """Whether the clinic has seen the caller before."""

    NEW = "new"
    RETURNING = "returning"


class VisitType(StrEnum):
    """What the appointment is for."""

    FRACTURE = "fracture"
    FOLLOW_UP = "follow_up"
    OTHER_PAIN = "other_pain"


class Weekday(StrEnum):
    """The weekday the caller would like for an appointment."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    ANY = "any"


class BestTime(StrEnum):
    """The time of day that suits the caller: for a call, or for the visit itself."""

    MORNING = "morning"
    AFTERNOON = "afternoon"
    ANY = "any"


class ClosureReason(StrEnum):
    """Why the clinic is closed; callers hear a standard sentence for each, unless the closure has its own greeting."""

    HOLIDAY = "holiday"
    WEATHER = "weather"
    OTHER = "other"


class Flow(StrEnum):
    """Which series of questions a draft is in; a voicemail is a callback with a series of its own."""

    CALLBACK = "callback"
    APPOINTMENT = "appointment"
    MESSAGE = "message"


@dataclass(frozen=True, slots=True)
class Draft:
    """A request as far as it is known. `callback_number` (E.164) is set only once the caller has confirmed it.

    `best_time` is when to call, `visit_time` when to come in: the first is a callback's, the second an appointment's.
    `recording_sid` is the message that the questions offer, which can be made again or left out. `voicemail_sid` is one
    left for a person who could not be reached, while the request was saved already: nothing takes it away.
    """

    kind: Kind | None = None
    callback_number: str | None = None
    is_caller_id: bool = False
    reason: Reason | None = None
    patient_type: PatientType | None = None
    visit_type: VisitType | None = None
    birth_date: str | None = None
    weekday: Weekday | None = None
    best_time: BestTime | None = None
    visit_time: BestTime | None = None
    may_leave_message: bool | None = None
    may_text: bool | None = None
    red_flags: bool = False
    recording_sid: str | None = None
    voicemail_sid: str | None = None

    @property
    def flow(self) -> Flow:
        """The series of questions this draft belongs to."""
        if self.reason is Reason.MESSAGE:
            return Flow.MESSAGE
        return Flow.APPOINTMENT if self.kind is Kind.APPOINTMENT else Flow.CALLBACK

    @property
    def is_worth_keeping(self) -> bool:
        """Whether staff could act on it: a number was confirmed or a recording made."""
        return self.callback_number is not None or self.recording_sid is not None
