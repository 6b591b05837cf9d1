"""What staff do with a request, on both databases: claims that race, attempts, and closings."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from ivr.models import (
    AuditAction,
    Disposition,
    EntryKind,
    Outcome,
    PatientRequest,
    Priority,
    ReferenceNumber,
    RequestStatus,
    Tab,
)
from ivr.services.audit import COMMAND
from ivr.services.calls.turns import note_recording
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
from tests.support.settings import MONDAY_MORNING as NOW
from tests.support.triage import alerts, deactivate, entries, held_until, leave, one, trail

URGENT = "2 1 2 1 2"
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


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
        caller = leave(line, "0")
        caller.hang_up()
        assert one(line, 1).status is RequestStatus.INCOMPLETE
        triage.claim(line, 1, ana, NOW)
        assert (one(line, 1).tab, one(line, 1).left_incomplete) == (Tab.OPEN, True)
        triage.release(line, 1, ana, NOW)
        assert one(line, 1).tab is Tab.INCOMPLETE
        triage.record_attempt(line, 1, ana, NOW, outcome=Outcome.BUSY)
        assert (one(line, 1).status, one(line, 1).tab) == (RequestStatus.FOLLOW_UP, Tab.OPEN)

    def test_in_the_seconds_before_the_carriers_last_word_makes_no_second_request(self, line, ana):
        caller = leave(line, "0")
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
