"""What the line puts together from clips: no clicks where they meet, no swallowed ends, one level."""

import io
import sqlite3
import wave
from contextlib import closing
from importlib.util import find_spec
from itertools import pairwise

import numpy as np
import pytest

from ivr.audio import pacing
from ivr.audio.decoding import Pcm, telephone_band
from ivr.audio.endpoints import speech_bounds
from ivr.audio.hibari_driver import Engine
from ivr.audio.mastering import FADE_MS, HEAD_MS, TAIL_MS
from ivr.audio.measuring import TARGET_DBOV, WIDEST_SPREAD_DB
from ivr.audio.single_words import RATES
from ivr.audio.speechlevel import active_speech_level
from ivr.audio.voices import HIBARI_VOICES
from ivr.audio.wavefile import RATE, read_wav
from ivr.callflow.composing import compose
from ivr.callflow.outputs import Pause, Say, SpeakDate, SpeakDigits, SpeakTime
from ivr.config import PROMPTS
from ivr.services.scripts import read_scripts

ENGLISH, SPANISH = "en-US", "es-US"
SENTENCES = {
    "number": (Say("number_opening"), SpeakDigits("6175550142", (3, 3, 4))),
    "reference": (Say("saved_reference"), SpeakDigits("839206", (3, 3))),
    "all digits": (Say("entry_have"), SpeakDigits("1234567890", (3, 3, 4))),
    "time": (Say("promise_tomorrow"), SpeakTime(9, 45)),
    "noon": (Say("promise_tomorrow"), SpeakTime(12, 0)),
    "weekday": (Say("promise_on"), Say("weekday_3"), Say("promise_by"), SpeakTime(16, 30)),
    "date": (Say("request_callback_on"), SpeakDate("2026-08-31", year=False)),
    "birth date": (Say("check_opening"), SpeakDate("1948-05-17")),
    "birth date with oh": (Say("check_opening"), SpeakDate("1906-02-06")),
    "birth date of this century": (Say("check_opening"), SpeakDate("2012-12-12")),
}
CLIPS = """
SELECT v.key, a.data FROM prompt_versions v JOIN prompt_audio a ON a.sha256 = v.audio_sha256 WHERE v.language = ?
"""
QUIET = 10 ** (-55 / 20)
"""Amplitude of what nobody hears beside speech at -23 dBov: a clip begins and ends at it."""

DIGITS_APART_DB = {ENGLISH: 2.0, SPANISH: 3.0}
"""Between the loudest parts of two digits; espeak-ng's are less even."""

SOFT_ENDS = ("six", "fifth", "sixth", "twelfth", "March", "eight", "eighth", "fifteen", "oh five", "a.m.")
LOST = 1e-5
"""Share of a word's energy that may be cut off with the silence around it: 50 dB below the word."""


needs_hibari = pytest.mark.skipif(not find_spec("hibari"), reason="hibari-tts is not installed")


@pytest.fixture(scope="module")
def engine():
    """hibari itself, at the rate of digits."""
    loaded = Engine()
    loaded.setProperty("voice", HIBARI_VOICES[ENGLISH].identifier)
    loaded.setProperty("rate", RATES["six"])
    return loaded


@pytest.fixture(scope="module", params=[ENGLISH, SPANISH])
def language(request):
    return request.param


@pytest.fixture(scope="module")
def script(language):
    return read_scripts(PROMPTS, [language], "Bay State Pain Associates")[language]


@pytest.fixture(scope="module")
def sounds(bilingual, language):
    """Every clip of a language as it is on the line, in samples."""
    with closing(sqlite3.connect(bilingual)) as database:
        return {key: read_wav(data)[0] for key, data in database.execute(CLIPS, (language,))}


def blocks(script):
    """The building blocks: everything of three words or fewer."""
    return [key for key, prompt in script.prompts.items() if len(prompt.text.split()) <= 3]


def in_a_row(parts, script, sounds):
    """The clips and pauses of something put together, in samples; pauses are silence."""
    for part in parts:
        for one in compose(part, script.order, script.has):
            yield np.zeros(RATE * one.milliseconds // 1000) if isinstance(one, Pause) else sounds[one.prompt]


def loudness(samples):
    """The level of the loudest 150 ms, dBov: what a listener compares between two short words."""
    width = RATE * 150 // 1000
    power = np.convolve(samples**2, np.full(width, 1 / width), mode="valid")
    return float(10 * np.log10(power.max()))


def test_every_block_begins_and_ends_in_silence(script, sounds):
    """Whatever it is joined to, nothing clicks, and the silence around it is a person's."""
    found = {}
    for key in blocks(script):
        samples = sounds[key]
        level, _ = active_speech_level(samples, RATE)
        first, last = speech_bounds(samples, RATE, level)
        edge = RATE * FADE_MS // 1000
        if np.abs(samples[:edge]).max() > QUIET or np.abs(samples[-edge:]).max() > QUIET:
            found[key] = "does not begin and end in silence"
        if abs(1000 * first / RATE - HEAD_MS) > 15 or abs(1000 * (len(samples) - last) / RATE - TAIL_MS) > 15:
            found[key] = f"{1000 * first / RATE:.0f} ms before, {1000 * (len(samples) - last) / RATE:.0f} ms after"
    assert found == {}


def test_every_block_has_the_same_level(script, sounds):
    levels = {key: active_speech_level(sounds[key], RATE)[0] for key in blocks(script)}
    assert len(levels) > 150
    off = {key: level for key, level in levels.items() if abs(level - TARGET_DBOV) > WIDEST_SPREAD_DB / 2}
    assert off == {}


@pytest.mark.parametrize("what", SENTENCES)
def test_a_joined_sentence_has_no_click_and_no_step_of_level(what, script, sounds):
    row = list(in_a_row(SENTENCES[what], script, sounds))
    for before, after in pairwise(row):
        assert abs(after[0] - before[-1]) < QUIET
    levels = [active_speech_level(one, RATE)[0] for one in row if one.any()]
    assert max(levels) - min(levels) <= WIDEST_SPREAD_DB


def test_no_digit_stands_out(language, sounds):
    """Beside its level, which counts a word's soft parts too, the loudest part of each: a listener compares those."""
    found = [loudness(sounds[f"digit_{digit}"]) for digit in range(10)]
    assert max(found) - min(found) <= DIGITS_APART_DB[language]


@needs_hibari
@pytest.mark.parametrize("word", SOFT_ENDS)
def test_no_soft_end_is_swallowed(engine, word):
    """From the engine's samples to the clip, nothing is cut off a word, soft as its "s" or "th" may be."""
    sink = io.BytesIO()
    engine.save_to_file(word, sink)
    sink.seek(0)
    with wave.open(sink) as file:
        said, rate = np.frombuffer(file.readframes(file.getnframes()), dtype=np.int16), file.getframerate()
    kept = pacing.joined([pacing.trimmed(said, rate)], [], rate)
    before, between = telephone_band(Pcm(said, rate)), telephone_band(Pcm(kept, rate))
    level, _ = active_speech_level(between, RATE)
    first, last = speech_bounds(between, RATE, level)
    within = between[max(0, first - RATE * HEAD_MS // 1000) : last + RATE * TAIL_MS // 1000]
    assert 1 - energy(between) / energy(before) < LOST
    assert 1 - energy(within) / energy(between) < LOST


def energy(samples):
    return float((samples**2).sum())
