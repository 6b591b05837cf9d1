"""Answers keyed once a request is saved, on both databases: each is there at once, and what staff did meanwhile stays."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from ivr.callflow import outputs as out
from ivr.callflow.answers import Reason
from ivr.callflow.inputs import Digits, Recorded
from ivr.models import Disposition, EntryKind, Outcome, PatientRequest, Priority, Recording, RequestStatus
from ivr.services.calls.turns import take_turn
from ivr.services.requests import history, triage
from ivr.services.requests.answers import ANSWERS
from ivr.services.requests.notices import alert
from tests.support.callers import ARRIVAL, CALLBACK, Caller, prompts, stored
from tests.support.engine_call import spoken_prompts
from tests.support.settings import MONDAY_MORNING as NOW
from tests.support.triage import alerts, answers, entries, held_until, one, trail

MINUTE = timedelta(minutes=1)


def known(line):
    """What the first request says of the questions that were answered."""
    values = {name: getattr(one(line, 1), name) for name in ANSWERS}
    return {name: value for name, value in values.items() if value is not None and (value or name != "red_flags")}


CALLBACKS = (("4", "reason", "other"), ("2", "best_time", "afternoon"), ("1", "may_leave_message", True), ("2", "", ""))
APPOINTMENTS = (
    ("1", "patient_type", "new"), ("3", "visit_type", "other_pain"), ("05171948", "", ""), ("1", "birth_date", "1948-05-17"),
    ("5", "weekday", "friday"), ("1", "visit_time", "morning"), ("2", "may_leave_message", False), ("2", "", ""),
)  # fmt: skip


class TestEachAnswer:
    """It is committed when it is keyed, and told in the history."""

    @pytest.mark.parametrize(("begin", "questions"), [("2 1", CALLBACKS), ("1 1", APPOINTMENTS)])
    def test_is_added_to_the_row_and_to_the_history(self, line, begin, questions):
        caller, told = Caller(line)(begin), {}
        assert (known(line), answers(line), one(line, 1).status) == ({}, [], RequestStatus.NEW)
        for key, name, value in questions:
            before = len(answers(line))
            caller(key)
            if name:
                told[name] = value
                assert answers(line)[-1] == ({name: None}, {name: value})
            assert len(answers(line)) == before + bool(name)
            assert known(line) == told
        assert caller.answer.node == "offer_message"
        assert len(stored(line)) == 1
        assert (entries(line), trail(line)) == ([], [])

    def test_that_is_delivered_twice_is_added_once(self, line):
        caller = Caller(line)("2 1")
        first = caller.take(Digits("4"))
        for _ in range(2):
            assert take_turn(line, ARRIVAL, first.turn, Digits("4")) == first
        assert answers(line) == [({"reason": None}, {"reason": "other"})]

    def test_given_again_is_no_news(self, line):
        Caller(line)("2 1 4 * 4")
        assert len(answers(line)) == 1

    def test_changed_at_the_receipt_keeps_old_and_new(self, line):
        caller = Caller(line)(f"{CALLBACK} 2 1 1 2 2")
        assert known(line) == {"reason": "procedure", "best_time": "morning", "may_leave_message": False}
        assert answers(line)[3:] == [
            ({"reason": "other"}, {"reason": "procedure"}),
            ({"best_time": "any"}, {"best_time": "morning"}),
            ({"may_leave_message": True}, {"may_leave_message": False}),
        ]
        assert "saved_reference" in prompts(caller.answer)
        assert len(stored(line)) == 1

    def test_brings_the_promise_to_the_time_of_day_that_was_asked_for(self, line):
        caller = Caller(line)("2 1 4")
        assert one(line, 1).due_at == NOW + timedelta(days=1)
        caller("2")
        assert one(line, 1).due_at == one(line, 1).act_by == NOW + timedelta(hours=31)
        assert "promise_tomorrow_afternoon" in prompts(caller("1 2").answer)

    def test_that_follows_a_procedure_cannot_wait_a_day(self, line):
        Caller(line)("2 1 2 2")
        assert (one(line, 1).priority, one(line, 1).due_at) == (Priority.SOON, NOW + timedelta(hours=4))


class TestWhatStaffDidMeanwhile:
    def test_a_claim_stays(self, line, ana):
        caller = Caller(line)("2 1")
        triage.claim(line, 1, ana, NOW)
        caller("4 3 1 2")
        request = one(line, 1)
        assert (request.status, request.owner_id, request.claimed_at) == (RequestStatus.CLAIMED, ana.staff_id, NOW)
        assert known(line) == {"reason": "other", "best_time": "any", "may_leave_message": True}

    def test_what_they_edited_stays_and_the_answer_is_in_the_history(self, line, ana):
        caller = Caller(line)("2 1")
        history.edit(line, 1, ana, NOW, changes={"best_time": "morning", "may_leave_message": False})
        caller("4 3 1 2")
        assert known(line) == {"reason": "other", "best_time": "morning", "may_leave_message": False}
        assert answers(line)[1:] == [
            ({"best_time": None}, {"best_time": "any"}), ({"may_leave_message": None}, {"may_leave_message": True}),
        ]  # fmt: skip

    def test_what_they_edited_stays_when_the_caller_changes_the_answer(self, line, ana):
        caller = Caller(line)(CALLBACK)
        history.edit(line, 1, ana, NOW, changes={"best_time": "morning"})
        caller("2 4 2 1 2")
        assert known(line)["best_time"] == "morning"
        assert answers(line)[-1] == ({"best_time": "any"}, {"best_time": "afternoon"})

    @pytest.mark.parametrize("priority", [Priority.URGENT, Priority.SOON])
    def test_a_priority_that_they_raised_is_not_lowered(self, line, ana, priority):
        caller = Caller(line)("2 1")
        history.edit(line, 1, ana, NOW, changes={"priority": priority})
        raised = one(line, 1).act_by
        caller("4 3 1 2")
        assert one(line, 1).priority is priority
        assert one(line, 1).act_by == raised

    def test_a_priority_that_they_lowered_is_not_raised_by_what_was_known(self, line, ana):
        caller = Caller(line)("2 1 2")
        history.edit(line, 1, ana, NOW, changes={"priority": Priority.ROUTINE})
        caller("2 3 1 2")
        assert one(line, 1).priority is Priority.ROUTINE

    def test_the_time_of_another_attempt_stays(self, line, ana):
        caller = Caller(line)("2 1")
        triage.record_attempt(line, 1, ana, NOW, outcome=Outcome.BUSY)
        follow_up = one(line, 1).act_by
        caller("4 2 1 2")
        assert (one(line, 1).status, one(line, 1).act_by) == (RequestStatus.FOLLOW_UP, follow_up)
        assert known(line)["best_time"] == "afternoon"

    def test_a_closed_request_keeps_its_values_and_its_history_tells_the_answers(self, line, ana):
        caller = Caller(line)("2 1")
        triage.close(line, 1, ana, NOW, disposition=Disposition.NOT_A_PATIENT)
        caller("4 3 1 2")
        request = one(line, 1)
        assert (request.status, request.disposition, request.closed_at) == ("closed", Disposition.NOT_A_PATIENT, NOW)
        assert known(line) == {}
        assert [after for _, after in answers(line)] == [
            {"reason": "other"}, {"best_time": "any"}, {"may_leave_message": True},
        ]  # fmt: skip


class TestWarningSigns:
    def test_are_urgent_at_once_and_alert_once(self, line):
        caller = Caller(line)("2 1 2")
        assert (one(line, 1).priority, alerts(line)) == (Priority.SOON, [])
        caller("1")
        request = one(line, 1)
        assert (request.red_flags, request.priority, request.rank) == (True, Priority.URGENT, 0)
        assert request.due_at == request.act_by == NOW + 30 * MINUTE
        assert alerts(line) == [1]
        assert prompts(caller.answer)[:3] == ["urgent_open", "promise_minutes", "urgent_worse"]
        caller("2 2 2 1 2")
        assert alerts(line) == [1]

    def test_are_due_from_when_they_were_named_whatever_is_answered_after_it(self, line, clock):
        caller = Caller(line)("2 1 2")
        clock.now += 2 * MINUTE
        caller("1")
        clock.now += MINUTE
        caller("1 r 1")
        assert one(line, 1).due_at == one(line, 1).act_by == NOW + 32 * MINUTE

    def test_of_an_appointment_too(self, line):
        Caller(line)("1 1 2 2 1").hang_up()
        assert (one(line, 1).kind, one(line, 1).priority, alerts(line)) == ("appointment", Priority.URGENT, [1])

    def test_are_not_taken_back_by_a_later_no(self, line):
        Caller(line)("2 1 2 1 2 2 2 2 1 1 2")
        assert (one(line, 1).red_flags, one(line, 1).priority) == (True, Priority.URGENT)

    def test_open_a_closed_request_again(self, line, ana):
        caller = Caller(line)("2 1 2")
        triage.close(line, 1, ana, NOW, disposition=Disposition.DUPLICATE)
        caller("1")
        request = one(line, 1)
        assert (request.status, request.closed_at, request.disposition) == (RequestStatus.NEW, None, None)
        assert (request.red_flags, request.priority, request.act_by) == (True, Priority.URGENT, NOW + 30 * MINUTE)
        assert held_until(line, request) is None
        assert alerts(line) == [1]
        assert alert(line.database, 1, 1, NOW, [])

    @pytest.mark.parametrize("closes", [False, True])
    def test_bring_one_back_that_was_tried_before(self, line, ana, closes):
        caller = Caller(line)("2 1 2")
        triage.record_attempt(line, 1, ana, NOW, outcome=Outcome.NO_ANSWER, follow_up_at=NOW + timedelta(days=2))
        if closes:
            triage.close(line, 1, ana, NOW, disposition=Disposition.UNREACHABLE)
        caller("1")
        assert (one(line, 1).status, one(line, 1).act_by) == (RequestStatus.NEW, NOW + 30 * MINUTE)
        assert alert(line.database, 1, 1, NOW, []), "staff are told"

    def test_leave_a_claim_with_whoever_has_it(self, line, ana):
        caller = Caller(line)("2 1 2")
        triage.claim(line, 1, ana, NOW)
        caller("1")
        assert (one(line, 1).owner_id, one(line, 1).priority) == (ana.staff_id, Priority.URGENT)


class TestHangingUp:
    def test_after_the_number_leaves_a_new_request_with_its_promise(self, line):
        caller = Caller(line)("2 1")
        assert prompts(caller.answer)[:3] == ["saved", "promise_tomorrow", "saved_stay"]
        caller.hang_up()
        (request,) = stored(line)
        assert (request.status, request.left_incomplete, request.reason) == (RequestStatus.NEW, False, None)
        assert request.due_at == NOW + timedelta(days=1)

    def test_at_the_ringing_desk_leaves_word_that_a_person_was_asked_for(self, make_line, database_url):
        line = make_line(database_url, desk_numbers=("+16175550111",))
        caller = Caller(line)("0")
        assert isinstance(caller.answer.outputs[-1], out.Dial)
        self.check_asked_for_a_person(line, caller)

    def test_before_the_beep_leaves_word_that_a_person_was_asked_for(self, line):
        caller = Caller(line)("0")
        assert isinstance(caller.answer.outputs[-1], out.Record)
        self.check_asked_for_a_person(line, caller)

    def check_asked_for_a_person(self, line, caller):
        for _ in range(2):
            caller.hang_up()
        (request,) = stored(line)
        assert (request.status, request.reason) == (RequestStatus.INCOMPLETE, Reason.PERSON)
        assert (request.callback_number, request.is_caller_id) == ("+16175550142", True)
        assert (request.priority, request.pressed_nothing) == (Priority.ROUTINE, False)

    def test_at_the_desk_after_saving_leaves_nothing_more(self, line):
        Caller(line)("2 1 0").hang_up()
        assert [(request.status, request.reason) for request in stored(line)] == [(RequestStatus.NEW, None)]


class TestMessages:
    """A recording belongs to its request as soon as it is made, until its caller leaves it out."""

    def recordings(self, line):
        with line.database.read() as session:
            found = session.scalars(select(Recording).order_by(Recording.id))
            return [(one.sid, one.request_id, one.erased_at is not None) for one in found]

    def test_is_linked_when_it_is_made(self, line):
        caller = Caller(line)("2 1 4 3 1 1 r")
        assert self.recordings(line) == [("RE1", 1, False)]
        caller("1")
        assert self.recordings(line) == [("RE1", 1, False)]

    @pytest.mark.parametrize("keys", ["*", "1 2 4 3 1 2"], ids=["at once", "at the receipt"])
    def test_is_discarded_when_it_is_left_out(self, line, keys):
        Caller(line)(f"2 1 4 3 1 1 r {keys}")
        assert self.recordings(line) == [("RE1", None, True)]

    def test_recorded_again_is_the_second_one(self, line):
        caller = Caller(line)("2 1 4 3 1 1 r 3")
        caller.take(Recorded("RE2", 5, "#"))
        caller("1").hang_up()
        assert self.recordings(line) == [("RE1", None, True), ("RE2", 1, False)]


class TestVoicemailOfASavedRequest:
    """Left for a person who could not be reached: nobody has listened to it yet."""

    @pytest.mark.parametrize("begin", ["2 1", "1 1", CALLBACK])
    def test_is_called_back_as_soon_as_any_other(self, line, begin):
        caller = Caller(line)(f"{begin} 0 r")
        request = one(line, 1)
        assert (request.priority, request.due_at, request.act_by) == (Priority.SOON, *[NOW + timedelta(hours=4)] * 2)
        assert (request.reason is Reason.MESSAGE, len(stored(line))) == (False, 1)
        assert "promise_today" in prompts(caller.answer)
        assert "receipt_reason_message" in prompts(caller.answer)
        assert [entry.kind for entry in entries(line)] == [EntryKind.MESSAGE_ADDED]

    @pytest.mark.parametrize("keys", ["2 4 3 1 2", "2 4 3 1 1 r *"], ids=["go on without it", "left out"])
    def test_stays_when_answers_are_changed(self, line, keys):
        caller = Caller(line)("2 1 0")
        caller.take(Recorded("RE9", 9, "#"))
        caller(keys).hang_up()
        with line.database.read() as session:
            kept = select(Recording.request_id, Recording.erased_at).where(Recording.sid == "RE9")
            assert session.execute(kept).one() == (1, None)

    def test_opens_one_again_that_staff_have_closed(self, line, ana):
        caller = Caller(line)("2 1")
        triage.claim(line, 1, ana, NOW)
        triage.close(line, 1, ana, NOW, disposition=Disposition.ANSWERED)
        caller("0 r")
        assert (one(line, 1).status, one(line, 1).priority) == (RequestStatus.NEW, Priority.SOON)
        assert "saved_closed" not in prompts(caller.answer)


def test_what_staff_have_closed_meanwhile_is_told_as_closed(line, ana):
    caller = Caller(line)("2 1 4 3 1")
    triage.claim(line, 1, ana, NOW)
    triage.close(line, 1, ana, NOW, disposition=Disposition.ANSWERED)
    assert prompts(caller("2").answer) == ["saved_closed", "saved_repeat", "option_main"]


def test_an_answer_that_cannot_change_the_promise_leaves_it(line, ana):
    caller = Caller(line)("2 1")
    with line.database.write() as session:
        session.get(PatientRequest, 1).due_at = NOW + timedelta(hours=9)
    caller("4 3")
    assert one(line, 1).due_at == NOW + timedelta(days=1)
    with line.database.write() as session:
        session.get(PatientRequest, 1).due_at = NOW + timedelta(hours=9)
    caller("1")
    assert one(line, 1).due_at == NOW + timedelta(hours=9)


@pytest.mark.parametrize("desk_numbers", [(), ("+16175550111",)])
def test_a_silent_caller_who_hangs_up_has_pressed_nothing(line, desk_numbers):
    Caller(replace(line, desk_numbers=desk_numbers))("s s s").hang_up()
    (request,) = stored(line)
    assert (request.status, request.reason, request.pressed_nothing) == (RequestStatus.INCOMPLETE, None, True)
    assert alerts(line) == []


def test_a_voicemail_of_a_caller_who_pressed_nothing_promises_nothing(line):
    caller = Caller(line)("s s s")
    caller.take(Recorded("RE1", 9, ""))
    heard = spoken_prompts(caller.answer.outputs)
    assert heard == ["receipt_reason_message", "goodbye"]
    caller.hang_up()
    (request,) = stored(line)
    assert (request.status, request.left_incomplete, request.pressed_nothing) == (RequestStatus.INCOMPLETE, True, True)
    assert (request.priority, request.reason, alerts(line)) == (Priority.ROUTINE, Reason.MESSAGE, [])
    with line.database.read() as session:
        assert session.scalars(select(Recording.request_id)).all() == [request.id]
