"""The nightly job: retention by a real worker, and what a carrier that is away does to it."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from ivr.callflow.inputs import Recorded
from ivr.clients.errors import Unavailable
from ivr.models import Recording, RecordingStatus
from ivr.services.calls import Arrival, note_recording
from ivr.services.queue import Job, failed_jobs
from tests.carrier_api import sid
from tests.jobs.conftest import waiting
from tests.jobs.test_worker import until, working
from tests.services.test_calls import Caller, stored
from tests.services.test_retention import age, close, personal

SEVERAL = 4


def leave_old_messages(line, api, days=100):
    """Messages of requests that were closed long ago, which the carrier still has."""
    for number in range(SEVERAL):
        caller = Caller(line, Arrival(sid("CA", number), "+16175550142", "+16175550100"))("2 1 4 3 1 1")
        caller.take(Recorded(api.add_recording(number, number), 3, "#"))
        note_recording(line, caller.arrival.sid, sid("RE", number), RecordingStatus.READY, 3)
        caller("1 1").hang_up()
        close(line, stored(line)[-1].id, days)
    age(line, days)


def left_at_carrier(line):
    with line.database.read() as session:
        return list(session.scalars(select(Recording.sid).where(Recording.deleted_at.is_(None))))


@pytest.fixture
def tonight(monkeypatch):
    """It is 3:23 at night all the time."""
    monkeypatch.setattr("ivr.jobs.worker.CLOCK", {"nightly": ("* * * * * *", [Job.NIGHTLY])})


@pytest.mark.parametrize(("days", "erased"), [(100, True), (98, False)])
def test_the_nights_worker_erases_by_the_clinics_setting(line, make_tasks, api, tonight, days, erased):
    leave_old_messages(line, api, days)
    with working(make_tasks(line, retention_days=99), scheduled=True):
        until(lambda: line.database.jobs.list_workflows(name="nightly", status="SUCCESS"))
        until(lambda: left_at_carrier(line) == [])
    assert (personal(line) == []) is erased
    assert [request.erased_at is not None for request in stored(line)] == [erased] * SEVERAL
    assert failed_jobs(line.database) == []


def test_one_copy_that_cannot_be_deleted_keeps_no_other(line, tasks, api):
    leave_old_messages(line, api)
    for _, _, job in waiting(line):
        line.database.jobs.cancel_workflow(job.workflow_id)
    api.fault("DELETE .*" + sid("RE", 1), 500, 500, 500)
    with working(tasks):
        tasks.nightly()
        until(lambda: failed_jobs(line.database))
        until(lambda: len(left_at_carrier(line)) == 1)
        assert left_at_carrier(line) == [sid("RE", 1)]
        assert [(job.name, job.error, job.attempts) for job in failed_jobs(line.database)] == [
            ("import_recording", "Unavailable", 3)
        ]
        tasks.line.clock.now += timedelta(days=1)
        tasks.nightly()
        until(lambda: left_at_carrier(line) == [])
    assert api.store.list() == ()


def test_a_carrier_that_is_away_keeps_nothing_from_being_erased(line, tasks, api):
    leave_old_messages(line, api)
    api.fault("GET /Calls.json", 500)
    with pytest.raises(Unavailable):
        tasks.nightly()
    assert personal(line) == []
