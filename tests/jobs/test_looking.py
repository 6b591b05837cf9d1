"""An idle worker leaves the database alone, and yet begins soon what is enqueued."""

import contextlib
import time
from datetime import timedelta

import pytest
import sqlalchemy as sa
from dbos import DBOS
from dbos._sys_db import SystemDatabase

from ivr.db import Database, Vault
from ivr.jobs.looking import Looks, look_before_claiming
from ivr.jobs.worker import JobWorker
from ivr.services.jobs import Job, WaitingJobs, enqueue, waiting_jobs
from tests.support.callers import Caller
from tests.support.jobs import until
from tests.support.processes import worker_process
from tests.support.settings import DATA_KEY

IDLE_SECONDS = 4
STATEMENTS_A_SECOND = 6
"""It was 25: what is left are two looks, and on PostgreSQL the lock of the one who releases delayed jobs."""

CONNECTIONS = 6
"""What an idle worker may hold of PostgreSQL's connections; it was 12. Measured: 5."""

UP = sa.text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")


@pytest.fixture
def database(database_url):
    database = Database(database_url, Vault([DATA_KEY]))
    yield database
    database.close()


def put(database, job, key, delay=None):
    with database.transaction() as connection:
        enqueue(database, connection, job, key=key, delay=delay)


def test_what_waits_is_told_by_queue(database):
    assert waiting_jobs(database) == WaitingJobs(frozenset(), False)
    put(database, Job.PLACE_CALL, "one")
    put(database, Job.ALERT, "two")
    put(database, Job.ALERT, "three")
    assert waiting_jobs(database) == WaitingJobs(frozenset({"calls", "notices"}), False)
    put(database, Job.FETCH_MISSED, "later", delay=timedelta(hours=1))
    assert waiting_jobs(database) == WaitingJobs(frozenset({"calls", "notices"}), True)


def test_one_answer_serves_all_queues_for_a_while(database):
    looks = Looks(database, fresh_seconds=3600)
    assert looks.waiting().queues == set()
    put(database, Job.ALERT, "one")
    assert looks.waiting().queues == set()
    assert Looks(database, 3600).waiting().queues == {"notices"}
    assert Looks(database, 0).waiting().queues == {"notices"}


class Recorder:
    """DBOS's system database, as far as it is asked here."""

    def __init__(self):
        self.calls = []

    def __getattr__(self, name):
        assert hasattr(SystemDatabase, name), f"DBOS has no {name} any more"
        return lambda *arguments, **named: self.calls.append(name) or [name]


class TestReplacedMethods:
    @pytest.fixture
    def dbos(self):
        class Stand:
            _sys_db = Recorder()

        return Stand

    def test_claims_and_releases_only_what_waits(self, dbos, database):
        look_before_claiming(dbos, Looks(database, 0))
        system = dbos._sys_db
        assert system.dequeue_scopes("notices") == []
        system.transition_delayed_workflows()
        assert system.calls == []
        put(database, Job.ALERT, "one")
        put(database, Job.ALERT, "later", delay=timedelta(hours=1))
        assert system.dequeue_scopes("notices") == [None]
        assert system.dequeue_scopes("calls") == []
        system.transition_delayed_workflows()
        assert system.calls == ["transition_delayed_workflows"]

    def test_settings_and_deadlines_are_asked_for_once_a_minute(self, dbos, database):
        look_before_claiming(dbos, Looks(database, 0))
        system = dbos._sys_db
        assert [system.get_queue("notices") for _ in range(3)] == [["get_queue"]] * 3
        system.get_queue("calls")
        assert [system.cancel_timed_out_workflows(5) for _ in range(2)] == [["cancel_timed_out_workflows"], []]
        assert system.calls == ["get_queue", "get_queue", "cancel_timed_out_workflows"]


def test_dbos_calls_what_is_replaced():
    """Each replaced method is asked where DBOS looks for work; another version may do it otherwise."""
    import dbos._queue
    import dbos._workflow_commands

    names = {*dbos._queue.queue_worker_thread.__code__.co_names, *dbos._queue.queue_thread.__code__.co_names}
    assert names >= {"dequeue_scopes", "get_queue", "list_queues"}
    jobs = dbos._workflow_commands.background_jobs_thread.__code__
    inner = {name for code in jobs.co_consts if hasattr(code, "co_names") for name in code.co_names}
    assert inner >= {"transition_delayed_workflows", "cancel_timed_out_workflows"}
    assert hasattr(DBOS, "_sys_db")


@contextlib.contextmanager
def counted():
    """Counts the statements of every engine of this process."""
    seen = []

    def note(connection, cursor, statement, *_):
        seen.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    yield seen
    sa.event.remove(sa.Engine, "before_cursor_execute", note)


def test_an_idle_worker_leaves_the_database_alone_and_begins_what_comes(line, tasks, outbox):
    worker = JobWorker(tasks, scheduled=False, look_seconds=3600)
    worker.start()
    try:
        time.sleep(1.5)
        with counted() as statements:
            time.sleep(IDLE_SECONDS)
        Caller(line)("2 1 2 1 2")
        until(lambda: outbox.sent)
    finally:
        worker.stop(0)
    assert len(statements) <= IDLE_SECONDS * STATEMENTS_A_SECOND, statements


def test_an_idle_worker_holds_few_connections_to_postgresql(settings, postgres_url):
    """Once it has started: a worker that has just begun has made one connection only."""
    database = Database(postgres_url, Vault([DATA_KEY]))

    def held():
        with database.read() as session:
            return session.scalar(UP)

    with worker_process({**settings, "DATABASE_URL": postgres_url}):
        until(lambda: held() > 3)
        time.sleep(IDLE_SECONDS)
        until(lambda: held() <= CONNECTIONS)
    database.close()
