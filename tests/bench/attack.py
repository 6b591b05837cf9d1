"""Whether callers are answered while strangers attack: a real server on its default settings, and each attack in turn.

Run from the project's root: python tests/bench/attack.py [--seconds 20] [--only slow_bodies] [--doors one two]

Ten signed webhooks a second ring the line. At least 99 of 100 should be answered within 3 seconds. With --doors two the
calls have a server of their own, as the Procfile has it; with one, calls and pages are one server. The attackers run on
the same machine, and take their part of it.
"""

import argparse
import asyncio
import contextlib
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from ivr.config import Config
from ivr.db import Database, Vault
from ivr.services.prompts.releases import read_any_clip
from tests.bench.callers import Callers, prepare, serving
from tests.bench.key_press import settings
from tests.support.attacks import ATTACKS, IN_TIME, Target, under

GOAL = 0.99


def clip_of(env):
    """The address of one clip."""
    config = Config.from_env(env)
    with contextlib.closing(Database(config.database_url, Vault(config.data_keys))) as database:
        return read_any_clip(database, "en-US")[0]


@contextlib.contextmanager
def target_of(env, doors):
    """One server for everything, or one for each door."""
    with contextlib.ExitStack() as stack:
        if doors == "one":
            voice = web = stack.enter_context(serving(env))
        else:
            voice = stack.enter_context(serving(env, "voice"))
            web = stack.enter_context(serving(env, "web"))
        yield Target(env, voice, web, clip_of(env))


def report(doors, name, waits, failed):
    """Print what became of the calls; whether it was good enough."""
    tried = len(waits) + len(failed)
    in_time = sum(seconds <= IN_TIME for seconds in waits)
    good = tried > 0 and in_time >= GOAL * tried
    cut = statistics.quantiles(waits, n=100) if len(waits) > 1 else [0.0] * 99
    print(
        f"{doors:4} {name:20} {'ok ' if good else 'BAD'} {in_time} of {tried} within {IN_TIME:.0f} s; "
        f"p50 {cut[49] * 1000:.0f} ms, p99 {cut[98] * 1000:.0f}, slowest {max(waits, default=0) * 1000:.0f} {failed[:5]}",
        flush=True,
    )
    return good


def attacked(env, doors, attack, seconds):
    """One attack on a fresh server."""
    with target_of(env, doors) as target:
        asyncio.run(under(attack, target, seconds=seconds, pause=0.1))
    return report(doors, attack.__name__ if attack else "nobody", target.answered, target.failed)


def called_by_many(env, doors, seconds, count=200):
    """So many callers of human pace."""
    with target_of(env, doors) as target:
        callers = Callers(env, target.voice_port)
        asyncio.run(callers.all_call(count, seconds))
    others = callers.outcomes.total() - callers.outcomes["200"] - callers.outcomes["204"]
    return report(doors, f"{count} callers", callers.seconds, ["other"] * others)


def main():
    names = {attack.__name__: attack for attack in (*ATTACKS,)}
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=int, default=20)
    options.add_argument(
        "--only", nargs="+", choices=[*names, "callers", "nobody"], default=["nobody", *names, "callers"]
    )
    options.add_argument("--doors", nargs="+", choices=["one", "two"], default=["one", "two"])
    given = options.parse_args()
    good = []
    with tempfile.TemporaryDirectory() as folder:
        env = {**settings(folder), "TRUSTED_PROXIES": "127.0.0.1"}
        prepare(env)
        for doors in given.doors:
            for name in given.only:
                if name == "callers":
                    good.append(called_by_many(env, doors, given.seconds))
                else:
                    good.append(attacked(env, doors, names.get(name), given.seconds))
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    main()
