"""The kinds of node a call tree is made of; all plain data, so that the tree can be read, checked and drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ivr.callflow.answers import Kind
from ivr.callflow.facts import Fact

MENU_WAIT = 10
"""Seconds a menu waits for a key, the first time."""

SECOND_WAIT = 20
"""Seconds it waits after a reprompt: for deaf callers, an operator types what was said and keys the answer."""

ATTEMPTS = 3
"""Misses at one node, no-input and no-match together, before a person or a message takes over."""

ENTRY_WAIT = 8
"""Seconds between two keys of a number."""

LONGEST_MENU = 24.0
"""Seconds a menu may speak before it waits."""

LONGEST_CLIP = 30.0
"""Seconds an information clip may last."""

LONGEST_INSTRUCTION = 12.0
"""Seconds an instruction may last."""


class Value(StrEnum):
    """Something a node speaks that only the call knows."""

    CALLER_NUMBER = "caller_number"
    ENTERED_NUMBER = "entered_number"
    ENTERED_DATE = "entered_date"
    SAVED = "saved"
    RECEIPT = "receipt"
    URGENT = "urgent"
    MESSAGE = "message"
    STAFF_REQUEST = "staff_request"
    CLOSURE = "closure"
    HOURS = "hours"
    OPEN_REQUEST = "open_request"
    CALL_PROMISE = "call_promise"
    SCRIPT = "script"
    TAKE = "take"
    REST = "rest"
    """No words: the pause after a sentence that has to sink in."""


class Field(StrEnum):
    """What a keyed entry is."""

    NUMBER = "number"
    BIRTH_DATE = "birth_date"
    EXTENSION = "extension"
    PIN = "pin"
    REFERENCE = "reference"
    PROMPT = "prompt"
    TIME = "time"


class DraftAction(StrEnum):
    """What choosing an option does to the draft, besides setting answers."""

    BEGIN = "begin"
    USE_CALLER_NUMBER = "use_caller_number"
    USE_ENTERED = "use_entered"
    DROP_RECORDING = "drop_recording"


HOURS_STATES = ("open", "open_then_closed", "closed", "closed_then_closed", "closed_today", "closed_both_days")
"""What the clinic can be now; each has a prompt of its own."""


class Question(StrEnum):
    """What a consult asks, or has done, and what may be found; `services/calls/consulting` has a function for each."""

    findings: tuple[str, ...]

    def __new__(cls, name: str, *findings: str) -> Question:
        """A question by its name, with every finding that its answer can have."""
        question = str.__new__(cls, name)
        question._value_ = name
        question.findings = findings
        return question

    OPEN_REQUEST = "open_request", "found", "none"
    URGENT_HELP = "urgent_help", "open", "on_call", "closed"
    STANDING = "standing", "open", "closed"
    TEXTING = "texting", "ask", "skip"
    HOURS = "hours", *HOURS_STATES, "not_allowed"
    CLOSE_TODAY = "close_today", *HOURS_STATES, "not_allowed"
    CLOSE_TOMORROW = "close_tomorrow", *HOURS_STATES, "not_allowed"
    LIFT_CLOSURES = "lift_closures", *HOURS_STATES, "not_allowed"
    SET_HOURS = "set_hours", "set", "no_such_time", "not_allowed"
    REQUEST_BY_CALLER = "request_by_caller", "found", "called", "none"
    REQUEST_BY_REFERENCE = "request_by_reference", "found", "closed", "wrong"
    NEXT_REQUEST = "next_request", "found", "none"
    CHANGE_NUMBER = "change_number", "done", "closed"
    CHANGE_TIME = "change_time", "done", "closed"
    CANCEL_REQUEST = "cancel_request", "done", "closed"
    ADD_MESSAGE = "add_message", "done"
    STAFF_EXTENSION = "staff_extension", "kept"
    STAFF_SIGN_IN = "staff_sign_in", "signed_in", "wrong", "locked"
    STAFF_FIRST = "staff_first", "found", "nothing", "signed_out"
    STAFF_NEXT = "staff_next", "found", "nothing", "end", "signed_out"
    STAFF_CLAIM = "staff_claim", "claimed", "taken", "no_number"
    STAFF_ATTEMPT = "staff_attempt", "kept", "taken"
    STAFF_CLOSE = "staff_close", "closed", "taken"
    STAFF_DESK = "staff_desk", "passed_on", "taken"
    STUDIO = "studio", "ready", "not_allowed"
    PROMPT_BY_NUMBER = "prompt_by_number", "found", "none", "not_allowed"
    NEXT_PROMPT = "next_prompt", "found", "none", "not_allowed"
    PROMPT_TAKEN = "prompt_taken", "may_publish", "needs_approval", "not_allowed"
    KEEP_TAKE = "keep_take", "kept", "published", "not_allowed"
    DROP_TAKE = "drop_take", "dropped", "not_allowed"
    PUBLISH_HEARD = "publish_heard", "on_air", "not_ready", "needs_another", "not_allowed"
    ROLL_BACK = "roll_back", "rolled_back", "first", "not_allowed"


class On(StrEnum):
    """What a fork looks at."""

    LANGUAGES = "languages"
    CALLER = "caller"
    FLOW = "flow"
    NUMBER = "number"
    DESK = "desk"
    PROOFS = "proofs"
    HEARD = "heard"
    KEYS = "keys"


@dataclass(frozen=True, slots=True)
class Fork:
    """An exit that depends on what is known: the value of `on` names the node to go to."""

    on: On
    to: Mapping[str, Exit]


Exit = str | Fork

PERSON = Fork(On.DESK, {"open": "person", "closed": "closed", "nobody": "nobody"})
"""Where key 0, and a third failed attempt, lead from everywhere: the desk while it is open, if it has a telephone."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A key of a menu. `prompt` None: the key works but is not announced. `then_say` opens the next node's speech.

    `facts` are added to what consults found, for the next one to use. `language` is what the call is held in from then
    on, `spoken_in` what the option is announced in where that is another one.
    """

    key: str
    prompt: str | None
    to: Exit
    answers: Mapping[str, Any] = field(default_factory=dict)
    action: DraftAction | None = None
    kind: Kind | None = None
    then_say: str | Value | None = None
    language: str | None = None
    spoken_in: str | None = None
    facts: Mapping[Fact, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Notice:
    """Speech on the way to another node: `prompts` that no key can cut, and a `lead` that opens what comes next.

    With `keeps_lead`, a key that fits nothing in the menu that comes next starts both over, and is no miss. With
    `elsewhere` the prompts are heard in the default language, and then this one in each other language that is on.
    """

    name: str
    prompts: tuple[str, ...]
    to: Exit
    lead: str | Value | None = None
    keeps_lead: bool = False
    elsewhere: str = ""


@dataclass(frozen=True, slots=True)
class Menu:
    """Speech, then options, then a wait for one key.

    `opening` is spoken on arrival and on repeat, not on a reprompt, unless the options make no sense without it
    (`keep_opening`). `one_sentence` announces all options at once. `global_options` are the prompts for 9, * and 0,
    which work everywhere and are announced where they help. `level` is the menu's depth below the greeting.
    `on_silence` is where silence leads when it is no failed attempt, and `silence_says` what is said then, `back`
    where * leads, `failed` where the third miss leads after `giving_up` was said. With `other_languages` the choice
    of the language that the call is in already works, and is not announced. No key cuts the `uncut` prompt, with
    which the opening begins; with `all_uncut` none cuts anything. With `starts_over`, a key that fits nothing
    starts the words over, and is no miss.
    """

    name: str
    level: int
    opening: tuple[str | Value, ...]
    choices: tuple[Choice, ...]
    back: Exit
    example: str
    keep_opening: bool = False
    one_sentence: str | None = None
    global_options: tuple[str, ...] = ()
    wait: int = MENU_WAIT
    on_silence: Exit | None = None
    silence_says: Value | None = None
    failed: Exit = PERSON
    giving_up: str = "help_is_near"
    longest: float = LONGEST_MENU
    disclaimer: str | None = None
    clip: str | None = None
    other_languages: bool = False
    uncut: str | None = None
    all_uncut: bool = False
    starts_over: bool = False

    def choice(self, key: str) -> Choice | None:
        """The choice behind a key, if there is one."""
        return next((choice for choice in self.choices if choice.key == key), None)


@dataclass(frozen=True, slots=True)
class Entry:
    """A number keyed by the caller; `skip` is where a lone # leads, when skipping is offered.

    `answers` are set on arrival, `example` opens the second reprompt. `keeps` is the fact as which what was keyed
    waits for a later consult. An extension or a PIN has at least `least_keys` and ends with # or a pause. The third
    miss leads to `failed`, after `giving_up` was said.
    """

    name: str
    level: int
    holds: Field
    prompt: str
    example: str
    most_keys: int
    to: Exit
    answers: Mapping[str, Any] = field(default_factory=dict)
    skip: Exit | None = None
    failed: Exit = PERSON
    keeps: Fact | None = None
    least_keys: int = 0
    giving_up: str = "help_is_near"


@dataclass(frozen=True, slots=True)
class Recorder:
    """A recording: the notice that no key can cut, a beep, at most `longest` seconds; then `answers` are set.

    It belongs to the draft, unless `keeps` names the fact under which it waits for the next consult. Who hangs up
    before the beep has asked for a person, where `asked` is True.
    """

    name: str
    level: int
    notice: str
    longest: int
    to: Exit
    prompt: str | None = None
    answers: Mapping[str, Any] = field(default_factory=dict)
    failed: Exit = PERSON
    keeps: Fact | None = None
    asked: bool = False


@dataclass(frozen=True, slots=True)
class Transfer:
    """The desk numbers, one after the other: `to` after a talk, `otherwise` (opened by `unreached`) after none."""

    name: str
    connecting: str
    still_trying: str
    unreached: str
    timeout: int
    to: Exit
    otherwise: Exit


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A call to the patient of the request that a member of the staff has claimed.

    `unanswered` is where it leads when the carrier says that nobody took the call, `to` otherwise.
    """

    name: str
    connecting: str
    timeout: int
    to: Exit
    unanswered: Exit


@dataclass(frozen=True, slots=True)
class Save:
    """The draft becomes a request: the engine asks for it here and goes on when it is told that it is stored.

    `again` is where to go when it was saved before in this call: its answers are with it already.
    """

    name: str
    waiting: str
    to: Exit
    again: Exit


@dataclass(frozen=True, slots=True)
class Consult:
    """A question that only the services can answer, on the way: `to` leads on by what they find.

    Nothing is heard here: the call goes on in the same turn. `lead` opens the next node's speech, by finding. With
    `forgets_entry` what was keyed is gone once it was asked about: it is never stored. `refused` is the finding that
    counts as a wrong proof; the third one in a call leads to a person.
    """

    name: str
    asks: Question
    to: Mapping[str, Exit]
    lead: Mapping[str, str] = field(default_factory=dict)
    forgets_entry: bool = False
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class End:
    """Last words, then the line hangs up."""

    name: str
    prompts: tuple[str, ...]


Node = Notice | Menu | Entry | Recorder | Transfer | Outgoing | Save | Consult | End


@dataclass(frozen=True, slots=True)
class Tree:
    """A call tree: its nodes by name, the languages that are on (the first is the default), and one pure check.

    `dialable` turns keyed digits into an E.164 number, or None when no such number can exist. `unsaved` is where a call
    goes on that is at one of the `questions`, which are asked of a request that is saved, and has no request yet, as
    calls of the first edition had.
    """

    nodes: Mapping[str, Node]
    languages: tuple[str, ...]
    dialable: Callable[[str], str | None]
    first: str = "emergency"
    unsaved: Exit = "main"
    questions: frozenset[str] = frozenset()

    def __getitem__(self, name: str) -> Node:
        """The node of that name."""
        return self.nodes[name]
