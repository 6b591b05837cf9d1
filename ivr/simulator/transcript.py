"""What happened in a call, in order, and its plain-text form for golden tests."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Who = Literal["line", "caller", "desk", "whisper", "carrier"]
TranscriptKind = Literal[
    "call", "say", "play", "tones", "silence", "pause", "beep", "wait", "key", "ignored", "speech", "nothing",
    "dial", "ring", "bridge", "hangup", "webhook", "error",
]  # fmt: skip


@dataclass(frozen=True)
class TranscriptEntry:
    """One thing that happened, `at` seconds into the call; `text` is what a reader sees.

    `seconds` is how long it was planned to take, `title` a clip's prompt key, `url` what was asked or played,
    `document` the TwiML that a webhook answered with.
    """

    at: float
    who: Who
    kind: TranscriptKind
    text: str
    seconds: float = 0.0
    title: str = ""
    url: str = ""
    document: str = ""


class Transcript:
    """The entries of one call and how it ended; `listener` hears of each entry as it is added."""

    def __init__(self, listener: Callable[[TranscriptEntry], None] | None = None) -> None:
        """Begin empty."""
        self.call_sid = ""
        self.entries: list[TranscriptEntry] = []
        self.errors: list[str] = []
        self.ended_by = ""
        self.status = ""
        self.seconds = 0.0
        self.seconds_listened = 0.0
        self._listener = listener

    def add(self, entry: TranscriptEntry) -> None:
        """Append and tell the listener."""
        self.entries.append(entry)
        if entry.kind == "error":
            self.errors.append(entry.text)
        if self._listener:
            self._listener(entry)

    @property
    def said(self) -> str:
        """All that the line spoke to the caller, joined by blanks."""
        return " ".join(entry.text for entry in self._spoken())

    @property
    def titles(self) -> tuple[str, ...]:
        """The prompt keys of the clips played to the caller, in order."""
        return tuple(entry.title for entry in self._spoken() if entry.title)

    def heard(self, seconds: float) -> None:
        """Count `seconds` of prompts that the caller really listened to."""
        self.seconds_listened = round(self.seconds_listened + seconds, 3)

    def render(self, *, times: bool = False, titles: bool = False, webhooks: bool = False) -> str:
        """Return one line per event without sids or times, ending in a newline; ask for more to see more."""
        entries = (entry for entry in self.entries if webhooks or entry.kind != "webhook")
        return "".join(f"{line_of(entry, times=times, titles=titles)}\n" for entry in entries)

    def story(self) -> str:
        """Return the call as a person reads it: what is spoken without a wait is one line, short silences are "…"."""
        lines: list[str] = []
        flowing = ""
        for entry in self.entries:
            if entry.kind == "webhook":
                continue
            if flows(entry) and flowing == entry.who:
                lines[-1] += f" {words_of(entry)}"
            else:
                lines.append(f"{entry.who:<8}{words_of(entry)}")
            flowing = entry.who if flows(entry) else ""
        return "".join(f"{line}\n" for line in lines)

    def _spoken(self) -> list[TranscriptEntry]:
        return [entry for entry in self.entries if entry.who == "line" and entry.kind in ("say", "play")]


def line_of(entry: TranscriptEntry, *, times: bool = False, titles: bool = False) -> str:
    """Write one entry as a line: who, then what."""
    stamp = f"{entry.at:7.1f}  " if times else ""
    key = f"  ({entry.title})" if titles and entry.title else ""
    return f"{stamp}{entry.who:<8}{entry.text}{key}"


def flows(entry: TranscriptEntry) -> bool:
    """Tell whether an entry is part of a flow of speech."""
    return entry.kind in ("say", "play", "silence")


def words_of(entry: TranscriptEntry) -> str:
    """Write an entry as part of a flow of speech."""
    return "…" if entry.kind == "silence" else entry.text
