"""A clinic's worst day, the long form: thousands of calls while workers are killed and PostgreSQL goes down.

Run from the project's root: python tests/bench/worst_day.py [--calls 10000] [--restarts 5] [--seed 7]
The exit status is 1 when anything was lost, done twice or left undone; each such thing is printed with its call.
"""

import argparse
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[2])

from tests.support.processes import postgres_of_its_own
from tests.support.settings import ACCOUNT_SID, AUTH_TOKEN, BASE_URL, DATA_KEY
from tests.support.worst_day import worst_day
from tests.support.worst_day_findings import figures, findings


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--calls", type=int, default=10_000)
    options.add_argument("--phones", type=int, default=8, help="calls at a time")
    options.add_argument("--web-workers", type=int, default=2)
    options.add_argument("--job-workers", type=int, default=3)
    options.add_argument("--restarts", type=int, default=5, help="how often PostgreSQL goes down")
    options.add_argument("--down", type=float, default=2.0, help="seconds it is down each time")
    options.add_argument("--kill-every", type=float, nargs=2, default=(0.5, 4.0), help="seconds, at least and at most")
    options.add_argument("--seed", type=int, default=7)
    options.add_argument("--log", default="/dev/null", help="where the servers' own words go")
    given = options.parse_args()
    settings = {
        "SECRET_KEY": "s" * 40, "DATA_KEYS": DATA_KEY, "PUBLIC_BASE_URL": BASE_URL,
        "TWILIO_ACCOUNT_SID": ACCOUNT_SID, "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
    }  # fmt: skip
    with (
        postgres_of_its_own() as server,
        open(given.log, "w") as log,
    ):
        day, database = worst_day(
            settings, server, log, calls=given.calls, phones=given.phones, seed=given.seed, restarts=given.restarts,
            web_workers=given.web_workers, workers=given.job_workers, kill_every=given.kill_every, down=given.down,
            wait_really=True,
        )  # fmt: skip
        found = findings(day, database)
        for name, figure in figures(day, database, found).items():
            print(f"{name}: {figure:,}")
        database.close()
    print(*found, sep="\n")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
