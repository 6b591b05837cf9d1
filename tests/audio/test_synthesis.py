"""The speaking child: what happens when it refuses, crashes, hangs or loses its parent."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ivr.audio import synthesis, worker
from ivr.audio.errors import SynthesisError, UnknownLanguageError
from ivr.audio.synthesis import Synthesizer
from ivr.audio.voices import plain_voice
from tests.support.settings import CHILDREN_PATH, DEADLINE_SECONDS

ROOT = Path(synthesis.__file__).parents[2]


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("import os; os.kill(os.getpid(), 11)", "stopped with status -11"),
        ("import sys; sys.exit('no espeak here')", r"stopped with status 1 \(no espeak here\)"),
        ("import sys; sys.stdin.readline(); print('{broken', flush=True)", "Expecting property name"),
        ('import sys; sys.stdin.readline(); print(\'{"error": "no"}\', flush=True)', "no"),
        (
            'import sys; sys.stdin.readline(); print(\'{"rate": 1, "bytes": 9}\', flush=True)',
            "stopped with status 0",
        ),
        ("import time; time.sleep(1000)", "took too long"),
    ],
    ids=["crash", "exit", "garbage", "refusal", "half an answer", "hang"],
)
def test_a_failing_child_is_an_error_that_names_the_prompt(script: str, reason: str) -> None:
    command = (sys.executable, "-c", script)
    seconds = 0.5 if reason == "took too long" else DEADLINE_SECONDS
    with Synthesizer("en-US", seconds=seconds, worker=command) as voice:
        expected = f"prompt 'main.menu' could not be spoken: .*{reason}"
        with pytest.raises(SynthesisError, match=expected) as caught:
            voice.say("main.menu", "For an appointment, press 1.")
        assert caught.value.key == "main.menu"
        assert voice._child is None


def test_a_missing_interpreter_is_an_error_too() -> None:
    with pytest.raises(SynthesisError, match="prompt 'five'"):
        Synthesizer("en-US", worker=("/nowhere/python",)).say("five", "five")


def test_after_a_crash_the_next_prompt_gets_a_new_child() -> None:
    with Synthesizer("en-US", voice=plain_voice("en-US")) as voice:
        assert voice.say("five", "five").samples.any()
        assert voice._child is not None
        voice._child.process.kill()
        with pytest.raises(SynthesisError, match="prompt 'six'"):
            voice.say("six", "six")
        assert voice.say("seven", "seven").samples.any()


def test_what_cannot_be_spoken_is_refused_and_the_voice_goes_on() -> None:
    with Synthesizer("en-US") as voice:
        for text in ("", "   ", "..."):
            with pytest.raises(SynthesisError, match="nothing"):
                voice.say("empty", text)
        assert voice.say("five", "five").samples.any()


def test_a_voice_espeak_does_not_have_is_refused() -> None:
    with pytest.raises(UnknownLanguageError, match="known languages: en-US, es-US, pt-BR, ht"):
        Synthesizer("fr-FR")


def test_the_same_script_sounds_the_same() -> None:
    takes = []
    for _ in range(2):
        with Synthesizer("en-US") as voice:
            takes.append([voice.say(text, text).samples.tobytes() for text in ("Please hold the line.", "six")])
    assert takes[0] == takes[1]


def test_a_respelling_is_what_the_voice_says() -> None:
    with Synthesizer("en-US") as voice:
        plain = voice.say("k", "six")
        respelled = voice.say("k", "six", spoken="six hundred thousand")
    assert len(respelled.samples) > 1.5 * len(plain.samples)


def test_the_child_dies_with_its_parent() -> None:
    script = (
        "import time; from ivr.audio.synthesis import Synthesizer; v = Synthesizer('en-US');"
        "v.say('five', 'five'); print(v._child.process.pid, flush=True); time.sleep(1000)"
    )
    parent = subprocess.Popen(
        (sys.executable, "-c", script), stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": CHILDREN_PATH}
    )
    with parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        os.kill(child, 0)
        parent.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + DEADLINE_SECONDS
    while _runs(child):
        assert time.monotonic() < deadline, "the child outlived its parent"
        time.sleep(0.05)


def _runs(process: int) -> bool:
    """Whether the process is there and no zombie waiting to be collected by whoever adopted it."""
    state = subprocess.run(("ps", "-o", "stat=", "-p", str(process)), capture_output=True, text=True, check=False)
    return state.stdout.strip()[:1] not in ("", "Z")


def test_rendering_keeps_pyttsx3_out_of_this_process() -> None:
    script = "import sys, ivr.audio.clips; sys.exit('pyttsx3' in sys.modules)"
    subprocess.run((sys.executable, "-c", script), check=True, env={**os.environ, "PYTHONPATH": CHILDREN_PATH})


def test_the_library_hook_answers_for_espeak_only_and_leaves_no_trace() -> None:
    script = (
        "import ctypes, ctypes.util, espeakng_loader, importlib.util as u;"
        f"s = u.spec_from_file_location('worker', {worker.__file__!r}); w = u.module_from_spec(s);"
        "import sys; sys.modules['worker'] = w; s.loader.exec_module(w); before = ctypes.cdll.LoadLibrary\n"
        "with w.bundled_espeak():\n"
        "    for name in ('libespeak-ng.so.1', '/opt/homebrew/lib/libespeak-ng.1.dylib'):\n"
        "        assert ctypes.cdll.LoadLibrary(name)._name == espeakng_loader.get_library_path()\n"
        "    try:\n        ctypes.cdll.LoadLibrary('libnowhere.so')\n"
        "    except OSError:\n        pass\n    else:\n        raise SystemExit('loaded')\n"
        "assert ctypes.cdll.LoadLibrary == before and 'LoadLibrary' not in vars(ctypes.cdll)\n"
    )
    subprocess.run((sys.executable, "-c", script), check=True)
