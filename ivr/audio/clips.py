"""From a script to finished clips: speak, master and measure every line of one language."""

import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import astuple, dataclass

from ivr.audio.decoding import Pcm
from ivr.audio.mastering import master
from ivr.audio.measuring import Measurement, faults, measure
from ivr.audio.synthesis import Synthesizer
from ivr.audio.voices import voice_for

RENDERING_VERSION = 1  # raise it whenever the voice or the mastering changes what a caller hears
AHEAD = 16  # lines that may be spoken before the first of them is fetched
MASTERING_THREADS = 2  # beside the speaking child; libav and numpy let go of the interpreter while they work


@dataclass(frozen=True)
class PromptText:
    """A prompt to render: key, words, longest duration (s), and a respelling where the voice needs one."""

    key: str
    text: str
    longest_seconds: float | None = None
    spoken: str | None = None


@dataclass(frozen=True)
class PromptClip:
    """A finished clip: WAV bytes, their SHA-256 (hex), its figures, and in words what is wrong with it."""

    key: str
    text: str
    wav: bytes
    sha256: str
    measurement: Measurement
    faults: tuple[str, ...]


def fingerprint(language: str, prompt: PromptText) -> str:
    """Return a SHA-256 (hex) of all that decides how a line sounds: with the same one, keep the clip."""
    parts = [RENDERING_VERSION, astuple(voice_for(language)), language, prompt.key, prompt.text, prompt.spoken]
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode("utf-8")).hexdigest()


def make_clips(
    language: str, prompts: Sequence[PromptText], on_progress: Callable[[int, int, str], None] | None = None
) -> Iterator[PromptClip]:
    """Yield a language's clips in the order of its lines, calling on_progress(done, total, key) before each.

    Speaking (in a child process) and mastering (in threads) overlap. The first clip asked for raises
    UnknownLanguageError; a line that cannot be spoken raises SynthesisError, which names the prompt.
    """
    done = 0
    with Synthesizer(language) as voice, ThreadPoolExecutor(MASTERING_THREADS) as pool:
        for clip in _in_order(voice, pool, language, prompts):
            done += 1
            if on_progress is not None:
                on_progress(done, len(prompts), clip.key)
            yield clip


def _in_order(
    voice: Synthesizer, pool: ThreadPoolExecutor, language: str, prompts: Sequence[PromptText]
) -> Iterator[PromptClip]:
    waiting: deque[Future[PromptClip]] = deque()
    for prompt in prompts:
        sound = voice.say(prompt.key, prompt.text, prompt.spoken)
        waiting.append(pool.submit(_finish, language, prompt, sound))
        if len(waiting) > AHEAD:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _finish(language: str, prompt: PromptText, sound: Pcm) -> PromptClip:
    wav = master(sound, title=prompt.key, comment=prompt.text).wav
    measurement = measure(wav, prompt.text, language)
    wrong = tuple(faults(measurement, prompt.longest_seconds))
    return PromptClip(prompt.key, prompt.text, wav, hashlib.sha256(wav).hexdigest(), measurement, wrong)
