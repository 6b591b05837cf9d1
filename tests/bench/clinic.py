"""What a whole small clinic takes of a machine: web servers and the worker, on SQLite, idle and with callers.

Run from the project's root: python tests/bench/clinic.py [--seconds 60] [--callers 5] [--doors one two]

Memory is the processes' proportional share (PSS), so that what they share counts once. CPU is of one core.
"""

import argparse
import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import psutil

from tests.bench.callers import Callers, prepare, wait_for
from tests.bench.key_press import free_port, settings

ROOT = Path(__file__).resolve().parents[2]
SETTLE_SECONDS = 15
SERVERS = {"one": ("app",), "two": ("voice", "web")}


@contextlib.contextmanager
def clinic(env, doors):
    """Everything that runs; the processes by name, and the port of the calls."""
    with contextlib.ExitStack() as stack:
        found, ports = {}, {}
        for name in SERVERS[doors]:
            ports[name] = free_port()
            command = ["-m", "gunicorn", "--config", "python:ivr.serving", "--workers", "2", "--log-level", "error"]
            found[name] = start(stack, env, *command, "--bind", f"127.0.0.1:{ports[name]}", f"wsgi:{name}")
            wait_for(ports[name])
        found["worker"] = start(stack, env, "-m", "ivr", "worker")
        yield found, ports[SERVERS[doors][0]]


def start(stack, env, *words):
    """One process, until the stack ends."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([sys.executable, *words], env={**os.environ, **env}, cwd=ROOT, **quiet)
    stack.callback(lambda: (process.terminate(), process.wait(30)))
    return psutil.Process(process.pid)


def of(process):
    """Its megabytes and its seconds of CPU, children included."""
    family = [process, *process.children(recursive=True)]
    times = [one.cpu_times() for one in family]
    return sum(one.memory_full_info().pss for one in family) / 1e6, sum(one.user + one.system for one in times)


def measured(found, act, seconds):
    """Memory and CPU by process while something is done for so long."""
    before = {name: of(process)[1] for name, process in found.items()}
    act()
    after = {name: of(process) for name, process in found.items()}
    return {name: (after[name][0], (after[name][1] - before[name]) / seconds * 100) for name in found}


def report(doors, what, figures):
    """Print them."""
    each = ", ".join(f"{name} {memory:.0f} MB {cpu:.1f} %" for name, (memory, cpu) in figures.items())
    total = [sum(column) for column in zip(*figures.values(), strict=True)]
    print(f"{doors}: {what}: {total[0]:.0f} MB, {total[1]:.1f} % of a core ({each})", flush=True)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=int, default=60)
    options.add_argument("--callers", type=int, default=5)
    options.add_argument("--doors", nargs="+", choices=SERVERS, default=list(SERVERS))
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        env = settings(folder)
        prepare(env)
        for doors in given.doors:
            with clinic(env, doors) as (found, port):
                time.sleep(SETTLE_SECONDS)
                report(doors, "idle", measured(found, lambda: time.sleep(given.seconds), given.seconds))
                callers = Callers(env, port)
                calling = callers.all_call(given.callers, given.seconds)
                figures = measured(found, lambda calling=calling: asyncio.run(calling), given.seconds)
                report(doors, f"{given.callers} callers of human pace", figures)


if __name__ == "__main__":
    main()
