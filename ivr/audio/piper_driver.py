"""Piper as a driver of pyttsx3: a neural voice, used for a language when it and a voice for it are installed.

Like `worker.py`, which registers it, it imports nothing of this product. A voice's identifier names the package
that holds it, which tells where its model and configuration lie (`model_path` and `config_path`).
"""

import importlib
import wave
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

USUAL_RATE = 160
"""The rate, in pyttsx3's words a minute, at which Piper speaks at its own pace."""


class Engine:
    """What `worker.FileDriver` makes a driver of."""

    def __init__(self) -> None:
        """Begin without a voice: one is loaded when it is asked for."""
        self._piper: ModuleType = importlib.import_module("piper")
        self._identifier = ""
        self._voice: Any = None
        self._rate = USUAL_RATE

    def getProperty(self, name: str) -> Any:
        """A property by pyttsx3's name."""
        return {"voice": self._identifier, "rate": self._rate, "voices": [SimpleNamespace(id=self._identifier)]}[name]

    def setProperty(self, name: str, value: Any) -> None:
        """Set voice or rate; Piper has no pitch, and its volume is full."""
        if name == "voice" and value != self._identifier:
            package = importlib.import_module(value)
            self._voice = self._piper.PiperVoice.load(str(package.model_path()), str(package.config_path()))
            self._identifier = value
        elif name == "rate":
            self._rate = value

    def save_to_file(self, text: str, filename: Any) -> None:
        """Speak into a WAV file, or an open one."""
        slower = self._piper.SynthesisConfig(length_scale=USUAL_RATE / self._rate, noise_scale=0.0, noise_w_scale=0.0)
        with wave.open(str(filename) if isinstance(filename, Path) else filename, "wb") as file:
            self._voice.synthesize_wav(text, file, slower)
