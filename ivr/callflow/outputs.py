"""What the line does next: speech, and the one wait that ends each turn. Doors translate these; see `voice/render`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True)
class Say:
    """Speak one prompt of the script, in the call's language unless `language` names another."""

    prompt: str
    language: str | None = None


@dataclass(frozen=True, slots=True)
class SayOwn:
    """Speak words of the clinic's own that are in no script, in the call's language unless `language` names another.

    `sha256` is their audio once it is made. Until then, where the carrier's voice does not speak, the prompt
    `otherwise` is spoken.
    """

    words: str
    sha256: str | None
    otherwise: str
    language: str | None = None


@dataclass(frozen=True, slots=True)
class SpeakDigits:
    """Speak digits one by one, with a pause between groups of the given sizes."""

    digits: str
    groups: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class SpeakDate:
    """Speak a calendar date; `year` False leaves the year out."""

    iso: str
    year: bool = True

    @property
    def date(self) -> date:
        """The date itself."""
        return date.fromisoformat(self.iso)


@dataclass(frozen=True, slots=True)
class SpeakTime:
    """Speak a time of day (24-hour numbers; minutes are 0, 15, 30 or 45)."""

    hour: int
    minute: int


@dataclass(frozen=True, slots=True)
class PlayRecording:
    """Play back what this caller has just recorded."""

    sid: str


@dataclass(frozen=True, slots=True)
class PlayMessage:
    """Play the message of a patient's request, by the id of its recording, to a member of the staff."""

    recording_id: int
    staff_id: int


@dataclass(frozen=True, slots=True)
class Pause:
    """Say nothing for so many milliseconds."""

    milliseconds: int


Speech = Say | SayOwn | SpeakDigits | SpeakDate | SpeakTime | PlayRecording | PlayMessage | Pause


@dataclass(frozen=True, slots=True)
class Gather:
    """Speak, and wait for keys; any key cuts the speech. `timeout` is seconds of silence after it or between keys."""

    speech: tuple[Speech, ...]
    most_keys: int
    timeout: int
    finish_key: str = ""


@dataclass(frozen=True, slots=True)
class Skippable:
    """Speak; a key cuts it, and what follows then comes at once."""

    speech: tuple[Speech, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """Beep and record for at most so many seconds; any key ends it."""

    longest: int


@dataclass(frozen=True, slots=True)
class Dial:
    """Ring a desk number (E.164) for `timeout` seconds; whoever answers accepts with key 1."""

    number: str
    timeout: int


@dataclass(frozen=True, slots=True)
class CallPatient:
    """Ring the patient whose request this call has claimed, for `timeout` seconds. Their number is looked up then."""

    timeout: int


@dataclass(frozen=True, slots=True)
class Hangup:
    """End the call."""


Output = Speech | Gather | Skippable | Record | Dial | CallPatient | Hangup

_KINDS: Mapping[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        *(Say, SayOwn, SpeakDigits, SpeakDate, SpeakTime, PlayRecording, PlayMessage, Pause),
        *(Gather, Skippable, Record, Dial, CallPatient, Hangup),
    )
}


def to_plain(output: Output) -> list[Any]:
    """An output as plain JSON values: its name and its fields in order."""
    kind = type(output)
    return [kind.__name__, *[_plain(getattr(output, name)) for name in kind.__slots__]]


def from_plain(plain: Sequence[Any]) -> Output:
    """The output that `to_plain` described."""
    name, *values = plain
    output: Output = _KINDS[name](*[_whole(value) for value in values])
    return output


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [item if isinstance(item, int) else to_plain(item) for item in value]
    return value


def _whole(value: object) -> object:
    if isinstance(value, list):
        return tuple(item if isinstance(item, int) else from_plain(item) for item in value)
    return value
