"""The carrier: places calls from a simulated telephone to the line's server."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ivr.simulator.caller import Caller
from ivr.simulator.calls import CallRecord
from ivr.simulator.clock import Clock, VirtualClock
from ivr.simulator.courier import Courier, Delivery
from ivr.simulator.desk import Desk, FixedDesk
from ivr.simulator.documents import Goto
from ivr.simulator.errors import CallError, SimulatorError
from ivr.simulator.faults import Faults
from ivr.simulator.leg import CallOver, Leg, Services
from ivr.simulator.media import Media
from ivr.simulator.parameters import CallFacts, Party, ended
from ivr.simulator.phone import run
from ivr.simulator.recordings import LocalRecorder, RecordingSink, RecordingStore, RemoteRecorder
from ivr.simulator.sids import Sids
from ivr.simulator.transcript import Transcript, TranscriptEntry
from ivr.simulator.transport import HttpTransport, Transport

DEFAULT_FROM = "+16175550123"
DEFAULT_TO = "+16175550100"


@dataclass(frozen=True)
class Paths:
    """Where the line listens; an empty status or fallback path is not configured."""

    incoming: str = "/voice/incoming"
    status: str = "/voice/status"
    fallback: str = "/voice/fallback"


@dataclass
class Carrier:
    """One account at the carrier, whose number points to the server at `base_url`.

    `sign_as` is the public base URL that the server believes it has: requests are signed for it and sent
    to `base_url`. `strict` raises where a document is wrong, instead of asking the fallback URL. `bare`
    leaves out parameters that are not documented. `rest_url` is a recordings API in another process; without
    it recordings are kept in `recordings`. `seed` repeats identifiers.
    """

    base_url: str
    account_sid: str
    auth_token: str
    transport: Transport = field(default_factory=HttpTransport)
    sign_as: str = ""
    paths: Paths = field(default_factory=Paths)
    strict: bool = True
    bare: bool = False
    faults: Faults = field(default_factory=Faults)
    recordings: RecordingStore = field(default_factory=RecordingStore)
    rest_url: str = ""
    caller_ids: frozenset[str] = frozenset()
    seed: int | None = None

    def __post_init__(self) -> None:
        """Set up what all calls share: the media cache and the courier with its log."""
        self.base_url = self.base_url.rstrip("/")
        self.sign_as = self.sign_as.rstrip("/")
        self._public = self.sign_as or self.base_url
        seed = secrets.randbits(64) if self.seed is None else self.seed
        self._sids = Sids(seed)
        self._media = Media(self.transport)
        self._courier = Courier(self.transport, self.auth_token, self.base_url, self.sign_as, self._sids, self.faults)

    @property
    def deliveries(self) -> tuple[Delivery, ...]:
        """Every webhook so far, with all its answers."""
        return tuple(self._courier.deliveries)

    @property
    def inconsistent(self) -> tuple[Delivery, ...]:
        """The webhooks that were answered differently when they came again."""
        return self._courier.inconsistent

    def call(
        self,
        caller: Caller,
        *,
        from_: Party | str = DEFAULT_FROM,
        to: Party | str = DEFAULT_TO,
        clock: Clock | None = None,
        desk: Desk | None = None,
        listener: Callable[[TranscriptEntry], None] | None = None,
        extra: Mapping[str, str] | None = None,
        microphone: Callable[[], bytes | None] = lambda: None,
    ) -> Transcript:
        """Place one call, hold it to its end and return its transcript; `listener` gets each entry.

        `microphone` gives the WAV of the take that has just ended, or None for sound that says nothing.
        """
        transcript = Transcript(listener)
        facts = CallFacts(
            account_sid=self.account_sid,
            call_sid=self._sids.call(),
            caller=from_ if isinstance(from_, Party) else Party(from_),
            called=to if isinstance(to, Party) else Party(to),
            bare=self.bare,
            extra=extra or {},
        )
        transcript.call_sid = facts.call_sid
        leg = self.leg(facts, caller, clock or VirtualClock(), desk or FixedDesk(), transcript, microphone)
        return _Call(leg, self._url(self.paths.incoming), self._url(self.paths.status), self.faults).hold()

    def new_call_sid(self) -> str:
        """Return an identifier that no call of this carrier has."""
        return self._sids.call()

    def leg(
        self,
        facts: CallFacts,
        caller: Caller,
        clock: Clock,
        desk: Desk,
        transcript: Transcript,
        microphone: Callable[[], bytes | None] = lambda: None,
    ) -> Leg:
        """Return a telephone's connection, before anything has happened on it."""
        services = Services(
            courier=self._courier,
            media=self._media,
            sids=self._sids,
            desk=desk,
            recorder=self._recorder(),
            fallback_url=self._url(self.paths.fallback),
            strict=self.strict,
            caller_ids=self.caller_ids,
            microphone=microphone,
        )
        return Leg(facts, caller, clock, transcript, services, clock.now())

    def _recorder(self) -> RecordingSink:
        if self.rest_url:
            return RemoteRecorder(self.transport, self.rest_url, self.auth_token)
        return LocalRecorder(self.recordings)

    def _url(self, path: str) -> str:
        return self._public + path if path else ""


@dataclass
class _Call:
    """One call from its first webhook to its status callback."""

    leg: Leg
    incoming: str
    status_url: str
    faults: Faults
    reported: bool = False

    def hold(self) -> Transcript:
        """Run the call; what a strict carrier raises carries the transcript as a note."""
        leg, transcript = self.leg, self.leg.transcript
        leg.on_over = self._overtake
        facts = leg.facts
        leg.note("call", f"call from {facts.caller.address} to {facts.called.address}", who="carrier")
        begun_at = leg.clock.utc()
        self._keep("in-progress", begun_at, None)
        try:
            over = self._run()
        except SimulatorError as error:
            error.add_note(f"The call until then:\n{transcript.render(webhooks=True)}")
            raise
        transcript.ended_by, transcript.status = over.by, over.status
        transcript.seconds = round(leg.clock.now() - leg.started, 3)
        leg.status = over.status
        self._keep(over.status, begun_at, leg.clock.utc())
        leg.flush()
        self._tell(over.status)
        if self.faults.completed_early:
            leg.services.courier.redeliver_last_turn()
        return transcript

    def _keep(self, status: str, started_at: datetime, ended_at: datetime | None) -> None:
        """Let the API know of the call."""
        facts = self.leg.facts
        ends = facts.caller.address, facts.called.address
        call = CallRecord(facts.call_sid, facts.account_sid, *ends, status, started_at, ended_at)
        self.leg.services.recorder.keep_call(call)

    def _run(self) -> CallOver:
        try:
            run(self.leg, self.leg.fetch(Goto(self.incoming)))
        except CallOver as over:
            return over
        except CallError as error:
            if self.leg.services.strict:
                raise
            self.leg.note("error", str(error), who="carrier")
            return CallOver("error")
        self.leg.note("hangup", "hangs up (end of the document)")
        return CallOver("line")

    def _overtake(self) -> None:
        if self.faults.completed_early:
            self._tell("completed")

    def _tell(self, status: str) -> None:
        """Deliver the status callback, once."""
        if self.reported or self.faults.drop_status or not self.status_url:
            return
        self.reported = True
        leg = self.leg
        seconds = 0.0 if status in ("busy", "no-answer") else leg.clock.now() - leg.started
        leg.post(self.status_url, leg.facts.form(status) | ended(status, seconds, leg.clock.utc(), 0))
