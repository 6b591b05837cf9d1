"""One telephone in a call, the carrier's services that it uses, and how time passes for it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from ivr.simulator.caller import Caller, Event, HangsUp, KeyPress, Phase, Skip, Wait
from ivr.simulator.clock import Clock
from ivr.simulator.courier import Courier
from ivr.simulator.desk import Desk
from ivr.simulator.documents import Document, Goto, fetch_document
from ivr.simulator.errors import SimulatorError, TwimlError
from ivr.simulator.media import Media
from ivr.simulator.parameters import CallFacts, Form
from ivr.simulator.recordings import RecordingSink
from ivr.simulator.sids import Sids
from ivr.simulator.transcript import Transcript, TranscriptEntry, TranscriptKind, Who
from ivr.simulator.verbs import Gather, Record


class CallOver(Exception):
    """The call has ended; `status` is what the status callback will say."""

    def __init__(self, by: Literal["caller", "line", "error"], status: str = "completed") -> None:
        """Say who ended it."""
        super().__init__(by)
        self.by = by
        self.status = status


@dataclass(frozen=True)
class Services:
    """What the carrier lends to a call."""

    courier: Courier
    media: Media
    sids: Sids
    desk: Desk
    recorder: RecordingSink
    fallback_url: str
    strict: bool
    caller_ids: frozenset[str] = frozenset()
    microphone: Callable[[], bytes | None] = lambda: None


@dataclass
class Leg:
    """One party's connection: what is known of it, and what it still owes."""

    facts: CallFacts
    caller: Caller
    clock: Clock
    transcript: Transcript
    services: Services
    started: float
    who: Who = "line"
    status: str = "ringing"
    on_over: Callable[[], None] = lambda: None
    later: list[Callable[[], None]] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)

    @property
    def is_child(self) -> bool:
        """Tell whether this is a desk's end of a Dial."""
        return bool(self.facts.parent_sid)

    def note(
        self,
        kind: TranscriptKind,
        text: str,
        *,
        who: Who | None = None,
        seconds: float = 0.0,
        title: str = "",
        url: str = "",
        document: str = "",
    ) -> None:
        """Add an entry to the transcript, at this moment."""
        at = round(self.clock.now() - self.started, 3)
        self.transcript.add(TranscriptEntry(at, who or self.who, kind, text, round(seconds, 3), title, url, document))

    @property
    def person(self) -> Who:
        """Who holds this telephone."""
        return "desk" if self.is_child else "caller"

    def begin(self, verb: Gather | Record, prompts: tuple[str, ...] = (), seconds: float = 0.0) -> None:
        """Tell the caller that a wait begins."""
        self.caller.begin(self.clock.now(), Wait(verb, (*self.heard, *prompts), seconds))
        self.heard.clear()

    def hear(self, seconds: float, phase: Phase) -> Event | None:
        """Let up to `seconds` pass and return what the caller does first, if anything."""
        now = self.clock.now()
        event = self.caller.listen(now, now + seconds, phase)
        self.clock.sleep((event.at if event else now + seconds) - self.clock.now())
        return event

    def key(self, seconds: float, phase: Phase) -> str | None:
        """Let up to `seconds` pass and return the key pressed, if any; hanging up ends the call."""
        until = self.clock.now() + seconds
        while True:
            event = self.hear(max(0.0, until - self.clock.now()), phase)
            match event:
                case KeyPress():
                    return event.key
                case HangsUp():
                    self.hung_up()
                case None | Skip():
                    return None

    def hung_up(self) -> None:
        """Note that the caller put the receiver down, and end the call."""
        self.note("hangup", "hangs up", who=self.person)
        raise CallOver("caller")

    def pass_time(self, seconds: float, phase: Phase, *, until_key: str = "") -> HangsUp | KeyPress | None:
        """Let `seconds` pass; only hanging up, or `until_key`, ends it sooner."""
        until = self.clock.now() + seconds
        while True:
            event = self.hear(max(0.0, until - self.clock.now()), phase)
            if event is None or isinstance(event, Skip):
                return None
            if isinstance(event, HangsUp) or (isinstance(event, KeyPress) and event.key == until_key):
                return event

    def fetch(self, goto: Goto) -> Document:
        """Ask for the next document; a failure goes to the fallback URL, and two end the call."""
        try:
            document = self._fetch(goto)
        except SimulatorError as error:
            if self.services.strict and isinstance(error, TwimlError):
                raise
            document = self.fall_back(error, goto.url, goto.form)
        self.status = "in-progress"
        self.flush()
        return document

    def fetch_last(self, goto: Goto) -> None:
        """Ask an action after the caller has hung up; its document is not carried out."""
        self.status = "completed"
        self.on_over()
        try:
            self._fetch(goto)
        except SimulatorError as error:
            if self.services.strict and isinstance(error, TwimlError):
                raise
            self.note("error", str(error), who="carrier", url=goto.url)

    def fall_back(self, error: SimulatorError, url: str, form: Form) -> Document:
        """Ask the fallback URL about `error`, or end the call."""
        self.note("error", str(error), who="carrier", url=url)
        fallback = self.services.fallback_url
        if fallback and not self.is_child:
            extra = form | {"ErrorCode": str(error.code), "ErrorUrl": url}
            try:
                return self._fetch(Goto(fallback, "POST", extra))
            except SimulatorError as second:
                if self.services.strict and isinstance(second, TwimlError):
                    raise
                self.note("error", str(second), who="carrier", url=fallback)
        self.note("error", "an application error has occurred", who="carrier")
        raise CallOver("error")

    def flush(self) -> None:
        """Deliver what was due after the webhook before: recording and desk status callbacks."""
        due, self.later[:] = list(self.later), []
        for callback in due:
            callback()

    def post(self, url: str, form: Form, method: str = "POST") -> None:
        """Deliver a status callback: its answer matters only when it is a failure, and ends nothing."""
        try:
            answer, _ = self.services.courier.deliver(url, form, method, turn=False)
        except SimulatorError as error:
            self.note("error", str(error), who="carrier", url=url)
            return
        self.note("webhook", f"status {url}", who="carrier", url=url)
        if not 200 <= answer.status < 300:
            self.note("error", f"E:11200 {url} answered with status {answer.status}", who="carrier", url=url)

    def _fetch(self, goto: Goto) -> Document:
        document = fetch_document(self.services.courier, goto, self.facts.form(self.status))
        self.note("webhook", f"asks {goto.url}", who="carrier", url=goto.url, document=document.source)
        return document
