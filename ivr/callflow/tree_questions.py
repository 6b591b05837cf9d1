"""The questions about a request that is saved, up to its receipt. Each answer is added to it as it is keyed.

They only help the staff: whoever hangs up here has lost nothing.
"""

from __future__ import annotations

from ivr.callflow.answers import BestTime, PatientType, Reason, VisitType, Weekday
from ivr.callflow.nodes import (
    Choice,
    Consult,
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
    Question,
    Recorder,
    Value,
)

LONGEST_RECEIPT = 45.0
"""Seconds: it says the reference twice."""


def by_flow(callback: Exit, appointment: Exit, message: Exit | None = None) -> Fork:
    """An exit that depends on what is being asked for."""
    return Fork(On.FLOW, {"callback": callback, "appointment": appointment, "message": message or callback})


QUESTIONS = by_flow(callback="reason", appointment="patient")
"""Where they begin."""


RECEIPT = by_flow(callback="receipt", appointment="receipt", message="message_receipt")
"""Where they end. What a voicemail is about is in the recording: its receipt offers no answer to change."""


def question_nodes() -> tuple[Node, ...]:
    """Every question, the warning signs and the message."""
    return (*_callback(), *_appointment(), *_warning_signs(), *_the_last_questions())


def receipt_nodes() -> tuple[Node, ...]:
    """The end of every request: what became of it, and the last words."""
    return (
        Consult("standing", Question.STANDING, {"open": RECEIPT, "closed": "closed_receipt"}),
        _receipt("receipt", Value.RECEIPT, Choice("2", "receipt_change", QUESTIONS)),
        _receipt("message_receipt", Value.RECEIPT),
        _receipt("closed_receipt", "saved_closed"),
        End("message_kept", ("receipt_reason_message", "goodbye")),
        End("goodbye", ("goodbye",)),
    )


def _receipt(name: str, opening: str | Value, *choices: Choice) -> Menu:
    """The last words about a request. A key that fits nothing never leads to "try again"."""
    return Menu(
        name,
        level=2,
        opening=(opening,),
        choices=choices,
        global_options=("saved_repeat", "option_main"),
        example="saved_example",
        back="main",
        on_silence="goodbye",
        starts_over=True,
        longest=LONGEST_RECEIPT,
    )


def _callback() -> tuple[Node, ...]:
    return (
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
            back="main",
        ),
        Menu(
            "best_time",
            level=2,
            opening=("best_time_opening",),
            choices=_times("best_time", "leave_message"),
            example="best_time_example",
            back="reason",
        ),
    )


def _times(answer: str, to: Exit) -> tuple[Choice, ...]:
    """The three times of day, as an answer of that name."""
    return tuple(Choice(str(key), f"{answer}_{time}", to, {answer: time}) for key, time in enumerate(BestTime, start=1))


def _appointment() -> tuple[Node, ...]:
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
                Choice("1", "visit_fracture", "warning", {"visit_type": VisitType.FRACTURE}),
                Choice("2", "visit_follow_up", "red_flags", {"visit_type": VisitType.FOLLOW_UP}),
                Choice("3", "visit_other_pain", "warning", {"visit_type": VisitType.OTHER_PAIN}),
            ),
            example="visit_example",
            back="patient",
        ),
        Notice("warning", ("warning",), "birth_date"),
        Entry(
            "birth_date",
            level=2,
            holds=Field.BIRTH_DATE,
            prompt="birth_date",
            example="birth_date_example",
            most_keys=8,
            to="check_birth_date",
            skip="weekday",
            failed="weekday",
            giving_up="birth_date_skipped",
        ),
        Menu(
            "check_birth_date",
            level=3,
            opening=("check_opening", Value.ENTERED_DATE),
            uncut="check_opening",
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
                Choice(str(key), None, "visit_time", {"weekday": day}) for key, day in enumerate(Weekday, start=1)
            ),
            example="weekday_example",
            back="birth_date",
        ),
        Menu(
            "visit_time",
            level=2,
            opening=("visit_time_opening",),
            choices=_times("visit_time", "leave_message"),
            example="visit_time_example",
            back="weekday",
        ),
    )


def _warning_signs() -> tuple[Node, ...]:
    """What may be urgent. The question is heard to its end: no key pressed too early can answer it."""
    return (
        Menu(
            "red_flags",
            level=2,
            opening=("red_flags_911", Value.REST, "red_flags_question"),
            all_uncut=True,
            choices=(
                Choice("1", "red_flags_yes", "urgent_help", {"red_flags": True}),
                Choice(
                    "2",
                    "red_flags_no",
                    by_flow(callback="best_time", appointment="birth_date"),
                    {"red_flags": False},
                ),
            ),
            example="red_flags_example",
            back=by_flow(callback="reason", appointment="visit"),
        ),
        Consult(
            "urgent_help",
            Question.URGENT_HELP,
            {"open": "urgent", "on_call": "urgent_on_call", "closed": "urgent"},
            lead={"open": "urgent_open", "on_call": "urgent_calling", "closed": "urgent_closed"},
        ),
        Notice("urgent", (), "offer_message", lead=Value.URGENT),
        Notice("urgent_on_call", (), "offer_message", lead="urgent_worse"),
    )


def _the_last_questions() -> tuple[Node, ...]:
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
            back=by_flow(callback="best_time", appointment="visit_time"),
        ),
        Menu(
            "offer_message",
            level=2,
            opening=(),
            choices=(
                Choice("1", "offer_message_record", "message"),
                Choice("2", "offer_message_skip", "texting", action=DraftAction.DROP_RECORDING),
            ),
            example="offer_message_example",
            back="leave_message",
        ),
        Recorder(
            "message",
            level=3,
            prompt="message",
            notice="recording_notice",
            longest=90,
            to="keep_message",
        ),
        Menu(
            "keep_message",
            level=3,
            opening=(),
            choices=(
                Choice("1", "keep_message_keep", "texting"),
                Choice("2", "keep_message_hear", "keep_message", then_say=Value.MESSAGE),
                Choice("3", "keep_message_again", "message"),
                Choice("*", "keep_message_drop", "texting", action=DraftAction.DROP_RECORDING),
            ),
            example="keep_message_example",
            back="offer_message",
        ),
        Consult("texting", Question.TEXTING, {"ask": "texts", "skip": "standing"}),
        Menu(
            "texts",
            level=2,
            opening=("texts_question",),
            keep_opening=True,
            choices=(
                Choice("1", "texts_yes", "standing", {"may_text": True}),
                Choice("2", "texts_no", "standing", {"may_text": False}),
            ),
            example="texts_example",
            back="offer_message",
        ),
    )
