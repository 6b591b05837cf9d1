"""What a whole delivery of a recording studio takes: a real zip of every English prompt at 48 kHz and 24 bit.

    .venv/bin/python tests/bench/delivery.py [--mastered 20]

The web worker's part and the worker's part run in processes of their own; each tells its time and the most memory it
had. Then so many of the recordings are mastered, as the worker does.
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
import tempfile
import time
import wave
import zipfile
from contextlib import closing
from pathlib import Path

from cryptography.fernet import Fernet

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from ivr import create_line
from ivr.config import Config
from ivr.migrations import upgrade
from ivr.services.audit import SYSTEM
from ivr.services.prompts import importing
from ivr.services.prompts.releasing import give_numbers

RATE, BYTES = 48_000, 3
EN = "en-US"


def settings(folder: Path, key: str) -> dict[str, str]:
    """The settings of a line of its own."""
    return {
        "DATABASE_URL": f"sqlite:///{folder / 'line.db'}",
        "DATA_KEYS": key,
        "SECRET_KEY": "s" * 40,
        "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "TWILIO_AUTH_TOKEN": "t",
        "PUBLIC_BASE_URL": "http://localhost",
    }


def delivery(path: Path, line) -> int:
    """Write the zip: each prompt spoken by espeak-ng, as a studio's files are; how many there are."""
    import numpy as np

    from ivr.audio.synthesis import Synthesizer
    from ivr.audio.voices import plain_voice

    prompts = line.scripts[EN].prompts
    with Synthesizer(EN, voice=plain_voice(EN)) as voice, zipfile.ZipFile(path, "w") as archive:
        for key, prompt in prompts.items():
            pcm = voice.say(key, prompt.text, prompt.spoken, pace=142.0)
            moments = np.arange(0, len(pcm.samples) / pcm.rate, 1 / RATE)
            samples = np.interp(moments, np.arange(len(pcm.samples)) / pcm.rate, pcm.samples / 32768)
            whole = (samples * 0.8 * (2**23 - 1)).astype("<i4")
            sink = io.BytesIO()
            with wave.open(sink, "wb") as file:
                file.setparams((1, BYTES, RATE, len(whole), "NONE", ""))
                file.writeframes(whole.view(np.uint8).reshape(-1, 4)[:, :BYTES].tobytes())
            archive.writestr(f"Jane/{key}.wav", sink.getvalue())
    return len(prompts)


def in_a_process(part: str, folder: Path, key: str, number: int = 0) -> dict[str, float]:
    """Do a part in a process of its own, and tell what it took."""
    command = [
        sys.executable,
        __file__,
        "--part",
        part,
        "--folder",
        str(folder),
        f"--key={key}",
        "--number",
        str(number),
    ]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, cwd=ROOT).stdout.splitlines()[-1])


def part(name: str, folder: Path, key: str, number: int) -> None:
    """What such a process does."""
    line = create_line(Config.from_env(settings(folder, key)))
    began, before = time.perf_counter(), _most()
    with closing(line.database):
        if name == "receive":
            with (folder / "back.zip").open("rb") as file:
                number = importing.receive(line, SYSTEM, EN, file, line.clock())
        elif name == "take in":
            importing.take_in(line, number, line.clock())
        else:
            _master(line, number)
    took = time.perf_counter() - began
    print(json.dumps({"seconds": took, "before": before, "most": _most(), "id": number}))


def _master(line, count: int) -> None:
    from sqlalchemy import select

    from ivr.models import PromptState, PromptVersion
    from ivr.services.prompts.takes import master_version

    with line.database.read() as session:
        drafts = select(PromptVersion.id).where(PromptVersion.state == PromptState.DRAFT).limit(count)
        ids = list(session.scalars(drafts))
    for version_id in ids:
        master_version(line, version_id, line.clock())


def _most() -> float:
    """Megabytes that the process has had at most, by Linux: `getrusage` would begin with those of its parent."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def main() -> None:
    """Make it, bring it, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mastered", type=int, default=20, help="how many recordings are mastered")
    for name in ("part", "folder", "key"):
        parser.add_argument(f"--{name}", help=argparse.SUPPRESS)
    parser.add_argument("--number", type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.part:
        part(asked.part, Path(asked.folder), asked.key, asked.number)
        return
    key = Fernet.generate_key().decode()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        line = create_line(Config.from_env(settings(folder, key)))
        with closing(line.database):
            upgrade(line.database)
            with line.database.write() as session:
                give_numbers(session, line.scripts)
            count = delivery(folder / "back.zip", line)
        size = (folder / "back.zip").stat().st_size / 1e6
        print(f"{count} prompts, {size:.0f} MB")
        arrived = in_a_process("receive", folder, key)
        _print("the web worker passes it on", arrived)
        taken = in_a_process("take in", folder, key, int(arrived["id"]))
        _print("the worker makes drafts of it", taken)
        mastered = in_a_process("master", folder, key, asked.mastered)
        _print(f"{asked.mastered} recordings are mastered", mastered)


def _print(what: str, figures: dict[str, float]) -> None:
    print(f"{what}: {figures['seconds']:.1f} s, {figures['most']:.0f} MB at most ({figures['before']:.0f} before)")


if __name__ == "__main__":
    main()
