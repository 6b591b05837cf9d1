"""Whoever hears that a request is saved, or a reference, has a row behind it, whatever happens to the processes."""

import random
import threading
import time

import pytest

from ivr.db import Database, Vault
from ivr.migrations import upgrade
from ivr.services.requests.exporting import export_requests
from ivr.simulator import Carrier, HttpTransport, ScriptedCaller
from tests.support.processes import Timed, kill_one, web_server, workers_of
from tests.support.settings import ACCOUNT_SID, AUTH_TOKEN, DATA_KEY
from tests.support.worst_day import SAVED, references_heard

CALLERS = 6
CALLS_EACH = 12
BETWEEN_KILLS = 12
"""Webhooks, at least: on a slow machine nobody would get through if a worker died every so many seconds."""


@pytest.fixture
def server(settings, database_url):
    config = {**settings, "DATABASE_URL": database_url, "IVR_VOICE": "say"}
    database = Database(database_url, Vault([DATA_KEY]))
    upgrade(database)
    with web_server(config) as (process, address):
        yield process, address, database
    database.close()


def test_a_killed_worker_leaves_no_spoken_reference_without_its_row(server):
    process, address, database = server
    heard, saved, calls, lock = [], [], [], threading.Lock()
    timed = Timed(HttpTransport())

    def phone(number):
        for n in range(CALLS_EACH):
            carrier = Carrier(
                address, ACCOUNT_SID, AUTH_TOKEN, transport=timed, sign_as="https://line.example.org", strict=False
            )
            transcript = carrier.call(
                ScriptedCaller.parse("2 1 4 3 1 2"), from_=f"+1617555{number}{n:03d}", to="+16175550100"
            )
            with lock:
                heard.extend((transcript.call_sid, reference) for reference in references_heard(transcript.said))
                calls.append(transcript.call_sid)
                if SAVED in transcript.said:
                    saved.append(transcript.call_sid)

    callers = [threading.Thread(target=phone, args=(number,)) for number in range(CALLERS)]
    for caller in callers:
        caller.start()
    killed = answered = 0
    chance = random.Random(7)
    while any(caller.is_alive() for caller in callers):
        time.sleep(chance.uniform(0.05, 0.4))
        if len(timed.seconds) - answered < BETWEEN_KILLS:
            continue
        answered = len(timed.seconds)
        killed += kill_one(chance, workers_of(process))
    stored = {(request.call_sid, request.reference) for request in export_requests(database)}
    assert killed >= 3
    assert len(calls) == CALLERS * CALLS_EACH
    assert len(heard) >= CALLS_EACH
    assert len(saved) >= len(heard)
    assert set(heard) <= stored
    assert set(saved) <= {sid for sid, _ in stored}
    assert len({sid for sid, _ in stored}) == len(stored), "nobody has two requests"
