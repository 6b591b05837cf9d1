"""The database goes down while fifty callers call: each reaches a person or leaves a message that becomes a request.

Down for 10 s, and the minute before reconciliation is dated back; RECOVERY_SECONDS=60 has it down for a minute and
waits that other minute as well.
"""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from ivr.db import Database, Vault
from ivr.migrations import upgrade
from ivr.models import Call, PatientRequest, Recording, RecordingStatus
from ivr.services.jobs import Job, enqueue, failed_jobs
from ivr.simulator import Answers, Carrier, FixedDesk, HttpTransport, ScriptedCaller, Unreached
from tests.support.outages import CARRIER_SECONDS, DESK, check_outage, kinds
from tests.support.processes import Timed, job_workers, postgres_of_its_own, web_server
from tests.support.settings import ACCOUNT_SID, AUTH_TOKEN, BASE_URL, DATA_KEY, DEADLINE_SECONDS
from tests.support.worst_day import Keeper, TodaysClock, carriers_api, let_a_minute_pass, wait_for_jobs

SECONDS = float(os.environ.get("RECOVERY_SECONDS", "10"))
FULL_SECONDS = 60
CALLERS, IN_THE_MIDDLE = 50, 6


class Surprised(ScriptedCaller):
    """Is asked a question when the database goes down, and answers it only then."""

    def __init__(self, script, arrived, down):
        super().__init__(script.split())
        self.arrived, self.down = arrived, down

    def at_gather(self, wait):
        if len(self.unused) == 2:
            self.arrived.release()
            assert self.down.wait(DEADLINE_SECONDS)
        return super().at_gather(wait)


class Street:
    """Fifty callers: a few are in a call already, the others call at any time while the database is down."""

    def __init__(self, address, store):
        self.address, self.store = address, store
        self.arrived, self.down = threading.Semaphore(0), threading.Event()
        self.slowest = 0.0

    def call(self, n):
        transport = Timed(HttpTransport())
        carrier = Carrier(
            self.address, ACCOUNT_SID, AUTH_TOKEN, transport, sign_as=BASE_URL, strict=False, recordings=self.store
        )
        if n < IN_THE_MIDDLE:
            caller = Surprised("2 1 4 3 1 r5", self.arrived, self.down)
        else:
            caller = ScriptedCaller(["r5h" if n % 4 == 0 else "r5"])
            assert self.down.wait(DEADLINE_SECONDS)
            time.sleep(SECONDS * (n - IN_THE_MIDDLE) / CALLERS)
        desk = FixedDesk(Answers() if is_for_a_person(n) else Unreached())
        transcript = carrier.call(caller, from_=number_of(n), to="+16175550100", clock=TodaysClock(), desk=desk)
        self.slowest = max(self.slowest, *transport.seconds)
        return transcript


def is_for_a_person(n):
    return n >= IN_THE_MIDDLE and n % 2 == 1


def number_of(n):
    return f"+161755502{n:02d}"


@pytest.fixture
def running(settings, tmp_path):
    """A line with its database, its carrier, web server and worker."""
    store = Keeper()
    with (
        postgres_of_its_own() as server,
        carriers_api(store) as api,
        (tmp_path / "log").open("w") as log,
    ):
        database = Database(server.url, Vault([DATA_KEY]))
        upgrade(database)
        changes = {
            "DATABASE_URL": server.url,
            "IVR_VOICE": "say",
            "DESK_NUMBERS": ",".join(DESK),
            "TWILIO_API_URL": api,
        }
        env = {**settings, **changes}
        with web_server(env, stderr=log) as (_, address), job_workers(env, 1, log):
            yield server, database, store, address
        database.close()


def test_each_message_left_while_the_database_was_down_becomes_one_request(running):
    server, database, store, address = running
    street = Street(address, store)
    with ThreadPoolExecutor(CALLERS) as pool:
        calls = [pool.submit(street.call, n) for n in range(CALLERS)]
        for _ in range(IN_THE_MIDDLE):
            assert street.arrived.acquire(timeout=DEADLINE_SECONDS)
        server.stop()
        stopped = time.monotonic()
        street.down.set()
        transcripts = [call.result() for call in calls]
        assert not answers(database), "all of them called while it was down"
        time.sleep(max(0.0, SECONDS - (time.monotonic() - stopped)))
        server.start()
    for n, transcript in enumerate(transcripts):
        check_call(transcript, to_person=is_for_a_person(n))
    assert street.slowest < CARRIER_SECONDS * 2 / 3
    reconcile(database, store)
    check_kept(database, store, transcripts)


def answers(database):
    try:
        with database.read() as session:
            return session.scalar(select(1)) == 1
    except OperationalError:
        return False


def check_call(transcript, *, to_person):
    if to_person:
        check_outage(transcript)
        assert kinds(transcript, "bridge") == ["bridge"]
    else:
        assert transcript.said.count("Our phone line has a problem") == 1
        assert kinds(transcript, "speech") == ["speech"]


def reconcile(database, store):
    """What the worker's clock starts every ten minutes and at night."""
    for occasion in range(2):
        let_a_minute_pass(database, store, really=SECONDS >= FULL_SECONDS)
        with database.transaction() as connection:
            for job in (Job.FETCH_MISSED, Job.NIGHTLY):
                enqueue(database, connection, job, key=f"{job}-{occasion}")
        assert wait_for_jobs(database, DEADLINE_SECONDS) == []
    assert failed_jobs(database) == []


def check_kept(database, store, transcripts):
    with database.read() as session:
        requests = session.execute(select(Call.sid, PatientRequest).join_from(PatientRequest, Call)).all()
        recordings = session.execute(select(Recording.request_id, Recording.status)).all()
    messages = {one.call_sid: n for n, one in enumerate(transcripts) if not is_for_a_person(n)}
    assert sorted(sid for sid, _ in requests) == sorted(messages), "one request for each message, and no other"
    for sid, request in requests:
        n = messages[sid]
        assert (request.kind, request.status, request.left_in_outage) == ("callback", "new", True)
        assert (request.callback_number, request.priority) == (number_of(n), "soon")
        assert request.reason == ("other" if n < IN_THE_MIDDLE else "message")
    assert {status for _, status in recordings} == {RecordingStatus.STORED}
    assert sorted(request_id for request_id, _ in recordings) == sorted(request.id for _, request in requests)
    assert store.list() == ()
