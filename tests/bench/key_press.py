"""What one key press costs: server CPU against a bare view, memory, and the effect of a million stored requests.

Run from the project's root: python tests/bench/key_press.py [--presses 3000] [--requests 1000000]
"""

import argparse
import contextlib
import os
import re
import secrets
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import psutil
import requests
from cryptography.fernet import Fernet
from sqlalchemy import insert

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from ivr.config import PROMPTS, Config
from ivr.db import Database, Vault
from ivr.migrations import upgrade
from ivr.models import Call, PatientRequest
from ivr.services.prompts.rendering import render_prompts
from ivr.services.scripts import read_scripts
from ivr.simulator import sign

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 9


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def settings(folder):
    return {
        "SECRET_KEY": secrets.token_urlsafe(48),
        "DATA_KEYS": Fernet.generate_key().decode(),
        "TWILIO_ACCOUNT_SID": "AC" + secrets.token_hex(16),
        "TWILIO_AUTH_TOKEN": secrets.token_hex(16),
        "DATABASE_URL": f"sqlite:///{folder}/bench.db",
        "PUBLIC_BASE_URL": "https://line.example.org",
    }


@contextlib.contextmanager
def server(module, env, chdir):
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "-k",
        "gthread",
        "-w",
        "1",
        "--threads",
        "4",
        "-b",
        f"127.0.0.1:{port}",
    ]
    command += ["--chdir", str(chdir), "--log-level", "warning", module]
    started = time.monotonic()
    process = subprocess.Popen(command, env={**os.environ, **env, "PYTHONPATH": str(ROOT)}, cwd=ROOT)
    try:
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
                break
            time.sleep(0.02)
        yield process, f"http://127.0.0.1:{port}", started
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)


class Phone:
    """Just enough of a carrier to press keys quickly."""

    def __init__(self, url, env):
        self.url, self.env = url, env
        self.session = requests.Session()
        self.sid = "CA" + secrets.token_hex(16)

    def post(self, path, **extra):
        form = {
            "AccountSid": self.env["TWILIO_ACCOUNT_SID"], "ApiVersion": "2010-04-01", "CallSid": self.sid,
            "CallStatus": "in-progress", "Direction": "inbound", "From": "+16175550142", "To": "+16175550100",
            "Caller": "+16175550142", "Called": "+16175550100", "FromCity": "BOSTON", "FromState": "MA",
            "FromZip": "02108", "FromCountry": "US", "ToCity": "BOSTON", "ToState": "MA", "ToZip": "02108",
            "ToCountry": "US", "CallerCity": "BOSTON", "CallerState": "MA", "CallerZip": "02108",
            "CallerCountry": "US", "CalledCity": "BOSTON", "CalledState": "MA", "CalledZip": "02108",
            "CalledCountry": "US", **extra,
        }  # fmt: skip
        signature = sign(self.env["TWILIO_AUTH_TOKEN"], self.env["PUBLIC_BASE_URL"] + path, form)
        answer = self.session.post(self.url + path, data=form, headers={"X-Twilio-Signature": signature})
        assert answer.status_code == 200, answer.status_code
        assert "Gather" in answer.text
        return answer


def cpu_of(process):
    times = [child.cpu_times() for child in psutil.Process(process.pid).children()]
    return sum(t.user + t.system for t in times)


def press(phone, process, first, count):
    """Milliseconds of server CPU for one press of key 9 at the main menu."""
    before = cpu_of(process)
    for number in range(first, first + count):
        phone.post(f"/voice/turn?n={number}", Digits="9", FinishedOnKey="", msg="Gather End")
    return (cpu_of(process) - before) / count * 1000


def compare(envs, presses):
    """Press keys in turn on each line and on the yardstick, so that a machine that slows down slows all of them."""
    with contextlib.ExitStack() as servers:
        stations, menu = {}, ""
        for name, env in envs.items():
            line, url, started = servers.enter_context(server("wsgi:app", env, ROOT))
            phone = Phone(url, env)
            phone.post("/voice/incoming")
            print(f"{name}: first call answered {time.monotonic() - started:.2f} s after the server's start")
            menu = phone.post("/voice/turn?n=1", Digits="9").text
            stations[name] = (phone, line)
        clips = " ".join(re.findall(r"prompts/(\w+)\.wav", menu))
        bare, url, _ = servers.enter_context(server("bare:app", {**env, "BENCH_CLIPS": clips}, ROOT / "tests/bench"))
        stations["bare view"] = (Phone(url, env), bare)
        assert stations["bare view"][0].post("/voice/turn?n=1", Digits="9").text == menu, "not the same document"
        for phone, process in stations.values():
            press(phone, process, 2, 199)
        rounds = [
            {name: press(*station, 201 + i * presses, presses) for name, station in stations.items()}
            for i in range(ROUNDS)
        ]
        report(rounds, stations)


def report(rounds, stations):
    for name, (_, process) in stations.items():
        costs = [costs[name] for costs in rounds]
        memory = max(child.memory_info().rss for child in psutil.Process(process.pid).children())
        print(f"{name}: {statistics.median(costs):.3f} ms of CPU a key press ({min(costs):.3f} to {max(costs):.3f}), "
              f"web worker {memory / 2**20:.0f} MB")  # fmt: skip
    for name, other in [("line", "bare view"), ("full line", "line")]:
        if name in stations:
            ratios = [costs[name] / costs[other] for costs in rounds]
            print(f"{name} against {other}: {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")


def fill(database, count):
    now = datetime.now(UTC)
    with database.write() as session:
        call = Call(sid="CAfill", language="en-US", turn=0, progress="{}", started_at=now)
        session.add(call)
        session.flush()
        for start in range(0, count, 10_000):
            rows = [
                {"reference": f"{i % 1_000_000:06d}", "kind": "callback", "status": "closed", "priority": "routine",
                 "callback_number": "+16175550142", "number_index": f"{i:032x}", "is_caller_id": True,
                 "red_flags": False, "language": "en-US", "call_id": call.id, "created_at": now, "due_at": now,
                 "tab": "closed", "rank": 2, "act_by": now, "closed_at": now}
                for i in range(start, min(start + 10_000, count))
            ]  # fmt: skip
            session.execute(insert(PatientRequest), rows)


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--presses", type=int, default=1000, help="in each round")
    options.add_argument("--requests", type=int, default=1_000_000, help="stored in the full line")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as other:
        envs = {"line": settings(folder)}
        config = Config.from_env(envs["line"])
        database = Database(config.database_url, Vault(config.data_keys))
        upgrade(database)
        scripts = read_scripts(PROMPTS, config.languages, config.clinic_name)
        started = time.monotonic()
        clips = render_prompts(database, scripts, datetime.now(UTC))
        print(f"{len(clips)} prompts rendered in {time.monotonic() - started:.1f} s")
        database.close()
        if given.requests:
            shutil.copy(f"{folder}/bench.db", f"{other}/bench.db")
            envs["full line"] = {**envs["line"], "DATABASE_URL": f"sqlite:///{other}/bench.db"}
            full = Database(envs["full line"]["DATABASE_URL"], Vault(config.data_keys))
            fill(full, given.requests)
            full.close()
        compare(envs, given.presses)


if __name__ == "__main__":
    main()
