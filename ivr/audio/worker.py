"""The speaking process: reads sentences from standard input, speaks them with pyttsx3, answers with samples.

It is run as a script of its own, so it imports nothing of this product. A request is one line of JSON, see
Request; an answer is one line of JSON, {"rate": Hz, "bytes": n, "espeak_rate": r}, and n bytes of 16-bit
samples, or {"error": "...", "unusable": b}: b tells that the engine could not even be loaded. It ends with its input,
so also when its parent dies, and when a request hangs.
"""

import contextlib
import ctypes
import faulthandler
import importlib
import importlib.util
import io
import json
import os
import sys
import wave
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, BinaryIO

import espeakng_loader
import numpy as np
from numpy.typing import NDArray

SLOWEST_RATE, FASTEST_RATE = 80, 220  # espeak's own unit; it accepts no less than 80
SEED = 1  # a voice with breath in it is made with noise: the same words must give the same samples
WORDGAP = 7  # the name espeak-ng has for this parameter; pyttsx3 has none
PASSES = 5  # at most; two nearly always do
PADDING = 0.13  # s of silence the finished clip has around the speech
CLOSE_ENOUGH_WPM = -4.0, 0.5  # off the wished pace: slower is better than faster
AUDIBLE = 0.004  # of the clip's peak: where speech begins and ends; espeak's silence is digital zero


@dataclass(frozen=True)
class Request:
    """One thing to say: voice, pitch (0-100), nominal rate, corrected to `pace` if words are given.

    `gap` is the pause added between words, in espeak's units of 10 ms at its usual rate; `driver` is espeak, piper or
    hibari. hibari is given the `phrases` one by one, with the seconds of rest after each, and the `seed` of its breath.
    """

    text: str
    voice: str
    pitch: int
    rate: int
    gap: int
    driver: str
    words: int | None
    pace: float
    seconds: float
    phrases: list[tuple[str, float]]
    seed: int


@contextlib.contextmanager
def bundled_espeak() -> Iterator[None]:
    """Let `ctypes.cdll.LoadLibrary` find the espeak-ng of the espeakng-loader wheel, and not the system's.

    pyttsx3 asks for a fixed list of names ("libespeak-ng.so.1", a Homebrew path, ...) when its driver is
    first imported. Inside this context any name with "espeak" in it gets the wheel's library (.so or .dylib),
    any other one is loaded as usual; afterwards ctypes is as it was.
    """
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    original = ctypes.cdll.LoadLibrary

    def load(name: str) -> ctypes.CDLL:
        return library if "espeak" in name.lower() else original(name)

    ctypes.cdll.LoadLibrary = load  # type: ignore[method-assign]
    try:
        yield
    finally:
        del ctypes.cdll.LoadLibrary


def _enter_data() -> None:
    """Point espeak-ng to the wheel's data, relatively: it has no room for a path over 150 characters."""
    os.chdir(Path(espeakng_loader.get_data_path()).parent)
    os.environ["ESPEAK_DATA_PATH"] = "."


def _stay_in_this_thread(driver: ModuleType) -> None:
    """Make pyttsx3's espeak binding finish speaking before its `Synth` returns.

    The driver asks for a thread of espeak-ng's own. That copies ten times the length of the text, races with
    the next properties, and crashes now and then: espeak-ng 1.52 can read past the end of a word until it
    meets a blank (its pull requests 1126 and 2077), and over a thread's stack there is no memory. Without a
    thread espeak-ng does not announce its end, for which the driver waits, so it is announced here; and the
    driver's naps of 10 ms between looks are idle, so they are skipped.
    """
    espeak = driver._espeak
    synth = espeak.Synth
    ended = (espeak.EVENT * 2)()  # the second one is EVENT_LIST_TERMINATED
    ended[0].type = espeak.EVENT_MSG_TERMINATED

    def synth_and_tell(text: bytes, flags: int) -> int:
        status: int = synth(text, flags=flags)
        espeak.SynthCallback(None, 0, ended)
        return status

    vars(espeak).update(AUDIO_OUTPUT_RETRIEVAL=espeak.AUDIO_OUTPUT_SYNCHRONOUS, Synth=synth_and_tell)
    vars(driver).update(time=SimpleNamespace(sleep=lambda seconds: None))


def _ready_espeak() -> Any:
    """The espeak driver of pyttsx3, tamed; its binding to the library."""
    with bundled_espeak():
        driver = importlib.import_module("pyttsx3.drivers.espeak")
    _stay_in_this_thread(driver)
    _enter_data()
    return driver._espeak


def _beside(name: str) -> ModuleType:
    """Load a module that lies beside this script."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class FileDriver:
    """A driver of pyttsx3, as far as writing to a file needs it, made of an engine that lies beside this script.

    The engine has the driver's `getProperty`, `setProperty` and `save_to_file`; what is the same for all is here.
    """

    def __init__(self, proxy: Any, engine: Any) -> None:
        self._proxy, self._engine = proxy, engine
        self.getProperty, self.setProperty = engine.getProperty, engine.setProperty

    def save_to_file(self, text: str, filename: Any) -> None:
        """Speak into a WAV file, or an open one."""
        self._engine.save_to_file(text, filename)
        self._proxy.notify("finished-utterance", completed=True)

    def say(self, text: str) -> None:
        """There is no loudspeaker here."""
        raise NotImplementedError("this driver only writes files")

    def startLoop(self) -> None:
        """Let the queue run: everything is done when it was asked for."""
        self._proxy.setBusy(False)

    def endLoop(self) -> None:
        """Nothing runs on."""

    def iterate(self) -> Iterator[None]:
        """One turn of an outer loop."""
        self._proxy.setBusy(False)
        yield

    def stop(self) -> None:
        """Nothing runs on."""

    def destroy(self) -> None:
        """The engine goes with the driver."""


def _register(driver: str) -> None:
    """Let pyttsx3 find the driver of an engine that lies beside this script."""
    engine = _beside(f"{driver}_driver")
    module = ModuleType(f"pyttsx3.drivers.{driver}")
    vars(module)["buildDriver"] = lambda proxy: FileDriver(proxy, engine.Engine())
    sys.modules[module.__name__] = module


class Speaker:
    """pyttsx3 with one of its drivers, on every system, without a loudspeaker."""

    def __init__(self, request: Request) -> None:
        """Load the engine that a request is for; a process can do so only once for each driver."""
        driver = request.driver
        pyttsx3 = importlib.import_module("pyttsx3")
        self._espeak = _ready_espeak() if driver == "espeak" else None
        if driver != "espeak":
            _register(driver)
        self._pacing = _beside("pacing")
        self._by_phrases = driver == "hibari"
        self._engine: Any = pyttsx3.init(driverName=driver)
        self._complaint: Exception | None = None
        self._engine.connect("error", self._complained)
        self._voices = {voice.id for voice in self._engine.getProperty("voices")} if self._espeak else set()
        self._engine.runAndWait()  # with nothing to say: until then the engine queues instead of doing
        if not self._espeak:
            self._set("voice", request.voice)

    def say(self, request: Request) -> tuple[NDArray[np.int16], int, int]:
        """Return samples, their rate (Hz) and the nominal rate used, corrected until the pace is right."""
        if self._espeak and request.voice.split("+")[0].lower() not in self._voices:
            raise ValueError(f"espeak-ng has no voice {request.voice}")
        if not request.text.strip():
            raise ValueError("there is nothing to say")
        return self._say_phrases(request) if self._by_phrases else self._say_whole(request)

    def _say_phrases(self, request: Request) -> tuple[NDArray[np.int16], int, int]:
        """Phrase by phrase, with a person's rests between them."""
        self._set("seed", request.seed)
        wanted = None if request.words is None else 60.0 * request.words / request.pace

        def speak(words: str, rate: int) -> tuple[NDArray[np.int16], int]:
            return self._speak(replace(request, text=words), rate)

        samples, hertz, rates = self._pacing.paced(speak, request.phrases, request.rate, wanted)
        return samples, hertz, min(rates)

    def _say_whole(self, request: Request) -> tuple[NDArray[np.int16], int, int]:
        """All in one go; the engine makes the pauses."""
        rate = request.rate
        for remaining in reversed(range(PASSES)):
            samples, hertz = self._speak(request, rate)
            if request.words is None or not remaining:
                break
            first, end = self._pacing.audible(samples, AUDIBLE)
            pace = 60.0 * request.words / (float(end - first) / hertz + PADDING)
            better = min(FASTEST_RATE, max(SLOWEST_RATE, round(rate * request.pace / pace)))
            if CLOSE_ENOUGH_WPM[0] <= pace - request.pace <= CLOSE_ENOUGH_WPM[1] or better == rate:
                break
            rate = better
        return samples, hertz, rate

    def _speak(self, request: Request, rate: int) -> tuple[NDArray[np.int16], int]:
        """Speak once, into memory: the driver hands its file name to `wave.open`, which also takes a file."""
        sound = io.BytesIO()
        self._set("voice", request.voice)
        self._set("rate", rate)
        if self._espeak:
            self._set("pitch", request.pitch)
            self._set("volume", 1.0)
        if self._engine.getProperty("voice") != request.voice.lower():
            raise ValueError(f"the voice {request.voice} could not be loaded")
        if self._espeak:
            self._espeak.SetParameter(WORDGAP, request.gap, 0)
            ctypes.CDLL(espeakng_loader.get_library_path()).espeak_ng_SetRandSeed(SEED)
        self._engine.save_to_file(request.text, sound)
        self._engine.runAndWait()
        self._raise_complaint()
        sound.seek(0)
        with wave.open(sound) as file:
            return np.frombuffer(file.readframes(file.getnframes()), dtype=np.int16), file.getframerate()

    def _set(self, name: str, value: Any) -> None:
        self._engine.setProperty(name, value)
        self._raise_complaint()

    def _complained(self, name: str | None, exception: Exception) -> None:
        """What the driver raised: pyttsx3 swallows it, and tells whoever listens."""
        self._complaint = exception

    def _raise_complaint(self) -> None:
        complaint, self._complaint = self._complaint, None
        if complaint is not None:
            raise complaint


def _answer(speakers: dict[str, Speaker], line: bytes) -> tuple[dict[str, Any], bytes]:
    unusable = False
    try:
        request = Request(**json.loads(line))
        faulthandler.dump_traceback_later(request.seconds + 5.0, exit=True)
        if request.driver not in speakers:
            unusable = True
            speakers[request.driver] = Speaker(request)
            unusable = False
        samples, hertz, rate = speakers[request.driver].say(request)
        if not samples.any():
            raise ValueError("nothing was spoken")
        sound = samples.astype("<i2").tobytes()
        return {"rate": hertz, "bytes": len(sound), "espeak_rate": rate}, sound
    except Exception as error:  # a door: whatever went wrong is told to the parent
        return {"error": f"{type(error).__name__}: {error}", "unusable": unusable}, b""
    finally:
        faulthandler.cancel_dump_traceback_later()


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer every request until the input ends."""
    speakers: dict[str, Speaker] = {}
    for line in requests:
        header, sound = _answer(speakers, line)
        answers.write(json.dumps(header).encode() + b"\n" + sound)
        answers.flush()


def main() -> None:
    """Keep standard output for answers: what pyttsx3 prints goes nowhere, what C prints to standard error."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        main()
