"""Dial: ring desks, let the one that picks up hear its whisper, connect, and tell the action how it went."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from ivr.simulator.caller import HangsUp, KeyPress, Phase
from ivr.simulator.desk import Answers, Callee, Reply, Unreached
from ivr.simulator.documents import Document, Goto
from ivr.simulator.errors import CallError
from ivr.simulator.leg import CallOver, Leg
from ivr.simulator.parameters import CallFacts, Form, Party, ended
from ivr.simulator.verbs import Dial, Number

REFUSED_SECONDS = 2.0
Run = Callable[[Leg, Document], None]


@dataclass(frozen=True)
class _Outcome:
    """How a Dial ended; `seconds` is how long the desk's call lasted since it picked up."""

    status: str
    seconds: float = 0.0
    bridged: bool = False
    hung_up: bool = False


def dial(leg: Leg, verb: Dial, document: Document, run: Run) -> Goto | None:
    """Carry out a Dial; None means that it has no action and the next verb follows."""
    _check(leg, verb)
    numbers = ", ".join(number.number for number in verb.numbers)
    as_whom = f" as {verb.caller_id}" if verb.caller_id else ""
    leg.note("dial", f"dials {numbers} for {verb.timeout} s{as_whom}")
    sid = leg.services.sids.call()
    outcome = _ring(leg, verb, document, sid, run)
    leg.note(
        "dial",
        f"the dial ends: {outcome.status}, {'' if outcome.bridged else 'not '}connected",
        who="carrier",
    )
    goto = _goto(verb, document, sid, outcome)
    if outcome.hung_up:
        leg.note("hangup", "hangs up", who=leg.person)
        if goto:
            leg.fetch_last(goto)
        raise CallOver("caller")
    return goto


def _check(leg: Leg, verb: Dial) -> None:
    if leg.is_child:
        raise CallError("a whisper document may not <Dial>", 13201)
    own = {leg.facts.caller.address, leg.facts.called.address} | leg.services.caller_ids
    if verb.caller_id and verb.caller_id not in own:
        raise CallError(f"the caller ID {verb.caller_id} is neither of this call nor verified", 13214)


def _goto(verb: Dial, document: Document, sid: str, outcome: _Outcome) -> Goto | None:
    if not verb.action:
        return None
    form = {"DialCallStatus": outcome.status, "DialCallSid": sid, "DialBridged": str(outcome.bridged).lower()}
    if outcome.seconds:
        form["DialCallDuration"] = str(round(outcome.seconds))
    return Goto(document.resolve(verb.action), verb.method, form)


def _ring(leg: Leg, verb: Dial, document: Document, sid: str, run: Run) -> _Outcome:
    replies = [(number, leg.services.desk.reply(number.number)) for number in verb.numbers]
    picked = [(number, reply) for number, reply in replies if isinstance(reply, Answers)]
    in_time = [pair for pair in picked if pair[1].after <= verb.timeout]
    for number in verb.numbers:
        for event in ("initiated", "ringing"):
            _tell(leg, verb, document, sid, number, event, {"CallStatus": event})
    if not in_time:
        outcome = _unreached(leg, verb, [reply for _, reply in replies])
        for number in verb.numbers:
            _tell_end(leg, verb, document, sid, number, outcome)
        return outcome
    number, reply = min(in_time, key=lambda pair: pair[1].after)
    if leg.pass_time(reply.after, Phase.RINGING):
        outcome = _Outcome("canceled", hung_up=True)
    else:
        _tell(leg, verb, document, sid, number, "answered", {"CallStatus": "in-progress"})
        outcome = _answered(leg, verb, document, sid, number, reply, run)
    _tell_end(leg, verb, document, sid, number, outcome)
    return outcome


def _unreached(leg: Leg, verb: Dial, replies: list[Reply]) -> _Outcome:
    statuses = {"no-answer" if isinstance(reply, Answers) else reply.status for reply in replies}
    status = next(one for one in ("no-answer", "busy", "failed") if one in statuses)
    leg.note("ring", {"no-answer": "does not answer", "busy": "is busy", "failed": "fails"}[status], who="desk")
    rang = max((reply.rang for reply in replies if isinstance(reply, Unreached)), default=0.0)
    wait = max(0.0, verb.timeout - rang) if status == "no-answer" else REFUSED_SECONDS
    hung_up = leg.pass_time(wait, Phase.RINGING) is not None
    return _Outcome("canceled" if hung_up else status, hung_up=hung_up)


def _answered(leg: Leg, verb: Dial, document: Document, sid: str, number: Number, reply: Answers, run: Run) -> _Outcome:
    picked_up = leg.clock.now()
    leg.note("ring", f"{number.number} answers after {reply.after:g} s", who="desk")
    child = _child(leg, verb, sid, number, reply)
    if not _whispered(child, document, number, run):
        return _Outcome(reply.declined_as, leg.clock.now() - picked_up)
    return _bridge(leg, verb, reply, picked_up)


def _child(leg: Leg, verb: Dial, sid: str, number: Number, reply: Answers) -> Leg:
    facts = _facts(leg, verb, sid, number)
    return Leg(facts, Callee(reply), leg.clock, leg.transcript, leg.services, leg.started, "whisper", "in-progress")


def _facts(leg: Leg, verb: Dial, sid: str, number: Number) -> CallFacts:
    return CallFacts(
        account_sid=leg.facts.account_sid,
        call_sid=sid,
        caller=Party(verb.caller_id) if verb.caller_id else leg.facts.caller,
        called=Party(number.number),
        direction="outbound-dial",
        parent_sid=leg.facts.call_sid,
        bare=leg.facts.bare,
    )


def _tell(leg: Leg, verb: Dial, document: Document, sid: str, number: Number, event: str, more: Form) -> None:
    """Deliver a status callback of the telephone dialled, if one was ordered; the end of it comes a little later."""
    if not number.status_callback or event not in number.status_callback_event:
        return
    form = _facts(leg, verb, sid, number).form(more["CallStatus"]) | {"CallbackSource": "call-progress-events"} | more
    tell = partial(leg.post, document.resolve(number.status_callback), form, number.status_callback_method)
    if event == "completed":
        leg.later.append(tell)
    else:
        tell()


def _tell_end(leg: Leg, verb: Dial, document: Document, sid: str, number: Number, outcome: _Outcome) -> None:
    status = "completed" if outcome.hung_up and outcome.bridged else outcome.status
    _tell(leg, verb, document, sid, number, "completed", ended(status, outcome.seconds, leg.clock.utc(), 3))


def _whispered(child: Leg, document: Document, number: Number, run: Run) -> bool:
    """Let the desk hear its document; its end connects, hanging up there does not."""
    if not number.url:
        return True
    try:
        run(child, child.fetch(Goto(document.resolve(number.url), number.method)))
    except CallOver:
        child.flush()
        return False
    child.flush()
    return True


def _bridge(leg: Leg, verb: Dial, reply: Answers, picked_up: float) -> _Outcome:
    leg.note("bridge", f"connected for up to {min(reply.talks, verb.time_limit):g} s", who="carrier")
    star = "*" if verb.hangup_on_star else ""
    event = leg.pass_time(min(reply.talks, verb.time_limit), Phase.BRIDGED, until_key=star)
    if isinstance(event, KeyPress):
        leg.note("key", "presses * (ends the connection)", who=leg.person)
    return _Outcome("completed", leg.clock.now() - picked_up, True, isinstance(event, HangsUp))
