"""The call, from the first ring to the last word. Read it from top to bottom; keys and outcomes are a contract.

Every menu also knows `0` (a person), `9` (hear it again) and `*` (one level back). What follows key 4, and what a
caller hears who asks for a callback while another request is open, is in `tree_existing.py`; what is behind key 7 of
the first menus, which is not announced, in `tree_staff.py`; the language menu in `tree_languages.py`.
"""

from __future__ import annotations

from collections.abc import Callable

from ivr.callflow.answers import BestTime, Kind, PatientType, Reason, VisitType, Weekday
from ivr.callflow.nodes import (
    Choice,
    DraftAction,
    End,
    Entry,
    Exit,
    Field,
    Fork,
    Menu,
    Node,
    Notice,
    On,
    Recorder,
    Save,
    Transfer,
    Tree,
    Value,
)
from ivr.callflow.tree_existing import CALLBACK_START, EXISTING, existing_nodes
from ivr.callflow.tree_languages import GREETED, language_nodes
from ivr.callflow.tree_staff import staff_choice, staff_nodes


def build(languages: tuple[str, ...], dialable: Callable[[str], str | None]) -> Tree:
    """The clinic's call tree in the given languages."""
    staff = staff_choice(languages)
    nodes = (
        *_greeting(staff),
        *language_nodes(languages, staff),
        *_information(),
        *_callback(),
        *_appointment(),
        *_the_end_of_every_request(),
        *existing_nodes(),
        *_a_person(),
        *staff_nodes(languages),
    )
    return Tree({node.name: node for node in nodes}, languages, dialable)


def by_flow(callback: Exit, appointment: Exit, message: Exit | None = None) -> Fork:
    """An exit that depends on what is being asked for."""
    return Fork(On.FLOW, {"callback": callback, "appointment": appointment, "message": message or callback})


NUMBER = Fork(On.CALLER, {"known": "number", "unknown": "enter_number"})
VOICEMAIL = Fork(On.NUMBER, {"known": "voicemail", "unknown": "message_number"})
APPOINTMENT = Choice("1", "option_appointment", "patient", action=DraftAction.BEGIN, kind=Kind.APPOINTMENT)
CALLBACK = Choice("2", "option_callback", CALLBACK_START, action=DraftAction.BEGIN, kind=Kind.CALLBACK)


def _greeting(staff: Choice) -> tuple[Node, ...]:
    return (
        Notice(
            "emergency",
            ("emergency",),
            GREETED,
            lead=Value.CLOSURE,
        ),
        Menu(
            "main",
            level=1,
            opening=(),
            choices=(APPOINTMENT, CALLBACK, Choice("3", "main_information", "information"), EXISTING, staff),
            global_options=("option_person",),
            example="main_example",
            back="main",
        ),
    )


def _information() -> tuple[Node, ...]:
    return (
        Menu(
            "information",
            level=2,
            opening=("information_opening",),
            choices=(
                Choice("1", "information_fracture", "fracture"),
                Choice("2", "information_vertebroplasty", "vertebroplasty"),
                Choice("3", "information_kyphoplasty", "kyphoplasty"),
                Choice("4", "information_day", "preparing"),
            ),
            global_options=("option_person",),
            example="information_example",
            back="main",
        ),
        _clip("fracture", then="causes"),
        _clip("causes"),
        _clip("vertebroplasty", then="benefit"),
        _clip("benefit"),
        _clip("kyphoplasty"),
        _clip("preparing", then="needle"),
        _clip("needle", then="cement"),
        _clip("cement", then="afterwards"),
        _clip("afterwards", then="risks"),
        _clip("risks"),
    )


def _clip(name: str, then: str | None = None) -> Menu:
    on = (Choice("3", "clip_next", then),) if then else ()
    return Menu(
        name,
        level=3,
        opening=(f"clip_{name}",),
        choices=(APPOINTMENT, CALLBACK, *on),
        global_options=("option_repeat", "option_person") if then else ("option_repeat", "option_topics"),
        example="clip_example",
        back="information",
        disclaimer="disclaimer",
        clip=name,
    )


def _callback() -> tuple[Node, ...]:
    return (
        Menu(
            "number",
            level=2,
            opening=("number_opening", Value.CALLER_NUMBER),
            keep_opening=True,
            choices=(
                Choice("1", "number_this", _number_known(), action=DraftAction.USE_CALLER_NUMBER),
                Choice("2", "number_other", "enter_number"),
            ),
            example="number_example",
            back=by_flow(callback="main", appointment="best_time"),
        ),
        Entry(
            "enter_number",
            level=2,
            holds=Field.NUMBER,
            prompt="enter_number",
            example="enter_number_example",
            most_keys=10,
            to="check_number",
        ),
        Menu(
            "check_number",
            level=3,
            opening=("check_opening", Value.ENTERED_NUMBER),
            keep_opening=True,
            choices=(
                Choice("1", "check_right", _number_known(), action=DraftAction.USE_ENTERED),
                Choice("2", "check_again", _key_it_again()),
            ),
            example="check_example",
            back=_key_it_again(),
        ),
        Menu(
            "reason",
            level=2,
            opening=(),
            choices=(
                Choice("1", "reason_procedure", "best_time", {"reason": Reason.PROCEDURE}),
                Choice("2", "reason_after_procedure", "red_flags", {"reason": Reason.AFTER_PROCEDURE}),
                Choice("3", "reason_billing", "best_time", {"reason": Reason.BILLING}),
                Choice("4", "reason_other", "best_time", {"reason": Reason.OTHER}),
            ),
            example="reason_example",
            back=NUMBER,
        ),
        Menu(
            "red_flags",
            level=2,
            opening=("red_flags_911",),
            choices=(
                Choice("1", "red_flags_yes", _after_red_flags(), {"red_flags": True}, then_say="red_flags_raised"),
                Choice("2", "red_flags_no", _after_red_flags(), {"red_flags": False}),
            ),
            example="red_flags_example",
            back=by_flow(callback="reason", appointment="visit"),
        ),
        Menu(
            "best_time",
            level=2,
            opening=(),
            choices=(
                Choice("1", "best_time_morning", _after_best_time(), {"best_time": BestTime.MORNING}),
                Choice("2", "best_time_afternoon", _after_best_time(), {"best_time": BestTime.AFTERNOON}),
                Choice("3", "best_time_any", _after_best_time(), {"best_time": BestTime.ANY}),
            ),
            example="best_time_example",
            back=by_flow(callback="reason", appointment="weekday"),
        ),
    )


def _number_known() -> Fork:
    return by_flow(callback="reason", appointment="leave_message", message="voicemail")


def _key_it_again() -> Fork:
    return by_flow(callback="enter_number", appointment="enter_number", message="message_number")


def _after_red_flags() -> Fork:
    return by_flow(callback="best_time", appointment="birth_date")


def _after_best_time() -> Fork:
    return by_flow(callback="leave_message", appointment=NUMBER)


def _appointment() -> tuple[Node, ...]:
    days = (Weekday.MONDAY, Weekday.TUESDAY, Weekday.WEDNESDAY, Weekday.THURSDAY, Weekday.FRIDAY, Weekday.ANY)
    return (
        Menu(
            "patient",
            level=2,
            opening=(),
            choices=(
                Choice("1", "patient_new", "visit", {"patient_type": PatientType.NEW}),
                Choice("2", "patient_returning", "visit", {"patient_type": PatientType.RETURNING}),
            ),
            example="patient_example",
            back="main",
        ),
        Menu(
            "visit",
            level=2,
            opening=("visit_opening",),
            choices=(
                Choice("1", "visit_fracture", "birth_date", {"visit_type": VisitType.FRACTURE}),
                Choice("2", "visit_follow_up", "red_flags", {"visit_type": VisitType.FOLLOW_UP}),
                Choice("3", "visit_other_pain", "birth_date", {"visit_type": VisitType.OTHER_PAIN}),
            ),
            example="visit_example",
            back="patient",
        ),
        Entry(
            "birth_date",
            level=2,
            holds=Field.BIRTH_DATE,
            prompt="birth_date",
            example="birth_date_example",
            most_keys=8,
            to="check_birth_date",
            skip="weekday",
        ),
        Menu(
            "check_birth_date",
            level=3,
            opening=("check_opening", Value.ENTERED_DATE),
            keep_opening=True,
            choices=(
                Choice("1", "check_right", "weekday", action=DraftAction.USE_ENTERED),
                Choice("2", "check_again", "birth_date"),
            ),
            example="check_example",
            back="birth_date",
        ),
        Menu(
            "weekday",
            level=2,
            opening=("weekday_opening",),
            one_sentence="weekday_options",
            choices=tuple(
                Choice(str(key), None, "best_time", {"weekday": day}) for key, day in enumerate(days, start=1)
            ),
            example="weekday_example",
            back="birth_date",
        ),
    )


def _the_end_of_every_request() -> tuple[Node, ...]:
    return (
        Menu(
            "leave_message",
            level=2,
            opening=("leave_message_opening",),
            keep_opening=True,
            choices=(
                Choice("1", "leave_message_yes", "offer_message", {"may_leave_message": True}),
                Choice("2", "leave_message_no", "offer_message", {"may_leave_message": False}),
            ),
            example="leave_message_example",
            back=by_flow(callback="best_time", appointment=NUMBER),
        ),
        Menu(
            "offer_message",
            level=2,
            opening=(),
            choices=(
                Choice("1", "offer_message_record", "message"),
                Choice("2", "offer_message_skip", "confirm", action=DraftAction.DROP_RECORDING),
            ),
            example="offer_message_example",
            back="leave_message",
        ),
        Recorder("message", level=3, prompt="message", notice="recording_notice", longest=90, to="keep_message"),
        Menu(
            "keep_message",
            level=3,
            opening=(),
            choices=(
                Choice("1", "keep_message_keep", "confirm"),
                Choice("2", "keep_message_hear", "keep_message", then_say=Value.MESSAGE),
                Choice("3", "keep_message_again", "message"),
                Choice("*", "keep_message_drop", "confirm", action=DraftAction.DROP_RECORDING),
            ),
            example="keep_message_example",
            back="offer_message",
        ),
        Menu(
            "confirm",
            level=2,
            opening=(Value.SUMMARY,),
            choices=(
                Choice("1", "confirm_send", "saving"),
                Choice("2", "confirm_change", by_flow(callback=NUMBER, appointment="patient")),
                Choice("*", "confirm_cancel", "main", action=DraftAction.CANCEL, then_say="confirm_cancelled"),
            ),
            example="confirm_example",
            back="main",
        ),
        Save("saving", waiting="one_moment", to="saved"),
        Menu(
            "saved",
            level=2,
            opening=(Value.RECEIPT,),
            choices=(),
            global_options=("saved_repeat", "option_main"),
            example="saved_example",
            back="main",
            on_silence="goodbye",
            longest=30.0,
        ),
        End("goodbye", ("goodbye",)),
    )


def _a_person() -> tuple[Node, ...]:
    message = {"kind": Kind.CALLBACK, "reason": Reason.MESSAGE}
    return (
        Transfer(
            "person",
            connecting="person_connecting",
            still_trying="person_still_trying",
            unreached="person_unreached",
            timeout=20,
            to="goodbye",
            otherwise=VOICEMAIL,
        ),
        Notice("closed", (), VOICEMAIL, lead="person_closed"),
        Entry(
            "message_number",
            level=2,
            holds=Field.NUMBER,
            prompt="message_number",
            example="enter_number_example",
            most_keys=10,
            to="check_number",
            answers=message,
            failed="voicemail",
        ),
        Recorder(
            "voicemail",
            level=2,
            prompt="voicemail",
            notice="recording_notice",
            longest=120,
            to="saving",
            answers=message,
            failed="no_message",
        ),
        Menu(
            "no_message",
            level=2,
            opening=("no_message_opening",),
            choices=(Choice("1", "no_message_again", "voicemail"),),
            global_options=("option_main",),
            example="no_message_example",
            back="main",
            on_silence="goodbye",
        ),
    )
