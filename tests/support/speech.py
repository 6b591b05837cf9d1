"""What was said is kept for later runs, what was decoded for this one: the script takes a minute of a core to speak.

The same words give the same samples, and these the same clip: tests/audio/ proves it, and does everything anew.
"""

import os
import pickle
import shutil
import threading
from collections import deque
from contextlib import contextmanager
from dataclasses import astuple
from hashlib import sha256

from ivr.audio import clips, sandbox
from ivr.audio.measuring import TARGET_WPM
from ivr.audio.synthesis import WORKER, Spoken, Synthesizer
from ivr.config import ROOT

SPEAKERS = ("ivr.audio.clips.Synthesizer", "ivr.audio.synthesis.Synthesizer", "ivr.demo.week.Synthesizer")
"""Where the product asks for a voice."""

FINISHER = "ivr.audio.clips._finish"
"""Where it masters and measures what was spoken."""

DECODER = "ivr.audio.sandbox._asked"
"""Where it has something decoded in a process of its own."""

KEPT = ROOT / ".speech"
"""What was said in earlier runs. It can be deleted at any time."""


@contextmanager
def remembering(run_folder):
    """What stands in for the product's own, by its name: it does once what was not yet done, and remembers it."""
    kept, decoded = _kept_speech(), run_folder / "decoded"
    for folder in (kept, decoded):
        folder.mkdir(parents=True, exist_ok=True)
    idle = deque()
    voice = _voice(kept, idle)
    yield {**dict.fromkeys(SPEAKERS, voice), FINISHER: _finisher(kept), DECODER: _decoder(decoded)}
    for child in idle:
        with Synthesizer("en-US") as last:
            last._child = child


def _kept_speech():
    """The folder of what today's voices have said; what was said by others is deleted."""
    made_of = [ROOT / "requirements.txt", *sorted((ROOT / "ivr" / "audio").glob("*.py"))]
    name = sha256(b"".join(path.read_bytes() for path in made_of)).hexdigest()[:16]
    if KEPT.exists():
        for other in KEPT.iterdir():
            if other.name != name:
                shutil.rmtree(other, ignore_errors=True)
    return KEPT / name


def _voice(folder, idle):
    """A class of voices; whoever speaks next in this process takes over the child of whoever has ended."""

    class RememberingSynthesizer(Synthesizer):
        def say(self, key: str, text: str, spoken: str | None = None, pace: float = TARGET_WPM) -> Spoken:
            path = folder / _name("said", self._language, astuple(self._voice), text, spoken, pace)
            if path.exists():
                return Spoken(*pickle.loads(path.read_bytes()))
            if self._child is None and self._worker is WORKER and idle:
                self._child = idle.pop()
            sound = super().say(key, text, spoken, pace)
            if not sound.why:
                _keep(path, (sound.samples, sound.rate, sound.engine))
            return sound

        def __exit__(self, kind, error, at) -> None:
            if self._child is not None and self._worker is WORKER and error is None:
                idle.append(self._child)
                self._child = None
            self.close()

    return RememberingSynthesizer


def _finisher(folder):
    """Masters and measures the same sounds of the same prompt once."""
    finish = clips._finish

    def finished(language, prompt, sounds):
        told = [(sha256(one.samples.tobytes()).hexdigest(), one.samples.dtype, *_besides(one)) for one in sounds]
        path = folder / _name("clip", language, prompt, told)
        if not path.exists():
            _keep(path, finish(language, prompt, sounds))
        return pickle.loads(path.read_bytes())

    return finished


def _besides(sound):
    return sound.rate, sound.engine, sound.why, sound.is_stopgap


def _decoder(folder):
    """Decodes a file once for what is asked of it; a process that a test made up is always asked."""
    decode = sandbox._asked

    def asked(request, source, child, seconds):
        if child is not sandbox.CHILD:
            return decode(request, source, child, seconds)
        path = folder / _name("decoded", request, sha256(source).hexdigest())
        if not path.exists():
            _keep(path, decode(request, source, child, seconds))
        return pickle.loads(path.read_bytes())

    return asked


def _name(*what):
    return sha256(repr(what).encode()).hexdigest()


def _keep(path, value):
    own = path.with_suffix(f".{os.getpid()}.{threading.get_ident()}")
    own.write_bytes(pickle.dumps(value))
    own.rename(path)
