"""Tasks on each database, against the carrier's API over real HTTP; jobs are run one by one, or by a real worker."""

from dataclasses import dataclass, field, replace

import pytest

from ivr.jobs.tasks import tasks_of
from ivr.services.queue import Job
from tests.carrier_api import carrier_api


@pytest.fixture
def api():
    with carrier_api() as served:
        yield served


@dataclass
class Outbox:
    """Mail that went nowhere."""

    sent: list = field(default_factory=list)
    failures: list = field(default_factory=list)

    def send(self, recipients, subject, body):
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append((tuple(recipients), subject, body))


@pytest.fixture
def outbox():
    return Outbox()


@pytest.fixture
def make_tasks(config, api, outbox):
    def make(line, **changes):
        changed = replace(
            config, twilio_api_url=api.url, staff_url="https://line.example.org", sms_from="+16175550100",
            **{"notify_emails": ("nurse@example.org",), **changes},
        )  # fmt: skip
        return replace(tasks_of(changed, line), mail=outbox)

    return make


@pytest.fixture
def tasks(make_tasks, line):
    return make_tasks(line)


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
