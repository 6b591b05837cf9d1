"""The queue stands in our database: what is enqueued is there exactly when the rows are that it belongs to."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from ivr.callflow.inputs import Digits
from ivr.models import Call, RecordingStatus
from ivr.services.calls.turns import Arrival, note_recording, start_call, take_turn
from ivr.services.jobs import Job, NoSuchJob, enqueue, failed_jobs, forget_old_jobs, retry_job
from tests.support.callers import stored
from tests.support.triage import answers


def queued(line):
    found = line.database.jobs.list_workflows()
    return sorted((one.name, tuple(one.input["args"]), one.status) for one in found)


def call(line, keys, sid="CA1", from_number="+16175550142"):
    arrival = Arrival(sid, from_number, "+16175550100")
    answer = start_call(line, arrival)
    for key in keys.split():
        answer = take_turn(line, arrival, answer.turn + 1, Digits(key))


def test_a_job_is_there_when_its_transaction_is(line):
    with line.database.engine.connect() as connection:
        enqueue(line.database, connection, Job.IMPORT_RECORDING, "RE1", key="import-RE1")
        connection.rollback()
    assert queued(line) == []
    with line.database.transaction() as connection:
        enqueue(line.database, connection, Job.IMPORT_RECORDING, "RE1", key="import-RE1")
    assert queued(line) == [("import_recording", ("RE1",), "ENQUEUED")]


def test_a_job_is_enqueued_once_for_its_key(line):
    for _ in range(3):
        with line.database.transaction() as connection:
            enqueue(line.database, connection, Job.IMPORT_RECORDING, "RE1", key="import-RE1")
    assert len(queued(line)) == 1


def test_what_follows_in_the_same_transaction_is_unharmed(line):
    with line.database.write() as session:
        enqueue(line.database, session.connection(), Job.IMPORT_RECORDING, "RE1", key="k")
        enqueue(line.database, session.connection(), Job.IMPORT_RECORDING, "RE1", key="k")
        assert session.scalar(select(func.count()).select_from(Call)) == 0


def test_an_urgent_request_and_its_alert_are_one_commit(line, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("no queue")

    with monkeypatch.context() as patch:
        patch.setattr(line.database.jobs, "enqueue_in_transaction", broken)
        with pytest.raises(RuntimeError):
            call(line, "2 1 2 1 2")
    (request,) = stored(line)
    assert (request.status, request.red_flags, request.priority) == ("new", False, "soon")
    assert [after for _, after in answers(line)] == [{"reason": "after_procedure"}]
    assert queued(line) == []
    call(line, "2 1 2 1 2", sid="CA2", from_number="+16175550143")
    assert stored(line)[-1].priority == "urgent"
    assert [(name, args[1]) for name, args, _ in queued(line)] == [("alert", 1)]


def test_key_presses_that_enqueue_nothing_touch_no_queue(line):
    call(line, "2 1 4 3 1 2")
    assert "jobs" not in vars(line.database)


def test_a_complete_recording_is_imported_once(line):
    call(line, "2 1 4 3 1 1")
    for _ in range(3):
        note_recording(line, "CA1", "RE1", RecordingStatus.READY, 9)
    assert queued(line) == [("import_recording", ("RE1",), "ENQUEUED")]


def test_a_recording_of_an_unknown_call_is_looked_up(line):
    for _ in range(2):
        assert not note_recording(line, "CA9", "RE9", RecordingStatus.READY, 9)
    assert not note_recording(line, "CA9", "RE8", RecordingStatus.ABSENT, None)
    assert queued(line) == [("adopt_recording", ("RE9",), "ENQUEUED")]


def test_a_job_that_never_failed_cannot_be_retried(line):
    with line.database.transaction() as connection:
        enqueue(line.database, connection, Job.ALERT, 1, 1, key="alert-1-1")
    assert failed_jobs(line.database) == []
    for job_id in ("alert-1-1", "nothing"):
        with pytest.raises(NoSuchJob):
            retry_job(line.database, job_id, line.clock())


def test_done_jobs_are_forgotten(line):
    for key in ("a", "b"):
        with line.database.transaction() as connection:
            enqueue(line.database, connection, Job.ALERT, 1, 1, key=key)
    line.database.jobs.cancel_workflow("a")
    now = datetime.now(UTC)
    assert forget_old_jobs(line.database, now - timedelta(days=1)) == 0
    assert forget_old_jobs(line.database, now + timedelta(days=1)) == 1
    assert [status for _, _, status in queued(line)] == ["ENQUEUED"]
