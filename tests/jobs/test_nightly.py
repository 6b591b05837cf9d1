"""The nightly job: retention by a real worker, and what a carrier that is away does to it."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, select
from structlog.testing import capture_logs

from ivr import create_app
from ivr.callflow.inputs import Recorded
from ivr.clients.errors import Unavailable
from ivr.models import AuditAction, AuditEntry, Recording, RecordingStatus
from ivr.services.audit import COMMAND, add_audit_entry
from ivr.services.calls.turns import Arrival, note_recording
from ivr.services.jobs import Job, enqueue, failed_jobs
from tests.support.callers import Caller, stored
from tests.support.carrier_api import sid
from tests.support.jobs import until, waiting, working
from tests.support.patient_data import age, close, personal

SEVERAL = 4


def leave_old_messages(line, api, days=100):
    """Messages of requests that were closed long ago, which the carrier still has."""
    for number in range(SEVERAL):
        caller = Caller(line, Arrival(sid("CA", number), "+16175550142", "+16175550100"))("2 1 4 3 1 1")
        caller.take(Recorded(api.add_recording(number, number), 3, "#"))
        note_recording(line, caller.arrival.sid, sid("RE", number), RecordingStatus.READY, 3)
        caller("1").hang_up()
        close(line, stored(line)[-1].id, days)
    age(line, days)


def left_at_carrier(line):
    with line.database.read() as session:
        return list(session.scalars(select(Recording.sid).where(Recording.deleted_at.is_(None))))


@pytest.fixture
def app_of(config):
    return lambda line: create_app(config, line)


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


def test_a_broken_trail_is_logged_counted_and_not_tried_again(line, tasks, app_of):
    for number in range(1, 4):
        with line.database.write() as session:
            add_audit_entry(session, COMMAND, AuditAction.SEEN, f"request:{number}", line.clock())
    metrics = app_of(line).test_client()
    assert "ivr_audit_faults" not in metrics.get("/metrics").text
    tasks.verify_trail()
    assert "\nivr_audit_faults 0.0\n" in metrics.get("/metrics").text
    with line.database.write() as session:
        session.execute(delete(AuditEntry).where(AuditEntry.id == 2))
    with line.database.transaction() as connection:
        enqueue(line.database, connection, Job.VERIFY_TRAIL, key="trail")
    with capture_logs() as logs, working(tasks):
        until(lambda: failed_jobs(line.database))
    assert [entry["fault"] for entry in logs if entry["event"] == "audit_trail_broken"] == ["row 2 is missing"]
    assert [(job.name, job.error, job.attempts) for job in failed_jobs(line.database)] == [
        ("verify_trail", "TrailBroken", 1)
    ]
    assert "\nivr_audit_faults 1.0\n" in metrics.get("/metrics").text
