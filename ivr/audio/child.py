"""The decoding process: takes one file somebody sent, under limits of its own, and answers with figures and sound.

It is run as a script, and makes no more of this product than the audio package known to Python: what is around it would
take a second to load, and a program that decodes hostile files should have nothing else in its memory. A request is a
line of JSON and the file; an answer is a line of JSON and, for a take, the mastered clip.
"""

import json
import resource
import sys
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from types import ModuleType
from typing import Any

ROOM = Path(__file__).resolve().parent.parent

CPU_SECONDS = 20
MEMORY_BYTES = 1 << 30
OPEN_FILES = 16


def _limit() -> None:
    """Bound what a file can make the decoders use; a system that does not know a limit goes without it."""
    limits = {
        resource.RLIMIT_CPU: (CPU_SECONDS, CPU_SECONDS + 5),
        resource.RLIMIT_AS: (MEMORY_BYTES, MEMORY_BYTES),
        resource.RLIMIT_NOFILE: (OPEN_FILES, OPEN_FILES),
        resource.RLIMIT_FSIZE: (0, 0),
        resource.RLIMIT_CORE: (0, 0),
    }
    for kind, wanted in limits.items():
        with suppress(ValueError, OSError):
            resource.setrlimit(kind, wanted)


def _measured(data: bytes, _: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    from ivr.audio.decoding import duration_seconds

    return {"seconds": duration_seconds(data)}, b""


def _mastered(data: bytes, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    from ivr.audio.clips import PromptText
    from ivr.audio.takes import finish_take

    clip = finish_take(data, request["language"], PromptText(**request["line"]))
    header = {"sha256": clip.sha256, "measurement": asdict(clip.measurement)}
    return {**header, "faults": clip.faults, "remark": clip.remark}, clip.wav


TASKS = {"measure": _measured, "master": _mastered}


def main() -> None:
    """Answer one request."""
    package = ModuleType("ivr")
    package.__path__ = [str(ROOM)]
    sys.modules["ivr"] = package
    from ivr.audio.errors import MasteringError, TakeRefused

    request = json.loads(sys.stdin.buffer.readline())
    __import__("ivr.audio.takes")  # before the limits: what is ours may open as many files as it needs
    data = sys.stdin.buffer.read()
    _limit()
    try:
        header, sound = TASKS[request["task"]](data, request)
    except TakeRefused as error:
        header, sound = {"refused": str(error), "reason": error.reason}, b""
    except MasteringError as error:
        header, sound = {"undecodable": str(error)}, b""
    except MemoryError:
        header, sound = {"undecodable": "needs more memory than a recording should"}, b""
    sys.stdout.buffer.write(json.dumps(header).encode() + b"\n" + sound)


if __name__ == "__main__":
    main()
