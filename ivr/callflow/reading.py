"""A patient's request as it is read out to staff on the phone: short, the most important first, no name, no number."""

from __future__ import annotations

from collections.abc import Iterator

from ivr.callflow.answers import BestTime, Kind, Reason, VisitType
from ivr.callflow.facts import AgeUnit, Promise, Reading
from ivr.callflow.outputs import Pause, PlayMessage, Say, SpeakDigits, SpeakTime, Speech

BETWEEN_FACTS = Pause(500)
REFERENCE_GROUPS = (3, 3)
PRIORITIES = ("urgent", "soon", "routine")
MOST = 99
"""The largest number that the script's building blocks can say."""


def read_out(reading: Reading, staff_id: int) -> tuple[Speech, ...]:
    """A request in words, for the member of the staff who hears it and plays its messages."""
    return tuple(_spoken(reading, staff_id))


def prompts() -> set[str]:
    """Every prompt that a reading can be made of, beside the building blocks of numbers and times."""
    return {
        *(f"staff_{priority}_{kind}" for priority in PRIORITIES for kind in Kind),
        *(f"staff_reason_{reason}" for reason in Reason),
        *(f"staff_visit_{visit}" for visit in VisitType),
        *(f"staff_time_{time}" for time in BestTime),
        *(f"staff_{unit}{plural}_old" for unit in AgeUnit for plural in ("", "s")),
        *("staff_warning_sign", "staff_unfinished", "staff_reference"),
        *("staff_tried", "staff_language", "language_name", "staff_overdue"),
        *("staff_promised_today", "staff_promised_tomorrow", "staff_promised_on", "staff_promised_by"),
        *("staff_message", "staff_message_coming"),
    }


def _spoken(reading: Reading, staff_id: int) -> Iterator[Speech]:
    yield Say(f"staff_{reading.priority}_{reading.kind}")
    if reading.red_flags:
        yield Say("staff_warning_sign")
    if reading.left_incomplete:
        yield Say("staff_unfinished")
    if reading.reason:
        yield Say(f"staff_reason_{reading.reason}")
    if reading.visit:
        yield Say(f"staff_visit_{reading.visit}")
    yield from _age(reading.age, reading.age_unit)
    if reading.tried:
        yield Say("staff_tried")
    if reading.best_time:
        yield Say(f"staff_time_{reading.best_time}")
    if reading.language:
        yield Say("staff_language")
        yield Say("language_name", reading.language)
    yield from _promise(reading.promise)
    if reading.reference:
        yield from (Say("staff_reference"), SpeakDigits(reading.reference, REFERENCE_GROUPS))
    for recording_id in reading.messages:
        yield from (Say("staff_message"), PlayMessage(recording_id, staff_id))
    if reading.coming:
        yield Say("staff_message_coming")
    yield BETWEEN_FACTS


def _age(number: int, unit: AgeUnit) -> Iterator[Speech]:
    number = min(number, MOST)
    yield Say(f"{'number' if number >= 10 else 'digit'}_{number}")
    yield Say(f"staff_{unit}_old" if number == 1 else f"staff_{unit}s_old")


def _promise(promise: Promise | None) -> Iterator[Speech]:
    if promise is None:
        yield Say("staff_overdue")
        return
    if promise.days_ahead == 0:
        yield Say("staff_promised_today")
    elif promise.days_ahead == 1:
        yield Say("staff_promised_tomorrow")
    else:
        yield from (Say("staff_promised_on"), Say(f"weekday_{promise.by.isoweekday()}"), Say("staff_promised_by"))
    yield SpeakTime(promise.by.hour, promise.by.minute)
