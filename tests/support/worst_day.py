"""A clinic's worst day: callers, patients online, a carrier that repeats itself, and processes killed at random.

`worst_day` makes it happen with real web servers, job workers and a real PostgreSQL; worst_day_findings.py says
afterwards what was lost, done twice or left undone, call by call. The short form is a test, the long one tests/bench/worst_day.py.
"""

import contextlib
import hashlib
import random
import re
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from werkzeug.serving import WSGIRequestHandler, make_server

from ivr.db import Database, Vault
from ivr.migrations import upgrade
from ivr.services.calls.outages import LAST_WORDS
from ivr.services.jobs import Job, enqueue
from ivr.simulator import (
    CallRecord,
    Carrier,
    Faults,
    HttpTransport,
    MediaDelay,
    RecordingStore,
    Speak,
    UnhurriedCaller,
    VirtualClock,
    create_rest_app,
)
from tests.support.mail_server import Session, smtp_server
from tests.support.processes import Timed, job_workers, kill_one, web_server, workers_of
from tests.support.settings import ACCOUNT_SID, AUTH_TOKEN, BASE_URL, DATA_KEY
from tests.support.worst_day_forms import Browsers

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
DIGITS = {word: str(n) for n, word in enumerate(WORDS)}
REFERENCE = re.compile(rf"Your reference number is ((?:(?:{'|'.join(DIGITS)})\W*){{6}})")
PROBLEM = "Our phone line has a problem"
SAVED = "Your request is saved"
SCRIPTS = [
    "2 1 4 3 1 2",
    "2 2 6175550199 1 2 2 1 2 2",
    "1 1 2 1 05171948 1 6 3 1 2",
    "2 1 3 2 1 1 r4 1",
    "2 1 2 1 2",
    "0 r3",
    "0 r3h",
    "2 1 h",
    "2 1 4 1 h",
    "3 1 3 h",
]
"""Requests with and without messages, an urgent one, voicemails, and callers who hang up, some after a few answers."""

ROUNDS = 3
"""Reconciliations after the calls: one finds what was missed, the next what the first one brought to light."""


KILL_AFTER_SECONDS = (2.5, 4.0)
"""Between kills after the calls: enough for a worker to start and to have jobs in hand."""

ANSWER_SECONDS = 0.2
"""From the moment the outside world has done something until it says so: whoever is killed in between does not know."""


def references_heard(said):
    """References spoken in a call, by clips or by the carrier's voice."""
    return ["".join(DIGITS[word] for word in re.findall(r"[a-z]+", found)) for found in REFERENCE.findall(said)]


class Caller(UnhurriedCaller):
    """Follows a script, and leaves a message when the line says that it has a problem.

    `acknowledged` are the tokens of the script that the line has answered with its next words.
    """

    def __init__(self, script, chance):
        super().__init__(script.split())
        self.tokens, self.acknowledged = tuple(script.split()), ()
        self.chance = chance

    def at_gather(self, wait):
        self._hear(wait)
        return super().at_gather(wait)

    def at_record(self, wait):
        self._hear(wait)
        if any(PROBLEM in text for text in wait.heard):
            return Speak(3.0, hang_up=self.chance.random() < 0.3)
        return super().at_record(wait)

    def _hear(self, wait):
        if not any(PROBLEM in text for text in wait.heard):
            self.acknowledged = self.tokens[: len(self.tokens) - len(self.unused)]


class TodaysClock(VirtualClock):
    """A call's seconds pass at once, and its date is today's."""

    def utc(self):
        return datetime.now(UTC)


class Keeper(RecordingStore):
    """The carrier's recordings, and what was ever recorded and how often it was deleted."""

    def __init__(self):
        super().__init__()
        self.recorded, self.deleted = {}, Counter()

    def add(self, recording):
        if not recording.deleted:
            self.recorded[recording.sid] = (recording.call_sid, hashlib.sha256(recording.audio).hexdigest())
        super().add(recording)

    def delete(self, sid):
        self.deleted[sid] += 1
        return super().delete(sid)


class SlowMail(Session):
    """Has taken a mail some time before it says so; whoever sends it may be killed meanwhile."""

    def handle(self):
        with contextlib.suppress(ConnectionError):
            super().handle()

    def say(self, line):
        if line == "250 queued":
            time.sleep(ANSWER_SECONDS)
        super().say(line)


class Quietly(WSGIRequestHandler):
    """Does not log each of many thousand requests."""

    def log(self, *_):
        pass


@contextlib.contextmanager
def carriers_api(store):
    """The carrier's REST side on a loopback port, its address; each recording is ready at the second request only."""
    app = create_rest_app(store, ACCOUNT_SID, AUTH_TOKEN, media_delay=MediaDelay(requests=1))

    def slow(environ, start_response):
        answer = app(environ, start_response)
        time.sleep(ANSWER_SECONDS)
        return answer

    server = make_server("127.0.0.1", 0, slow, threaded=True, request_handler=Quietly)
    server.daemon_threads, server.block_on_close = True, False
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass(frozen=True)
class Phoned:
    """What one caller did and heard; `acknowledged` are the tokens of the script that the line answered."""

    sid: str
    number: str
    script: str
    acknowledged: tuple[str, ...]
    saved: bool
    heard: tuple[str, ...]
    problem: bool
    spoke: bool
    cut_off: bool

    def __str__(self):
        return f"call {self.sid} ({self.script})"


@dataclass
class Day:
    """What happened; `seconds` are of the calls alone, `quiet` those until everything was done, `slowest` a webhook's."""

    store: Keeper = field(default_factory=Keeper)
    mails: list = field(default_factory=list)
    phoned: list = field(default_factory=list)
    asked: list = field(default_factory=list)
    killed: Counter = field(default_factory=Counter)
    restarts: int = 0
    seconds: float = 0.0
    quiet: float = 0.0
    slowest: float = 0.0
    unfinished: list = field(default_factory=list)


BETWEEN_KILLS = 2
"""Calls that end between two kills, at least: on a slow machine no job would ever get done, and each in the end given up."""


class Phones:
    """So many telephones that call one after the other, until all calls are made."""

    def __init__(self, day, address, calls, seed):
        self.day, self.address, self.seed = day, address, seed
        self.numbers, self.lock = iter(range(calls)), threading.Lock()

    def use(self, phone):
        chance = random.Random(f"{self.seed} {phone}")
        transport = Timed(HttpTransport())
        while (number := self._next()) is not None:
            faults = Faults(twice=0.3, stale=0.2, completed_early=chance.random() < 0.2, seed=number)
            carrier = Carrier(
                self.address, ACCOUNT_SID, AUTH_TOKEN, transport, sign_as=BASE_URL, strict=False, faults=faults,
                recordings=self.day.store,
            )  # fmt: skip
            script, phone_number = chance.choice(SCRIPTS), f"+1617{2000000 + number}"
            caller = Caller(script, chance)
            transcript = carrier.call(caller, from_=phone_number, clock=TodaysClock())
            problem, spoke = PROBLEM in transcript.said, any(entry.kind == "speech" for entry in transcript.entries)
            heard = tuple(references_heard(transcript.said))
            phoned = Phoned(
                transcript.call_sid, phone_number, script, caller.acknowledged, SAVED in transcript.said, heard, problem,
                spoke, transcript.ended_by == "error",
            )  # fmt: skip
            with self.lock:
                self.day.phoned.append(phoned)
                self.day.slowest = max(self.day.slowest, *transport.seconds)
            transport.seconds.clear()
            if problem:
                time.sleep(1)

    def _next(self):
        with self.lock:
            return next(self.numbers, None)


CALLS_FOR_A_FORM = 8
"""So many calls come for each form that is sent online."""

BROWSERS = 2


def worst_day(
    settings, server, log, *, calls, phones=8, seed=7, web_workers=2, workers=2, kill_every=(0.3, 1.5), restarts=1,
    down=1.0, kills_after=0, wait_really=False,
):  # fmt: skip
    """Place so many calls while workers are killed and the database goes down at times, then wait until it is quiet.

    `server` is a PostgreSQL that nobody else uses, `kill_every` and `down` are seconds; `kills_after` job workers are
    killed once the calls are over and the workers have caught up enough to be hit in the middle of a job. Unless `wait_really`, the
    minute that reconciliation gives a call's last webhooks is not waited for: the calls' ends are dated back. Whoever
    asked closes the database that is returned.
    """
    day, chance = Day(), random.Random(seed)
    outages = [calls * (n + 1) // (restarts + 1) for n in range(restarts)]
    database = Database(server.url, Vault([DATA_KEY]))
    upgrade(database)
    with contextlib.ExitStack() as running:
        running.push(lambda failure, *_: database.close() if failure else None)
        mail = running.enter_context(smtp_server(SlowMail))
        api = running.enter_context(carriers_api(day.store))
        env = {
            **settings, "DATABASE_URL": server.url, "IVR_VOICE": "say", "TWILIO_API_URL": api, "SMTP_URL": mail.url,
            "NOTIFY_EMAILS": "nurse@example.org", "SMS_FROM": "+16175550100", "CLINIC_NUMBER": "+16175550199",
            "TRUSTED_PROXIES": "127.0.0.1",
        }  # fmt: skip
        web, address = running.enter_context(web_server(env, workers=web_workers, stderr=log))
        jobs = running.enter_context(job_workers(env, workers, log))
        pool = running.enter_context(ThreadPoolExecutor(phones + BROWSERS))
        started = time.monotonic()
        street = Phones(day, address, calls, seed)
        calling = [pool.submit(street.use, phone) for phone in range(phones)]
        called = tuple(calling)
        homes = Browsers(
            day, address, calls // CALLS_FOR_A_FORM, CALLS_FOR_A_FORM, seed, lambda: all(one.done() for one in called)
        )
        calling += [pool.submit(homes.use, browser) for browser in range(BROWSERS)]
        phoned = 0
        while not all(one.done() for one in calling):
            time.sleep(chance.uniform(*kill_every))
            if len(day.phoned) - phoned >= BETWEEN_KILLS:
                phoned = len(day.phoned)
                _kill_one(chance, day, {"web worker": workers_of(web), "job worker": _alive(jobs)})
            if outages and len(day.phoned) >= outages[0]:
                outages.pop(0)
                server.stop()
                time.sleep(down)
                server.start()
                day.restarts += 1
        for one in calling:
            one.result()
        day.seconds = time.monotonic() - started
        for _ in range(kills_after):
            time.sleep(chance.uniform(*KILL_AFTER_SECONDS))
            _kill_one(chance, day, {"job worker": _alive(jobs)})
        day.unfinished = _wait_for_quiet(database, day, wait_really)
        day.quiet = time.monotonic() - started - day.seconds
        day.mails = [message["Subject"] for message in mail.messages]
    return day, database


def _alive(processes):
    return [process for process in processes if process and process.poll() is None]


def _kill_one(chance, day, victims):
    kind = chance.choice(list(victims))
    day.killed[kind] += kill_one(chance, victims[kind])


def _wait_for_quiet(database, day, really):
    """Let the clocks strike that reconcile, each time wait until all jobs are done; the jobs that never were."""
    for number in range(ROUNDS):
        let_a_minute_pass(database, day.store, really)
        with database.transaction() as connection:
            for job in (Job.FETCH_MISSED, Job.NIGHTLY):
                enqueue(database, connection, job, key=f"{job}-evening-{number}")
        left = wait_for_jobs(database, seconds=120 + len(day.phoned) / 2)
        if left:
            return left
    return []


def let_a_minute_pass(database, store, really):
    """The time that a call's last webhooks are given."""
    wait = LAST_WORDS + timedelta(seconds=1)
    if really:
        time.sleep(wait.total_seconds())
        return
    with database.transaction() as connection:
        connection.execute(
            sa.text("UPDATE calls SET ended_at = ended_at - :wait WHERE ended_at IS NOT NULL"), {"wait": wait}
        )
    for call in store.calls.list():
        store.calls.add(CallRecord(**{**vars(call), "ended_at": call.ended_at - wait}))


def wait_for_jobs(database, seconds):
    """Wait until nothing but the further alerts of urgent requests is left to do; what is left all the same."""
    deadline = time.monotonic() + seconds
    query = sa.text(
        "SELECT workflow_uuid, status, executor_id FROM dbos.workflow_status"
        " WHERE status IN ('ENQUEUED', 'PENDING', 'DELAYED') AND NOT (name = 'alert' AND status = 'DELAYED')"
    )
    while True:
        with database.read() as session:
            left = session.execute(query).fetchall()
        if not left or time.monotonic() > deadline:
            return [" ".join(map(str, row)) for row in left]
        time.sleep(0.3)
