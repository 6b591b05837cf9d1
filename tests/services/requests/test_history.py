"""What was done with a request and is undone, noted or edited, on both databases."""

from datetime import timedelta

import pytest

from ivr.models import AuditAction, Disposition, Outcome, Priority, RequestStatus
from ivr.services.requests import history, triage
from ivr.services.requests.case import BadEntry, NotUndoable, Taken, changes_of
from ivr.services.requests.notices import alert
from tests.support.settings import MONDAY_MORNING as NOW
from tests.support.triage import alerts, entries, held_until, leave, one, trail

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)

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
            (stored,) = connection.exec_driver_sql("SELECT changes FROM request_entries WHERE kind = 'edited'").one()
            connection.rollback()
        assert b"6175550" not in bytes(stored)
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
