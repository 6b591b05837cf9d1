"""The other end of the line: the events that a caller can cause, and callers that plan them ahead."""

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from ivr.simulator.verbs import Gather, Record

KEY_SECONDS = 0.3
REACTION_SECONDS = 0.5


class Phase(Enum):
    """What the line is doing while it listens; keys count in GATHER_PROMPT, ANSWER and RECORDING only."""

    PROMPT = "a prompt outside of a Gather"
    GATHER_PROMPT = "a prompt that a key cuts short"
    ANSWER = "waiting for keys"
    RECORDING = "recording"
    RINGING = "ringing a desk"
    BRIDGED = "connected with a desk"


@dataclass(frozen=True)
class KeyPress:
    """A key of the telephone."""

    at: float
    key: str


@dataclass(frozen=True)
class HangsUp:
    """The receiver is put down."""

    at: float


@dataclass(frozen=True)
class SpeechChange:
    """The caller begins to speak, or falls silent."""

    at: float
    speaking: bool


@dataclass(frozen=True)
class Skip:
    """A person who will not wait: this wait is over as if its time had passed."""

    at: float


Event = KeyPress | HangsUp | SpeechChange | Skip


@dataclass(frozen=True)
class Wait:
    """A Gather or Record that begins; `heard` is what the line spoke since the last one, prompts included."""

    verb: Gather | Record
    heard: tuple[str, ...] = ()
    prompt_seconds: float = 0.0


class Caller(Protocol):
    """A caller as the telephone sees one; times are seconds on the call's clock."""

    def begin(self, now: float, wait: Wait) -> None:
        """Hear that a Gather's prompts, or a Record's beep, begin now."""

    def listen(self, now: float, until: float, phase: Phase) -> Event | None:
        """Return the next event up to `until`, or None when there is none; a real caller takes real time."""


@dataclass(frozen=True)
class Keys:
    """Press keys one by one, after the prompts or, with `barge_in`, so many seconds after they began."""

    keys: str
    barge_in: float | None = None


@dataclass(frozen=True)
class Silence:
    """Press nothing, say nothing."""


@dataclass(frozen=True)
class HangUp:
    """Put the receiver down after the prompts or, with `barge_in`, so many seconds after they began."""

    barge_in: float | None = None


@dataclass(frozen=True)
class Speak:
    """Speak after the beep; then press `keys`, hang up, or just fall silent."""

    seconds: float
    keys: str = ""
    hang_up: bool = False


GatherPlan = Keys | Silence | HangUp
RecordPlan = Speak | Silence | HangUp


class PlannedCaller:
    """A caller who decides at the beginning of each wait: subclass it and write at_gather and at_record.

    Keys that a wait does not take are typed on: they fall into whatever the line does next.
    """

    def __init__(self, hang_up_at: float | None = None) -> None:
        """With `hang_up_at`, hang up at that second of the call, whatever is being played."""
        self._queue: list[Event] = [] if hang_up_at is None else [HangsUp(hang_up_at)]
        self._last = hang_up_at
        self._after: list[Event] = []

    def at_gather(self, wait: Wait) -> GatherPlan:
        """Decide what to do at a Gather: here, nothing."""
        return Silence()

    def at_record(self, wait: Wait) -> RecordPlan:
        """Decide what to say at a Record: here, nothing."""
        return Silence()

    def begin(self, now: float, wait: Wait) -> None:
        """Ask for a plan, unless keys of the last one are still being typed."""
        self._after = []
        self._forget_speech()
        if any(isinstance(event, KeyPress) or event.at != self._last for event in self._queue):
            return
        plan = self.at_gather(wait) if isinstance(wait.verb, Gather) else self.at_record(wait)
        events = _events(plan)
        cut = plan.barge_in if isinstance(plan, Keys | HangUp) else None
        if cut is None:
            self._after = [_moved(event, REACTION_SECONDS) for event in events]
        else:
            self._add(events, now + cut)

    def listen(self, now: float, until: float, phase: Phase) -> Event | None:
        """Return the next planned event that is due by `until`."""
        if phase in (Phase.ANSWER, Phase.RECORDING) and self._after:
            self._add(self._after, now)
            self._after = []
        if phase is not Phase.RECORDING:
            self._forget_speech()
        if self._queue and self._queue[0].at <= until:
            return _at_least(self._queue.pop(0), now)
        return None

    def _add(self, events: list[Event], start: float) -> None:
        self._queue = sorted([*self._queue, *(_moved(event, start) for event in events)], key=lambda event: event.at)

    def _forget_speech(self) -> None:
        """What was planned for a recording that ended before it is not done any more, but for hanging up."""
        if any(isinstance(event, SpeechChange) for event in self._queue):
            self._queue = [event for event in self._queue if isinstance(event, HangsUp)]


def _events(plan: GatherPlan | RecordPlan) -> list[Event]:
    match plan:
        case Keys():
            return _typed(plan.keys)
        case HangUp():
            return [HangsUp(0.0)]
        case Speak():
            events: list[Event] = [SpeechChange(0.0, True), SpeechChange(plan.seconds, False)]
            if plan.hang_up:
                events.append(HangsUp(plan.seconds))
            return events + [_moved(event, plan.seconds) for event in _typed(plan.keys)]
        case Silence():
            return []


def _typed(keys: str) -> list[Event]:
    return [KeyPress(round(index * KEY_SECONDS, 3), key) for index, key in enumerate(keys)]


def _moved(event: Event, seconds: float) -> Event:
    match event:
        case KeyPress():
            return KeyPress(event.at + seconds, event.key)
        case SpeechChange():
            return SpeechChange(event.at + seconds, event.speaking)
        case HangsUp():
            return HangsUp(event.at + seconds)
        case Skip():
            return Skip(event.at + seconds)


def _at_least(event: Event, now: float) -> Event:
    return _moved(event, max(0.0, now - event.at))
