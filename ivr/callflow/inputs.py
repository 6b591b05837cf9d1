"""Everything that can happen to a call: the only things the engine reacts to."""

from __future__ import annotations

from dataclasses import dataclass

from ivr.callflow.facts import Facts, RequestSaved


@dataclass(frozen=True, slots=True)
class CallStarted:
    """The line rang. `caller_number` is the caller ID when it can be dialled (E.164), otherwise None.

    `entrance` is the node where the call begins, when it is not the tree's first. `language` is the one that this
    number's last call was in, when there was one.
    """

    caller_number: str | None
    entrance: str = ""
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Digits:
    """Keys the caller pressed (0-9, *, #), and the finishing key when one ended the entry (the carrier's or '').

    `doubled`: a stiff finger pressed the key before a second time, too soon to have heard what it led to.
    """

    keys: str
    finished_by: str = ""
    doubled: bool = False


@dataclass(frozen=True, slots=True)
class NoInput:
    """The wait ran out: no key, or nothing said after the beep."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """The caller spoke: the carrier's recording SID, seconds, and the key that ended it or 'hangup'."""

    sid: str
    seconds: int
    ended_by: str = ""


@dataclass(frozen=True, slots=True)
class DialEnded:
    """A leg to the desk is over. `connected` is True when a person there accepted the call."""

    connected: bool


@dataclass(frozen=True, slots=True)
class HungUp:
    """The caller is gone."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the services found for a `Consult`: one of its question's findings, and facts for what comes next.

    `facts` replace those of their kind that an earlier consult found; None leaves them as they are.
    """

    finding: str
    facts: Facts | None = None


__all__ = [
    "CallStarted",
    "DialEnded",
    "Digits",
    "Found",
    "HungUp",
    "Input",
    "NoInput",
    "Recorded",
    "RequestSaved",
]

Input = CallStarted | Digits | NoInput | Recorded | DialEnded | HungUp | RequestSaved | Found
