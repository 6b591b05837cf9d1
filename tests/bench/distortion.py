"""How often clean speech counts as distorted, and how much of what is distorted is found, in every coding.

    .venv/bin/python tests/bench/distortion.py [--sentences 2]

Ten voices of espeak-ng and hibari say the sentences. Distorted ones were 12 and 24 dB too loud.
"""

import argparse
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from ivr.audio.decoding import decoded
from ivr.audio.distortion import crest_and_tops, is_distorted
from ivr.audio.errors import SynthesisError
from ivr.audio.synthesis import Synthesizer
from ivr.audio.voices import Voice
from tests.support.takes import CALM_PACE, as_wav, encoded, resampled, too_loud

SENTENCES = (
    "Fresh snow falls softly. If this is a medical emergency, hang up now and dial 911.",
    "To have us call you back, press 2.",
    "The injection may help for weeks or months. Most people go home the same day.",
    "February",
    "one",
    "Goodbye.",
)
ESPEAK = ("f1", "f2", "f4", "m1", "m3", "m5", "m7", "croak", "klatt", "Andrea")
VOICES = {f"espeak-ng {name}": Voice(f"gmw/en-US+{name}", pitch=50, rate=165, gap=2) for name in ESPEAK}
VOICES["hibari"] = Voice("heart", pitch=50, rate=164, driver="hibari")

CODINGS = {
    "WAV": lambda samples, rate: as_wav(samples, rate),
    "WAV, turned down 12 dB": lambda samples, rate: as_wav(samples * 0.25, rate),
    "WAV, 16 kHz": lambda samples, rate: as_wav(resampled(samples, rate, 16_000) * 0.7, 16_000),
    "Opus, 24 kbit/s": lambda samples, rate: encoded(
        resampled(samples, rate, 48_000)[None], 48_000, "ogg", "libopus", 24_000
    ),
    "MP3, 64 kbit/s": lambda samples, rate: encoded(
        resampled(samples, rate, 44_100)[None], 44_100, "mp3", "libmp3lame", 64_000
    ),
    "AAC, 64 kbit/s": lambda samples, rate: encoded(
        resampled(samples, rate, 44_100)[None], 44_100, "mp4", "aac", 64_000
    ),
}


def clips(sentences):
    """Each sentence of each voice: samples at -1 dBFS, and their rate."""
    for name, voice in VOICES.items():
        try:
            with Synthesizer("en-US", voice=voice) as synthesizer:
                for words in SENTENCES[:sentences]:
                    pcm = synthesizer.say("take", words, pace=CALM_PACE)
                    samples = pcm.samples / 32768
                    yield name, samples / np.abs(samples).max() * 0.89, pcm.rate
        except SynthesisError as error:
            print(f"{name} is left out: {error}")


def main():
    """Print both rates, and how near the clean ones came to the limits."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sentences", type=int, default=len(SENTENCES))
    found, all_of, crests, tops = defaultdict(int), defaultdict(int), [], []
    for _, samples, rate in clips(options.parse_args().sentences):
        for loud in (0, 12, 24):
            for coding, code in CODINGS.items():
                wide, hertz = decoded(code(too_loud(samples, loud) if loud else samples, rate))
                all_of[loud, coding] += 1
                found[loud, coding] += is_distorted(wide, hertz)
                if not loud:
                    crest, near_top = crest_and_tops(wide, hertz)
                    crests.append(crest)
                    tops.append(near_top)
    for loud in (0, 12, 24):
        for coding in CODINGS:
            print(f"{loud} dB too loud, {coding}: {found[loud, coding]} of {all_of[loud, coding]} count as distorted")
    print(f"clean: crest {min(crests):.1f} dB at least, {max(tops):.3f} near the top at most")


if __name__ == "__main__":
    main()
