"""TwiML's verbs as frozen values, with the carrier's defaults; times are whole seconds."""

from dataclasses import dataclass
from typing import Literal

Method = Literal["GET", "POST"]


@dataclass(frozen=True)
class Say:
    """Speak `text`; `seconds` is an estimate of one reading, the breaks included."""

    text: str
    seconds: float = 0.0
    voice: str = "man"
    language: str = "en-US"
    loop: int = 1


@dataclass(frozen=True)
class Play:
    """Play the audio at `url`, or the tones of `digits`; loop 0 means up to 1000 times."""

    url: str = ""
    loop: int = 1
    digits: str = ""


@dataclass(frozen=True)
class Pause:
    """Wait in silence."""

    length: int = 1


Prompt = Say | Play | Pause


@dataclass(frozen=True)
class Gather:
    """Play `prompts`, then collect keys until one of the ends is reached; num_digits 0 means unlimited."""

    action: str
    method: Method = "POST"
    timeout: int = 5
    finish_on_key: str = "#"
    num_digits: int = 0
    action_on_empty_result: bool = False
    language: str = "en-US"
    prompts: tuple[Prompt, ...] = ()


@dataclass(frozen=True)
class Record:
    """Record the caller until a key, `timeout` seconds of silence, or `max_length`."""

    action: str
    method: Method = "POST"
    timeout: int = 5
    finish_on_key: str = "1234567890*#"
    max_length: int = 3600
    play_beep: bool = True
    trim: Literal["trim-silence", "do-not-trim"] = "trim-silence"
    recording_status_callback: str = ""
    recording_status_callback_method: Method = "POST"
    recording_status_callback_event: tuple[str, ...] = ("completed",)


@dataclass(frozen=True)
class Number:
    """A telephone to ring; `url` is the whisper document that its owner hears on answering."""

    number: str
    url: str = ""
    method: Method = "POST"
    send_digits: str = ""
    status_callback: str = ""
    status_callback_method: Method = "POST"
    status_callback_event: tuple[str, ...] = ("completed",)


@dataclass(frozen=True)
class Dial:
    """Ring `numbers` all at once and connect the first that picks up; without `action`, go on below."""

    numbers: tuple[Number, ...]
    action: str = ""
    method: Method = "POST"
    timeout: int = 30
    time_limit: int = 14400
    hangup_on_star: bool = False
    caller_id: str = ""
    answer_on_bridge: bool = False
    ring_tone: str = ""


@dataclass(frozen=True)
class Redirect:
    """Fetch another document and go on there."""

    url: str
    method: Method = "POST"


@dataclass(frozen=True)
class Hangup:
    """End the call."""


@dataclass(frozen=True)
class Reject:
    """Refuse the call without answering it."""

    reason: Literal["rejected", "busy"] = "rejected"


Verb = Say | Play | Pause | Gather | Record | Dial | Redirect | Hangup | Reject
