"""Jobs: what is in the queue, run one by one in this process, or by a worker in a thread; and waiting until they are done."""

import contextlib
import time
from datetime import timedelta

from sqlalchemy import select

from ivr.jobs.worker import JobWorker, RetryPolicy
from ivr.models import Recording
from ivr.services.jobs import Job, Lane
from tests.support.carrier_api import sid
from tests.support.settings import DEADLINE_SECONDS

WAITING = ["ENQUEUED", "DELAYED"]


def waiting(line):
    """The jobs in the queue, with their arguments."""
    return [(Job(one.name), tuple(one.input["args"]), one) for one in line.database.jobs.list_workflows(status=WAITING)]


def run_jobs(tasks, *, delayed=False):
    """Run what is in the queue, in order, until it is empty; what is to wait stays unless `delayed`."""
    ran = []
    while True:
        ready = [(job, args, one) for job, args, one in waiting(tasks.line) if delayed or one.status == "ENQUEUED"]
        if not ready:
            return ran
        for job, args, one in ready:
            tasks.line.database.jobs.cancel_workflow(one.workflow_id)
            tasks.by_job[job](*args)
            ran.append(job)
        delayed = False


RE1 = sid("RE", 1)

QUICK = dict.fromkeys(Lane, RetryPolicy(3, timedelta(milliseconds=1)))


@contextlib.contextmanager
def working(tasks, **options):
    worker = JobWorker(tasks, poll_seconds=0.05, patience=QUICK, **{"scheduled": False, **options})
    worker.start()
    try:
        yield worker
    finally:
        worker.stop(0)


def until(condition, seconds=DEADLINE_SECONDS):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def recording_status(line, recording_sid=RE1):
    with line.database.read() as session:
        return session.scalar(select(Recording.status).where(Recording.sid == recording_sid))
