"""An existing request, key 4 of the main menu: found, told, changed, cancelled; and the open one of who calls again.

A caller ID is easily forged, and a reference may be overheard. So a request is only ever told by its kind, its day and
when staff will call; a reference alone tells nothing, not even that it exists; and the third wrong proof in a call
leads to a person. `services/requests/by_caller` answers the consults.
"""

from __future__ import annotations

from ivr.callflow.answers import BestTime
from ivr.callflow.facts import Fact
from ivr.callflow.nodes import (
    LONGEST_CLIP,
    PERSON,
    Choice,
    Consult,
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

REFERENCE = Fork(On.PROOFS, {"left": "reference", "spent": PERSON})
HEARD = Fork(On.HEARD, {"last": "existing_last", "more": "existing_more", "callback": "callback_open"})
"""Where the request that was found is told: the last of the caller's, one with more behind it, or instead of a
new callback."""

EXISTING = Choice("4", "main_existing", Fork(On.CALLER, {"known": "existing", "unknown": REFERENCE}))
NUMBER = Fork(On.CALLER, {"known": "number", "unknown": "enter_number"})
REQUEST = Fork(On.CALLER, {"known": "open_request", "unknown": "enter_number"})
"""Where both requests begin: a caller who has an open one hears of it first."""


def existing_nodes() -> tuple[Node, ...]:
    """Everything about a request that was saved in an earlier call."""
    return (*_finding(), *_hearing(), *_changing(), *_cancelling(), *_adding())


def _finding() -> tuple[Node, ...]:
    return (
        Consult(
            "existing",
            Question.REQUEST_BY_CALLER,
            {"found": HEARD, "called": REFERENCE, "none": REFERENCE},
            lead={"called": "request_called"},
        ),
        Entry(
            "reference",
            level=2,
            holds=Field.REFERENCE,
            prompt="reference",
            example="reference_example",
            most_keys=6,
            to="proof",
            skip="no_reference",
            keeps=Fact.REFERENCE,
        ),
        Notice("no_reference", (), PERSON, lead="no_reference"),
        Menu(
            "proof",
            level=2,
            opening=("proof_opening",),
            choices=(
                Choice("1", "proof_by_number", "proof_number"),
                Choice("2", "proof_by_birth_date", "proof_birth_date"),
            ),
            example="proof_example",
            back=REFERENCE,
        ),
        Entry(
            "proof_number",
            level=3,
            holds=Field.NUMBER,
            prompt="proof_number",
            example="enter_number_example",
            most_keys=10,
            to="proving",
        ),
        Entry(
            "proof_birth_date",
            level=3,
            holds=Field.BIRTH_DATE,
            prompt="proof_birth_date",
            example="proof_birth_date_example",
            most_keys=8,
            to="proving",
        ),
        Consult(
            "proving",
            Question.REQUEST_BY_REFERENCE,
            {"found": HEARD, "closed": "main", "wrong": "reference"},
            lead={"closed": "request_closed", "wrong": "proof_wrong"},
            forgets_entry=True,
            refused="wrong",
        ),
    )


def _hearing() -> tuple[Node, ...]:
    return (
        _request_menu("existing_more", another="existing_next"),
        _request_menu("existing_last", another=REFERENCE),
        Consult("existing_next", Question.NEXT_REQUEST, {"found": HEARD, "none": REFERENCE}),
    )


def _request_menu(name: str, another: Exit) -> Menu:
    return Menu(
        name,
        level=2,
        opening=(Value.OPEN_REQUEST,),
        choices=(
            Choice("1", "existing_change", "existing_change"),
            Choice("2", "existing_cancel", "existing_cancel"),
            Choice("3", "existing_another", another),
        ),
        global_options=("option_main",),
        example="existing_example",
        back="main",
        longest=LONGEST_CLIP,
    )


def _changing() -> tuple[Node, ...]:
    changed: dict[str, Exit] = {"done": "existing_changed", "closed": "main"}
    return (
        Menu(
            "existing_change",
            level=3,
            opening=(),
            choices=(
                Choice("1", "change_number", "new_number"),
                Choice("2", "change_time", "new_time"),
            ),
            example="change_example",
            back=HEARD,
        ),
        Entry(
            "new_number",
            level=3,
            holds=Field.NUMBER,
            prompt="enter_number",
            example="enter_number_example",
            most_keys=10,
            to="check_new_number",
        ),
        Menu(
            "check_new_number",
            level=3,
            opening=("check_opening", Value.ENTERED_NUMBER),
            keep_opening=True,
            choices=(
                Choice("1", "check_right", "new_leave_message"),
                Choice("2", "check_again", "new_number"),
            ),
            example="check_example",
            back="new_number",
        ),
        Menu(
            "new_leave_message",
            level=3,
            opening=("leave_message_opening",),
            keep_opening=True,
            choices=(
                Choice("1", "leave_message_yes", "changing_number", facts={Fact.MAY_LEAVE_MESSAGE: True}),
                Choice("2", "leave_message_no", "changing_number", facts={Fact.MAY_LEAVE_MESSAGE: False}),
            ),
            example="leave_message_example",
            back="new_number",
        ),
        Consult("changing_number", Question.CHANGE_NUMBER, changed, {"closed": "request_closed"}, forgets_entry=True),
        Menu(
            "new_time",
            level=3,
            opening=("best_time_opening",),
            choices=tuple(
                Choice(str(key), f"best_time_{time}", "changing_time", facts={Fact.BEST_TIME: time})
                for key, time in enumerate(BestTime, start=1)
            ),
            example="best_time_example",
            back="existing_change",
        ),
        Consult("changing_time", Question.CHANGE_TIME, changed, {"closed": "request_closed"}),
        _done("existing_changed", "existing_changed", Value.CALL_PROMISE),
    )


def _cancelling() -> tuple[Node, ...]:
    return (
        Menu(
            "existing_cancel",
            level=3,
            opening=("cancel_opening",),
            choices=(
                Choice("1", "cancel_yes", "cancelling"),
                Choice("2", "cancel_no", HEARD),
            ),
            example="cancel_example",
            back=HEARD,
        ),
        Consult(
            "cancelling",
            Question.CANCEL_REQUEST,
            {"done": "existing_cancelled", "closed": "main"},
            {"closed": "request_closed"},
        ),
        _done("existing_cancelled", "existing_cancelled"),
    )


def _adding() -> tuple[Node, ...]:
    return (
        Consult("open_request", Question.OPEN_REQUEST, {"found": HEARD, "none": "number"}),
        Menu(
            "callback_open",
            level=2,
            opening=(Value.OPEN_REQUEST,),
            choices=(
                Choice("1", "callback_add", "added_message"),
                Choice("2", "callback_new", "number"),
                Choice("3", "callback_cancel", "existing_cancel"),
            ),
            global_options=("option_main",),
            example="callback_open_example",
            back="main",
            longest=LONGEST_CLIP,
        ),
        Recorder(
            "added_message",
            level=3,
            prompt="message",
            notice="recording_notice",
            longest=90,
            to="adding_message",
            keeps=Fact.MESSAGE,
        ),
        Consult("adding_message", Question.ADD_MESSAGE, {"done": "message_added"}),
        _done("message_added", "message_added", Value.CALL_PROMISE),
    )


def _done(name: str, *opening: str | Value) -> Menu:
    """The last words about a request; silence ends the call."""
    return Menu(
        name,
        level=2,
        opening=opening,
        choices=(),
        global_options=("saved_repeat", "option_main"),
        example="saved_example",
        back="main",
        on_silence="goodbye",
    )
