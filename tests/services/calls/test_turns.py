"""Calls as the carrier delivers them: once, twice, late, out of order, and broken off; on both databases."""

import json
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from sqlalchemy import func, select

from ivr.callflow import outputs as out
from ivr.callflow.inputs import Digits, Recorded
from ivr.models import Call, CallTurn, PatientRequest, Recording, RecordingStatus, RequestStatus
from ivr.services.calls.turns import Arrival, note_recording, start_call, take_turn
from tests.support.callers import ARRIVAL, CALLBACK, Caller, prompts, stored
from tests.support.settings import SUNDAY_EVENING
from tests.support.triage import answers


def test_a_call_ends_as_a_request(line):
    caller = Caller(line)(CALLBACK)
    (request,) = stored(line)
    assert (request.status, request.callback_number, request.best_time) == (RequestStatus.NEW, "+16175550142", "any")
    digits = [part.digits for part in caller.answer.outputs[-1].speech if isinstance(part, out.SpeakDigits)]
    assert digits == [request.reference] * 2


@pytest.mark.parametrize(("keys", "last"), [("2", "1"), ("2 1", "4"), ("2 1 4 3 1", "2")])
def test_a_turn_delivered_twice_gets_the_same_answer_and_changes_nothing(line, keys, last):
    caller = Caller(line)(keys)
    first = caller.take(Digits(last))
    told = answers(line)
    again = take_turn(line, ARRIVAL, first.turn, Digits(last))
    assert again == first
    assert (len(stored(line)), answers(line)) == (1, told)


@pytest.mark.parametrize("number", [None, -1, 0, 1, 2, 4, 999_999])
def test_a_late_or_unordered_turn_hears_where_the_call_is(line, number):
    caller = Caller(line)("2 1")
    here = caller.answer
    assert take_turn(line, ARRIVAL, number, Digits("4")) == here
    assert caller("4").answer.turn == here.turn + 1


def test_a_call_announced_twice_hears_where_it_is(line):
    caller = Caller(line)("2")
    assert start_call(line, ARRIVAL) == caller.answer


def test_a_call_nobody_knows_is_greeted(line):
    answer = take_turn(line, Arrival("CA9", "", ""), 7, Digits("2"))
    assert answer.outputs[0] == out.Say("emergency")


@pytest.mark.parametrize(
    "from_number",
    ["anonymous", "Anonymous", "Restricted", "unknown", "", "+266696687", "+7378742833", "+2562533", "+8656696",
     "+86282452253", "sip:alice@example.org", "client:alice", "+442071838750", "6175550142", "+1617555014", "☎"],
)  # fmt: skip
def test_callers_without_a_dialable_number_are_asked_for_one(line, from_number):
    caller = Caller(line, Arrival("CA2", from_number, "+16175550100"))("2")
    assert prompts(caller.answer) == ["enter_number"]
    caller("6175550199 1 4 3 1 2")
    (request,) = stored(line)
    assert (request.callback_number, request.is_caller_id) == ("+16175550199", False)


def test_personal_data_is_unreadable_in_the_database(line):
    Caller(line)("1 2 6175550199 1 1 1 05171948 1 6 3 1 2")
    with line.database.read() as session:
        raw = session.connection()
        for table in ("calls", "call_turns", "patient_requests", "request_entries"):
            for row in raw.exec_driver_sql(f"SELECT * FROM {table}"):
                written = " ".join(
                    bytes(v).decode("latin-1") if isinstance(v, bytes | memoryview) else str(v) for v in row
                )
                assert "6175550199" not in written
                assert "6175550142" not in written
                assert "1948" not in written
    (request,) = stored(line)
    assert (request.birth_date, request.callback_number) == ("1948-05-17", "+16175550199")


def test_equal_numbers_are_found_by_their_blind_index(line):
    Caller(line)(CALLBACK)
    Caller(line, Arrival("CA2", "+16175550142", ""))(CALLBACK)
    Caller(line, Arrival("CA3", "+16175550143", ""))(CALLBACK)
    index = line.database.vault.indexes("+16175550142")
    with line.database.read() as session:
        assert session.scalar(select(func.count()).where(PatientRequest.number_index.in_(index))) == 2


class TestHangingUp:
    """Nothing a caller had told is lost, however the carrier's words arrive."""

    def test_before_a_number_keeps_nothing(self, line):
        Caller(line)("2").hang_up()
        assert stored(line) == []

    def test_after_a_number_keeps_a_saved_request(self, line):
        caller = Caller(line)("2 1 2 1")
        caller.hang_up()
        caller.hang_up()
        (request,) = stored(line)
        assert (request.status, request.priority) == (RequestStatus.NEW, "urgent")
        assert request.callback_number == "+16175550142"
        with line.database.read() as session:
            call = session.scalars(select(Call)).one()
            assert (call.carrier_status, call.duration_seconds) == ("completed", 42)
            assert call.ended_at == line.clock()

    def test_the_end_overtakes_the_key_that_saves(self, line):
        caller = Caller(line)("2")
        caller.hang_up()
        assert stored(line) == []
        caller("1")
        (request,) = stored(line)
        assert request.status == RequestStatus.NEW

    def test_the_end_overtakes_an_answer(self, line):
        caller = Caller(line)("2 1 4")
        caller.hang_up()
        caller("1")
        (request,) = stored(line)
        assert (request.status, request.best_time) == (RequestStatus.NEW, "morning")

    def test_at_the_beep_of_a_voicemail_after_speaking(self, line):
        caller = Caller(line)("0")
        caller.take(Recorded("RE1", 9, "hangup"))
        caller.hang_up()
        (request,) = stored(line)
        assert (request.status, request.reason) == (RequestStatus.NEW, "message")
        with line.database.read() as session:
            recording = session.scalars(select(Recording)).one()
            assert (recording.request_id, recording.duration_seconds) == (request.id, 9)

    @pytest.mark.parametrize("order", ["status recording turn", "recording status", "status turn recording"])
    def test_a_voicemail_in_any_order_of_the_carriers_words(self, line, order):
        caller = Caller(line)("0")
        words = {
            "status": caller.hang_up,
            "recording": lambda: note_recording(line, "CA1", "RE1", RecordingStatus.READY, 9),
            "turn": lambda: caller.take(Recorded("RE1", 9, "hangup")),
        }
        for word in order.split():
            words[word]()
        (request,) = stored(line)
        assert (request.status, request.reason) == (RequestStatus.NEW, "message")
        with line.database.read() as session:
            assert session.scalars(select(Recording)).one().request_id == request.id

    def test_during_the_own_message_keeps_it_with_the_request(self, line):
        caller = Caller(line)("2 1 4 3 1 1")
        caller.hang_up()
        caller.take(Recorded("RE1", 9, "hangup"))
        (request,) = stored(line)
        assert request.status == RequestStatus.NEW
        with line.database.read() as session:
            assert session.scalars(select(Recording)).one().request_id == request.id

    def test_after_saving_leaves_one_request(self, line):
        Caller(line)(CALLBACK).hang_up()
        assert [request.status for request in stored(line)] == [RequestStatus.NEW]

    def test_in_a_second_request_keeps_both(self, line):
        Caller(line)(f"{CALLBACK} * 2 1 1").hang_up()
        assert [request.status for request in stored(line)] == [RequestStatus.NEW] * 2


def test_a_recording_told_twice_is_stored_once(line):
    Caller(line)("2 1 4 3 1 1 r 1")
    for _ in range(2):
        assert note_recording(line, "CA1", "RE1", RecordingStatus.READY, 12)
    with line.database.read() as session:
        recording = session.scalars(select(Recording)).one()
        assert (recording.status, recording.request_id) == (RecordingStatus.READY, stored(line)[0].id)
    assert not note_recording(line, "CA-unknown", "RE2", RecordingStatus.READY, 12)


def test_the_same_webhook_at_the_same_moment_moves_the_call_once(line):
    caller = Caller(line)("2")
    for key in ("1", "4"):
        with ThreadPoolExecutor(8) as pool:
            turn = partial(take_turn, line, ARRIVAL, caller.answer.turn + 1, Digits(key))
            heard = list(pool.map(lambda _, turn=turn: turn(), range(16)))
        assert all(answer == heard[0] for answer in heard)
        caller.answer = heard[0]
    assert len(stored(line)) == len(answers(line)) == 1


def test_a_call_announced_many_times_at_once_is_one_call(line):
    with ThreadPoolExecutor(8) as pool:
        heard = list(pool.map(lambda _: start_call(line, ARRIVAL), range(16)))
    assert all(answer == heard[0] for answer in heard)
    with line.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Call)) == 1
        assert session.scalar(select(func.count()).select_from(CallTurn)) == 1


def test_a_call_keeps_its_way_through_the_tree(line, clock):
    caller = Caller(line)("2 7 1")
    caller.hang_up()
    with line.database.read() as session:
        turns = list(session.scalars(select(CallTurn).order_by(CallTurn.number)))
    assert [(turn.number, turn.input, turn.node) for turn in turns] == [
        (0, "CallStarted", "main"), (1, "Digits", "number"), (2, "Digits", "number"), (3, "Digits", "reason"),
    ]  # fmt: skip
    assert json.loads(turns[2].events) == [["InputMissed", "number", "no_match", 1]]
    assert turns[0].at == clock.now


def test_when_the_desk_is_open_zero_dials_it_and_when_closed_records(make_line, sqlite_url, clock):
    line = make_line(sqlite_url, desk_numbers=("+16175550111",))
    assert Caller(line)("0").answer.outputs[-1] == out.Dial("+16175550111", 20)
    clock.now = SUNDAY_EVENING
    assert isinstance(Caller(line, Arrival("CA2", "", ""))("0 6175550199 1").answer.outputs[-1], out.Record)


def test_what_fails_after_the_save_leaves_no_request(line, monkeypatch):
    from ivr.services.calls import turns

    caller = Caller(line)("2")
    monkeypatch.setattr(turns, "_turn_row", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        caller("1")
    assert stored(line) == []
    monkeypatch.undo()
    caller("1")
    assert len(stored(line)) == 1
