"""The mail to whom requests were assigned: once, to them alone, and without a patient's data."""

from ivr.models import Role
from ivr.services.accounts import staff
from ivr.services.audit import COMMAND, Actor
from ivr.services.jobs import Job
from ivr.services.requests import assigning, naming
from tests.support.jobs import run_jobs
from tests.support.kept_requests import put_requests


def somebody(line, name, role=Role.STAFF):
    details = staff.AccountDetails(f"{name}@example.org", name.title(), role)
    return staff.create(line.database, COMMAND, details, line.clock())


def test_the_assignee_gets_one_mail_with_references(line, tasks, outbox, clock):
    lea, bob = somebody(line, "lea", Role.LEAD), somebody(line, "bob")
    actor, made = Actor.of(lea, ""), put_requests(line, {}, {}, {}, now=clock.now)
    naming.set_name(line, made[0], actor, clock.now, name="Maria Lopez")
    assigning.assign_many(line, made, actor, clock.now, to=bob.id)
    assigning.assign(line, made[1], actor, clock.now, to=None)
    assert run_jobs(tasks) == [Job.TELL_ASSIGNEE]
    ((recipients, subject, body),) = outbox.sent
    assert (list(recipients), subject) == (["bob@example.org"], "Assigned to you: 2 requests")
    assert body.splitlines() == [
        "Assigned to you: 2 requests.",
        "",
        "000001",
        "000003",
        "",
        "They are yours until they are done.",
        "https://line.example.org/console/day",
    ]
    tasks.tell_assignee(bob.id, made, "assigned-again")
    assigning.move_list(line, actor, clock.now, from_=bob.id, to=None)
    tasks.tell_assignee(bob.id, made, "assigned-later")
    assert len(outbox.sent) == 2


def test_the_same_mail_is_sent_once(line, tasks, outbox, clock):
    lea, bob = somebody(line, "lea", Role.LEAD), somebody(line, "bob")
    (one,) = put_requests(line, {}, now=clock.now)
    assigning.assign(line, one, Actor.of(lea, ""), clock.now, to=bob.id)
    for _ in range(2):
        tasks.tell_assignee(bob.id, [one], "assigned-1")
    assert len(outbox.sent) == 1
