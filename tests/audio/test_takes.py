"""Somebody's recordings come out right or are refused with a sentence, and hostile files end with their process."""

import signal
import subprocess
import sys
import time
from contextlib import suppress

import numpy as np
import pytest

from ivr.audio import sandbox
from ivr.audio.clips import PromptText
from ivr.audio.errors import DecoderLost, MasteringError, TakeFault, TakeRefused
from ivr.audio.measuring import faults
from ivr.audio.takes import finish_take
from ivr.callflow.facts import REFUSED_AS
from tests.support.takes import SENTENCE, as_wav, spoken, take

LINE = PromptText("emergency", SENTENCE, 12.0)


@pytest.fixture(scope="module")
def voice():
    return spoken(SENTENCE)


def loud(samples, dbfs):
    return samples / np.abs(samples).max() * 10 ** (dbfs / 20)


@pytest.mark.parametrize("dbfs", [-30.0, -12.0, -0.01], ids=["quiet", "usual", "loud"])
def test_a_take_of_any_reasonable_level_comes_out_alike(voice, dbfs):
    samples, rate = voice
    clip = finish_take(as_wav(loud(samples, dbfs), rate), "en-US", LINE)
    assert not faults(clip.measurement, LINE.longest_seconds)
    assert clip.measurement.level_dbov == pytest.approx(-23, abs=0.3)


@pytest.mark.parametrize("noise", [0.002, 0.01, 0.03])
def test_steady_noise_is_turned_down(voice, noise):
    samples, rate = voice
    room = np.random.default_rng(1).normal(0, noise, len(samples))
    clip = finish_take(as_wav(loud(samples, -6) + room, rate), "en-US", LINE)
    assert not faults(clip.measurement, LINE.longest_seconds)


def changed(voice, how):
    samples, rate = voice
    noise = np.random.default_rng(1).normal(0, 0.1, len(samples))
    return {
        "distorted": lambda: as_wav(loud(samples, 6), rate),
        "almost silent": lambda: as_wav(loud(samples, -45), rate),
        "silent": lambda: as_wav(samples * 0, rate),
        "too noisy": lambda: as_wav(loud(samples, -6) + noise, rate),
        "cut off": lambda: as_wav(samples[: rate * 2], rate),
        "said twice": lambda: as_wav(np.concatenate([samples, samples]), rate),
        "too long for its place": lambda: as_wav(samples, rate),
        "a text file": lambda: b"Dear sir or madam" * 1000,
        "nothing": lambda: b"",
        "large": lambda: b"\0" * 20_000_001,
        "three minutes": lambda: as_wav(np.tile(samples, 20), rate),
    }[how]()


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("distorted", "distorted: the voice was too loud"),
        ("almost silent", "almost silent. Move closer"),
        ("silent", "almost silent"),
        ("too noisy", "too noisy to understand"),
        ("cut off", "its words take"),
        ("said twice", "Was something said twice"),
        ("too long for its place", "its place in the call has 5 at most"),
        ("a text file", "not a recording we can read"),
        ("nothing", "not a recording we can read"),
        ("large", "20 MB is the most"),
        ("three minutes", "longer than two minutes"),
    ],
)
def test_what_cannot_go_on_the_air_is_refused_with_a_sentence(voice, how, words):
    line = PromptText("k", SENTENCE, 5.0) if "place" in how else LINE
    with pytest.raises(TakeRefused, match=words):
        finish_take(changed(voice, how), "en-US", line)


REASONS = {
    "distorted": TakeFault.DISTORTED,
    "almost silent": TakeFault.QUIET,
    "silent": TakeFault.QUIET,
    "too noisy": TakeFault.NOISY,
    "cut off": TakeFault.SHORT,
    "said twice": TakeFault.LONG,
    "too long for its place": TakeFault.LONG,
    "three minutes": TakeFault.LONG,
}


@pytest.mark.parametrize("how", REASONS)
def test_why_in_a_word_for_those_who_hear_it_by_phone(voice, how):
    line = PromptText("k", SENTENCE, 5.0) if "place" in how else LINE
    with pytest.raises(TakeRefused) as refused:
        sandbox.master_take(changed(voice, how), "en-US", line)
    assert refused.value.reason is REASONS[how]
    assert f"refused_{refused.value.reason}" in REFUSED_AS


def faster(voice, times):
    samples, rate = voice
    moments = np.linspace(0, len(samples) - 1, int(len(samples) / times))
    return as_wav(np.interp(moments, np.arange(len(samples)), samples), rate)


@pytest.mark.parametrize(
    ("times", "faults", "remark"),
    [
        (1.0, (), ""),
        (1.15, (), "A little fast: 162 words a minute. Callers who hear badly follow 150 at most."),
        (1.3, ("It is too fast: 183 words a minute. Callers who hear badly follow 150 at most.",), ""),
    ],
)
def test_people_read_faster_than_the_machine(voice, times, faults, remark):
    clip = sandbox.master_take(faster(voice, times), "en-US", LINE)
    assert (clip.faults, clip.remark) == (faults, remark)


def tone(rate, milliseconds, *hertz):
    seconds = np.arange(rate * milliseconds // 1000) / rate
    return sum(0.2 * np.sin(2 * np.pi * one * seconds) for one in hertz)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((), (770, 1336)),
        ((1000,), ()),
        ((697, 1209), (941, 1477)),
        ("click", "click"),
    ],
    ids=["a key ends it", "the beep begins it", "keys at both ends", "clicks"],
)
def test_what_is_no_speech_at_the_edges_is_cut_off(voice, before, after):
    samples, rate = voice
    samples = loud(samples, -6)
    body, pause = samples[int(rate * 0.4) : -int(rate * 0.4)], np.zeros(rate // 7)

    def sound(kind):
        return np.array([0.5, -0.5, 0.4]) if kind == "click" else tone(rate, 150, *kind) if kind else np.zeros(0)

    noisy = np.concatenate([pause, sound(before), pause, body, pause, sound(after), pause])
    alone = finish_take(as_wav(samples, rate), "en-US", LINE)
    assert finish_take(as_wav(noisy, rate), "en-US", LINE).measurement.seconds == pytest.approx(
        alone.measurement.seconds, abs=0.02
    )


@pytest.mark.parametrize(("words", "said"), [("Monday", "Monday"), ("two", "two"), ("twenty-one", "twenty-one")])
def test_single_words_may_be_short(words, said):
    assert finish_take(take(said), "en-US", PromptText("k", words, 2.0)).measurement.words_per_minute is None


@pytest.mark.parametrize(
    ("container", "codec", "rate"),
    [
        ("wav", "pcm_s16le", 44100),
        ("mp3", "libmp3lame", 44100),
        ("mp4", "aac", 48000),
        ("ogg", "libopus", 48000),
        ("webm", "libopus", 48000),
        ("flac", "flac", 44100),
    ],
)
def test_every_format_that_is_offered_is_mastered_in_a_process_of_its_own(voice, encode, container, codec, rate):
    samples, hertz = voice
    resampled = np.interp(np.arange(0, len(samples) / hertz, 1 / rate), np.arange(len(samples)) / hertz, samples)
    clip = sandbox.master_take(encode(resampled.reshape(1, -1) * 0.8, rate, container, codec), "en-US", LINE)
    assert not faults(clip.measurement, LINE.longest_seconds)
    assert clip.wav[:4] == b"RIFF"


def test_the_process_gives_what_the_function_gives(voice):
    source = as_wav(*voice)
    assert sandbox.master_take(source, "en-US", LINE) == finish_take(source, "en-US", LINE)


# ---- Hostile files


def child(code):
    """A decoding process that a file has taken over."""
    return (sys.executable, "-c", code)


def test_a_decoder_that_crashes_refuses_the_file_and_nobody_else():
    crash = child("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    with pytest.raises(MasteringError, match="status -11"):
        sandbox.duration_seconds(b"x" * 1_000_000, child=crash)
    with pytest.raises(TakeRefused, match="given up"):
        sandbox.master_take(b"x", "en-US", LINE, child=crash)


def test_a_decoder_that_the_machine_ends_is_tried_again():
    with pytest.raises(DecoderLost, match="killed"):
        sandbox.duration_seconds(b"x", child=child("import os, signal; os.kill(os.getpid(), signal.SIGKILL)"))
    with pytest.raises(DecoderLost, match="longer than"):
        sandbox.duration_seconds(b"x", child=child("import time; time.sleep(1000)"), seconds=0.5)


def limited(code):
    """The real limits around other work."""
    return child(
        f"import sys; sys.path.insert(0, {sandbox.__file__.rpartition('/')[0]!r}); import child; child._limit(); {code}"
    )


@pytest.mark.parametrize(
    "work",
    [
        "bytearray(2 << 30)",
        "[open('/dev/null') for _ in range(100)]",
        "import os; os.write(os.open('/tmp/child-was-here', os.O_RDWR | os.O_CREAT), b'x')",
    ],
    ids=["memory", "files", "disk"],
)
def test_the_limits_hold(work):
    with pytest.raises(MasteringError):
        sandbox.duration_seconds(b"", child=limited(work))


def test_endless_work_ends():
    quick = limited("import resource; resource.setrlimit(resource.RLIMIT_CPU, (1, 2)); exec('while True: pass')")
    began = time.monotonic()
    with pytest.raises(MasteringError, match=f"status {-signal.SIGXCPU}"):
        sandbox.duration_seconds(b"", child=quick)
    assert time.monotonic() - began < 30


def test_the_process_knows_no_secret(monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "do-not-tell")
    told = child("import json, os; print(json.dumps({'undecodable': ' '.join(os.environ)}))")
    with pytest.raises(MasteringError) as found:
        sandbox.duration_seconds(b"", child=told)
    assert "SECRET_KEY" not in str(found.value)
    assert "PATH" in str(found.value)


def test_the_process_loads_the_audio_package_and_nothing_else_of_ours():
    source = f"import runpy, sys, json; sys.argv = ['child']; runpy.run_path({sandbox.CHILD[-1]!r}, run_name='__main__'); print(sorted(m for m in sys.modules if m.startswith('ivr') or m in ('flask', 'sqlalchemy', 'dbos')), file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-P", "-c", source], input=b'{"task": "measure"}\n', capture_output=True, check=True
    )
    loaded = done.stderr.decode()
    assert "ivr.audio.decoding" in loaded
    assert "flask" not in loaded
    assert "ivr.services" not in loaded
    assert b"undecodable" in done.stdout


@pytest.mark.parametrize("seed", range(6))
def test_broken_files_are_refused(voice, encode, seed):
    """Real files with a hundred bytes changed: whatever libav makes of them, an answer comes."""
    samples, _ = voice
    container, codec = [("ogg", "libopus"), ("mp3", "libmp3lame"), ("flac", "flac")][seed % 3]
    source = bytearray(encode(samples.reshape(1, -1), 48000, container, codec))
    random = np.random.default_rng(seed)
    for at in random.integers(0, len(source), 100):
        source[at] = random.integers(0, 256)
    with suppress(MasteringError):
        assert sandbox.duration_seconds(bytes(source)) > 0
