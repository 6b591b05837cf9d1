"""Workers killed with -9 while somebody on call is to be rung: the carrier is asked for each ring once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from ivr.config import DAYS, parse_hours
from ivr.models import BridgeCall, BridgeStatus
from ivr.services.requests import on_call
from tests.support.bridging import NURSE
from tests.support.callers import Caller
from tests.support.jobs import until
from tests.support.settings import DEADLINE_SECONDS


def in_four_days():
    """Opening hours that are far away from now, as the real clock has it."""
    return f"{DAYS[(datetime.now(ZoneInfo('America/New_York')) + timedelta(days=4)).weekday()]} 10:00-11:00"


@pytest.fixture
def duty():
    """The settings of the workers: closed today, and one telephone on call."""
    return {"CLINIC_HOURS": in_four_days(), "ON_CALL_NUMBERS": NURSE}


@pytest.fixture
def line(make_line, database_url, duty):
    """The clock is the real one, as the workers have it."""
    made = make_line(database_url, on_call_numbers=(NURSE,), clinic_hours=parse_hours(duty["CLINIC_HOURS"]))
    return replace(made, clock=lambda: datetime.now(UTC))


def rows(line):
    with line.database.read() as session:
        return list(session.scalars(select(BridgeCall)))


def places(line):
    return {one.status for one in line.database.jobs.list_workflows(name="place_call")}


def test_a_worker_killed_while_asking_does_not_ask_again(line, api, start, hang, duty):
    api.fault("POST /Calls.json", hang)
    Caller(line)("2 1 2 1")
    first = start(line, **duty)
    assert hang.reached.wait(DEADLINE_SECONDS)
    first.kill()
    first.wait()
    start(line, **duty)
    until(lambda: places(line) == {"SUCCESS"})
    assert api.count("POST", "/Calls.json") == 1
    assert [row.status for row in rows(line)] == [BridgeStatus.ASKED]


def test_a_worker_killed_before_asking_asks_once(line, api, start, duty):
    Caller(line)("2 1 2 1")
    on_call.begin_round(line, 1, 1, line.clock())
    first = start(line, **duty)
    first.kill()
    first.wait()
    start(line, **duty)
    until(lambda: api.count("POST", "/Calls.json") == 1)
    until(lambda: places(line) <= {"SUCCESS", "ERROR"})
    assert (api.count("POST", "/Calls.json"), len(rows(line))) == (1, 1)
