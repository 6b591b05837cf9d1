"""Workers killed with -9 around the request that places a call: never two calls, and never one that came too late."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ivr.models import BridgeStatus
from ivr.services.requests import bridging
from tests.support.bridging import CLINIC, somebody
from tests.support.callers import Caller
from tests.support.jobs import until
from tests.support.settings import DEADLINE_SECONDS


@pytest.fixture
def line(line):
    """Calls are placed at once or not at all: here the clock is the real one, as the workers have it."""
    return replace(line, clock=lambda: datetime.now(UTC))


def begin(line):
    Caller(line)("2 1 4 3 1 2")
    nurse = somebody(line, 4)
    return nurse, bridging.begin(line, 1, nurse, line.clock())


def test_a_worker_killed_while_asking_does_not_ask_again(line, api, start, hang):
    """Nobody knows whether the carrier placed it: the nurse is told so, and nothing is asked again."""
    api.fault("POST /Calls.json", hang)
    nurse, bridge_id = begin(line)
    first = start(line)
    assert hang.reached.wait(DEADLINE_SECONDS)
    first.kill()
    first.wait()
    start(line)
    jobs = line.database.jobs
    until(lambda: {one.status for one in jobs.list_workflows(name="place_call")} == {"SUCCESS"})
    assert api.count("POST", "/Calls.json") == 1
    progress = bridging.progress_of(line, bridge_id, nurse.staff_id, line.clock())
    assert progress.status is BridgeStatus.ASKED


def test_a_worker_killed_after_the_answer_does_not_ask_again(line, api, start):
    """The call was placed and its row says so, but the job was not over: it runs again, and does nothing."""
    nurse, bridge_id = begin(line)
    assert bridging.ask_for(line, bridge_id, line.clock()).caller_id == CLINIC
    bridging.note_placed(line, bridge_id, "CA1")
    start(line)
    jobs = line.database.jobs
    until(lambda: {one.status for one in jobs.list_workflows(name="place_call")} == {"SUCCESS"})
    assert api.count("POST", "/Calls.json") == 0
    assert bridging.progress_of(line, bridge_id, nurse.staff_id, line.clock()).status is BridgeStatus.RINGING


def test_a_worker_killed_before_asking_asks_once(line, api, start):
    """It died with the job taken and the carrier not asked: the next worker asks, once."""
    begin(line)
    first = start(line)
    first.kill()
    first.wait()
    start(line)
    until(lambda: api.count("POST", "/Calls.json") == 1)
    jobs = line.database.jobs
    until(lambda: {one.status for one in jobs.list_workflows(name="place_call")} <= {"SUCCESS", "ERROR"})
    assert api.count("POST", "/Calls.json") == 1
