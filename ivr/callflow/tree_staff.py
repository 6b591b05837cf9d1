"""Triage by phone: staff sign in with extension and PIN, hear the most pressing request, claim it and are connected.

It is entered by key 7, which no caller is told of, or by calling the staff number. What is known of the member of the
staff and of the request under way travels in the state's `staff`; `services/requests/by_phone` answers the consults.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ivr.callflow.facts import Fact
from ivr.callflow.nodes import (
    LONGEST_MENU,
    Choice,
    Consult,
    End,
    Entry,
    Field,
    Menu,
    Node,
    Outgoing,
    Question,
    Value,
)
from ivr.callflow.tree_hours import build_hours
from ivr.callflow.tree_studio import build_studio

ENTRANCE = "staff_extension"
"""Where a call to the staff number begins."""

HOURS = Choice("8", None, "staff_hours")
"""The key for the opening hours, which is for admins and not announced."""

STUDIO = Choice("5", None, "staff_studio")
"""The key for recording prompts, for admins and not announced."""

LONGEST_READING = 45.0
"""Seconds that a request may be read out with the options after it; staff cut it short with a key."""

RING_SECONDS = 30
PIN_KEYS = 6
OUTCOMES = ("reached", "left_message", "no_answer", "busy", "wrong_number", "declined", "language_barrier")
UNANSWERED = ("no_answer", "busy", "wrong_number")
"""How a call can have gone that nobody took, as far as the carrier can tell."""

DISPOSITIONS = ("scheduled", "answered", "referred", "emergency", "duplicate", "unreachable")


def staff_choice(languages: tuple[str, ...]) -> Choice:
    """The key of the first menus that leads here; what staff hear is written in the default language only."""
    return Choice("7", None, ENTRANCE, language=languages[0] if len(languages) > 1 else None)


def staff_nodes(languages: tuple[str, ...]) -> tuple[Node, ...]:
    """Everything behind key 7; prompts can be recorded in each of the languages."""
    return (
        *_signing_in(),
        *_triage(),
        *_afterwards(),
        *build_studio("staff_first", languages),
        *build_hours("staff_first"),
    )


def _signing_in() -> tuple[Node, ...]:
    return (
        Entry(
            ENTRANCE,
            level=2,
            holds=Field.EXTENSION,
            prompt="staff_extension",
            example="staff_extension_example",
            least_keys=2,
            most_keys=6,
            to="staff_known",
            skip="main",
        ),
        Consult("staff_known", Question.STAFF_EXTENSION, {"kept": "staff_pin"}, forgets_entry=True),
        Entry(
            "staff_pin",
            level=2,
            holds=Field.PIN,
            prompt="staff_pin",
            example="staff_pin_example",
            least_keys=PIN_KEYS,
            most_keys=PIN_KEYS,
            to="staff_sign_in",
        ),
        Consult(
            "staff_sign_in",
            Question.STAFF_SIGN_IN,
            {"signed_in": "staff_first", "wrong": ENTRANCE, "locked": "staff_locked"},
            lead={"wrong": "staff_wrong"},
            forgets_entry=True,
        ),
        End("staff_locked", ("staff_locked", "goodbye")),
    )


def _triage() -> tuple[Node, ...]:
    listed = {"found": "staff_request", "nothing": "staff_nothing", "signed_out": "staff_goodbye"}
    return (
        Consult("staff_first", Question.STAFF_FIRST, listed),
        Consult("staff_next", Question.STAFF_NEXT, {**listed, "end": "staff_all_heard"}),
        _menu(
            "staff_request",
            (
                _key("1", "staff_claim"),
                _key("2", "staff_request"),
                _key("3", "staff_next"),
                _key("4", "staff_close", {Fact.OUTCOME: ""}),
                STUDIO,
                _key("7", "staff_desk"),
                HOURS,
            ),
            opening=Value.STAFF_REQUEST,
            longest=LONGEST_READING,
        ),
        _menu("staff_nothing", (_key("1", "staff_first"), STUDIO, HOURS), opening="staff_nothing"),
        _menu("staff_all_heard", (_key("1", "staff_first"), STUDIO, HOURS), opening="staff_end", words="staff_nothing"),
        Consult(
            "staff_claim",
            Question.STAFF_CLAIM,
            {"claimed": "staff_calling", "taken": "staff_next", "no_number": "staff_request"},
            lead={"taken": "staff_taken", "no_number": "staff_no_number"},
        ),
        Consult("staff_desk", Question.STAFF_DESK, _done("passed_on"), lead=_words(passed_on="staff_passed_on")),
        Outgoing(
            "staff_calling",
            connecting="staff_connecting",
            timeout=RING_SECONDS,
            to="staff_outcome",
            unanswered="staff_unanswered",
        ),
    )


def _afterwards() -> tuple[Node, ...]:
    tried = {
        outcome: _key(str(key), "staff_attempt", {Fact.OUTCOME: outcome})
        for key, outcome in enumerate(OUTCOMES[1:], start=3)
    }
    closed = {
        disposition: _key(str(key), "staff_closing", {Fact.DISPOSITION: disposition})
        for key, disposition in enumerate(DISPOSITIONS, start=1)
    }
    settled = (one for disposition, one in closed.items() if disposition != "unreachable")
    return (
        _menu(
            "staff_outcome",
            (
                _key("1", "staff_settled", {Fact.OUTCOME: "reached"}),
                _key("2", "staff_attempt", {Fact.OUTCOME: "reached"}),
                *tried.values(),
            ),
            back="staff_request",
        ),
        _menu(
            "staff_unanswered",
            tuple(tried[outcome] for outcome in UNANSWERED),
            opening="staff_not_answered",
            back="staff_request",
            example="staff_outcome_example",
        ),
        _menu("staff_settled", tuple(settled), back="staff_request", example="staff_close_example"),
        _menu("staff_close", tuple(closed.values()), back="staff_request"),
        Consult("staff_attempt", Question.STAFF_ATTEMPT, _done("kept"), lead=_words(kept="staff_kept")),
        Consult("staff_closing", Question.STAFF_CLOSE, _done("closed"), lead=_words(closed="staff_closed")),
        End("staff_goodbye", ("staff_goodbye",)),
    )


def _menu(
    name: str,
    choices: tuple[Choice, ...],
    *,
    opening: str | Value | None = None,
    back: str = "staff_first",
    longest: float = LONGEST_MENU,
    words: str = "",
    example: str = "",
) -> Menu:
    """A menu that announces its keys in one sentence, and ends the call when nobody presses any.

    `words` is the menu whose sentence and example it shares, when they are not its own; `example` another's example.
    """
    return Menu(
        name,
        level=3,
        opening=(opening,) if opening else (),
        one_sentence=f"{words or name}_options",
        choices=choices,
        back=back,
        example=example or f"{words or name}_example",
        failed="staff_goodbye",
        giving_up="staff_idle",
        longest=longest,
    )


def _key(key: str, to: str, facts: Mapping[Fact, str] = MappingProxyType({})) -> Choice:
    return Choice(key, None, to, facts=facts)


def _done(finding: str) -> dict[str, str]:
    return {finding: "staff_next", "taken": "staff_next"}


def _words(**lead: str) -> dict[str, str]:
    return {**lead, "taken": "staff_taken"}


__all__ = ["DISPOSITIONS", "ENTRANCE", "OUTCOMES", "UNANSWERED", "staff_choice", "staff_nodes"]
