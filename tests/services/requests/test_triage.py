"""What staff do with a request, on both databases: claims that race, attempts, closings, and steps taken back."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from ivr.models import (
    AuditAction,
    AuditEntry,
    Disposition,
    EntryKind,
    Outcome,
    PatientRequest,
    Priority,
    ReferenceNumber,
    RequestEntry,
    RequestStatus,
    Role,
    StaffMember,
    Tab,
)
from ivr.services import audit
from ivr.services.audit import COMMAND, Actor
from ivr.services.calls.turns import Arrival, note_recording
from ivr.services.jobs import Job
from ivr.services.keeping.retention import erase_requests
from ivr.services.requests import history, triage
from ivr.services.requests.case import (
    AlreadyClosed,
    BadEntry,
    NoSuchRequest,
    NotAllowed,
    NotUndoable,
    Taken,
    changes_of,
)
from ivr.services.requests.notices import alert
from ivr.services.requests.references import HELD_AFTER_CLOSING
from tests.conftest import MONDAY_MORNING
from tests.services.calls.test_turns import CALLBACK, Caller

URGENT = "2 1 2 1 3 1 2 1"
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
NOW = MONDAY_MORNING


@pytest.fixture
def members(line):
    """Ana and Ben of the staff, Lee the lead, by first name."""
    with line.database.write() as session:
        made = {}
        for name, role in (("Ana", Role.STAFF), ("Ben", Role.STAFF), ("Lee", Role.LEAD)):
            mail = f"{name.lower()}@example.org"
            made[name] = StaffMember(email=mail, name=name, role=role, active=True, fs_uniquifier=name, created_at=NOW)
            session.add(made[name])
    return made


@pytest.fixture
def ana(members):
    return Actor.of(members["Ana"], "10.0.0.1")


@pytest.fixture
def ben(members):
    return Actor.of(members["Ben"], "10.0.0.2")


@pytest.fixture
def lee(members):
    return Actor.of(members["Lee"], "10.0.0.3")


def leave(line, keys=CALLBACK, call="CA1", from_number="+16175550142"):
    return Caller(line, Arrival(call, from_number, "+16175550100"))(keys)


@pytest.fixture
def request_id(line):
    """A callback request, left at ten on a Monday."""
    leave(line)
    with line.database.read() as session:
        return session.scalar(select(PatientRequest.id))


def one(line, request_id):
    with line.database.read() as session:
        return session.get_one(PatientRequest, request_id)


def entries(line):
    with line.database.read() as session:
        return list(session.scalars(select(RequestEntry).order_by(RequestEntry.id)))


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


class TestClaiming:
    def test_is_written_down(self, line, request_id, ana):
        triage.claim(line, request_id, ana, NOW)
        request = one(line, request_id)
        assert (request.status, request.owner_id, request.claimed_at) == (RequestStatus.CLAIMED, ana.staff_id, NOW)
        assert request.tab is Tab.OPEN
        (entry,) = entries(line)
        assert (entry.kind, entry.staff_id, entry.at) == (EntryKind.CLAIMED, ana.staff_id, NOW)
        assert changes_of(entry).before["status"] == "new"
        assert trail(line) == [(ana.name, AuditAction.CLAIMED, "")]

    def test_again_changes_nothing(self, line, request_id, ana):
        triage.claim(line, request_id, ana, NOW)
        triage.claim(line, request_id, ana, NOW + 5 * MINUTE)
        assert len(entries(line)) == len(trail(line)) == 1
        assert one(line, request_id).claimed_at == NOW

    def test_names_the_owner_to_whoever_comes_second(self, line, request_id, ana, ben, lee):
        triage.claim(line, request_id, ana, NOW)
        for other in (ben, lee):
            with pytest.raises(Taken, match=r"^Ana is working on this request\.$") as taken:
                triage.claim(line, request_id, other, NOW + MINUTE)
            assert (taken.value.owner, taken.value.since) == ("Ana", NOW)
        assert len(entries(line)) == 1

    def test_of_many_at_once_one_gets_it(self, line, request_id, ana, ben, lee):
        def attempt(actor):
            try:
                triage.claim(line, request_id, actor, NOW)
            except Taken as taken:
                return taken.owner
            return "got it"

        with ThreadPoolExecutor(6) as pool:
            told = list(pool.map(attempt, [ana, ben, lee] * 2))
        owner = one(line, request_id).owner_id
        name = {ana.staff_id: "Ana", ben.staff_id: "Ben", lee.staff_id: "Lee"}[owner]
        assert sorted(told) == sorted(["got it"] * 2 + [name] * 4)
        assert [entry.kind for entry in entries(line)] == [EntryKind.CLAIMED]
        assert len(trail(line)) == 1

    def test_stops_urgent_notices_and_releasing_takes_them_up(self, line, ana):
        leave(line, URGENT)
        assert alerts(line) == [1]
        triage.claim(line, 1, ana, NOW)
        assert not alert(line.database, 1, 1, NOW, [])
        triage.release(line, 1, ana, NOW + 5 * MINUTE)
        assert alerts(line) == [1, 2]
        assert alert(line.database, 1, 1, NOW + 5 * MINUTE, [])
        assert alerts(line) == [1, 2]
        assert alert(line.database, 1, 2, NOW + 15 * MINUTE, [])
        assert alerts(line) == [1, 2, 3]

    def test_of_nothing_or_by_nobody(self, line, request_id, members, ana):
        with pytest.raises(NoSuchRequest, match="There is no request number 99"):
            triage.claim(line, 99, ana, NOW)
        with pytest.raises(NotAllowed):
            triage.claim(line, request_id, COMMAND, NOW)
        deactivate(line, members["Ana"])
        with pytest.raises(NotAllowed, match="not active"):
            triage.claim(line, request_id, ana, NOW)

    def test_of_a_request_that_a_caller_left_incomplete(self, line, ana):
        caller = leave(line, "2 1 4 3")
        caller.hang_up()
        assert one(line, 1).status is RequestStatus.INCOMPLETE
        triage.claim(line, 1, ana, NOW)
        assert (one(line, 1).tab, one(line, 1).left_incomplete) == (Tab.OPEN, True)
        triage.release(line, 1, ana, NOW)
        assert one(line, 1).tab is Tab.INCOMPLETE
        triage.record_attempt(line, 1, ana, NOW, outcome=Outcome.BUSY)
        assert (one(line, 1).status, one(line, 1).tab) == (RequestStatus.FOLLOW_UP, Tab.OPEN)

    def test_in_the_seconds_before_the_carriers_last_word_makes_no_second_request(self, line, ana):
        caller = leave(line, "2 1 4 3")
        caller.hang_up()
        triage.claim(line, 1, ana, NOW)
        note_recording(line, "CA1", "RE9", "ready", 5)
        caller.hang_up()
        with line.database.read() as session:
            assert list(session.scalars(select(PatientRequest.status))) == [RequestStatus.CLAIMED]


class TestReleasing:
    def test_by_the_owner_or_a_lead(self, line, request_id, ana, ben, lee):
        assert triage.release(line, request_id, ana, NOW) is None
        for actor, detail in ((ana, ""), (lee, f"claim of {ana.name}")):
            triage.claim(line, request_id, ana, NOW)
            with pytest.raises(Taken, match="Ana"):
                triage.release(line, request_id, ben, NOW)
            triage.release(line, request_id, actor, NOW)
            request = one(line, request_id)
            assert (request.status, request.owner_id, request.claimed_at) == (RequestStatus.NEW, None, None)
            assert trail(line)[-1] == (actor.name, AuditAction.RELEASED, detail)

    def test_happens_by_itself_after_ten_idle_minutes(self, line, request_id, ana):
        triage.claim(line, request_id, ana, NOW)
        assert triage.touch(line, request_id, ana, NOW + 5 * MINUTE)
        assert triage.release_idle(line, NOW + 14 * MINUTE) == 0
        assert triage.release_idle(line, NOW + 15 * MINUTE) == 1
        assert triage.release_idle(line, NOW + 15 * MINUTE) == 0
        assert one(line, request_id).status is RequestStatus.NEW
        assert entries(line)[-1].staff_id is None
        assert trail(line)[-1] == ("system", AuditAction.RELEASED, f"{ana.name} was away for 10 minutes")
        assert not triage.touch(line, request_id, ana, NOW + 16 * MINUTE)

    def test_of_an_urgent_one_whose_owner_is_gone_gives_notice_at_once(self, line, ana):
        leave(line, URGENT)
        triage.claim(line, 1, ana, NOW)
        triage.release_idle(line, NOW + 12 * MINUTE)
        (job,) = [job for job in line.database.jobs.list_workflows(status=["ENQUEUED"]) if job.input["args"][1] == 3]
        assert job.name == Job.ALERT

    def test_after_an_attempt_goes_back_to_its_follow_up(self, line, request_id, ana):
        triage.record_attempt(line, request_id, ana, NOW, outcome=Outcome.BUSY)
        triage.claim(line, request_id, ana, NOW)
        triage.release_idle(line, NOW + HOUR)
        assert one(line, request_id).status is RequestStatus.FOLLOW_UP

    def test_an_idle_claim_does_not_keep_a_colleague_out(self, line, request_id, ana, ben):
        triage.claim(line, request_id, ana, NOW)
        triage.claim(line, request_id, ben, NOW + 10 * MINUTE)
        assert one(line, request_id).owner_id == ben.staff_id
        assert [entry.kind for entry in entries(line)] == ["claimed", "released", "claimed"]

    def test_the_owner_who_comes_back_still_has_it(self, line, request_id, ana):
        triage.claim(line, request_id, ana, NOW)
        triage.close(line, request_id, ana, NOW + HOUR, disposition=Disposition.ANSWERED)
        assert [entry.kind for entry in entries(line)] == ["claimed", "closed"]

    def test_many_are_released_in_several_transactions(self, line, ana, monkeypatch):
        monkeypatch.setattr(triage, "AT_ONCE", 2)
        for n in range(5):
            leave(line, call=f"CA{n}", from_number=f"+1617555014{n}")
            triage.claim(line, n + 1, ana, NOW)
        assert triage.release_idle(line, NOW + HOUR) == 5
        assert len(trail(line)) == 10


class TestLeading:
    def test_a_lead_takes_over(self, line, request_id, ana, ben, lee):
        triage.claim(line, request_id, ana, NOW)
        with pytest.raises(NotAllowed, match=r"^Only a lead can take over a request\.$"):
            triage.take_over(line, request_id, ben, NOW)
        triage.take_over(line, request_id, lee, NOW + MINUTE)
        assert one(line, request_id).owner_id == lee.staff_id
        assert trail(line)[-1] == (lee.name, AuditAction.CLAIMED, f"taken over from {ana.name}")
        with pytest.raises(Taken, match="Lee"):
            triage.record_attempt(line, request_id, ana, NOW + MINUTE, outcome=Outcome.BUSY)

    def test_a_lead_reassigns(self, line, request_id, members, ana, ben, lee):
        with pytest.raises(NotAllowed, match="reassign"):
            triage.reassign(line, request_id, ana, NOW, to=ben.staff_id)
        triage.reassign(line, request_id, lee, NOW, to=ben.staff_id)
        request = one(line, request_id)
        assert (request.status, request.owner_id) == (RequestStatus.CLAIMED, ben.staff_id)
        assert (entries(line)[0].kind, entries(line)[0].staff_id) == (EntryKind.REASSIGNED, lee.staff_id)
        assert changes_of(entries(line)[0]).after["owner_id"] == ben.staff_id
        deactivate(line, members["Ana"])
        for nobody in (ana.staff_id, 99):
            with pytest.raises(BadEntry, match="account is active"):
                triage.reassign(line, request_id, lee, NOW, to=nobody)

    def test_a_lead_may_close_what_somebody_else_has(self, line, request_id, ana, lee):
        triage.claim(line, request_id, ana, NOW)
        triage.close(line, request_id, lee, NOW, disposition=Disposition.DUPLICATE)
        assert one(line, request_id).owner_id == ana.staff_id
        assert entries(line)[-1].staff_id == lee.staff_id


class TestAttempts:
    def test_puts_it_back_with_a_follow_up(self, line, request_id, ana):
        entry_id = triage.record_attempt(line, request_id, ana, NOW, outcome=Outcome.NO_ANSWER, note=" rang long ")
        request = one(line, request_id)
        one_o_clock = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
        assert (request.status, request.owner_id, request.attempts) == (RequestStatus.FOLLOW_UP, None, 1)
        assert (request.act_by, request.first_attempt_at, request.reached_at) == (one_o_clock, NOW, None)
        claimed, tried = entries(line)
        assert (claimed.kind, tried.kind, tried.id) == (EntryKind.CLAIMED, EntryKind.ATTEMPTED, entry_id)
        assert (tried.outcome, tried.follow_up_at, tried.note) == (Outcome.NO_ANSWER, one_o_clock, "rang long")
        assert trail(line)[-1] == (ana.name, AuditAction.CHANGED, "attempt: no_answer")

    def test_counts_on(self, line, request_id, ana, ben):
        triage.record_attempt(line, request_id, ana, NOW, outcome=Outcome.BUSY)
        at = NOW + 3 * HOUR
        triage.record_attempt(line, request_id, ben, NOW + HOUR, outcome=Outcome.REACHED, follow_up_at=at)
        triage.record_attempt(line, request_id, ben, NOW + 2 * HOUR, outcome=Outcome.REACHED, follow_up_at=at)
        request = one(line, request_id)
        assert (request.attempts, request.first_attempt_at, request.act_by) == (3, NOW, at)
        assert request.reached_at == NOW + HOUR

    @pytest.mark.parametrize("after", [timedelta(), -MINUTE, timedelta(days=366)])
    def test_follow_up_must_be_to_come(self, line, request_id, ana, after):
        with pytest.raises(BadEntry, match="follow-up"):
            triage.record_attempt(line, request_id, ana, NOW, outcome=Outcome.BUSY, follow_up_at=NOW + after)
        assert entries(line) == []

    def test_only_by_the_owner(self, line, request_id, ana, ben):
        triage.claim(line, request_id, ana, NOW)
        with pytest.raises(Taken, match="Ana"):
            triage.record_attempt(line, request_id, ben, NOW, outcome=Outcome.BUSY)
        assert one(line, request_id).attempts == 0

    @pytest.mark.parametrize(
        ("outcome", "priority", "now", "then"),
        [
            (Outcome.BUSY, Priority.ROUTINE, "23 10:00", "23 10:30"),
            (Outcome.BUSY, Priority.ROUTINE, "23 16:45", "24 08:30"),
            (Outcome.NO_ANSWER, Priority.ROUTINE, "23 10:00", "23 13:00"),
            (Outcome.NO_ANSWER, Priority.SOON, "23 14:00", "24 08:30"),
            (Outcome.NO_ANSWER, Priority.ROUTINE, "25 14:00", "27 08:30"),
            (Outcome.WRONG_NUMBER, Priority.ROUTINE, "23 12:30", "24 08:30"),
            (Outcome.LANGUAGE_BARRIER, Priority.ROUTINE, "23 10:00", "23 14:00"),
            (Outcome.LEFT_MESSAGE, Priority.ROUTINE, "23 10:00", "24 10:00"),
            (Outcome.REACHED, Priority.ROUTINE, "27 15:00", "30 15:00"),
            (Outcome.DECLINED, Priority.SOON, "23 10:00", "24 10:00"),
            (Outcome.NO_ANSWER, Priority.URGENT, "23 10:00", "23 10:30"),
            (Outcome.BUSY, Priority.URGENT, "23 16:45", "24 08:30"),
        ],
    )
    def test_default_follow_up(self, make_line, sqlite_url, outcome, priority, now, then):
        calendar = make_line(sqlite_url).calendar

        def at(text):
            day, time = text.split()
            return datetime.fromisoformat(f"2026-11-{day}T{time}").replace(tzinfo=calendar.timezone)

        assert triage.default_follow_up(calendar, priority, outcome, at(now).astimezone(UTC)) == at(then)


class TestClosing:
    def test_keeps_the_owner_and_lets_the_reference_go(self, line, request_id, ana, ben):
        triage.close(line, request_id, ana, NOW, disposition=Disposition.SCHEDULED, note="Friday at ten")
        request = one(line, request_id)
        assert (request.status, request.tab, request.disposition) == ("closed", Tab.CLOSED, Disposition.SCHEDULED)
        assert (request.closed_at, request.owner_id, request.reached_at) == (NOW, ana.staff_id, NOW)
        assert held_until(line, request) == NOW + HELD_AFTER_CLOSING
        assert [entry.kind for entry in entries(line)] == [EntryKind.CLAIMED, EntryKind.CLOSED]
        assert (entries(line)[1].disposition, entries(line)[1].note) == (Disposition.SCHEDULED, "Friday at ten")
        assert trail(line)[-1] == (ana.name, AuditAction.CLOSED, "disposition: scheduled")

    def test_as_unreachable_reaches_nobody(self, line, request_id, ana):
        triage.close(line, request_id, ana, NOW, disposition=Disposition.UNREACHABLE)
        assert (one(line, request_id).first_attempt_at, one(line, request_id).reached_at) == (None, None)

    def test_ends_the_work(self, line, request_id, ana, lee):
        triage.close(line, request_id, ana, NOW, disposition=Disposition.ANSWERED)
        works = (
            lambda: triage.claim(line, request_id, lee, NOW),
            lambda: triage.release(line, request_id, lee, NOW),
            lambda: triage.take_over(line, request_id, lee, NOW),
            lambda: triage.reassign(line, request_id, lee, NOW, to=ana.staff_id),
            lambda: triage.record_attempt(line, request_id, lee, NOW, outcome=Outcome.BUSY),
            lambda: triage.close(line, request_id, lee, NOW, disposition=Disposition.ANSWERED),
            lambda: history.edit(line, request_id, lee, NOW, changes={"priority": "urgent"}),
        )
        for work in works:
            with pytest.raises(AlreadyClosed, match=r"^This request is closed\. Reopen it first\.$"):
                work()
        assert len(entries(line)) == 2
        assert not triage.touch(line, request_id, ana, NOW)

    def test_can_be_reopened(self, line, request_id, ana, ben):
        triage.close(line, request_id, ana, NOW, disposition=Disposition.ANSWERED)
        later = NOW + timedelta(days=40)
        history.reopen(line, request_id, ben, later, note="called again")
        request = one(line, request_id)
        assert (request.status, request.tab, request.owner_id) == (RequestStatus.NEW, Tab.OPEN, None)
        assert (request.closed_at, request.disposition, held_until(line, request)) == (None, None, None)
        assert request.act_by == line.calendar.due_at(Priority.ROUTINE, later)
        assert trail(line)[-1][:2] == (ben.name, AuditAction.REOPENED)
        with pytest.raises(BadEntry, match=r"^This request is open\.$"):
            history.reopen(line, request_id, ben, later)

    def test_reopened_when_its_reference_is_anothers_by_now(self, line, request_id, ana):
        reference = one(line, request_id).reference
        triage.close(line, request_id, ana, NOW, disposition=Disposition.ANSWERED)
        with line.database.write() as session:
            session.get_one(ReferenceNumber, reference).held_until = None
        history.reopen(line, request_id, ana, NOW)
        request = one(line, request_id)
        assert request.reference != reference
        assert held_until(line, request) is None

    def test_what_was_erased_stays_closed(self, line, request_id, ana):
        entry_id = triage.close(line, request_id, ana, NOW, disposition=Disposition.ANSWERED)
        with line.database.write() as session:
            erase_requests(session, [request_id], NOW)
        with pytest.raises(BadEntry, match="erased"):
            history.reopen(line, request_id, ana, NOW)
        with pytest.raises(NotUndoable, match="erased"):
            history.undo(line, request_id, ana, NOW, entry_id=entry_id)


STATE = (
    "status",
    "tab",
    "act_by",
    "owner_id",
    "claimed_at",
    "attempts",
    "first_attempt_at",
    "reached_at",
    "disposition",
    "closed_at",
)


def state(line, request_id):
    request = one(line, request_id)
    return {name: getattr(request, name) for name in STATE}


class TestUndoing:
    @pytest.mark.parametrize("what", ["attempt", "close", "release"])
    def test_restores_what_was_before(self, line, request_id, ana, what):
        triage.record_attempt(line, request_id, ana, NOW, outcome=Outcome.REACHED)
        triage.claim(line, request_id, ana, NOW + HOUR)
        before, count = state(line, request_id), len(entries(line))
        steps = {
            "attempt": lambda: triage.record_attempt(line, request_id, ana, NOW + HOUR, outcome=Outcome.BUSY),
            "close": lambda: triage.close(line, request_id, ana, NOW + HOUR, disposition=Disposition.ANSWERED),
            "release": lambda: triage.release(line, request_id, ana, NOW + HOUR),
        }
        entry_id = steps[what]()
        undone = history.undo(line, request_id, ana, NOW + 3 * HOUR, entry_id=entry_id)
        assert state(line, request_id) == before
        assert one(line, request_id).owner_seen_at == NOW + 3 * HOUR
        assert held_until(line, one(line, request_id)) is None
        assert len(entries(line)) == count + 2
        assert (entries(line)[-1].id, entries(line)[-1].undoes_id) == (undone, entry_id)
        expected = AuditAction.REOPENED if what == "close" else AuditAction.CHANGED
        assert trail(line)[-1][:2] == (ana.name, expected)
        with pytest.raises(NotUndoable, match="undone already"):
            history.undo(line, request_id, ana, NOW + 3 * HOUR, entry_id=entry_id)

    def test_step_by_step(self, line, request_id, ana):
        tried = triage.record_attempt(line, request_id, ana, NOW, outcome=Outcome.BUSY)
        closed = triage.close(line, request_id, ana, NOW, disposition=Disposition.ANSWERED)
        with pytest.raises(NotUndoable, match="Undo that first"):
            history.undo(line, request_id, ana, NOW, entry_id=tried)
        history.undo(line, request_id, ana, NOW, entry_id=closed)
        triage.release(line, request_id, ana, NOW)
        history.undo(line, request_id, ana, NOW, entry_id=tried)
        assert (one(line, request_id).attempts, one(line, request_id).first_attempt_at) == (0, None)

    def test_ends_after_a_day(self, line, request_id, ana):
        entry_id = triage.close(line, request_id, ana, NOW, disposition=Disposition.ANSWERED)
        with pytest.raises(NotUndoable, match="24 hours"):
            history.undo(line, request_id, ana, NOW + timedelta(hours=24, seconds=1), entry_id=entry_id)
        history.undo(line, request_id, ana, NOW + timedelta(hours=24), entry_id=entry_id)

    def test_is_for_whoever_did_it_or_a_lead(self, line, request_id, ana, ben, lee):
        entry_id = triage.close(line, request_id, ana, NOW, disposition=Disposition.ANSWERED)
        with pytest.raises(NotUndoable, match="Only whoever did this"):
            history.undo(line, request_id, ben, NOW, entry_id=entry_id)
        history.undo(line, request_id, lee, NOW, entry_id=entry_id)
        assert one(line, request_id).owner_id == ana.staff_id

    def test_not_while_somebody_else_has_it(self, line, request_id, ana, ben):
        entry_id = triage.record_attempt(line, request_id, ana, NOW, outcome=Outcome.BUSY)
        triage.claim(line, request_id, ben, NOW + MINUTE)
        with pytest.raises(Taken, match="Ben"):
            history.undo(line, request_id, ana, NOW + MINUTE, entry_id=entry_id)

    def test_a_release_that_came_by_itself(self, line, request_id, ana, ben):
        triage.claim(line, request_id, ana, NOW)
        triage.release_idle(line, NOW + HOUR)
        released = entries(line)[-1].id
        with pytest.raises(NotUndoable, match="Only whoever"):
            history.undo(line, request_id, ben, NOW + HOUR, entry_id=released)
        history.undo(line, request_id, ana, NOW + HOUR, entry_id=released)
        assert one(line, request_id).owner_id == ana.staff_id

    def test_only_of_steps_of_this_request(self, line, request_id, ana):
        leave(line, call="CA2")
        foreign = triage.close(line, request_id + 1, ana, NOW, disposition=Disposition.ANSWERED)
        noted = history.add_note(line, request_id, ana, NOW, text="hello")
        for entry_id in (foreign, noted, 99):
            with pytest.raises(NotUndoable, match="Only attempts"):
                history.undo(line, request_id, ana, NOW, entry_id=entry_id)


class TestNotesAndEdits:
    def test_anybody_may_note(self, line, request_id, ana, ben):
        triage.claim(line, request_id, ana, NOW)
        history.add_note(line, request_id, ben, NOW, text="prefers <b>mornings</b>")
        assert (entries(line)[-1].note, entries(line)[-1].changes) == ("prefers <b>mornings</b>", None)
        assert trail(line)[-1] == (ben.name, AuditAction.CHANGED, "note")
        for text in ("", "  \n", "x" * 4001):
            with pytest.raises(BadEntry, match="Write"):
                history.add_note(line, request_id, ben, NOW, text=text)
        assert len(entries(line)) == 2

    def test_an_edit_keeps_old_and_new_encrypted(self, line, request_id, ana):
        changes = {
            "callback_number": "(617) 555-0199",
            "best_time": "morning",
            "weekday": "",
            "may_leave_message": False,
        }
        history.edit(line, request_id, ana, NOW, changes=changes)
        request = one(line, request_id)
        assert (request.callback_number, request.best_time, request.may_leave_message) == (
            "+16175550199",
            "morning",
            False,
        )
        assert request.number_index == line.database.vault.index("+16175550199")
        assert (request.status, request.is_caller_id) == (RequestStatus.NEW, False)
        kept = changes_of(entries(line)[0])
        assert kept.before["callback_number"] == "+16175550142"
        assert kept.after["callback_number"] == "+16175550199"
        with line.database.engine.connect() as connection:
            (stored,) = connection.exec_driver_sql("SELECT changes FROM request_entries").one()
            connection.rollback()
        assert b"555" not in bytes(stored)
        assert trail(line) == [(ana.name, AuditAction.CHANGED, "edited best_time, callback_number, may_leave_message")]

    def test_the_same_again_is_no_edit(self, line, request_id, ana):
        assert history.edit(line, request_id, ana, NOW, changes={"callback_number": "617 555 0142"}) is None
        assert entries(line) == []

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"callback_number": "911"}, "Callback number: nobody has this number"),
            (
                {"callback_number": "1 900 555 0199"},
                "Callback number: nobody has this number, or calling it costs extra",
            ),
            ({"callback_number": ""}, "Callback number: this is no telephone number"),
            ({"priority": "now"}, r"^Priority: this is none of the choices\.$"),
            ({"best_time": "noon"}, "Best time"),
            ({"may_leave_message": "yes"}, "May leave message"),
            ({"status": "closed"}, "status cannot be edited"),
        ],
    )
    def test_what_cannot_be_right(self, line, request_id, ana, changes, words):
        with pytest.raises(BadEntry, match=words):
            history.edit(line, request_id, ana, NOW, changes=changes)
        assert entries(line) == []

    def test_raising_the_priority_brings_it_forward_and_gives_notice(self, line, request_id, ana):
        history.edit(line, request_id, ana, NOW, changes={"priority": Priority.URGENT})
        request = one(line, request_id)
        assert (request.rank, request.act_by) == (0, NOW + 30 * MINUTE)
        assert alerts(line) == [2]
        history.edit(line, request_id, ana, NOW, changes={"priority": Priority.ROUTINE})
        assert (one(line, request_id).rank, one(line, request_id).act_by) == (2, NOW + 30 * MINUTE)
        assert not alert(line.database, request_id, 2, NOW + 10 * MINUTE, [])

    def test_not_what_somebody_else_is_working_on(self, line, request_id, ana, ben, lee):
        triage.claim(line, request_id, ana, NOW)
        with pytest.raises(Taken):
            history.edit(line, request_id, ben, NOW, changes={"best_time": "morning"})
        for actor, best_time in ((lee, "morning"), (ana, "afternoon")):
            history.edit(line, request_id, actor, NOW, changes={"best_time": best_time})
        assert one(line, request_id).best_time == "afternoon"
