"""The words of a node for this call: openings, options, the read-back of a request, the receipt."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from ivr.callflow.answers import Draft, Flow
from ivr.callflow.composing import BETWEEN_GROUPS
from ivr.callflow.facts import HoursTold, Promise, PromptReading, RequestSaved, RequestSummary
from ivr.callflow.nodes import Field, Menu, Value
from ivr.callflow.outputs import Pause, PlayRecording, Say, SayOwn, SpeakDate, SpeakDigits, SpeakTime, Speech
from ivr.callflow.reading import REFERENCE_GROUPS, read_out
from ivr.callflow.state import CallState

BETWEEN_OPTIONS = Pause(500)
"""Milliseconds between two options of a menu, see ivr/callflow/README.md."""

PHONE_GROUPS = (3, 3, 4)
ENTRY_GROUPS = {Field.BIRTH_DATE: (2, 2, 4), Field.REFERENCE: REFERENCE_GROUPS}
"""How digits keyed in part are read back, where they are no telephone number."""

A_WEEK = 7
"""Days: within them the weekday alone says which day is meant."""


def opening(menu: Menu, state: CallState) -> tuple[Speech, ...]:
    """What a menu says before its options."""
    return tuple(speech for part in menu.opening for speech in spoken(part, state))


def options(menu: Menu, language: str = "") -> tuple[Speech, ...]:
    """A menu's options in a call of that language, the pause between them included."""
    if menu.one_sentence:
        announced = [Say(menu.one_sentence)]
    else:
        offered = [c for c in menu.choices if not menu.other_languages or c.language != language]
        announced = [Say(c.prompt, c.spoken_in or c.language) for c in offered if c.prompt]
    announced += [Say(prompt) for prompt in menu.global_options]
    return tuple(speech for option in announced for speech in (BETWEEN_OPTIONS, option))[1:]


def spoken(part: str | Value, state: CallState) -> tuple[Speech, ...]:
    """A prompt, or what stands for a value of this call."""
    match part:
        case Value.REST:
            return (BETWEEN_OPTIONS,)
        case Value.CALLER_NUMBER:
            return (SpeakDigits(national(state.caller_number or ""), PHONE_GROUPS),)
        case Value.ENTERED_NUMBER:
            return (SpeakDigits(national(state.entered), PHONE_GROUPS),)
        case Value.ENTERED_DATE:
            return (SpeakDate(state.entered or date.min.isoformat()),)
        case Value.SAVED:
            return tuple(_saved(state.saved)) if state.saved else ()
        case Value.RECEIPT:
            return tuple(_receipt(state.draft, state.saved)) if state.saved else ()
        case Value.URGENT:
            return tuple(_urgent(state.saved)) if state.saved else ()
        case Value.STAFF_REQUEST:
            return read_out(state.staff.reading, state.staff.staff_id or 0) if state.staff.reading else ()
        case Value.MESSAGE:
            return (PlayRecording(state.draft.recording_sid),) if state.draft.recording_sid else ()
        case Value.CLOSURE:
            return state.closure
        case Value.HOURS:
            return tuple(_hours(state.hours.told))
        case Value.OPEN_REQUEST:
            return tuple(_open_request(state.request.summary, state.today)) if state.request.summary else ()
        case Value.CALL_PROMISE:
            return tuple(_call_promise(state.request.summary)) if state.request.summary else ()
        case Value.SCRIPT:
            return tuple(_script(state.studio.reading, state.studio.recorded_in)) if state.studio.reading else ()
        case Value.TAKE:
            return (PlayRecording(state.studio.take_sid),) if state.studio.take_sid else ()
        case _:
            return (Say(part),)


def national(number: str) -> str:
    """A North American number's ten digits as people say them; others whole, without the plus."""
    return number.removeprefix("+1") if len(number) == 12 else number.removeprefix("+")


def so_far(keys: str, holds: Field) -> tuple[Speech, ...]:
    """The digits of a number that the caller has keyed in part."""
    if not keys:
        return ()
    return (
        Say("entry_have"),
        SpeakDigits(keys, ENTRY_GROUPS.get(holds, PHONE_GROUPS)),
        BETWEEN_OPTIONS,
        Say("entry_go_on"),
    )


def _saved(saved: RequestSaved) -> Iterator[Speech]:
    """The most important news, before any question."""
    yield Say("saved")
    if saved.promise:
        yield from promised(saved.promise)
    yield BETWEEN_GROUPS
    yield Say("saved_stay")
    yield BETWEEN_OPTIONS


def _urgent(saved: RequestSaved) -> Iterator[Speech]:
    """When staff will call about a warning sign, and what to do meanwhile."""
    if saved.promise:
        yield from promised(saved.promise)
        yield BETWEEN_GROUPS
    yield Say("urgent_worse")
    yield BETWEEN_OPTIONS


def _summary(draft: Draft) -> Iterator[Speech]:
    """The request in one sentence; the number is left out, as the caller has just confirmed it digit by digit."""
    if draft.flow is not Flow.APPOINTMENT:
        yield Say(f"receipt_reason_{draft.reason or 'other'}")
    elif draft.visit_type:
        yield Say("receipt_visit")
        if draft.weekday:
            yield Say(f"receipt_weekday_{draft.weekday}")
        if draft.visit_time:
            yield Say(f"receipt_time_{draft.visit_time}")
        yield Say(f"receipt_visit_{draft.visit_type}")
    if draft.voicemail_sid or (draft.flow is Flow.APPOINTMENT and draft.recording_sid and not draft.visit_type):
        yield Say("receipt_reason_message")


def _receipt(draft: Draft, saved: RequestSaved) -> Iterator[Speech]:
    reference = SpeakDigits(saved.reference, REFERENCE_GROUPS)
    if summary := tuple(_summary(draft)) if draft.kind else ():
        yield from summary
        yield BETWEEN_GROUPS
    yield Say("saved_reference")
    yield reference
    yield BETWEEN_GROUPS
    yield Say("saved_reference_again")
    yield reference
    if saved.promise:
        yield BETWEEN_GROUPS
        yield from promised(saved.promise)
    yield BETWEEN_GROUPS


def promised(promise: Promise) -> Iterator[Speech]:
    """When staff will call."""
    if promise.on_call or promise.minutes is not None:
        yield Say("promise_on_call" if promise.on_call else "promise_minutes")
        return
    half = f"_{promise.half}" if promise.half else ""
    if promise.days_ahead == 0:
        yield Say(f"promise_today{half}")
    elif promise.days_ahead == 1:
        yield Say(f"promise_tomorrow{half}")
    else:
        yield Say("promise_on")
        yield Say(f"weekday_{promise.by.isoweekday()}")
        if promise.days_ahead >= A_WEEK:
            yield SpeakDate(promise.by.date().isoformat(), year=False)
        yield Say("promise_by")
    yield SpeakTime(promise.by.hour, promise.by.minute)


def _hours(told: tuple[HoursTold, ...]) -> Iterator[Speech]:
    """The days that open late or close early, for staff."""
    for one in told:
        yield Say(f"hours_{one.edge}_{'tomorrow' if one.tomorrow else 'today'}")
        yield SpeakTime(one.hour, one.minute)
        yield BETWEEN_OPTIONS


def _open_request(request: RequestSummary, today: date) -> Iterator[Speech]:
    """A stored request as its caller may hear it: what kind, since when, and what staff do."""
    if request.left >= today:
        yield Say(f"request_{request.asked}_today")
    elif request.left == today - timedelta(days=1):
        yield Say(f"request_{request.asked}_yesterday")
    else:
        yield Say(f"request_{request.asked}_on")
        yield SpeakDate(request.left.isoformat(), year=False)
    yield BETWEEN_GROUPS
    if request.handling:
        yield Say(f"request_{request.handling}")
    yield from _call_promise(request)


def _call_promise(request: RequestSummary) -> Iterator[Speech]:
    """When staff will call about a stored request."""
    if request.promise is None:
        yield Say("request_late")
    else:
        yield from promised(request.promise)
    yield BETWEEN_OPTIONS


def _script(prompt: PromptReading, recorded_in: str) -> Iterator[Speech]:
    """A prompt read out to whoever may record it: what became of the last try, the words, and how to say them."""
    if prompt.last:
        yield Say(f"studio_{prompt.last}")
        yield BETWEEN_GROUPS
    yield Say("studio_script")
    yield SayOwn(prompt.words, prompt.words_sha256, prompt.key, recorded_in)
    yield BETWEEN_OPTIONS
    yield Say("studio_direction")
    yield SayOwn(prompt.direction, prompt.direction_sha256, "studio_no_direction")
    yield BETWEEN_OPTIONS
