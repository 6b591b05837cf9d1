"""From a script to finished clips: speak, master and measure every line of one language."""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import astuple, dataclass
from queue import SimpleQueue

from ivr.audio.mastering import master
from ivr.audio.measuring import CLINICAL_WPM, TARGET_WPM, Measurement, faults, measure
from ivr.audio.seeds import seed_for
from ivr.audio.synthesis import Spoken, Synthesizer
from ivr.audio.voices import Voice, voice_for

RENDERING_VERSION = 2  # raise it whenever the voice or the mastering changes what a caller hears
MOST_SPEAKERS = 2  # speaking processes; each has its own copy of the voice in memory
LINES_FOR_A_SPEAKER = 8  # fewer are spoken before another process has begun


@dataclass(frozen=True)
class PromptText:
    """A prompt to render: key, words, longest duration (s), a respelling where the voice needs one, who approves it."""

    key: str
    text: str
    longest_seconds: float | None = None
    spoken: str | None = None
    clinical: bool = False

    @property
    def pace(self) -> float:
        """Words a minute: what is clinical is said more slowly."""
        return CLINICAL_WPM if self.clinical else TARGET_WPM


@dataclass(frozen=True)
class PromptClip:
    """A finished clip: WAV bytes, their SHA-256 (hex), its figures, and in words what is wrong with it.

    `engine` spoke it, none if a person did; `remark` tells why it was not the language's own voice.
    """

    key: str
    text: str
    wav: bytes
    sha256: str
    measurement: Measurement
    faults: tuple[str, ...]
    engine: str = ""
    remark: str = ""


def fingerprint(language: str, prompt: PromptText, voice: Voice | None = None) -> str:
    """Return a SHA-256 (hex) of all that decides how a line sounds: with the same one, keep the clip."""
    voice = voice or voice_for(language)
    words = [language, prompt.key, prompt.text, prompt.spoken, prompt.pace]
    parts = [RENDERING_VERSION, astuple(voice), seed_for(prompt.text), *words]
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode("utf-8")).hexdigest()


def make_clips(
    language: str,
    prompts: Sequence[PromptText],
    on_progress: Callable[[int, int, str], None] | None = None,
    voice: Voice | None = None,
) -> Iterator[PromptClip]:
    """Yield a language's clips in the order of its lines, calling on_progress(done, total, key) as each is finished.

    Speaking (in child processes, the longest line first) and mastering (in threads) overlap. The first clip asked for
    raises UnknownLanguageError; a line that cannot be spoken raises SynthesisError, which names the prompt.
    """
    voice = voice or voice_for(language)
    count = _speakers(voice, len(prompts))
    idle: SimpleQueue[Synthesizer] = SimpleQueue()

    def make(prompt: PromptText) -> PromptClip:
        speaker = idle.get()
        try:
            sound = speaker.say(prompt.key, prompt.text, prompt.spoken, prompt.pace)
        finally:
            idle.put(speaker)
        return _finish(language, prompt, sound)

    with ExitStack() as stack:
        for _ in range(count):
            idle.put(stack.enter_context(Synthesizer(language, voice=voice)))
        pool = ThreadPoolExecutor(2 * count if count > 1 else 1)
        stack.callback(pool.shutdown, cancel_futures=True)
        longest_first = sorted(range(len(prompts)), key=lambda at: -len(prompts[at].text) if count > 1 else at)
        making = {at: pool.submit(make, prompts[at]) for at in longest_first}
        places = {future: at for at, future in making.items()}
        for done, future in enumerate(as_completed(places), start=1):
            clip = future.result()
            if on_progress is not None:
                on_progress(done, len(prompts), clip.key)
        yield from (making[at].result() for at in range(len(prompts)))


def _speakers(voice: Voice, lines: int) -> int:
    """How many processes speak. espeak-ng is fast, and what it said before shows a little in what it says next."""
    if voice.driver == "espeak":
        return 1
    return max(1, min(MOST_SPEAKERS, os.cpu_count() or 1, lines // LINES_FOR_A_SPEAKER))


def _finish(language: str, prompt: PromptText, sound: Spoken) -> PromptClip:
    wav = master(sound, title=prompt.key, comment=prompt.text).wav
    measurement = measure(wav, prompt.text, language)
    wrong = tuple(faults(measurement, prompt.longest_seconds))
    return PromptClip(
        prompt.key, prompt.text, wav, hashlib.sha256(wav).hexdigest(), measurement, wrong, sound.engine, sound.why
    )
