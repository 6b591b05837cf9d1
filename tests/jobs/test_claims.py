"""Claims whose owners are gone end by themselves, also when nobody looks at the queue."""

from datetime import timedelta

from ivr.jobs.worker import CLOCK
from ivr.models import PatientRequest, RequestStatus, Role
from ivr.services.accounts import staff
from ivr.services.audit import COMMAND, Actor
from ivr.services.jobs import Job
from ivr.services.requests import triage
from tests.support.jobs import run_jobs
from tests.support.kept_requests import put_requests


def test_the_clock_releases_them(line, tasks, clock):
    details = staff.AccountDetails("ana@example.org", "Ana", Role.STAFF)
    ana = Actor.of(staff.create(line.database, COMMAND, details, clock.now), "")
    kept, idle = put_requests(line, {}, {}, now=clock.now)
    triage.claim(line, idle, ana, clock.now)
    triage.claim(line, kept, ana, clock.now + timedelta(minutes=5))
    clock.now += timedelta(minutes=10)
    _, context = CLOCK["idle"]
    assert context == [Job.RELEASE_IDLE]
    tasks.tick("now", context)
    run_jobs(tasks)
    with line.database.read() as session:
        statuses = [session.get_one(PatientRequest, one).status for one in (kept, idle)]
    assert statuses == [RequestStatus.CLAIMED, RequestStatus.NEW]
