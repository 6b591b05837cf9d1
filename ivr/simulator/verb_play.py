"""Playing what the line says: Say, Play and Pause, inside a Gather or on their own."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from ivr.simulator.caller import HangsUp, KeyPress, Phase, Skip
from ivr.simulator.documents import Document
from ivr.simulator.leg import Leg
from ivr.simulator.transcript import TranscriptKind
from ivr.simulator.verbs import Pause, Play, Prompt, Say

UNKNOWN_SECONDS = 3.0
TONE_SECONDS = 0.2
_WAITS = {"w": 0.5, "W": 1.0}


@dataclass(frozen=True)
class Sound:
    """A prompt to be played `times` over; `shown` is its line in the transcript, `text` the words alone."""

    kind: TranscriptKind
    seconds: float
    shown: str
    text: str = ""
    title: str = ""
    url: str = ""
    times: int = 1


def prepare(leg: Leg, prompt: Prompt, document: Document) -> Sound:
    """Fetch what must be fetched; raise MediaError when a clip cannot be played."""
    match prompt:
        case Say():
            return Sound("say", prompt.seconds, prompt.text, prompt.text, times=prompt.loop or 1000)
        case Pause():
            return Sound("pause", prompt.length, f"[pause {prompt.length} s]")
        case Play(digits=digits) if digits:
            seconds = sum(_WAITS.get(key, TONE_SECONDS) for key in digits)
            return Sound("tones", seconds, f"[tones {digits}]", times=prompt.loop or 1000)
        case Play():
            return _clip(leg, prompt, document.resolve(prompt.url))


def _clip(leg: Leg, prompt: Play, url: str) -> Sound:
    clip = leg.services.media.fetch(leg.services.courier.wire(url))
    times = prompt.loop or 1000
    seconds = UNKNOWN_SECONDS if clip.seconds is None else clip.seconds
    if clip.text:
        return Sound("play", seconds, clip.text, clip.text, clip.title, url, times)
    if clip.seconds is None:
        return Sound("play", seconds, f"[audio {urlsplit(url).path}]", "", clip.title, url, times)
    return Sound("silence", seconds, f"[{seconds:.1f} s]", "", clip.title, url, times)


def play(leg: Leg, sound: Sound, phase: Phase) -> str | None:
    """Play to the end, or to the key that cuts it short, which is returned; in PROMPT keys are lost."""
    if sound.text:
        leg.heard.append(sound.text)
    for _ in range(sound.times):
        leg.note(sound.kind, sound.shown, seconds=sound.seconds, title=sound.title, url=sound.url)
        began = leg.clock.now()
        try:
            outcome = _listen(leg, sound.seconds, phase)
        finally:
            if not leg.is_child:
                leg.transcript.heard(min(sound.seconds, leg.clock.now() - began))
        if isinstance(outcome, KeyPress):
            return outcome.key
        if isinstance(outcome, Skip):
            return None
    return None


def _listen(leg: Leg, seconds: float, phase: Phase) -> KeyPress | Skip | None:
    until = leg.clock.now() + seconds
    while True:
        event = leg.hear(max(0.0, until - leg.clock.now()), phase)
        match event:
            case HangsUp():
                leg.hung_up()
            case KeyPress() if phase is Phase.PROMPT:
                leg.note("ignored", f"presses {event.key} (not heard)", who=leg.person)
            case KeyPress() | Skip() | None:
                return event
