"""Real workers: DBOS in this process, and `python -m ivr worker` in processes that are killed."""

import signal
import threading
import time
from collections import Counter

import pytest
from sqlalchemy.exc import OperationalError

from ivr.jobs.worker import RECOVERIES, JobWorker
from ivr.models import RecordingStatus
from ivr.services.calls.turns import Arrival, note_recording
from ivr.services.jobs import Job, failed_jobs, retry_job
from tests.support.callers import Caller
from tests.support.carrier_api import sid
from tests.support.jobs import QUICK, RE1, recording_status, until, working
from tests.support.settings import DEADLINE_SECONDS


def leave_recording(line, api):
    Caller(line)("2 1 4 3 1 1")
    api.add_recording()
    note_recording(line, "CA1", RE1, RecordingStatus.READY, 3)


def test_a_recording_that_is_not_ready_at_first_is_imported_in_the_end(line, tasks, api):
    api.delay.requests = 1
    leave_recording(line, api)
    with working(tasks):
        until(lambda: recording_status(line) is RecordingStatus.STORED)
        until(lambda: api.count("DELETE", ".json") == 1)
    assert failed_jobs(line.database) == []


def test_a_job_that_gives_up_is_seen_and_can_be_tried_again(line, tasks, api, capsys):
    leave_recording(line, api)
    api.fault("GET .*wav", 500, 500, 500)
    with working(tasks):
        until(lambda: failed_jobs(line.database))
        (failed,) = failed_jobs(line.database)
        assert (failed.name, failed.arguments, failed.error, failed.attempts) == (
            "import_recording", (RE1,), "Unavailable", 3,
        )  # fmt: skip
        said = capsys.readouterr().out
        assert said.count("job_failed") == 2
        assert said.count("job_gave_up") == 1
        retry_job(line.database, failed.id, line.clock())
        assert failed_jobs(line.database) == []
        until(lambda: recording_status(line) is RecordingStatus.STORED)


def test_errors_words_are_not_kept(line, tasks, outbox):
    outbox.failures = [RuntimeError("+16175550142 said 05171948")]
    Caller(line)("2 1 2 1 2")
    with working(tasks):
        until(lambda: failed_jobs(line.database))
    (failed,) = failed_jobs(line.database)
    assert (failed.error, failed.attempts) == ("Unclear", 1)
    schema = "" if line.database.is_sqlite else "dbos."
    with line.database.read() as session:
        kept = session.connection().exec_driver_sql(f"SELECT * FROM {schema}workflow_output").fetchall()
    assert "6175550142" not in str(kept)


def test_what_must_not_be_repeated_is_not(line, make_tasks, api):
    tasks = make_tasks(line, notify_numbers=("+16175550177",), notify_emails=())
    api.fault("POST /Messages.json", 500, 500)
    Caller(line)("2 1 2 1 2")
    with working(tasks):
        until(lambda: failed_jobs(line.database))
    assert [(job.name, job.error, job.attempts) for job in failed_jobs(line.database)] == [
        ("deliver_notice", "Unclear", 1)
    ]
    assert api.count("POST", "/Messages.json") == 1


def test_the_clock_enqueues_what_is_due(line, tasks, outbox, monkeypatch):
    every_second = {"digest": ("* * * * * *", [Job.GATHER_NOTICES, "digest"])}
    monkeypatch.setattr("ivr.jobs.worker.CLOCK", every_second)
    Caller(line)("2 1 4 3 1 2")
    with working(tasks, scheduled=True):
        until(lambda: outbox.sent)
    assert outbox.sent[0][1] == "New: 1 request"
    assert failed_jobs(line.database) == []


def test_schedules_of_an_older_deployment_end(line, tasks):
    with working(tasks, scheduled=True):
        names = {one["schedule_name"] for one in line.database.jobs.list_schedules()}
    assert names == {"missed", "digest", "overdue", "nightly", "idle", "trail", "prompts", "approvals", "walk"}


def test_a_worker_killed_while_sending_does_not_send_twice(line, api, start, hang):
    api.fault("POST /Messages.json", hang)
    Caller(line)("2 1 2 1 2")
    first = start(line)
    assert hang.reached.wait(DEADLINE_SECONDS)
    first.kill()
    first.wait()
    start(line)
    jobs = line.database.jobs
    until(lambda: {one.status for one in jobs.list_workflows(name="deliver_notice")} == {"SUCCESS"})
    assert api.count("POST", "/Messages.json") == 1


def test_a_worker_killed_while_importing_is_carried_on(line, api, start, hang):
    api.fault("GET .*wav", hang)
    leave_recording(line, api)
    first = start(line)
    assert hang.reached.wait(DEADLINE_SECONDS)
    first.kill()
    first.wait()
    second = start(line)
    until(lambda: api.count("DELETE", ".json") == 1)
    assert recording_status(line) is RecordingStatus.STORED
    second.send_signal(signal.SIGTERM)
    assert second.wait(DEADLINE_SECONDS) == 0


def test_a_recording_that_takes_every_worker_down_is_put_aside_and_seen(make_line, sqlite_url, api, start, hang):
    """As one would that makes the decoder crash. One worker is killed here; the others before it are only counted."""
    line = make_line(sqlite_url)
    leave_recording(line, api)
    api.fault("GET .*wav", hang)
    first = start(line)
    assert hang.reached.wait(DEADLINE_SECONDS)
    first.kill()
    first.wait()
    hang.end.set()
    with line.database.transaction() as connection:
        earlier = f"UPDATE workflow_status SET recovery_attempts = recovery_attempts + {RECOVERIES}"
        connection.exec_driver_sql(f"{earlier} WHERE status = 'PENDING'")
    start(line)
    until(lambda: failed_jobs(line.database))
    (failed,) = failed_jobs(line.database)
    assert (failed.name, failed.arguments, failed.error) == ("import_recording", (RE1,), "WorkerDied")
    assert (recording_status(line), len(api.store.list())) == (RecordingStatus.READY, 1), "the message is not lost"
    retry_job(line.database, failed.id, line.clock())
    until(lambda: recording_status(line) is RecordingStatus.STORED)


@pytest.mark.parametrize("is_away", [False, True])
def test_a_job_that_fails_while_its_worker_stops_goes_on_with_the_next(line, tasks, api, hang, monkeypatch, is_away):
    def away(*_, **__):
        raise OperationalError("INSERT", {}, Exception("gone"))

    api.fault("GET .*wav", hang)
    leave_recording(line, api)
    worker = JobWorker(tasks, poll_seconds=0.05, patience=QUICK, scheduled=False)
    worker.start()
    assert hang.reached.wait(DEADLINE_SECONDS)
    stopping = threading.Thread(target=worker.stop)
    stopping.start()
    time.sleep(0.3)
    with monkeypatch.context() as trouble:
        if is_away:
            trouble.setattr("ivr.jobs.worker.enqueue_again", away)
        hang.end.set()
        stopping.join()
    assert failed_jobs(line.database) == []
    with working(tasks):
        until(lambda: recording_status(line) is RecordingStatus.STORED)


def test_two_workers_share_a_queue(make_line, postgres_url, api, start):
    line = make_line(postgres_url)
    for _ in range(2):
        start(line)
    until(lambda: len(held_places(line)) == 2)
    jobs, left, shares = line.database.jobs, 0, set()
    while shares < {"worker-1", "worker-2"}:  # one that is slow to begin finds nothing of the first ones
        for number in range(left, left + 20):
            Caller(line, Arrival(f"CA{number}", "+16175550142", "+16175550100"))("2 1 4 3 1 1")
            api.add_recording(number)
            note_recording(line, f"CA{number}", sid("RE", number), RecordingStatus.READY, 3)
        left += 20
        until(lambda count=left: len(jobs.list_workflows(status="SUCCESS", name="import_recording")) == count)
        shares = {one.executor_id for one in jobs.list_workflows(name="import_recording")}
    assert shares == {"worker-1", "worker-2"}
    deleted = Counter(path for method, path in api.asked if method == "DELETE")
    assert len(deleted) == left
    assert set(deleted.values()) == {1}


def test_a_worker_takes_over_from_a_dead_one(make_line, postgres_url, make_tasks, api, start, hang):
    line = make_line(postgres_url)
    api.fault("GET .*wav", hang)
    leave_recording(line, api)
    first = start(line)
    assert hang.reached.wait(DEADLINE_SECONDS)
    with working(make_tasks(line), look_seconds=0.3):
        time.sleep(0.7)
        assert recording_status(line) is RecordingStatus.READY, "the first worker is alive: its job is its own"
        first.kill()
        until(lambda: recording_status(line) is RecordingStatus.STORED)
    assert api.count("DELETE", ".json") == 1


PLACES = """FROM pg_locks WHERE locktype = 'advisory' AND classid = 7765
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""
"""The places of this database's workers; other tests run on the same server."""


def held_places(line):
    with line.database.read() as session:
        return session.connection().exec_driver_sql(f"SELECT objid {PLACES}").fetchall()


def test_a_worker_without_its_place_ends(make_line, postgres_url, make_tasks):
    line = make_line(postgres_url)
    with working(make_tasks(line), look_seconds=0.1) as worker:
        with line.database.transaction() as connection:
            connection.exec_driver_sql(f"SELECT pg_terminate_backend(pid) {PLACES}")
        assert worker.broken.wait(DEADLINE_SECONDS)
