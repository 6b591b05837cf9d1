"""Requests that staff work on: left by a caller, and what the steps taken with them leave behind."""

from sqlalchemy import select

from ivr.models import AuditEntry, EntryKind, PatientRequest, ReferenceNumber, RequestEntry, StaffMember
from ivr.services import audit
from ivr.services.calls.turns import Arrival
from ivr.services.jobs import Job
from ivr.services.requests.case import changes_of
from tests.support.callers import CALLBACK, Caller


def leave(line, keys=CALLBACK, call="CA1", from_number="+16175550142"):
    return Caller(line, Arrival(call, from_number, "+16175550100"))(keys)


def one(line, request_id):
    with line.database.read() as session:
        return session.get_one(PatientRequest, request_id)


def entries(line):
    """What was done with requests. What their callers answered once they were saved is in `answers`."""
    others = select(RequestEntry).where(RequestEntry.kind != EntryKind.ANSWER_ADDED)
    with line.database.read() as session:
        return list(session.scalars(others.order_by(RequestEntry.id)))


def answers(line):
    """What callers answered once their requests were saved: what was known before, and after, an entry each."""
    added = select(RequestEntry).where(RequestEntry.kind == EntryKind.ANSWER_ADDED)
    with line.database.read() as session:
        found = map(changes_of, session.scalars(added.order_by(RequestEntry.id)))
        return [(dict(changes.before), dict(changes.after)) for changes in found]


def trail(line):
    """The trail as (actor, action, detail), which must be whole."""
    assert list(audit.trail_faults(line.database)) == []
    with line.database.read() as session:
        rows = session.scalars(select(AuditEntry).order_by(AuditEntry.id))
        return [(row.actor, row.action, row.detail) for row in rows]


def held_until(line, request):
    with line.database.read() as session:
        return session.get_one(ReferenceNumber, request.reference).held_until


def deactivate(line, member):
    with line.database.write() as session:
        session.get_one(StaffMember, member.id).active = False


def alerts(line):
    """The numbers of the urgent notices that are still to come."""
    jobs = line.database.jobs.list_workflows(status=["ENQUEUED", "DELAYED"])
    return sorted(job.input["args"][1] for job in jobs if job.name == Job.ALERT)


def audited(line, action):
    """What an action was done to, as the trail has it, in order."""
    with line.database.read() as session:
        return list(session.scalars(select(AuditEntry.subject).where(AuditEntry.action == action)))
