"""Tasks on each database, against the carrier's API over real HTTP; jobs are run one by one, or by a real worker."""

import contextlib
import os
import threading
from dataclasses import dataclass, field, replace

import pytest

from ivr.jobs.tasks import tasks_of
from tests.support.carrier_api import carrier_api
from tests.support.programs import Program
from tests.support.settings import CHILDREN_PATH


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


@pytest.fixture
def start(settings, api, tmp_path):
    """Starts workers as an operator would; all of them end with the test."""
    running = []

    def run(line, **changes):
        env = {
            **os.environ, **settings, "TWILIO_API_URL": api.url, "PYTHONPATH": CHILDREN_PATH,
            "NOTIFY_NUMBERS": "+16175550177", "SMS_FROM": "+16175550100",
            "DATABASE_URL": line.database.engine.url.render_as_string(hide_password=False), **changes,
        }  # fmt: skip
        with (tmp_path / "workers.log").open("a") as log:
            running.append(Program("ivr", "worker", env=env, cwd=tmp_path, stdout=log, stderr=log))
        return running[-1]

    yield run
    for process in running:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.wait()


class Hang:
    """An answer that does not come before the test ends."""

    def __init__(self):
        self.reached, self.end = threading.Event(), threading.Event()

    def __call__(self):
        self.reached.set()
        self.end.wait()
        return 500


@pytest.fixture
def hang():
    answer = Hang()
    yield answer
    answer.end.set()
