"""From a script to finished clips: speak, master and measure every line of one language."""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass, replace
from queue import SimpleQueue

import numpy as np

from ivr.audio.casting import ENGLISH, Cast, PromptText, SpokenPart, cast_for, fingerprint, parts_of
from ivr.audio.decoding import decoded
from ivr.audio.mastering import Pcm, master, master_band
from ivr.audio.measuring import Measurement, faults, measure
from ivr.audio.synthesis import Spoken, Synthesizer
from ivr.audio.voices import PLAIN, Voice
from ivr.audio.wavefile import FULL_SCALE, read_wav

__all__ = ["BROUGHT", "PromptClip", "PromptText", "fingerprint", "make_clips"]

BROUGHT = "file"
"""The engine of what a language brings along."""

MOST_SPEAKERS = 2  # speaking processes; each has its own copy of the voice in memory
LINES_FOR_A_SPEAKER = 8  # fewer are spoken before another process has begun


@dataclass(frozen=True)
class PromptClip:
    """A finished clip: WAV bytes, their SHA-256 (hex), its figures, and in words what is wrong with it.

    `engine` spoke it, none if a person did; `remark` tells why it was not the language's own voice. `is_stopgap` when
    that voice may yet succeed with the line.
    """

    key: str
    text: str
    wav: bytes
    sha256: str
    measurement: Measurement
    faults: tuple[str, ...]
    engine: str = ""
    remark: str = ""
    language: str = ""
    is_stopgap: bool = False


def make_clips(
    language: str,
    prompts: Sequence[PromptText],
    on_progress: Callable[[int, int, PromptClip], None] | None = None,
    cast: Cast | None = None,
) -> Iterator[PromptClip]:
    """Yield a language's clips in the order of its lines, calling on_progress(done, total, clip) as each is finished.

    Speaking (in child processes, the longest line first) and mastering (in threads) overlap. The first clip asked for
    raises UnknownLanguageError; a line that cannot be spoken raises SynthesisError, which names the prompt.
    """
    cast = cast or cast_for(language)
    count = _speakers(cast.own, len(prompts))
    idle: SimpleQueue[Synthesizer] = SimpleQueue()
    names: dict[tuple[SpokenPart, float], Spoken] = {}

    def make(prompt: PromptText) -> PromptClip:
        speaker = idle.get()
        try:
            sounds = _sounds(speaker, language, prompt, cast, names)
        finally:
            idle.put(speaker)
        return _finish(language, prompt, sounds)

    with ExitStack() as stack:
        for _ in range(count):
            idle.put(stack.enter_context(Synthesizer(language, voice=cast.own)))
        pool = ThreadPoolExecutor(2 * count if count > 1 else 1)
        stack.callback(pool.shutdown, cancel_futures=True)
        longest_first = sorted(range(len(prompts)), key=lambda at: -len(prompts[at].text) if count > 1 else at)
        making = {at: pool.submit(make, prompts[at]) for at in longest_first}
        for done, future in enumerate(as_completed(making.values()), start=1):
            clip = future.result()
            if on_progress is not None:
                on_progress(done, len(prompts), clip)
        yield from (making[at].result() for at in range(len(prompts)))


def _speakers(voice: Voice, lines: int) -> int:
    """How many processes speak. espeak-ng is fast, and what it said before shows a little in what it says next."""
    if voice.driver == PLAIN:
        return 1
    return max(1, min(MOST_SPEAKERS, os.cpu_count() or 1, lines // LINES_FOR_A_SPEAKER))


def _sounds(
    speaker: Synthesizer, language: str, prompt: PromptText, cast: Cast, names: dict[tuple[SpokenPart, float], Spoken]
) -> list[Spoken]:
    """What a line is put together from: mostly one sound. Each name is spoken once for all lines of a pace."""
    sounds = []
    for part in parts_of(language, prompt):
        brought = cast.brought.get(part.words_sha256)
        if brought is not None:
            samples, rate = decoded(brought)
            steps = np.rint(np.clip(samples, -1.0, 1.0) * (FULL_SCALE - 1)).astype(np.int16)
            sounds.append(Spoken(steps, rate, BROUGHT))
        elif part.language == language:
            sounds.append(speaker.say(prompt.key, part.text, part.spoken, prompt.pace))
        else:
            if (part, prompt.pace) not in names:
                with Synthesizer(ENGLISH, voice=cast.names) as voice:
                    said = voice.say(prompt.key, part.text, part.spoken, prompt.pace)
                    names[part, prompt.pace] = replace(said, is_stopgap=False)  # the line is in its own voice
            sounds.append(names[part, prompt.pace])
    return sounds


def _finish(language: str, prompt: PromptText, sounds: Sequence[Spoken]) -> PromptClip:
    wav = _mastered(sounds, prompt)
    measurement = measure(wav, prompt.text, language)
    wrong = tuple(faults(measurement, prompt.longest_seconds))
    sha256 = hashlib.sha256(wav).hexdigest()
    engines = "+".join(dict.fromkeys(sound.engine for sound in sounds))
    remark = "; ".join(sound.why for sound in sounds if sound.why)
    is_stopgap = any(sound.is_stopgap for sound in sounds)
    return PromptClip(prompt.key, prompt.text, wav, sha256, measurement, wrong, engines, remark, language, is_stopgap)


def _mastered(sounds: Sequence[Pcm], prompt: PromptText) -> bytes:
    """One clip; of several sounds each is brought to the same level first, and keeps the silence around it."""
    if len(sounds) == 1:
        return master(sounds[0], title=prompt.key, comment=prompt.text).wav
    even = [read_wav(master(sound, "", "").wav)[0] for sound in sounds]
    return master_band(np.concatenate(even), title=prompt.key, comment=prompt.text).wav
