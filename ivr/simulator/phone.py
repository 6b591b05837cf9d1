"""The interpreter: runs documents verb by verb, and from document to document, until the call is over."""

from ivr.simulator.caller import Phase
from ivr.simulator.documents import Document, Goto
from ivr.simulator.errors import CallError, MediaError, TransportError
from ivr.simulator.leg import CallOver, Leg
from ivr.simulator.verb_dial import dial
from ivr.simulator.verb_gather import gather
from ivr.simulator.verb_play import play, prepare
from ivr.simulator.verb_record import record
from ivr.simulator.verbs import Dial, Gather, Hangup, Pause, Play, Record, Redirect, Reject, Say, Verb

MAX_IDLE_DOCUMENTS = 50
MAX_CALL_SECONDS = 4 * 3600


def run(leg: Leg, document: Document) -> None:
    """Carry out `document` and all that it leads to; return at a document's end, or raise CallOver."""
    guard = _Guard(leg)
    following: Document | None = document
    while following is not None:
        guard.check()
        following = _play_out(leg, following)


def _play_out(leg: Leg, document: Document) -> Document | None:
    """Carry out one document and return the next one, or None at its end."""
    try:
        for verb in document.verbs:
            goto = _execute(leg, verb, document)
            if goto is not None:
                break
        else:
            return None
    except (CallError, MediaError, TransportError) as error:
        if leg.services.strict:
            error.add_note(f"The document came from {document.url}:\n{document.source}")
            raise
        return leg.fall_back(error, document.url, {})
    return leg.fetch(goto)


def _execute(leg: Leg, verb: Verb, document: Document) -> Goto | None:
    match verb:
        case Say() | Play() | Pause():
            play(leg, prepare(leg, verb, document), Phase.PROMPT)
            return None
        case Gather():
            return gather(leg, verb, document)
        case Record():
            return record(leg, verb, document)
        case Dial():
            return dial(leg, verb, document, run)
        case Redirect():
            return Goto(document.resolve(verb.url), verb.method)
        case Hangup():
            leg.note("hangup", "hangs up" if not leg.is_child else "hangs up on the desk")
            raise CallOver("line")
        case Reject():
            leg.note("hangup", f"rejects the call ({verb.reason})")
            raise CallOver("line", "busy" if verb.reason == "busy" else "no-answer")


class _Guard:
    """Ends calls that would never end: documents that ask for one another, and calls of over four hours."""

    def __init__(self, leg: Leg) -> None:
        self._leg = leg
        self._idle = 0
        self._last = -1.0

    def check(self) -> None:
        now = self._leg.clock.now()
        self._idle = self._idle + 1 if now == self._last else 0
        self._last = now
        if self._idle >= MAX_IDLE_DOCUMENTS:
            raise CallError(f"{MAX_IDLE_DOCUMENTS} documents in a row without any wait: the call goes in a circle")
        if now - self._leg.started > MAX_CALL_SECONDS:
            raise CallError("the call has taken four hours, which is the longest the carrier allows")
