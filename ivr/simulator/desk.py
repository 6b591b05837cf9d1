"""The other telephones: what happens when the line dials a desk."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from ivr.simulator.caller import GatherPlan, HangUp, Keys, PlannedCaller, Silence, Wait


@dataclass(frozen=True)
class Answers:
    """Somebody picks up, presses `keys` at the whisper's first Gather, and talks once connected.

    Empty `keys` press nothing; `hangs_up` puts the receiver down at the whisper instead. What the carrier
    calls a Dial whose whisper ended without a connection is not documented: `declined_as` says it.
    """

    after: float = 5.0
    keys: str = "1"
    talks: float = 30.0
    hangs_up: bool = False
    declined_as: Literal["completed", "no-answer", "busy", "failed", "canceled"] = "completed"


@dataclass(frozen=True)
class Unreached:
    """Nobody can be reached: nobody picks up, the telephone is busy, or the call fails.

    `rang` is how many seconds the telephone has rung already while a real person was waited for.
    """

    status: Literal["no-answer", "busy", "failed"] = "no-answer"
    rang: float = 0.0


Reply = Answers | Unreached


class Desk(Protocol):
    """Decides how each number behaves."""

    def reply(self, number: str) -> Reply:
        """Say what happens when `number` rings."""


@dataclass(frozen=True)
class FixedDesk:
    """The same behaviour for every number, but for those in `numbers`."""

    default: Reply = field(default_factory=Unreached)
    numbers: Mapping[str, Reply] = field(default_factory=dict)

    def reply(self, number: str) -> Reply:
        """Look the number up."""
        return self.numbers.get(number, self.default)


class Callee(PlannedCaller):
    """Who picks up at the desk: answers the whisper's first Gather and nothing after it."""

    def __init__(self, answers: Answers) -> None:
        """Behave as `answers` says."""
        super().__init__()
        self._answers: Answers | None = answers

    def at_gather(self, wait: Wait) -> GatherPlan:
        """Press the keys once."""
        answers, self._answers = self._answers, None
        if answers and answers.hangs_up:
            return HangUp()
        return Keys(answers.keys) if answers and answers.keys else Silence()
