"""Record: what a caller says after the beep, until a key, silence, the longest time or hanging up."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from ivr.simulator.caller import HangsUp, KeyPress, Phase, Skip, SpeechChange
from ivr.simulator.documents import Document, Goto
from ivr.simulator.leg import CallOver, Leg
from ivr.simulator.parameters import recorded
from ivr.simulator.recordings import Recording
from ivr.simulator.speechlike import speechlike
from ivr.simulator.verb_play import Sound, play
from ivr.simulator.verbs import Record

_BEEP = Sound("beep", 0.5, "[beep]")


@dataclass(frozen=True)
class _Take:
    """A take's ends in seconds on the clock, where the voice began and ended, and what ended it."""

    began: float
    ended: float
    voice_from: float | None
    voice_to: float
    ended_by: str

    def seconds(self, trim: str) -> int:
        """Its length as the carrier rounds it; never 0."""
        start, end = (self.voice_from or 0.0, self.voice_to) if trim == "trim-silence" else (self.began, self.ended)
        return max(1, round(end - start))


def record(leg: Leg, verb: Record, document: Document) -> Goto | None:
    """Carry out a Record; None means that nothing was said and the next verb follows."""
    leg.begin(verb)
    if verb.play_beep:
        play(leg, _BEEP, Phase.PROMPT)
    leg.note("wait", f"records up to {verb.max_length} s, until {_ends(verb)}{verb.timeout} s of silence")
    started_at = leg.clock.utc()
    take = _listen(leg, verb)
    _note(leg, take, verb)
    if take.voice_from is None:
        _nothing(leg, verb, document, take, started_at)
        return None
    goto = _keep(leg, verb, document, take, started_at)
    if take.ended_by == "hangup":
        leg.note("hangup", "hangs up", who=leg.person)
        leg.fetch_last(goto)
        raise CallOver("caller")
    return goto


def _listen(leg: Leg, verb: Record) -> _Take:
    began = silent_since = leg.clock.now()
    limit, voice_from, speaking, ended_by = began + verb.max_length, None, False, ""
    while not ended_by:
        until = limit if speaking else min(limit, silent_since + verb.timeout)
        event = leg.hear(max(0.0, until - leg.clock.now()), Phase.RECORDING)
        match event:
            case None | Skip():
                break
            case SpeechChange():
                speaking, silent_since = event.speaking, event.at
                voice_from = voice_from if voice_from is not None else event.at
            case HangsUp():
                ended_by = "hangup"
            case KeyPress() if event.key in verb.finish_on_key:
                ended_by = event.key
            case KeyPress():
                leg.note("ignored", f"presses {event.key} (not heard)", who=leg.person)
    now = leg.clock.now()
    return _Take(began, now, voice_from, now if speaking else silent_since, ended_by)


def _nothing(leg: Leg, verb: Record, document: Document, take: _Take, started_at: datetime) -> None:
    """An empty recording: its action is never called, not even when the caller hung up."""
    if "absent" in verb.recording_status_callback_event:
        _callback(leg, verb, document, leg.services.sids.recording(), "", 0, "absent", started_at)
    if take.ended_by == "hangup":
        leg.hung_up()


def _keep(leg: Leg, verb: Record, document: Document, take: _Take, started_at: datetime) -> Goto:
    sid, seconds = leg.services.sids.recording(), take.seconds(verb.trim)
    audio = leg.services.microphone() or speechlike(seconds)
    recording = Recording(sid, leg.facts.account_sid, leg.facts.call_sid, seconds, started_at, audio)
    url = leg.services.recorder.keep(recording)
    for status in ("in-progress", "completed"):
        if status in verb.recording_status_callback_event:
            _callback(leg, verb, document, sid, url, seconds, status, started_at)
    form = {
        "RecordingUrl": url,
        "RecordingSid": sid,
        "RecordingDuration": str(seconds),
        "Digits": take.ended_by,
    }
    if leg.facts.bare and not take.ended_by:
        del form["Digits"]
    return Goto(document.resolve(verb.action), verb.method, form)


def _callback(
    leg: Leg, verb: Record, document: Document, sid: str, url: str, seconds: int, status: str, at: datetime
) -> None:
    if verb.recording_status_callback:
        target = document.resolve(verb.recording_status_callback)
        form = recorded(leg.facts, sid, url, seconds, status, at)
        leg.later.append(partial(leg.post, target, form, verb.recording_status_callback_method))


def _ends(verb: Record) -> str:
    if set(verb.finish_on_key) == set("0123456789*#"):
        return "any key or "
    return f"{verb.finish_on_key} or " if verb.finish_on_key else ""


def _note(leg: Leg, take: _Take, verb: Record) -> None:
    if take.voice_from is None:
        leg.note("nothing", "says nothing", who=leg.person)
    else:
        seconds = round(take.voice_to - take.voice_from, 1)
        leg.note("speech", f"speaks {seconds:g} s", who=leg.person, seconds=seconds)
    if take.ended_by not in ("", "hangup"):
        leg.note("key", f"presses {take.ended_by}", who=leg.person)
