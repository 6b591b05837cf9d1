"""Speech from text: a child process runs pyttsx3 and its engine, out of harm's way."""

import json
import os
import selectors
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import numpy as np

from ivr.audio.decoding import Pcm
from ivr.audio.errors import SynthesisError, UnknownLanguageError
from ivr.audio.measuring import FEWEST_WORDS_FOR_PACE, TARGET_WPM
from ivr.audio.single_words import rate_for, seed_for
from ivr.audio.voices import Voice, plain_voice, voice_for
from ivr.audio.words import for_the_voice, phrases, respelt, words_in

__all__ = ["Spoken", "SynthesisError", "Synthesizer", "UnknownLanguageError", "working_voice"]

SECONDS = 60.0  # for one prompt, start of the child included; a prompt of 30 s takes about 2 s
# -P: the worker's siblings must not shadow packages of the same name.
WORKER = (sys.executable, "-P", str(Path(__file__).with_name("worker.py")))


class _Refused(ValueError):
    """The engine works, and cannot say this."""


@dataclass(frozen=True, eq=False)
class Spoken(Pcm):
    """What a voice said: the engine that spoke, and why the language's own did not, if another one did.

    `is_stopgap` when the own voice did not refuse these words: it crashed or took too long, and may succeed later.
    """

    engine: str
    why: str = ""
    is_stopgap: bool = False


@dataclass
class _Child:
    process: subprocess.Popen[bytes]
    requests: IO[bytes]
    answers: IO[bytes]
    complaints: IO[bytes]


class Synthesizer:
    """The voice of one language, a context manager: its child starts at the first prompt, ends at `close`.

    What a neural voice cannot say, espeak-ng says; when it cannot be loaded, espeak-ng says everything.
    """

    def __init__(
        self, language: str, *, seconds: float = SECONDS, worker: Sequence[str] = WORKER, voice: Voice | None = None
    ) -> None:
        """Choose the voice, the language's own unless given (raises UnknownLanguageError), and the limit in s."""
        self._language, self._voice = language, voice or voice_for(language)
        self._plain = plain_voice(language)
        self._seconds, self._worker = seconds, worker
        self._child: _Child | None = None
        self._unusable = ""
        self._has_spoken = False

    def say(self, key: str, text: str, spoken: str | None = None, pace: float = TARGET_WPM) -> Spoken:
        """Speak a prompt at about that many words/min, counted in `text`; `spoken` respells it for the voice.

        Raises SynthesisError, which names the prompt, when every voice refuses, crashes or takes too long; the next
        call then starts a fresh child.
        """
        why, is_stopgap = self._unusable, bool(self._unusable)
        if self._voice.driver != self._plain.driver and not why:
            try:
                return self._say_again_after_a_crash(key, text, spoken, pace)
            except SynthesisError as error:
                why, is_stopgap = error.reason, not _is_refusal(error)
                if not self._has_spoken and is_stopgap:
                    self._unusable = why
        try:
            sound = self._say(self._plain if why else self._voice, key, text, spoken, pace)
        except SynthesisError as error:
            raise SynthesisError(key, f"{error.reason}; before that: {why}" if why else error.reason) from error
        return Spoken(sound.samples, sound.rate, sound.engine, why, is_stopgap)

    @property
    def unusable(self) -> str:
        """Why the language's own voice speaks nothing on this machine; empty when it does."""
        return self._unusable

    def _say_again_after_a_crash(self, key: str, text: str, spoken: str | None, pace: float) -> Spoken:
        """A child that has spoken before may have been killed from outside: another one may succeed."""
        try:
            return self._say(self._voice, key, text, spoken, pace)
        except SynthesisError as error:
            if _is_refusal(error) or not self._has_spoken:
                raise
            return self._say(self._voice, key, text, spoken, pace)

    def _say(self, voice: Voice, key: str, text: str, spoken: str | None, pace: float) -> Spoken:
        try:
            sound = self._ask(self._request(voice, text, spoken or text, pace))
        except _Refused as error:
            raise SynthesisError(key, str(error)) from error
        except (OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
            reason = str(error) + self._complaint()
            self.close()
            raise SynthesisError(key, reason) from error
        except BaseException:
            self.close()  # an answer half read would be taken for the next prompt's
            raise
        self._has_spoken = True
        return Spoken(sound.samples, sound.rate, voice.driver)

    def _request(self, voice: Voice, text: str, spoken: str, pace: float) -> dict[str, Any]:
        words = words_in(text, self._language)
        said = for_the_voice(spoken if voice.driver == "hibari" else respelt(spoken), self._language)
        return {
            "text": said,
            "voice": voice.identifier,
            "pitch": voice.pitch,
            "rate": rate_for(text, voice.rate) if voice.driver == "hibari" else voice.rate,
            "gap": voice.gap,
            "driver": voice.driver,
            "words": words if words >= FEWEST_WORDS_FOR_PACE else None,
            "pace": pace,
            "seconds": self._seconds,
            "phrases": phrases(said),
            "seed": seed_for(text),
        }

    def close(self) -> None:
        """End the child; calling it again does no harm."""
        child, self._child = self._child, None
        if child is None:
            return
        child.process.kill()
        child.process.wait()
        for pipe in (child.requests, child.answers, child.complaints):
            try:
                pipe.close()
            except BrokenPipeError:
                continue

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End the child."""
        self.close()

    def _ask(self, request: dict[str, Any]) -> Pcm:
        child = self._child = self._child or _start(self._worker)
        deadline = time.monotonic() + self._seconds
        child.requests.write(json.dumps(request).encode() + b"\n")
        child.requests.flush()
        pending = bytearray()
        while b"\n" not in pending:
            pending += _read(child, deadline)
        line, _, sound = bytes(pending).partition(b"\n")
        header = json.loads(line)
        if "error" in header:
            raise (ValueError if header.get("unusable") else _Refused)(header["error"])
        parts, missing = [sound], header["bytes"] - len(sound)
        while missing > 0:
            parts.append(_read(child, deadline))
            missing -= len(parts[-1])
        return Pcm(np.frombuffer(b"".join(parts), dtype="<i2").astype(np.int16), header["rate"])

    def _complaint(self) -> str:
        """Return the last line the child wrote to its standard error, to explain a crash."""
        if self._child is None:
            return ""
        self._child.complaints.seek(0)
        lines = self._child.complaints.read().decode("utf-8", "replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return f" ({last[:300]})" if last else ""


def _is_refusal(error: SynthesisError) -> bool:
    """Whether the engine answered, and said no."""
    return isinstance(error.__cause__, _Refused)


def working_voice(language: str) -> tuple[Voice, str]:
    """The voice that really speaks a locale on this machine, and why it is not the one that is installed for it."""
    chosen, plain = voice_for(language), plain_voice(language)
    if chosen.driver == plain.driver:
        return chosen, ""
    with Synthesizer(language) as synthesizer:
        synthesizer.say("voice", "one")
        return (plain, synthesizer.unusable) if synthesizer.unusable else (chosen, "")


def _start(command: Sequence[str]) -> _Child:
    complaints = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the child)
    pipe = subprocess.PIPE
    # The environment lies over the stack: blanks there stop espeak-ng when it reads past a word, see worker.
    environment = {**os.environ, "IVR_BLANKS": " " * 64, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    try:
        process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=complaints, bufsize=0, env=environment)
    except OSError:
        complaints.close()
        raise
    assert process.stdin is not None
    assert process.stdout is not None
    return _Child(process, process.stdin, process.stdout, complaints)


def _read(child: _Child, deadline: float) -> bytes:
    """Return what the child wrote, as soon as it did; raises OSError at its end or the deadline."""
    with selectors.DefaultSelector() as selector:
        selector.register(child.answers, selectors.EVENT_READ)
        ready = selector.select(max(0.001, deadline - time.monotonic()))
    if not ready:
        raise TimeoutError("the voice took too long")
    part = os.read(child.answers.fileno(), 1 << 20)
    if not part:
        status = child.process.wait(max(0.1, deadline - time.monotonic()))
        raise OSError(f"the voice stopped with status {status}")
    return part
