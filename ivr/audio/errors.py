"""What can go wrong with audio, as one family.

AudioError
├── UnknownLanguageError   no voice or number rules for this locale
├── SynthesisError         the voice failed on a prompt: names the prompt
├── MasteringError         a recording could not be decoded, or holds no speech
│   └── TakeRefused        a recording of a prompt is not fit for the telephone; the sentence says why
└── DecoderLost            the decoding process was ended from outside: another try may succeed
"""

from enum import StrEnum


class AudioError(Exception):
    """Anything this package refuses or fails to do."""


class UnknownLanguageError(AudioError):
    """A locale that has no voice here; the message lists those that have."""

    def __init__(self, language: str, known: tuple[str, ...]) -> None:
        """Name the locale that was asked for and the ones that are known."""
        super().__init__(f"no voice for {language!r}; known languages: {', '.join(known)}")
        self.language = language
        self.known = known


class SynthesisError(AudioError):
    """The speaking process refused, crashed or hung on one prompt."""

    def __init__(self, key: str, reason: str) -> None:
        """Name the prompt by its key and say what happened."""
        super().__init__(f"prompt {key!r} could not be spoken: {reason}")
        self.key = key
        self.reason = reason


class MasteringError(AudioError):
    """The source is not audio we can decode, is too long, or holds no speech."""


class TakeFault(StrEnum):
    """What is wrong with a recording, for those who hear it on a telephone: each has a prompt of its own."""

    SHORT = "short"
    FAST = "fast"
    LONG = "long"
    QUIET = "quiet"
    DISTORTED = "distorted"
    NOISY = "noisy"
    OTHER = "other"


class TakeRefused(MasteringError):
    """Somebody's recording of a prompt that cannot go on the air; the message is a sentence for that person."""

    def __init__(self, sentence: str, reason: TakeFault = TakeFault.OTHER) -> None:
        """Keep what is wrong, in a word too."""
        super().__init__(sentence)
        self.reason = reason


class DecoderLost(AudioError):
    """The decoding process was killed or starved by the machine, not by what it decoded."""
