"""Gather: prompts that a key cuts short, then keys until a timeout, a finishing key or the number wanted."""

from dataclasses import dataclass

from ivr.simulator.caller import Phase
from ivr.simulator.documents import Document, Goto
from ivr.simulator.leg import Leg
from ivr.simulator.parameters import gathered
from ivr.simulator.verb_play import play, prepare
from ivr.simulator.verbs import Gather


@dataclass(frozen=True)
class _Result:
    digits: str
    finished_on: str = ""


def gather(leg: Leg, verb: Gather, document: Document) -> Goto | None:
    """Carry out a Gather; None means that nothing was keyed and the next verb follows."""
    sounds = [prepare(leg, prompt, document) for prompt in verb.prompts]
    seconds = sum(sound.seconds * sound.times for sound in sounds)
    leg.begin(verb, tuple(sound.text for sound in sounds if sound.text), seconds)
    first = None
    for sound in sounds:
        first = play(leg, sound, Phase.GATHER_PROMPT)
        if first is not None:
            break
    if first is None:
        leg.note("wait", f"waits {verb.timeout} s for {_wanted(verb)}")
    result = _collect(leg, verb, first)
    _note_keys(leg, result, cut=first is not None)
    leg.heard.clear()
    if not result.digits and not verb.action_on_empty_result:
        return None
    form = gathered(result.digits, result.finished_on, bare=leg.facts.bare)
    return Goto(document.resolve(verb.action), verb.method, form)


def _collect(leg: Leg, verb: Gather, first: str | None) -> _Result:
    digits, key = "", first
    while True:
        if key is None:
            key = leg.key(verb.timeout, Phase.ANSWER)
        if key is None:
            return _Result(digits)
        if key == verb.finish_on_key:
            return _Result(digits, key)
        digits += key
        if len(digits) == verb.num_digits:
            return _Result(digits)
        key = None


def _wanted(verb: Gather) -> str:
    count = {0: "keys", 1: "1 key"}.get(verb.num_digits, f"{verb.num_digits} keys")
    return f"{count} ended by {verb.finish_on_key}" if verb.finish_on_key and verb.num_digits != 1 else count


def _note_keys(leg: Leg, result: _Result, *, cut: bool) -> None:
    keys = result.digits + result.finished_on
    if keys:
        leg.note("key", f"presses {keys}{' (cutting in)' if cut else ''}", who=leg.person)
    else:
        leg.note("nothing", "presses nothing", who=leg.person)
