"""What happened in a turn, for the record: events name nodes and kinds, never what a caller's answer was."""

from __future__ import annotations

from dataclasses import dataclass

from ivr.callflow.answers import Draft


@dataclass(frozen=True, slots=True)
class NodeEntered:
    """The call arrived at a node."""

    node: str


@dataclass(frozen=True, slots=True)
class LanguageChosen:
    """The caller's language is settled."""

    language: str


@dataclass(frozen=True, slots=True)
class ClipHeard:
    """An information clip was played."""

    clip: str


@dataclass(frozen=True, slots=True)
class InputMissed:
    """A node got nothing (`no_input`) or something it could not use (`no_match`), for the `attempt`-th time."""

    node: str
    kind: str
    attempt: int


@dataclass(frozen=True, slots=True)
class RedFlagRaised:
    """The caller named a warning sign: the request is urgent."""


@dataclass(frozen=True, slots=True)
class NumberConfirmed:
    """The caller confirmed the number to call back."""


@dataclass(frozen=True, slots=True)
class RecordingMade:
    """The caller recorded something."""

    sid: str
    seconds: int


@dataclass(frozen=True, slots=True)
class TransferEnded:
    """An attempt to reach the desk is over."""

    connected: bool


@dataclass(frozen=True, slots=True)
class RequestConfirmed:
    """It is known whom to call: store the request, then give the engine a `RequestSaved`.

    `is_human` is False when nothing was pressed in the whole call, as machines that call do.
    """

    draft: Draft
    is_human: bool = True


@dataclass(frozen=True, slots=True)
class AnswersGiven:
    """The caller answered a question about the request `request_id`, which is saved: add what differs from `before`."""

    request_id: int
    draft: Draft
    before: Draft


@dataclass(frozen=True, slots=True)
class RequestLeft:
    """The caller hung up with an unfinished request worth keeping.

    `is_human` is False when nothing was pressed in the whole call.
    """

    draft: Draft
    is_human: bool = True


@dataclass(frozen=True, slots=True)
class Asked:
    """The call is at a consult: find the answer, then give the engine a `Found`."""

    question: str


@dataclass(frozen=True, slots=True)
class CallLeft:
    """The caller hung up, at this node."""

    node: str


Event = (
    NodeEntered
    | LanguageChosen
    | ClipHeard
    | InputMissed
    | RedFlagRaised
    | NumberConfirmed
    | RecordingMade
    | TransferEnded
    | RequestConfirmed
    | AnswersGiven
    | RequestLeft
    | Asked
    | CallLeft
)


def to_plain(event: Event) -> list[object]:
    """An event as plain JSON values; drafts, which hold personal data, are left out."""
    values = (getattr(event, name) for name in event.__slots__)
    return [type(event).__name__, *(value for value in values if not isinstance(value, Draft))]
