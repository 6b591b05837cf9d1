"""What was said is kept for later runs, what was decoded for this one: the script takes a minute of a core to speak."""

import os
import pickle
import shutil
import threading
from collections import deque
from contextlib import contextmanager
from dataclasses import astuple
from hashlib import sha256

from ivr.audio import sandbox
from ivr.audio.measuring import TARGET_WPM
from ivr.audio.synthesis import WORKER, Spoken, Synthesizer
from ivr.config import ROOT

SPEAKERS = ("ivr.audio.clips.Synthesizer", "ivr.audio.synthesis.Synthesizer", "ivr.demo.week.Synthesizer")
"""Where the product asks for a voice."""

DECODER = "ivr.audio.sandbox._asked"
"""Where it has something decoded in a process of its own."""


KEPT = ROOT / ".speech"
"""What was said in earlier runs. It can be deleted at any time."""


def kept_speech():
    """The folder of what today's voices have said; what was said by others is deleted."""
    made_of = [ROOT / "requirements.txt", *sorted((ROOT / "ivr" / "audio").glob("*.py"))]
    name = sha256(b"".join(path.read_bytes() for path in made_of)).hexdigest()[:16]
    if KEPT.exists():
        for other in KEPT.iterdir():
            if other.name != name:
                shutil.rmtree(other, ignore_errors=True)
    return KEPT / name


@contextmanager
def remembering(folder):
    """A class of voices that speak what was not yet spoken, and remember it in the folder, by voice, words and pace.

    Whoever speaks next in this process takes over the child of whoever has ended. The same words give the same samples:
    tests/audio/ proves it, without this.
    """
    folder.mkdir(parents=True, exist_ok=True)
    idle = deque()

    class RememberingSynthesizer(Synthesizer):
        def say(self, key: str, text: str, spoken: str | None = None, pace: float = TARGET_WPM) -> Spoken:
            said = repr((self._language, astuple(self._voice), text, spoken, pace))
            path = folder / sha256(said.encode()).hexdigest()
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

    yield RememberingSynthesizer
    for child in idle:
        with Synthesizer("en-US") as last:
            last._child = child


def remembering_decoder(folder):
    """Does what the product's own does, once for a file and what is asked of it; tests/audio/ decodes everything anew."""
    folder.mkdir(exist_ok=True)
    decode = sandbox._asked

    def asked(request, source, child, seconds):
        if child is not sandbox.CHILD:
            return decode(request, source, child, seconds)
        path = folder / sha256(repr(request).encode() + bytes(source)).hexdigest()
        if not path.exists():
            _keep(path, decode(request, source, child, seconds))
        return pickle.loads(path.read_bytes())

    return asked


def _keep(path, value):
    own = path.with_suffix(f".{os.getpid()}.{threading.get_ident()}")
    own.write_bytes(pickle.dumps(value))
    own.rename(path)
