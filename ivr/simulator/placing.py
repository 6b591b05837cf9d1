"""Calls that the account's server asks the carrier to place: a telephone rings, and its owner hears a document."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ivr.simulator.calls import CallRecord, CallStore
from ivr.simulator.carrier import Carrier
from ivr.simulator.clock import Clock, VirtualClock
from ivr.simulator.desk import Answers, Callee, Desk
from ivr.simulator.documents import Goto
from ivr.simulator.errors import SimulatorError
from ivr.simulator.leg import CallOver, Leg
from ivr.simulator.parameters import CallFacts, Form, Party, ended
from ivr.simulator.phone import run
from ivr.simulator.transcript import Transcript
from ivr.simulator.verb_dial import REFUSED_SECONDS
from ivr.simulator.verbs import Method


@dataclass(frozen=True)
class Order:
    """A call to be placed: whom to ring and as whom, the document, and what to tell of it; seconds to ring."""

    to: str
    from_: str
    url: str
    method: Method = "POST"
    status_callback: str = ""
    status_callback_method: Method = "POST"
    status_callback_event: tuple[str, ...] = ("completed",)
    timeout: int = 60


@dataclass
class Exchange:
    """Places calls as `carrier`, to telephones that behave as `phones` says, each in a thread of its own.

    `phones` decides for the telephone called and for those its document dials. `calls` is what the API knows of them;
    `held` are the transcripts of calls that are over, `errors` what went wrong in them.
    """

    carrier: Carrier
    phones: Desk
    calls: CallStore
    clock: Callable[[], Clock] = VirtualClock
    held: list[Transcript] = field(default_factory=list)
    errors: list[SimulatorError] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Nothing rings yet."""
        self._threads: list[threading.Thread] = []

    def place(self, order: Order) -> CallRecord:
        """Accept an order; the call is queued when this returns."""
        clock = self.clock()
        facts = CallFacts(
            account_sid=self.carrier.account_sid,
            call_sid=self.carrier.new_call_sid(),
            caller=Party(order.from_),
            called=Party(order.to),
            direction="outbound-api",
        )
        queued = CallRecord(
            facts.call_sid, facts.account_sid, order.from_, order.to, "queued", clock.utc(), direction=facts.direction
        )
        self.calls.add(queued)
        thread = threading.Thread(target=self._hold, args=(order, facts, clock, queued), daemon=True)
        self._threads.append(thread)
        thread.start()
        return queued

    def wait(self, seconds: float = 30.0) -> None:
        """Wait until every call placed so far is over."""
        for thread in list(self._threads):
            thread.join(seconds)

    def _hold(self, order: Order, facts: CallFacts, clock: Clock, queued: CallRecord) -> None:
        transcript = Transcript()
        transcript.call_sid = facts.call_sid
        reply = self.phones.reply(order.to)
        callee = Callee(reply if isinstance(reply, Answers) else Answers(keys=""))
        leg = self.carrier.leg(facts, callee, clock, self.phones, transcript)
        leg.services = replace(leg.services, fallback_url="")
        try:
            status, seconds = self._ring(order, leg)
        except SimulatorError as error:
            self.errors.append(error)
            status, seconds = "failed", 0.0
        self.calls.add(replace(queued, status=status, ended_at=clock.utc()))
        transcript.status = status
        self.held.append(transcript)
        leg.status = status
        _tell(order, leg, "completed", ended(status, seconds, clock.utc(), 3))

    def _ring(self, order: Order, leg: Leg) -> tuple[str, float]:
        """Ring, and carry the document out when somebody picks up: the call's status and how long it lasted."""
        leg.note("call", f"call from {order.from_} to {order.to}, asked for by the line", who="carrier")
        for event in ("initiated", "ringing"):
            _tell(order, leg, event, {"CallStatus": event})
        reply = self.phones.reply(order.to)
        if not isinstance(reply, Answers) or reply.after > order.timeout:
            status = "no-answer" if isinstance(reply, Answers) else reply.status
            leg.clock.sleep(order.timeout if status == "no-answer" else REFUSED_SECONDS)
            leg.note("ring", f"{order.to}: {status}", who="carrier")
            return status, 0.0
        leg.clock.sleep(reply.after)
        leg.note("ring", f"{order.to} answers after {reply.after:g} s", who="carrier")
        leg.status = "in-progress"
        _tell(order, leg, "answered", {"CallStatus": "in-progress"})
        picked_up = leg.clock.now()
        try:
            run(leg, leg.fetch(Goto(order.url, order.method)))
            leg.note("hangup", "hangs up (end of the document)")
        except CallOver:
            pass
        leg.flush()
        return "completed", leg.clock.now() - picked_up


def _tell(order: Order, leg: Leg, event: str, more: Form) -> None:
    """Deliver a status callback, if it was ordered."""
    if order.status_callback and event in order.status_callback_event:
        form = leg.facts.form(leg.status) | {"CallbackSource": "call-progress-events"} | more
        leg.post(order.status_callback, form, order.status_callback_method)
