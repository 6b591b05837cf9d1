"""What the voice has said once in a run, kept for all its processes: starting a voice costs a second of a core.

And the clips made of it, kept by each process: the same few prompts are rendered for hundreds of tests.
"""

import os
import pickle
import threading
from dataclasses import astuple
from hashlib import sha256

from ivr.audio import clips
from ivr.audio.measuring import TARGET_WPM
from ivr.audio.synthesis import Spoken, Synthesizer

SPEAKERS = ("ivr.audio.clips.Synthesizer", "ivr.audio.synthesis.Synthesizer", "ivr.demo.week.Synthesizer")
"""Where the product asks for a voice."""

FINISHER = "ivr.audio.clips._finish"
"""Where it masters and measures what was spoken."""

MOST_CLIPS = 200
"""That a process keeps; a whole script has more, and is rendered once in a run."""


def remembering(folder):
    """A class of voices that speak what was not yet spoken, and remember it in the folder, by voice, words and pace.

    The same words give the same samples: tests/audio/ proves it, without this.
    """
    folder.mkdir(exist_ok=True)

    class RememberingSynthesizer(Synthesizer):
        def say(self, key: str, text: str, spoken: str | None = None, pace: float = TARGET_WPM) -> Spoken:
            said = repr((self._language, astuple(self._voice), text, spoken, pace))
            path = folder / sha256(said.encode()).hexdigest()
            if path.exists():
                return Spoken(*pickle.loads(path.read_bytes()))
            sound = super().say(key, text, spoken, pace)
            if not sound.why:
                own = path.with_suffix(f".{os.getpid()}.{threading.get_ident()}")
                own.write_bytes(pickle.dumps((sound.samples, sound.rate, sound.engine)))
                own.rename(path)
            return sound

    return RememberingSynthesizer


def finishing_once():
    """Masters and measures the same sounds of the same prompt once in this process, as `_finish` of ivr/audio/clips.py.

    The same samples give the same clip; tests/audio/ masters everything anew.
    """
    made, finish = {}, clips._finish

    def finished(language, prompt, sounds):
        told = [(sha256(one.samples.tobytes()).hexdigest(), one.samples.dtype, one.rate, *rest(one)) for one in sounds]
        clip = made.get(about := repr((language, prompt, told))) or finish(language, prompt, sounds)
        if len(made) < MOST_CLIPS:
            made[about] = clip
        return clip

    def rest(sound):
        return sound.engine, sound.why, sound.is_stopgap

    return finished
