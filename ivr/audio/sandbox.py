"""Decoding what strangers send, in a process of its own: whatever it does there, its neighbours do not notice."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ivr.audio.clips import PromptClip, PromptText
from ivr.audio.errors import DecoderLost, MasteringError, TakeFault, TakeRefused
from ivr.audio.measuring import Measurement

__all__ = ["duration_seconds", "master_take"]

SECONDS = 120.0  # by the clock; the process's own limit, 20 s of work, comes first unless the machine is overloaded
# -P: the script's siblings must not shadow packages of the same name.
CHILD = (sys.executable, "-P", str(Path(__file__).with_name("child.py")))
KEPT = ("PATH", "LANG", "LC_ALL", "VIRTUAL_ENV", "SYSTEMROOT")
"""What the process may know of our environment: no secret is among it."""


def duration_seconds(source: bytes, *, child: Sequence[str] = CHILD, seconds: float = SECONDS) -> float:
    """Decode all of a recording and tell how long it is.

    Raises:
        MasteringError: it cannot be decoded, or not within the limits.
        DecoderLost: the machine ended the process.
    """
    header, _ = _asked({"task": "measure"}, source, child, seconds)
    return float(header["seconds"])


def master_take(
    source: bytes, language: str, prompt: PromptText, *, child: Sequence[str] = CHILD, seconds: float = SECONDS
) -> PromptClip:
    """Master somebody's recording of a prompt, see `takes.finish_take`.

    Raises:
        TakeRefused: a sentence says what is wrong with it.
        DecoderLost: the machine ended the process.
    """
    try:
        header, wav = _asked({"task": "master", "language": language, "line": asdict(prompt)}, source, child, seconds)
    except TakeRefused:
        raise
    except MasteringError as error:
        raise TakeRefused("This is not a recording we can read: reading it was given up.") from error
    measurement = Measurement(**header["measurement"])
    return PromptClip(
        *(prompt.key, prompt.text, wav, header["sha256"], measurement, tuple(header["faults"])), remark=header["remark"]
    )


def _asked(
    request: dict[str, Any], source: bytes, child: Sequence[str], seconds: float
) -> tuple[dict[str, Any], bytes]:
    environment = {name: os.environ[name] for name in KEPT if name in os.environ}
    environment |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    payload = json.dumps(request).encode() + b"\n" + source
    try:
        done = subprocess.run(child, input=payload, capture_output=True, timeout=seconds, env=environment, check=False)
    except subprocess.TimeoutExpired as error:
        raise DecoderLost(f"decoding took longer than {seconds:g} s") from error
    if done.returncode == -signal.SIGKILL:
        raise DecoderLost("the decoding process was killed")
    if done.returncode:
        raise MasteringError(f"cannot be decoded as audio: the decoder ended with status {done.returncode}")
    head, _, sound = done.stdout.partition(b"\n")
    try:
        header = json.loads(head)
    except ValueError as error:
        raise MasteringError("cannot be decoded as audio: the decoder gave no answer") from error
    if "refused" in header:
        raise TakeRefused(header["refused"], TakeFault(header["reason"]))
    if "undecodable" in header:
        raise MasteringError(header["undecodable"])
    return header, sound
