"""hibari as a driver of pyttsx3: a small neural voice of American English, which brings its model along.

Like `worker.py`, which registers it, it imports nothing of this product. It refuses, with a ValueError, what hibari
would leave out in silence or choke on: words without a sound, letters that are not Latin, one endless word.
"""

import importlib
import re
import unicodedata
import wave
from collections.abc import Iterator
from typing import Any

import numpy as np

USUAL_RATE = 206
"""The rate, in pyttsx3's words a minute, at which hibari speaks at its own pace."""

LONGEST_TEXT, LONGEST_WORD, MOST_PHONEMES = 3000, 50, 120
"""Characters, characters, and phonemes spoken in one go: 3,000 letters without a stop would take gigabytes."""

PRONUNCIATION = re.compile(r"\[([^\]]+)\]\(/([^/]+)/\)")
IPA = {
    **{"eɪ": "A", "aɪ": "I", "oʊ": "O", "əʊ": "O", "aʊ": "W", "ɔɪ": "Y", "dʒ": "ʤ", "tʃ": "ʧ"},  # noqa: RUF001
    **{"ɝ": "ɜɹ", "ɚ": "əɹ", "r": "ɹ", "g": "ɡ", "ɾ": "T", "e": "ɛ", "a": "ɑ", "ː": "", "'": "ˈ", ".": ""},  # noqa: RUF001
}
"""From the International Phonetic Alphabet to the one of hibari's model (misaki's), longest first."""


STRESSED = re.compile(r"([ˈˌ])([^AIOWYQæɑɐɒɔəɛɜɪʊʌiuᵊᵻ ˈˌ]+)")  # noqa: RUF001
"""A stress mark, and the consonants between it and its vowel."""


class Engine:
    """What `worker.FileDriver` makes a driver of."""

    def __init__(self) -> None:
        """Import the engine; its one voice is loaded when it is asked for."""
        self._hibari = importlib.import_module("hibari")
        self._identifier = ""
        self._voice: Any = None
        self._rate, self._seed = USUAL_RATE, 0

    def getProperty(self, name: str) -> Any:
        """A property by pyttsx3's name."""
        return {"voice": self._identifier, "rate": self._rate, "seed": self._seed, "voices": []}[name]

    def setProperty(self, name: str, value: Any) -> None:
        """Set voice, rate or seed; hibari has no pitch, and its volume is full."""
        if name == "voice" and value != self._identifier:
            self._voice, self._identifier = self._hibari.Hibari(voice=value), value
        elif name == "rate":
            self._rate = value
        elif name == "seed":
            self._seed = value

    def save_to_file(self, text: str, filename: Any) -> None:
        """Speak into a WAV file, or an open one."""
        speed = self._rate / USUAL_RATE
        parts = [self._voice.from_phonemes(part, speed=speed, seed=self._seed) for part in self._phonemes(text)]
        steps = (np.clip(np.concatenate(parts), -1.0, 1.0) * 32767.0).astype("<i2")
        with wave.open(filename, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(self._voice.sample_rate)
            file.writeframes(steps.tobytes())

    def _phonemes(self, text: str) -> list[str]:
        """What to say in hibari's alphabet, in parts that are not too long."""
        plain = PRONUNCIATION.sub(_plain_word, text)
        if len(plain) > LONGEST_TEXT:
            raise ValueError(f"this is too long: {len(plain)} characters, at most {LONGEST_TEXT}")
        for word in plain.split():
            self._check(word)
        spelt = PRONUNCIATION.sub(_in_misaki, text)
        unknown = {sound for _, sounds in PRONUNCIATION.findall(spelt) for sound in sounds} - self._voice.vocab.keys()
        if unknown:
            raise ValueError(f"it has no such sound: {' '.join(sorted(unknown))}")
        found = [part for piece in self._pieces(spelt) for part in piece]
        if not any(map(_has_sound, found)):
            raise ValueError("there is nothing to say")
        return found

    def _check(self, word: str) -> None:
        """Refuse a word that would be left out."""
        if len(word) > LONGEST_WORD:
            raise ValueError(f"this word is too long: {word[:LONGEST_WORD]}...")
        if not any(map(_is_said, word)):
            return  # a dash, say
        strange = [letter for letter in word if letter.isalpha() and "LATIN" not in unicodedata.name(letter, "")]
        if strange or not any(map(_has_sound, self._voice.phonemize(word))):
            raise ValueError(f"it cannot say {word!r}")

    def _pieces(self, text: str) -> Iterator[list[str]]:
        """The text in phonemes, halved at a blank until no part is too long."""
        found = self._voice.phonemize(text)
        if max(map(len, found), default=0) <= MOST_PHONEMES:
            yield found
            return
        blanks = [at for at, letter in enumerate(text) if letter == " " and not _within(text, at)]
        if not blanks:
            raise ValueError("these words are too long to be said")
        middle = min(blanks, key=lambda at: abs(at - len(text) // 2))
        yield from self._pieces(text[:middle])
        yield from self._pieces(text[middle + 1 :])


def _plain_word(found: re.Match[str]) -> str:
    """The words of an inline pronunciation, without it: hyphens of a respelling are no part of them."""
    return found[1].replace("-", "")


def _in_misaki(found: re.Match[str]) -> str:
    """An inline pronunciation as hibari takes it."""
    sounds = found[2]
    for ipa, misaki in IPA.items():
        sounds = sounds.replace(ipa, misaki)
    return f"[{_plain_word(found)}](/{STRESSED.sub(_before_the_vowel, sounds)}/)"


def _before_the_vowel(found: re.Match[str]) -> str:
    """The stress mark where hibari has it: the alphabet of the association puts it before the syllable."""
    return found[2] + found[1]


def _within(text: str, at: int) -> bool:
    """Whether this blank is inside an inline pronunciation."""
    return any(found.start() < at < found.end() for found in PRONUNCIATION.finditer(text))


def _is_said(letter: str) -> bool:
    return letter.isalnum() or letter in "%$&+=#*@"


def _has_sound(phonemes: str) -> bool:
    return any(letter.isalpha() for letter in phonemes)
