"""A telephone in a terminal: what the line says is printed, and what is typed are the keys."""

import os
import select
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Protocol, TextIO

from ivr.simulator.caller import Event, HangsUp, KeyPress, Phase, Skip, SpeechChange, Wait
from ivr.simulator.carrier import DEFAULT_FROM, DEFAULT_TO, Carrier
from ivr.simulator.clock import Clock, RealClock, VirtualClock
from ivr.simulator.desk import Desk
from ivr.simulator.errors import SimulatorError
from ivr.simulator.script import UnhurriedCaller
from ivr.simulator.transcript import Transcript, TranscriptEntry, flows, words_of

try:
    import termios
    import tty
except ImportError:  # pragma: no cover - Windows: keys are then read line by line
    termios = None  # type: ignore[assignment]

HELP = "keys 0-9 * #, s: wait in silence, h or Ctrl-D: hang up; while recording, Enter or a key ends it"
END_OF_INPUT = "\x04"
SPOKEN_SECONDS = 3.0
_WIDTH = 100
_MARGIN = 8


class Keyboard(Protocol):
    """Where keys come from, one character at a time."""

    def read(self, seconds: float, *, answering: bool) -> str | None:
        """Return the next character within `seconds`, a line feed for a bare Enter, or None."""


class LineKeyboard:
    """Keys come in lines, used only when the telephone line waits for them, however long that takes."""

    def __init__(self, stream: TextIO) -> None:
        """Read lines from `stream`."""
        self._stream = stream
        self._typed: deque[str] = deque()

    def read(self, seconds: float, *, answering: bool) -> str | None:
        """Return what is left of a line, or read the next one; nothing during prompts."""
        if not answering:
            return None
        if not self._typed:
            line = self._stream.readline()
            self._typed.extend(line.strip() or "\n" if line else END_OF_INPUT)
        return self._typed.popleft()


class RawKeyboard:
    """Each key counts at once; when `patient`, prompts cannot be cut and answers may take any time."""

    def __init__(self, stream: TextIO, *, patient: bool) -> None:
        """Read the terminal behind `stream`, which must be in cbreak mode."""
        self._file = stream.fileno()
        self._patient = patient

    def read(self, seconds: float, *, answering: bool) -> str | None:
        """Return a key, or None when none came in time."""
        if self._patient and not answering:
            return None
        if not select.select([self._file], [], [], None if self._patient else seconds)[0]:
            return None
        return os.read(self._file, 1).decode("ascii", "ignore") or END_OF_INPUT


class TypingCaller:
    """A person at a keyboard."""

    def __init__(self, keyboard: Keyboard, clock: Clock) -> None:
        """Read `keyboard`; keys are dated by `clock`."""
        self._keyboard = keyboard
        self._clock = clock
        self._speaking = False
        self._silent = False

    def begin(self, now: float, wait: Wait) -> None:
        """Nothing to plan: a person decides while listening."""
        self._speaking = self._silent = False

    def listen(self, now: float, until: float, phase: Phase) -> Event | None:
        """Return the next key; Ctrl-C hangs up wherever it comes."""
        if phase is Phase.RECORDING and not self._speaking:
            self._speaking = True
            return SpeechChange(now, True)
        try:
            silent = self._silent and phase is Phase.RECORDING
            event = None if silent else self._typed(until, phase)
            self._silent = silent or isinstance(event, SpeechChange)
            if event is None:
                self._clock.sleep(until - self._clock.now())
        except KeyboardInterrupt:
            return HangsUp(self._clock.now())
        return event if event and event.at <= until else None

    def _typed(self, until: float, phase: Phase) -> Event | None:
        answering = phase in (Phase.ANSWER, Phase.RECORDING)
        before = self._clock.now()
        while (key := self._keyboard.read(max(0.0, until - self._clock.now()), answering=answering)) is not None:
            at = self._clock.now()
            if phase is Phase.RECORDING and at == before:
                at += SPOKEN_SECONDS
            event = _event(key, at, phase)
            if event:
                return event
        return None


def _event(key: str, at: float, phase: Phase) -> Event | None:
    if key in ("h", END_OF_INPUT):
        return HangsUp(at)
    if key == "s":
        return SpeechChange(at, False) if phase is Phase.RECORDING else Skip(at)
    if key in "\r\n" and phase is Phase.RECORDING:
        return KeyPress(at, "#")
    return KeyPress(at, key) if key in "0123456789*#" else None


def run_interactive(
    carrier: Carrier,
    *,
    from_: str = DEFAULT_FROM,
    to: str = DEFAULT_TO,
    desk: Desk | None = None,
    fast: bool = False,
    stdin: TextIO | None = None,
    stdout: TextIO | None = None,
    stderr: TextIO | None = None,
) -> int:
    """Hold a call with a person at the terminal, in real time or without waiting; return the exit status."""
    out, err = stdout or sys.stdout, stderr or sys.stderr
    clock: Clock = VirtualClock() if fast else RealClock()
    print(f"({HELP})", file=out, flush=True)
    paper = _Paper(out)
    try:
        with closing(paper), _keyboard(stdin or sys.stdin, patient=fast) as keyboard:
            transcript = carrier.call(
                TypingCaller(keyboard, clock),
                from_=from_,
                to=to,
                clock=clock,
                desk=desk,
                listener=paper,
            )
    except SimulatorError as error:
        return _failed(str(error), carrier, err)
    return _verdict(transcript, carrier, err)


def run_scripted(
    carrier: Carrier,
    script: str,
    *,
    from_: str = DEFAULT_FROM,
    to: str = DEFAULT_TO,
    desk: Desk | None = None,
    barge_in: bool = False,
    entries: list[TranscriptEntry] | None = None,
    stdout: TextIO | None = None,
    stderr: TextIO | None = None,
) -> int:
    """Hold a scripted call at once and print it as it goes; return the exit status. `entries` takes what happened."""
    out, err = stdout or sys.stdout, stderr or sys.stderr
    try:
        caller = UnhurriedCaller.parse(script, barge_in=barge_in)
        with closing(_Paper(out)) as paper:
            transcript = carrier.call(caller, from_=from_, to=to, desk=desk, listener=paper)
        if entries is not None:
            entries += transcript.entries
    except (SimulatorError, ValueError) as error:
        return _failed(str(error), carrier, err)
    return _verdict(transcript, carrier, err)


@contextmanager
def _keyboard(stream: TextIO, *, patient: bool) -> Iterator[Keyboard]:
    if termios is None or not stream.isatty():
        yield LineKeyboard(stream)
        return
    before = termios.tcgetattr(stream)
    tty.setcbreak(stream)
    try:
        yield RawKeyboard(stream, patient=patient)
    finally:
        termios.tcsetattr(stream, termios.TCSADRAIN, before)


class _Paper:
    """Prints a call as it goes; speech flows on within a line."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._who = ""
        self._column = 0

    def __call__(self, entry: TranscriptEntry) -> None:
        if entry.kind == "webhook":
            return
        if not (flows(entry) and entry.who == self._who):
            self._write(f"\n{entry.who:<{_MARGIN}}" if self._column else f"{entry.who:<{_MARGIN}}")
        self._who = entry.who if flows(entry) else ""
        for word in words_of(entry).split():
            if self._column + len(word) >= _WIDTH:
                self._write("\n" + " " * _MARGIN)
            self._write(word if self._column == _MARGIN else f" {word}")
        self._out.flush()

    def close(self) -> None:
        """Finish the last line."""
        self._write("\n")
        self._out.flush()

    def _write(self, text: str) -> None:
        self._out.write(text)
        _, newline, rest = text.rpartition("\n")
        self._column = len(rest) if newline else self._column + len(text)


def _verdict(transcript: Transcript, carrier: Carrier, err: TextIO) -> int:
    if not transcript.errors:
        return 0
    return _failed(transcript.errors[0], carrier, err)


def _failed(message: str, carrier: Carrier, err: TextIO) -> int:
    print(f"The call met an error: {message}", file=err)
    advice = _advice(message, carrier)
    if advice:
        print(advice, file=err)
    return 1


def _advice(message: str, carrier: Carrier) -> str:
    if message.startswith("E:11205"):
        return f"Is the line's server running at {carrier.base_url}? Start it, or name another address."
    if "status 403" in message:
        return (
            "The server refused the signature: give it this telephone's auth token and, when it knows itself "
            "under another address (PUBLIC_BASE_URL), sign as that address."
        )
    if "status 404" in message:
        return "The server has no such address: is it the telephone line that listens there?"
    if "status 5" in message:
        return "The server failed: its log says why."
    return ""
