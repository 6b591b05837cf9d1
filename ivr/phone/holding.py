"""One call from a page: the simulator's interpreter in a thread, a visitor as its caller, events for the page."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from queue import Queue
from typing import Any
from urllib.parse import urlsplit

import structlog

from ivr.phone import mailbox
from ivr.phone.mailbox import Mailbox, Message
from ivr.phone.stages import Stage
from ivr.simulator import Answers, SimulatorError, TranscriptEntry, Unreached, Wait
from ivr.simulator.caller import Event, HangsUp, KeyPress, Phase, Skip, SpeechChange
from ivr.simulator.wave_info import read_wave

RING_SECONDS = 20.0
TALK_SECONDS = 600.0
SOUND_SECONDS = 8.0
"""How long a desk rings, a connection lasts at most, and the page's recording is waited for."""

BROKEN = "The telephone broke. The server's log says why."

log = structlog.get_logger(__name__)
Tell = Callable[[Message], None]


class PacedClock:
    """Real time, faster or slower by `speed`, which a visitor may change while it runs."""

    def __init__(self) -> None:
        """Begin now, at the natural speed."""
        self._seconds, self._since, self._speed = 0.0, time.monotonic(), 1.0

    def now(self) -> float:
        """Seconds of the call, as the line and its clips count them."""
        return self._seconds + (time.monotonic() - self._since) * self._speed

    def pace(self, speed: float) -> None:
        """Go on at another speed."""
        self._seconds, self._since = self.now(), time.monotonic()
        self._speed = speed

    def really(self, seconds: float) -> float:
        """How many seconds `seconds` of the call take."""
        return max(0.0, seconds) / self._speed

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(self.really(seconds))

    def utc(self) -> datetime:
        """The computer's date and time."""
        return datetime.now(UTC)


class Visitor:
    """The caller who sits before the page, and the desks in other pages."""

    def __init__(self, token: str, box: Mailbox, clock: PacedClock, tell: Tell, *, has_microphone: bool) -> None:
        """Take what `box` gets; `tell` sends an event to the page."""
        self._token, self._box, self._clock, self._tell = token, box, clock, tell
        self._has_microphone = has_microphone
        self._waiting: deque[Event] = deque()
        self._phase: Phase | None = None
        self._speaking = False
        self._accepted = False

    def begin(self, now: float, wait: Wait) -> None:
        """Nothing to plan: a person decides while listening."""
        self._speaking = False

    def listen(self, now: float, until: float, phase: Phase) -> Event | None:
        """What the visitor does next, if anything, before `until`."""
        if phase is not self._phase or phase is Phase.ANSWER:
            self._phase = phase
            self._tell({"type": "phase", "phase": phase.name, "seconds": round(until - now, 2)})
        if phase is Phase.RECORDING and not self._has_microphone and not self._speaking:
            self._speaking = True
            return SpeechChange(now, True)
        while True:
            if self._waiting:
                return _at(self._waiting.popleft(), min(self._clock.now(), until))
            message = self._box.receive(self._clock.really(until - self._clock.now()))
            if message is not None:
                self._take(message)
            elif self._clock.now() >= until:
                return None

    def take_sound(self) -> bytes | None:
        """What the page recorded, once it has sent it; None without a microphone, or when nothing usable came."""
        self._tell({"type": "recorded"})
        deadline = time.monotonic() + SOUND_SECONDS
        while self._has_microphone and time.monotonic() < deadline:
            message = self._box.receive(deadline - time.monotonic())
            if message and message.get("do") == "sound":
                return _sound(sound_file(self._token))
            self._take(message or {})
        return None

    def reply(self, number: str) -> Answers | Unreached:
        """Ring the desk telephones in other pages until one answers; the first number that is dialled rings them."""
        if self._accepted:
            return Unreached("busy")
        ringing = {"do": "ring", "call": self._token, "number": number}
        desks = [name for name in mailbox.names(mailbox.DESK) if mailbox.send(name, ringing)]
        if not desks:
            return Unreached()
        self._tell({"type": "phase", "phase": Phase.RINGING.name, "seconds": RING_SECONDS})
        began = self._clock.now()
        try:
            answer = self._desk_answer(began + RING_SECONDS)
        finally:
            for name in desks:
                mailbox.send(name, {"do": "stop", "call": self._token, "accepted": self._accepted})
        if answer is None:
            return Unreached(rang=self._clock.now() - began)
        return Answers(after=0.0, talks=TALK_SECONDS) if answer else Unreached("busy")

    def _desk_answer(self, until: float) -> bool | None:
        while self._clock.now() < until:
            message = self._box.receive(self._clock.really(until - self._clock.now())) or {}
            if message.get("do") == "desk":
                self._accepted = message.get("key") == "1"
                return self._accepted
            self._take(message)
            if any(isinstance(event, HangsUp) for event in self._waiting):
                return None
        return None

    def _take(self, message: Message) -> None:
        now = self._clock.now()
        match message:
            case {"do": "key", "key": str(key)}:
                self._waiting.append(KeyPress(now, key))
            case {"do": "voice", "on": bool(speaking)}:
                self._waiting.append(SpeechChange(now, speaking))
            case {"do": "hang-up"}:
                self._waiting.append(HangsUp(now))
            case {"do": "speed", "speed": float(speed)}:
                self._clock.pace(speed)
            case {"do": "desk", "key": "end"} if self._phase is Phase.BRIDGED:
                self._waiting.append(Skip(now))


@dataclass(frozen=True)
class CallSettings:
    """How a call is placed."""

    from_: str
    to: str
    has_microphone: bool
    speed: float


class HeldCall:
    """A call in progress: `events` fills until None, which is its end."""

    def __init__(
        self,
        token: str,
        stage: AbstractContextManager[Stage],
        dialled: CallSettings,
        look: Callable[[Stage, str], Message],
    ) -> None:
        """Place the call in a thread, on a stage opened there; `look` says by the call's SID where it stands."""
        self.events: Queue[Message | None] = Queue()
        self._token, self._dialled, self._look = token, dialled, look
        self._box = Mailbox(mailbox.CALL + token)
        threading.Thread(target=self._run, args=(stage,), name="phone", daemon=True).start()

    def _run(self, opening: AbstractContextManager[Stage]) -> None:
        with self._box as box:
            try:
                with opening as stage:
                    self._hold(stage, box)
            except SimulatorError as error:
                self.events.put({"type": "over", "by": "error", "error": str(error)})
            except Exception as error:
                log.error("phone_failed", error=type(error).__name__)
                self.events.put({"type": "over", "by": "error", "error": BROKEN})
            finally:
                sound_file(self._token).unlink(missing_ok=True)
                for name in mailbox.names(mailbox.DESK):
                    mailbox.send(name, {"do": "over", "call": self._token})
                self.events.put(None)

    def _hold(self, stage: Stage, box: Mailbox) -> None:
        dialled, clock = self._dialled, PacedClock()
        clock.pace(dialled.speed)
        visitor = Visitor(self._token, box, clock, self.events.put, has_microphone=dialled.has_microphone)
        try:
            transcript = stage.carrier.call(
                visitor,
                from_=dialled.from_,
                to=dialled.to,
                clock=clock,
                desk=visitor,
                listener=partial(self._entry, stage),
                microphone=visitor.take_sound,
            )
        finally:
            self._stand(stage)
        over = {"by": transcript.ended_by, "seconds": transcript.seconds, "status": transcript.status}
        self.events.put({"type": "over", **over, "listened": transcript.seconds_listened})

    def _entry(self, stage: Stage, entry: TranscriptEntry) -> None:
        url = urlsplit(entry.url)
        path = f"{url.path}?{url.query}" if url.query else url.path
        is_draft = entry.kind == "play" and Path(url.path).stem in stage.drafts
        self.events.put({"type": "entry", **asdict(entry), "url": path, "draft": is_draft})
        if entry.kind == "webhook":
            self._stand(stage)

    def _stand(self, stage: Stage) -> None:
        deliveries = stage.carrier.deliveries
        if deliveries:
            self.events.put({"type": "standing", **self._look(stage, deliveries[0].form["CallSid"])})


def sound_file(token: str) -> Path:
    """Where the page's recording waits for its call."""
    return mailbox.folder() / f"sound-{token}.wav"


def _sound(file: Path) -> bytes | None:
    try:
        sound = file.read_bytes()
        read_wave(sound)
    except (OSError, ValueError):
        return None
    return sound


def _at(event: Event, at: float) -> Event:
    kind: dict[str, Any] = {name: value for name, value in vars(event).items() if name != "at"}
    return type(event)(at, **kind)
