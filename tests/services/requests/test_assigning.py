"""Whose a request is until it is done, the news of it, and what a day tells, on both databases."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from ivr.models import (
    AuditEntry,
    Disposition,
    EntryKind,
    Outcome,
    PatientRequest,
    Priority,
    RequestEntry,
    RequestStatus,
    Role,
)
from ivr.services.accounts import staff
from ivr.services.audit import COMMAND, Actor
from ivr.services.jobs import Job
from ivr.services.requests import assigning, days, history, triage
from ivr.services.requests.assigning import assign, assign_many, assigned_facts, move_list
from ivr.services.requests.case import AlreadyClosed, BadEntry, NotAllowed
from ivr.services.requests.news import News, read_news
from ivr.services.requests.queue import Filters, count, read_page
from tests.support.kept_requests import put_requests
from tests.support.settings import MONDAY_MORNING

NOW = MONDAY_MORNING
MINUTE = timedelta(minutes=1)
CLOSED = {"status": RequestStatus.CLOSED, "closed_at": NOW}


class Somebody:
    def __init__(self, line, name, role=Role.STAFF):
        details = staff.AccountDetails(f"{name.lower()}@example.org", name, role)
        self.member = staff.create(line.database, COMMAND, details, NOW)
        self.id, self.actor = self.member.id, Actor.of(self.member, "")


@pytest.fixture
def ana(line):
    return Somebody(line, "Ana")


@pytest.fixture
def bob(line, ana):
    return Somebody(line, "Bob")


@pytest.fixture
def lea(line, bob):
    return Somebody(line, "Lea", Role.LEAD)


@pytest.fixture
def put(line):
    return lambda *specials: put_requests(line, *specials, now=NOW)


def assignees(line):
    with line.database.read() as session:
        return list(session.scalars(select(PatientRequest.assigned_to_id).order_by(PatientRequest.id)))


def told(line):
    """Whom the jobs that wait tell of which requests."""
    waiting = line.database.jobs.list_workflows(status=["ENQUEUED"])
    return sorted(tuple(job.input["args"][:2]) for job in waiting if job.name == Job.TELL_ASSIGNEE)


class TestAssigning:
    def test_it_lasts_through_claims_attempts_and_releases(self, line, put, ana, bob):
        (one,) = put({})
        assign(line, one, ana.actor, NOW, to=bob.id, note="He knows her.")
        triage.claim(line, one, ana.actor, NOW)
        triage.record_attempt(line, one, ana.actor, NOW, outcome=Outcome.NO_ANSWER)
        triage.release_idle(line, NOW + timedelta(hours=1))
        assert assignees(line) == [bob.id]
        (row,) = read_page(line, Filters(assigned_to_id=bob.id), None, NOW + timedelta(days=1)).rows
        assert (row.assigned_to, row.owner, row.attempts) == ("Bob", None, 1)
        with line.database.read() as session:
            entry = session.scalars(select(RequestEntry).where(RequestEntry.kind == EntryKind.ASSIGNED)).one()
            trail = list(session.scalars(select(AuditEntry.detail).where(AuditEntry.detail.startswith("assigned"))))
        assert (entry.staff_id, entry.note) == (ana.id, "He knows her.")
        assert trail == [f"assigned to staff:{bob.id}"]

    def test_anybody_gives_and_takes(self, line, put, ana, bob):
        (one,) = put({})
        triage.claim(line, one, bob.actor, NOW)
        assign(line, one, ana.actor, NOW, to=bob.id)
        assign(line, one, ana.actor, NOW, to=ana.id)
        assert assign(line, one, ana.actor, NOW, to=ana.id) is None
        assign(line, one, bob.actor, NOW, to=None)
        assert assignees(line) == [None]
        with line.database.read() as session:
            request = session.get_one(PatientRequest, one)
        assert (request.status, request.owner_id, request.assigned_at) == (RequestStatus.CLAIMED, bob.id, None)

    def test_the_assignee_is_told_but_nobody_of_what_they_took_themselves(self, line, put, ana, bob):
        one, two = put({}, {})
        assign(line, one, ana.actor, NOW, to=bob.id)
        assign(line, two, ana.actor, NOW, to=ana.id)
        assert told(line) == [(bob.id, [one])]
        facts = assigned_facts(line.database, bob.id, [one, two])
        assert (facts.email, facts.references) == ("bob@example.org", ("000001",))
        assign(line, one, ana.actor, NOW, to=None)
        assert assigned_facts(line.database, bob.id, [one]) is None

    def test_what_is_refused(self, line, put, ana, bob):
        open_one, closed = put({}, CLOSED)
        staff.set_active(line.database, COMMAND, bob.id, False, NOW)
        for to in (bob.id, 99):
            with pytest.raises(BadEntry, match="account is active"):
                assign(line, open_one, ana.actor, NOW, to=to)
        with pytest.raises(AlreadyClosed):
            assign(line, closed, ana.actor, NOW, to=ana.id)
        assert (assignees(line), told(line)) == ([None, None], [])


class TestALeadHandsOver:
    def test_a_mornings_list_in_one_go(self, line, put, bob, lea):
        made = put({}, {}, CLOSED, {})
        assign(line, made[1], lea.actor, NOW, to=bob.id)
        assert assign_many(line, made, lea.actor, NOW, to=bob.id) == 2
        assert assignees(line) == [bob.id, bob.id, None, bob.id]
        assert told(line) == [(bob.id, [made[0], made[3]]), (bob.id, [made[1]])]

    def test_everything_of_whoever_is_away(self, line, put, ana, bob, lea):
        made = put({}, {"status": RequestStatus.INCOMPLETE}, {}, CLOSED)
        for one in made[:2]:
            assign(line, one, ana.actor, NOW, to=ana.id)
        assign(line, made[2], ana.actor, NOW, to=lea.id)
        assert move_list(line, lea.actor, NOW, from_=ana.id, to=bob.id) == 2
        assert assignees(line) == [bob.id, bob.id, lea.id, None]
        assert move_list(line, lea.actor, NOW, from_=ana.id, to=bob.id) == 0
        assert move_list(line, lea.actor, NOW, from_=bob.id, to=None) == 2

    def test_nobody_else_may_and_nothing_is_half_done(self, line, put, ana, bob, lea, monkeypatch):
        made = put({}, {})
        with pytest.raises(NotAllowed):
            assign_many(line, made, ana.actor, NOW, to=bob.id)
        with pytest.raises(BadEntry):
            assign_many(line, made, lea.actor, NOW, to=99)
        monkeypatch.setattr(assigning, "MOST_AT_ONCE", 1)
        with pytest.raises(BadEntry, match="at most 1"):
            assign_many(line, made, lea.actor, NOW, to=bob.id)
        assert (assignees(line), told(line)) == ([None, None], [])


def test_news(line, put, ana, bob):
    assert read_news(line, bob.id, NOW) == News(0, None, 0, None)
    urgent = {"priority": Priority.URGENT, "red_flags": True}
    _, left, waits, plain, closed = put(
        urgent,
        {**urgent, "status": RequestStatus.INCOMPLETE, "left_incomplete": True},
        {**urgent, "status": RequestStatus.FOLLOW_UP, "attempts": 1},
        {},
        {**urgent, **CLOSED},
    )
    assert waits < plain < closed
    assign(line, plain, ana.actor, NOW + MINUTE, to=bob.id)
    assert read_news(line, bob.id, NOW) == News(2, left, 1, NOW + MINUTE)
    assert read_news(line, ana.id, NOW) == News(2, left, 0, None)
    assert (count(line, bob.id, NOW).assigned, count(line, ana.id, NOW).assigned) == (1, 0)


class TestADay:
    BEGINS, ENDS = NOW - timedelta(hours=10), NOW + timedelta(hours=14)

    def test_what_somebody_did_and_what_comes_back(self, line, put, ana, bob):
        one, two, three = put({}, {}, {})
        triage.record_attempt(line, one, ana.actor, NOW, outcome=Outcome.NO_ANSWER)
        back = triage.record_attempt(line, two, ana.actor, NOW + MINUTE, outcome=Outcome.BUSY)
        history.undo(line, two, ana.actor, NOW + 2 * MINUTE, entry_id=back)
        triage.close(line, three, ana.actor, NOW + 3 * MINUTE, disposition=Disposition.SCHEDULED)
        triage.record_attempt(line, two, bob.actor, NOW + 20 * MINUTE, outcome=Outcome.REACHED)
        assign(line, two, bob.actor, NOW, to=ana.id)
        day = days.read_day(line.database, ana.id, self.BEGINS, self.ENDS)
        assert [(step.kind, step.reference, step.is_undone) for step in day.steps] == [
            (EntryKind.CLOSED, "000003", False),
            (EntryKind.UNDONE, "000002", False),
            (EntryKind.ATTEMPTED, "000002", True),
            (EntryKind.ATTEMPTED, "000001", False),
        ]
        assert day.steps[-1].comes_back_at == day.put_back[0].act_by
        assert ([row.id for row in day.put_back], [row.id for row in day.assigned]) == ([one], [two])
        tomorrow = days.read_day(line.database, ana.id, self.ENDS, self.ENDS + timedelta(days=1))
        assert (tomorrow.steps, tomorrow.put_back) == ((), ())

    def test_everybody_in_numbers_by_name(self, line, put, ana, bob, lea):
        one, two = put({}, {})
        triage.record_attempt(line, one, bob.actor, NOW, outcome=Outcome.NO_ANSWER)
        back = triage.record_attempt(line, two, bob.actor, NOW, outcome=Outcome.BUSY)
        history.undo(line, two, bob.actor, NOW, entry_id=back)
        triage.close(line, two, bob.actor, NOW, disposition=Disposition.ANSWERED)
        assign(line, one, bob.actor, NOW, to=ana.id)
        shares = days.read_shares(line.database, self.BEGINS, self.ENDS)
        assert [(one.name, one.attempts, one.closed, one.assigned) for one in shares] == [
            ("Ana", 0, 0, 1),
            ("Bob", 1, 1, 0),
            ("Lea", 0, 0, 0),
        ]
