"""Speech from text: one child process per language runs pyttsx3 and espeak-ng, out of harm's way."""

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
from ivr.audio.voices import Voice, voice_for
from ivr.audio.words import for_the_voice, words_in

__all__ = ["SynthesisError", "Synthesizer", "UnknownLanguageError"]

SECONDS = 20.0  # for one prompt, start of the child included; a prompt of 30 s takes about 0.2 s
# -P: the worker's siblings must not shadow packages of the same name.
WORKER = (sys.executable, "-P", str(Path(__file__).with_name("worker.py")))


@dataclass
class _Child:
    process: subprocess.Popen[bytes]
    requests: IO[bytes]
    answers: IO[bytes]
    complaints: IO[bytes]


class Synthesizer:
    """The voice of one language, a context manager: its child starts at the first prompt, ends at `close`."""

    def __init__(
        self, language: str, *, seconds: float = SECONDS, worker: Sequence[str] = WORKER, voice: Voice | None = None
    ) -> None:
        """Choose the voice, the language's own unless given (raises UnknownLanguageError), and the limit in s."""
        self._language, self._voice = language, voice or voice_for(language)
        self._seconds, self._worker = seconds, worker
        self._child: _Child | None = None

    def say(self, key: str, text: str, spoken: str | None = None) -> Pcm:
        """Speak a prompt at about 133 words/min, counted in `text`; `spoken` respells it for the voice.

        Raises SynthesisError, which names the prompt, when the voice refuses, crashes or takes too long; the
        next call then starts a fresh child.
        """
        words = words_in(text, self._language)
        request = {
            "text": for_the_voice(spoken or text, self._language),
            "voice": self._voice.identifier,
            "pitch": self._voice.pitch,
            "rate": self._voice.rate,
            "gap": self._voice.gap,
            "driver": self._voice.driver,
            "words": words if words >= FEWEST_WORDS_FOR_PACE else None,
            "pace": TARGET_WPM,
            "seconds": self._seconds,
        }
        try:
            return self._ask(request)
        except (OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
            reason = str(error) + self._complaint()
            self.close()
            raise SynthesisError(key, reason) from error
        except BaseException:
            self.close()  # an answer half read would be taken for the next prompt's
            raise

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
            raise ValueError(header["error"])
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


def _start(command: Sequence[str]) -> _Child:
    complaints = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the child)
    pipe = subprocess.PIPE
    # The environment lies over the stack: blanks there stop espeak-ng when it reads past a word, see worker.
    environment = {**os.environ, "IVR_BLANKS": " " * 64}
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
