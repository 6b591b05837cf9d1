"""Plain words for what is kept as values: kinds, reasons, outcomes, and the nodes of the call tree."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from ivr.callflow.answers import BestTime, Kind, PatientType, Reason, VisitType, Weekday
from ivr.callflow.entries import age_on
from ivr.callflow.tree_information import OWN
from ivr.console.history_words import HISTORY
from ivr.console.moments import clock_words
from ivr.models import Disposition, EntryKind, Outcome, Priority, RecordingStatus, RequestStatus

WORDS: Mapping[type[StrEnum], Mapping[StrEnum, str]] = {
    Kind: {Kind.CALLBACK: "Callback", Kind.APPOINTMENT: "Appointment"},
    Reason: {
        Reason.PROCEDURE: "Question about a treatment",
        Reason.AFTER_PROCEDURE: "After a procedure they have had",
        Reason.BILLING: "Insurance, billing or a referral",
        Reason.OTHER: "Something else",
        Reason.MESSAGE: "Left a voice message",
        Reason.PERSON: "Asked for a person, and hung up before one came",
    },
    PatientType: {PatientType.NEW: "New patient", PatientType.RETURNING: "Seen here before"},
    VisitType: {
        VisitType.FRACTURE: "First visit about a fracture of the spine",
        VisitType.FOLLOW_UP: "Follow-up after a procedure",
        VisitType.OTHER_PAIN: "Another pain problem",
    },
    Weekday: {
        Weekday.MONDAY: "Monday",
        Weekday.TUESDAY: "Tuesday",
        Weekday.WEDNESDAY: "Wednesday",
        Weekday.THURSDAY: "Thursday",
        Weekday.FRIDAY: "Friday",
        Weekday.ANY: "Any day",
    },
    BestTime: {
        BestTime.MORNING: "Morning",
        BestTime.AFTERNOON: "Afternoon",
        BestTime.ANY: "Any time",
    },
    RequestStatus: {
        RequestStatus.INCOMPLETE: "Incomplete: the caller hung up before it was saved",
        RequestStatus.NEW: "New",
        RequestStatus.CLAIMED: "Claimed",
        RequestStatus.FOLLOW_UP: "To be tried again",
        RequestStatus.CLOSED: "Closed",
    },
    Priority: {
        Priority.URGENT: "Urgent",
        Priority.SOON: "Soon",
        Priority.ROUTINE: "Routine",
    },
    Outcome: {
        Outcome.REACHED: "Reached",
        Outcome.LEFT_MESSAGE: "Left a message",
        Outcome.NO_ANSWER: "No answer",
        Outcome.BUSY: "Busy",
        Outcome.WRONG_NUMBER: "Wrong number",
        Outcome.DECLINED: "Declined",
        Outcome.LANGUAGE_BARRIER: "Language barrier",
    },
    Disposition: {
        Disposition.SCHEDULED: "Appointment scheduled",
        Disposition.ANSWERED: "Question answered",
        Disposition.REFERRED: "Referred elsewhere",
        Disposition.EMERGENCY: "Sent to emergency care",
        Disposition.DUPLICATE: "Duplicate of another request",
        Disposition.UNREACHABLE: "Could not be reached",
        Disposition.CANCELLED: "Cancelled by the caller",
        Disposition.NOT_A_PATIENT: "Not a patient: a machine, or a wrong number",
    },
    RecordingStatus: {
        RecordingStatus.ANNOUNCED: "The message is on its way to us. That usually takes less than a minute.",
        RecordingStatus.READY: "The message is on its way to us. That usually takes less than a minute.",
        RecordingStatus.ABSENT: "The telephone company has no recording of this message.",
        RecordingStatus.STORED: "The message is here.",
        RecordingStatus.EMPTY: "The message is empty: nothing was recorded.",
        RecordingStatus.REFUSED: "What was recorded is too large, or no sound, and was not kept here.",
    },
}
"""Tables of their own, because equal values of two vocabularies, such as `any`, are equal keys."""

NODES: Mapping[str, str] = {
    "emergency": "Emergency notice",
    "language": "Choice of language",
    "language_known": "Choosing another language",
    "main": "Main menu",
    "information": "Information: topics",
    "fracture": "Information: fractures of the spine",
    "causes": "Information: causes",
    "vertebroplasty": "Information: vertebroplasty",
    "benefit": "Information: benefits",
    "kyphoplasty": "Information: kyphoplasty",
    "preparing": "Information: preparing for the day",
    "needle": "Information: the needle",
    "cement": "Information: the cement",
    "afterwards": "Information: afterwards",
    "risks": "Information: risks",
    "number": "Which number to call",
    "enter_number": "Keying another number",
    "check_number": "Checking the number",
    "reason": "Reason for the callback",
    "red_flags": "Warning signs",
    "best_time": "Best time to call",
    "patient": "New, or seen before",
    "visit": "Kind of visit",
    "birth_date": "Keying the birth date",
    "check_birth_date": "Checking the birth date",
    "weekday": "Preferred day",
    "visit_time": "Preferred time of day",
    "warning": "When to dial 911",
    "urgent_help": "Alerting somebody",
    "urgent": "What to do until we call",
    "urgent_on_call": "What to do until we call",
    "leave_message": "May we leave a message",
    "offer_message": "Offer to record a message",
    "message": "Recording a message",
    "keep_message": "Keep the message, or not",
    "confirm": "Reading the request back",
    "saving": "Saving the request",
    "saved": "Request saved",
    "receipt": "Reference given",
    "texting": "Whether to ask about text messages",
    "texts": "May we send text messages",
    "standing": "Looking up what became of the request",
    "message_receipt": "Reference given, for a voice message",
    "closed_receipt": "Told that the request is closed",
    "message_kept": "Message kept",
    "goodbye": "Goodbye",
    "person": "Calling the desk",
    "closed": "Desk closed",
    "nobody": "No desk to call",
    "message_number": "Keying a number for the message",
    "voicemail": "Leaving a voice message",
    "no_message": "No message was recorded",
    "existing": "Looking for an open request",
    "reference": "Keying a reference number",
    "no_reference": "Request not found",
    "proof": "Choice of a proof",
    "proof_number": "Keying the number as a proof",
    "proof_birth_date": "Keying the birth date as a proof",
    "proving": "Checking the proof",
    "existing_more": "Hearing an open request",
    "existing_last": "Hearing the last open request",
    "existing_next": "Looking for the next open request",
    "existing_change": "What to change",
    "new_number": "Keying a new number",
    "check_new_number": "Checking the new number",
    "new_leave_message": "May we leave a message at the new number",
    "changing_number": "Changing the number",
    "new_time": "Choosing a new time",
    "changing_time": "Changing the time",
    "existing_changed": "Request changed",
    "existing_cancel": "Cancel, or not",
    "cancelling": "Cancelling the request",
    "existing_cancelled": "Request cancelled",
    "open_request": "Looking for an open request",
    "callback_open": "Hearing that a request is open",
    "added_message": "Recording a further message",
    "adding_message": "Adding the message",
    "message_added": "Message added",
    "staff_extension": "Staff: keying the extension",
    "staff_known": "Staff: extension noted",
    "staff_pin": "Staff: keying the PIN",
    "staff_sign_in": "Staff: signing in",
    "staff_locked": "Staff: sign-in locked",
    "staff_first": "Staff: looking for the first request",
    "staff_next": "Staff: looking for the next request",
    "staff_request": "Staff: hearing a request",
    "staff_nothing": "Staff: nobody is waiting",
    "staff_all_heard": "Staff: all were heard",
    "staff_claim": "Staff: claiming a request",
    "staff_desk": "Staff: passing it to the desk",
    "staff_calling": "Staff: calling the patient",
    "staff_outcome": "Staff: saying how the call went",
    "staff_unanswered": "Staff: saying why nobody answered",
    "staff_settled": "Staff: saying how it was settled in the call",
    "staff_close": "Staff: saying how it was settled",
    "staff_attempt": "Staff: noting the attempt",
    "staff_closing": "Staff: closing the request",
    "staff_goodbye": "Staff: goodbye",
    "staff_hours": "Staff: opening hours",
    "staff_hours_menu": "Staff: changing the opening hours",
    "staff_hours_times": "Staff: opening late or closing early",
    "staff_hours_time": "Staff: keying the time for that",
    "staff_set_hours": "Staff: setting that time",
    "staff_close_today": "Staff: closing for today",
    "staff_close_tomorrow": "Staff: closing tomorrow",
    "staff_lift_closures": "Staff: opening again",
    "staff_studio": "Studio: arriving",
    "studio_language": "Studio: choosing the language",
    "studio_number": "Studio: keying a prompt's number",
    "studio_find": "Studio: looking up the number",
    "studio_walk": "Studio: the next prompt",
    "studio_prompt": "Studio: hearing the words",
    "studio_record": "Studio: recording",
    "studio_taken": "Studio: the recording has arrived",
    "studio_take": "Studio: what to do with the recording",
    "studio_clinical_take": "Studio: what to do with a clinical recording",
    "studio_keep": "Studio: keeping the recording",
    "studio_again": "Studio: recording again",
    "studio_leave": "Studio: leaving a recording",
    "studio_air": "Studio: changing what callers hear",
    "studio_publish": "Studio: publishing the newest recording",
    "studio_roll_back": "Studio: going back to the one before",
}
"""What staff call each node of the call tree."""

LANGUAGES: Mapping[str, str] = {
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "ht": "Haitian Creole",
    "pt": "Portuguese",
}
"""By the first part of a tag."""

_GIVEN: Mapping[str, str] = {
    "CallStarted": "Called the line",
    "NoInput": "Pressed nothing",
    "Recorded": "Stopped recording",
    "DialEnded": "The call to the desk ended",
    "HungUp": "Hung up",
}

_FIELDS: Mapping[str, str] = {
    "callback_number": "Number",
    "best_time": "Best time",
    "weekday": "Preferred day",
    "visit_time": "Preferred time of day",
    "reason": "Reason",
    "patient_type": "Patient",
    "visit_type": "Visit",
    "birth_date": "Birth date",
    "red_flags": "Warning signs",
    "priority": "Priority",
    "may_leave_message": "May leave a message",
    "may_text": "May send text messages",
    "patient_name": "Name",
    "record_number": "Record number",
}
"""The fields of an entry's changes that are told; the others follow from what was done."""


def vouched(stir_verstat: str) -> str:
    """What the carrier says of a caller ID; it is no judgement of who called."""
    if stir_verstat == "TN-Validation-Passed-A":
        return "the carrier vouches for it"
    return "the carrier does not vouch for it" if stir_verstat.startswith("TN-Validation-Failed") else "unknown"


def in_words(value: StrEnum | None) -> str:
    """A value of one of our vocabularies in words; '' for none."""
    return "" if value is None else WORDS[type(value)][value]


def node(name: str) -> str:
    """A node of the call tree; the name of a clip of the clinic's own ends with its title."""
    told = f"Information: {name.split('_', 2)[-1]}" if name.startswith(OWN) else name.capitalize()
    return NODES.get(name, told.replace("_", " "))


def language(tag: str) -> str:
    """A language by its tag."""
    return LANGUAGES.get(tag.split("-")[0].lower(), tag)


def number(e164: str | None) -> str:
    """A North American number as people write it, any other as it was sent; '' for none."""
    if e164 and len(e164) == 12 and e164.startswith("+1") and e164[1:].isdecimal():
        return f"({e164[2:5]}) {e164[5:8]}-{e164[8:]}"
    return e164 or ""


def birth_date(iso: str, today: date) -> str:
    """A birth date with the age it makes, such as 'May 17, 1948 (78)'."""
    born = date.fromisoformat(iso)
    return f"{born:%B} {born.day}, {born.year} ({age_on(today, born)})"


def yes_or_no(answer: bool | None) -> str:
    """An answer that may not have been given."""
    return "Not asked" if answer is None else "Yes" if answer else "No"


def span(length: timedelta | float) -> str:
    """A length of time as minutes and seconds: '1:05'."""
    seconds = round(length.total_seconds() if isinstance(length, timedelta) else length)
    return f"{seconds // 60}:{seconds % 60:02d}"


def gave(given: str, events: tuple[tuple[object, ...], ...]) -> str:
    """What the caller did in one turn of the call."""
    by_name = {str(event[0]): event[1:] for event in events}
    if "RecordingMade" in by_name:
        seconds = by_name["RecordingMade"][1]
        return f"Spoke for {seconds} {'second' if seconds == 1 else 'seconds'}"
    if "TransferEnded" in by_name:
        return "Spoke with the desk" if by_name["TransferEnded"][0] else "Nobody at the desk answered"
    if "InputMissed" in by_name and by_name["InputMissed"][1] == "no_match":
        return "Pressed something that does not count here"
    if "RequestConfirmed" in by_name:
        return "Gave a number to call: the request is saved"
    if "RequestCancelled" in by_name:
        return "Cancelled the request"
    if "RedFlagRaised" in by_name:
        return "Said yes to a warning sign"
    if "NumberConfirmed" in by_name:
        return "Confirmed the number"
    return _GIVEN.get(given, "Pressed a key")


def arrived(events: tuple[tuple[object, ...], ...]) -> list[str]:
    """Where one turn of the call led, place after place."""
    return [node(str(event[1])) for event in events if event[0] == "NodeEntered"]


def history_title(kind: EntryKind, staff: str | None, given_to: str | None, changes: Mapping[str, Any]) -> str:
    """What an entry of the history tells, without who did it; `changes` are the values before."""
    match kind:
        case EntryKind.CLAIMED:
            return "Took over" if changes.get("owner_id") else "Claimed"
        case EntryKind.RELEASED:
            return "Released" if staff else "Released: nobody was working on it"
        case EntryKind.REASSIGNED:
            return f"Given to {given_to}" if given_to else "Given to somebody else"
        case EntryKind.ASSIGNED:
            return f"Assigned to {given_to}" if given_to else "Assigned to nobody"
    return HISTORY[kind]


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What an edit changed, a line each: 'Priority: routine, now soon'."""
    told = [(name, label) for name, label in _FIELDS.items() if name in after]
    return [f"{label}: {_value(name, before.get(name))} → {_value(name, after.get(name))}" for name, label in told]


def _value(name: str, value: Any) -> str:
    if name == "callback_number":
        return number(value) or "none"
    if name in ("may_leave_message", "may_text", "red_flags"):
        return yes_or_no(value)
    if name in ("birth_date", "patient_name", "record_number"):
        return value or "none"
    return in_words(_KINDS[name](value)) if value else "none"


_KINDS: Mapping[str, type[StrEnum]] = {
    "best_time": BestTime,
    "visit_time": BestTime,
    "weekday": Weekday,
    "priority": Priority,
    "reason": Reason,
    "patient_type": PatientType,
    "visit_type": VisitType,
}


def due(act_by: datetime, attempts: int, now: datetime, timezone: ZoneInfo) -> str:
    """When somebody should act next: 'Call back by 2:30 PM', 'Try again by Friday 9:00 AM'."""
    return f"{'Try again' if attempts else 'Call back'} by {clock_words(act_by, now, timezone)}"


__all__ = [
    "NODES",
    "WORDS",
    "arrived",
    "birth_date",
    "changed",
    "due",
    "gave",
    "history_title",
    "in_words",
    "language",
    "node",
    "number",
    "span",
    "vouched",
    "yes_or_no",
]
