"""Who speaks a line: its language's voice, the English one for the clinic's name, or audio that the language brings."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, field

from ivr.audio.measuring import CLINICAL_WPM, TARGET_WPM
from ivr.audio.single_words import rate_for, seed_for
from ivr.audio.voices import Voice, voice_for

RENDERING_VERSION = 3  # raise it whenever the voice or the mastering changes what a caller hears
ENGLISH = "en-US"
"""The language of names: a Spanish voice makes "Bay State" unknowable."""


@dataclass(frozen=True)
class PromptText:
    """A prompt to render: key, words, longest duration (s), a respelling where the voice needs one, who approves it.

    `name` is the clinic's, where it is among the words.
    """

    key: str
    text: str
    longest_seconds: float | None = None
    spoken: str | None = None
    clinical: bool = False
    name: str = ""

    @property
    def pace(self) -> float:
        """Words a minute: what is clinical is said more slowly."""
        return CLINICAL_WPM if self.clinical else TARGET_WPM


@dataclass(frozen=True)
class SpokenPart:
    """Words that one voice says: as they are written, and respelt."""

    language: str
    text: str
    spoken: str | None = None

    @property
    def words_sha256(self) -> str:
        """What brought audio is bound to (hex)."""
        return hashlib.sha256(json.dumps([self.text, self.spoken], ensure_ascii=False).encode()).hexdigest()


@dataclass(frozen=True)
class Cast:
    """Who speaks a language here: its voice, the one for names, and files it brings, by the hash of their words."""

    own: Voice
    names: Voice
    brought: Mapping[str, bytes] = field(default_factory=dict)


def cast_for(language: str, brought: Mapping[str, bytes] | None = None) -> Cast:
    """The best installed voices; raises UnknownLanguageError."""
    return Cast(voice_for(language), voice_for(ENGLISH), brought or {})


def parts_of(language: str, prompt: PromptText) -> Sequence[SpokenPart]:
    """A line cut at the clinic's name, which is English in every language."""
    spoken = prompt.spoken or prompt.text
    texts, respelt = prompt.text.split(prompt.name or "\0"), spoken.split(prompt.name or "\0")
    if language == ENGLISH or len(texts) == 1 or len(texts) != len(respelt):
        return [SpokenPart(language, prompt.text, prompt.spoken)]
    found: list[SpokenPart] = []
    for text, said in zip(texts, respelt, strict=True):
        if any(map(str.isalnum, text)):
            text, said = text.lstrip(" .,;:").rstrip(), said.lstrip(" .,;:").rstrip()
            found.append(SpokenPart(language, text, said if said != text else None))
        found.append(SpokenPart(ENGLISH, prompt.name))
    return found[:-1]


def fingerprint(language: str, prompt: PromptText, cast: Cast | None = None) -> str:
    """Return a SHA-256 (hex) of all that decides how a line sounds: with the same one, keep the clip."""
    cast = cast or cast_for(language)
    speakers = [_speaker(part, language, cast) for part in parts_of(language, prompt)]
    words = [language, prompt.key, prompt.text, prompt.spoken, prompt.pace]
    parts = [RENDERING_VERSION, speakers, *words]
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode("utf-8")).hexdigest()


def _speaker(part: SpokenPart, language: str, cast: Cast) -> object:
    if (brought := cast.brought.get(part.words_sha256)) is not None:
        return hashlib.sha256(brought).hexdigest()
    voice = cast.own if part.language == language else cast.names
    return [*astuple(voice), seed_for(part.text), rate_for(part.text, voice.rate)]
