"""The call, from the first ring to the last word. Read it from top to bottom; keys and outcomes are a contract.

Every menu also knows `0` (a person), `9` (hear it again) and `*` (one level back). What follows key 4, and what a
caller hears who asks for a callback while another request is open, is in `tree_existing.py`; what is behind key 7 of
the first menus, which is not announced, in `tree_staff.py`; the information in `tree_information.py`; the language
menu in `tree_languages.py`.
"""

from __future__ import annotations

from collections.abc import Callable

from ivr.callflow.answers import Kind, Reason
from ivr.callflow.nodes import (
    Choice,
    DraftAction,
    Entry,
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
from ivr.callflow.tree_existing import EXISTING, NUMBER, existing_nodes
from ivr.callflow.tree_information import APPOINTMENT, CALLBACK, OwnClip, information_nodes
from ivr.callflow.tree_languages import GREETED, language_nodes
from ivr.callflow.tree_questions import QUESTIONS, by_flow, question_nodes, receipt_nodes
from ivr.callflow.tree_staff import staff_choice, staff_nodes


def build(languages: tuple[str, ...], dialable: Callable[[str], str | None], own: tuple[OwnClip, ...] = ()) -> Tree:
    """The clinic's call tree in the given languages, with the information clips of its own."""
    staff, questions = staff_choice(languages), question_nodes()
    nodes = (
        *_greeting(staff, asks_language=len(languages) > 1),
        *language_nodes(languages, staff),
        *information_nodes(own),
        *_the_number(),
        *questions,
        *receipt_nodes(),
        *existing_nodes(),
        *_a_person(),
        *staff_nodes(languages),
    )
    asked = frozenset(node.name for node in questions if isinstance(node, Menu | Entry | Recorder))
    return Tree({node.name: node for node in nodes}, languages, dialable, unsaved=NUMBER, questions=asked)


VOICEMAIL = Fork(On.NUMBER, {"known": "voicemail", "unknown": "message_number"})


def _greeting(staff: Choice, *, asks_language: bool) -> tuple[Node, ...]:
    return (
        Notice(
            "emergency",
            ("emergency",),
            GREETED,
            lead=None if asks_language else Value.CLOSURE,
            elsewhere="emergency_short",
        ),
        Menu(
            "main",
            level=1,
            opening=(),
            choices=(APPOINTMENT, CALLBACK, Choice("3", "main_information", "information"), EXISTING, staff),
            global_options=("option_person",),
            example="main_example",
            back=Fork(On.LANGUAGES, {"one": "main", "many": "language", "known": "language_known"}),
        ),
    )


def _the_number() -> tuple[Node, ...]:
    """Both requests begin alike: with whom to call. More is not needed to save one."""
    known = by_flow(callback="saving", appointment="saving", message="voicemail")
    return (
        Menu(
            "number",
            level=2,
            opening=("number_opening", Value.CALLER_NUMBER),
            keep_opening=True,
            choices=(
                Choice("1", "number_this", known, action=DraftAction.USE_CALLER_NUMBER),
                Choice("2", "number_other", "enter_number"),
            ),
            example="number_example",
            back="main",
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
            uncut="check_opening",
            keep_opening=True,
            choices=(
                Choice("1", "check_right", known, action=DraftAction.USE_ENTERED),
                Choice("2", "check_again", _key_it_again()),
            ),
            example="check_example",
            back=_key_it_again(),
        ),
        Save(
            "saving",
            waiting="one_moment",
            to=by_flow(
                callback="saved",
                appointment="saved",
                message=Fork(On.KEYS, {"pressed": "message_receipt", "none": "message_kept"}),
            ),
            again="standing",
        ),
        Notice("saved", (), QUESTIONS, lead=Value.SAVED, keeps_lead=True),
    )


def _key_it_again() -> Fork:
    return by_flow(callback="enter_number", appointment="enter_number", message="message_number")


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
        Notice("nobody", (), VOICEMAIL, lead="person_nobody"),
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
            asked=True,
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
