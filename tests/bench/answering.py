"""What a key press costs that adds an answer to a saved request, against one that adds nothing; on both databases.

Run from the project's root: python tests/bench/answering.py [--calls 100]
"""

import argparse
import contextlib
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from ivr import create_line
from ivr.callflow.inputs import Digits
from ivr.config import Config
from ivr.migrations import upgrade
from ivr.services.calls.turns import Arrival
from tests.support.callers import Caller, keyed_call
from tests.support.processes import postgres_of_its_own
from tests.support.settings import ACCOUNT_SID, AUTH_TOKEN, BASE_URL, DATA_KEY

ROUNDS = 9
SAVED, ANSWERS, NOTHING = "2 1", "4 3 1", "9 9 9"
"""A callback is saved; the reason, the best time and the message are answered; the first question is heard again."""


def settings(url):
    return {
        "SECRET_KEY": "s" * 40, "DATA_KEYS": DATA_KEY, "PUBLIC_BASE_URL": BASE_URL, "DATABASE_URL": url,
        "TWILIO_ACCOUNT_SID": ACCOUNT_SID, "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
    }  # fmt: skip


class Cost:
    """Seconds by the clock and of this process's CPU, and how many presses they were for."""

    def __init__(self):
        self.wall = self.cpu = 0.0
        self.presses = 0

    @contextlib.contextmanager
    def of(self, presses):
        before = time.monotonic(), time.process_time()
        yield
        self.wall += time.monotonic() - before[0]
        self.cpu += time.process_time() - before[1]
        self.presses += presses


def one_round(line, calls, first):
    """Milliseconds of the clock and of CPU for a press that answers and for one that does not, turn by turn."""
    costs = {"an answer": Cost(), "nothing": Cost()}
    for number in range(first, first + calls):
        for kind, keys in (("nothing", NOTHING), ("an answer", ANSWERS)):
            arrival = Arrival(f"CA{number:031d}{kind[0]}", f"+1617{number % 8 + 2}{number:06d}", "+16175550100")
            caller = Caller(line, arrival, new=False)
            caller(SAVED)
            presses = keys.split()
            with costs[kind].of(len(presses)):
                for key in presses:
                    caller.take(Digits(key))
            caller.hang_up()
    return {kind: (1000 * cost.wall / cost.presses, 1000 * cost.cpu / cost.presses) for kind, cost in costs.items()}


def measure(name, url, calls):
    line = create_line(Config.from_env(settings(url)))
    upgrade(line.database)
    for number in range(20):
        keyed_call(line, f"CAwarm{number}", "2 1 4 3 1 2", f"+1339555{number:04d}")
    rounds = [one_round(line, calls, 1 + at * calls) for at in range(ROUNDS)]
    line.database.close()
    for at, of in enumerate(("by the clock", "of CPU")):
        middle = {kind: statistics.median(found[kind][at] for found in rounds) for kind in rounds[0]}
        ratios = [found["an answer"][at] / found["nothing"][at] for found in rounds]
        print(f"{name}: {middle['an answer']:.2f} ms {of} for an answer, {middle['nothing']:.2f} for nothing: "
              f"{statistics.median(ratios):.2f} times ({min(ratios):.2f} to {max(ratios):.2f})")  # fmt: skip


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--calls", type=int, default=100, help="of each kind in each of the nine rounds")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure("SQLite", f"sqlite:///{folder}/bench.db", given.calls)
    with postgres_of_its_own() as server:
        measure("PostgreSQL", server.url, given.calls)


if __name__ == "__main__":
    main()
