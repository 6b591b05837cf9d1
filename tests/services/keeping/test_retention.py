"""What is erased when, by age and by a patient's wish; and that nothing personal is left then, on both databases."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from ivr.callflow.inputs import Digits, Recorded
from ivr.db import ENCRYPTED, Base
from ivr.models import (
    Call,
    CallTurn,
    Recording,
    RecordingStatus,
    ReferenceNumber,
    RequestStatus,
)
from ivr.services.calls.turns import Arrival, note_recording, note_status, take_turn
from ivr.services.keeping import erasure, retention
from ivr.services.keeping.erasure import HeldError, NothingToHoldError, erase_number, set_hold, trace_number
from ivr.services.keeping.retention import PERSONAL, purge
from ivr.services.requests.references import HELD_AFTER_CLOSING
from tests.support.callers import CALLBACK, Caller, stored
from tests.support.patient_data import APPOINTMENT, MINE, OTHER, age, call, change, close, message, personal, readable
from tests.support.settings import DATA_KEY, DEADLINE_SECONDS

WITH_MESSAGE = "2 1 4 3 1 1 r 1"


def test_every_encrypted_column_is_erased_by_retention():
    encrypted = {
        (table.name, column.name)
        for table in Base.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, ENCRYPTED) and table.name != "staff_members"
    }
    encrypted -= {
        ("bridge_calls", "on_call_number"),  # a telephone of the clinic's own, as in staff_members
        ("text_stops", "number"),  # who has said STOP is not texted again, whatever else is erased
    }
    assert encrypted <= {(table, column) for table, columns in PERSONAL.items() for column in columns}


@pytest.mark.parametrize(
    ("status", "days_ago", "hold", "erased"),
    [
        ("closed", 89, False, False),
        ("closed", 90, False, True),
        ("closed", 91, False, True),
        ("closed", 91, True, False),
        ("new", 91, False, False),
        ("claimed", 91, False, False),
        ("follow_up", 91, False, False),
        ("incomplete", 89, False, False),
        ("incomplete", 90, False, True),
        ("incomplete", 91, True, False),
    ],
)
def test_when_a_request_is_erased(line, status, days_ago, hold, erased):
    request_id = message(line)
    age(line, days_ago)
    closed_at = line.clock() - timedelta(days=days_ago) if status == "closed" else None
    change(line, request_id, status=RequestStatus(status), closed_at=closed_at, legal_hold=hold)
    purged = purge(line.database, line.clock(), 90)
    assert (purged.requests, purged.recordings, purged.calls) == ((1, 1, 1) if erased else (0, 0, 0))
    assert (stored(line)[0].erased_at is not None) is erased
    assert personal(line) == ([] if erased else ["6175550142", "spoken words"])


def test_what_reports_count_stays_and_purging_again_does_nothing(line):
    call(line, keys=APPOINTMENT)
    age(line, 100)
    close(line, stored(line)[0].id, 100)
    assert personal(line) == ["6175550142", "6175550199", "1948-05-17"]
    with line.database.read() as session:
        turns = [(turn.number, turn.node, turn.events) for turn in session.scalars(select(CallTurn))]
    assert purge(line.database, line.clock(), 90).requests == 1
    assert personal(line) == []
    (request,) = stored(line)
    assert (request.kind, request.weekday, request.visit_time, request.language) == (
        "appointment",
        "any",
        "any",
        "en-US",
    )
    assert (request.erased_at, request.status) == (line.clock(), RequestStatus.CLOSED)
    with line.database.read() as session:
        assert [(turn.number, turn.node, turn.events) for turn in session.scalars(select(CallTurn))] == turns
        kept = session.scalars(select(Call)).one()
        assert (kept.sid, kept.duration_seconds, kept.language, kept.from_number) == ("CA1", 42, "en-US", None)
        assert session.scalars(select(ReferenceNumber)).one().held_until == line.clock() + HELD_AFTER_CLOSING
    assert purge(line.database, line.clock() + timedelta(days=1), 90) == retention.Purged(0, 0, 0, ())


def test_a_reference_that_a_newer_request_has_again_stays_taken(line):
    old, new = call(line), call(line, "CA2")
    reference = stored(line)[1].reference
    close(line, old, 100, reference=reference)
    assert purge(line.database, line.clock(), 90).requests == 1
    with line.database.read() as session:
        assert session.get_one(ReferenceNumber, reference).held_until is None
    assert stored(line)[1].id == new


def test_of_two_requests_of_one_call_the_second_keeps_the_call(line):
    call(line, keys=f"{CALLBACK} * {CALLBACK}")
    first, second = stored(line)
    age(line, 100)
    close(line, first.id, 95)
    close(line, second.id, 80)
    purged = purge(line.database, line.clock(), 90)
    assert (purged.requests, purged.calls) == (1, 0)
    assert stored(line)[1].callback_number == MINE
    purged = purge(line.database, line.clock() + timedelta(days=20), 90)
    assert (purged.requests, purged.calls) == (1, 1)
    assert personal(line) == []


@pytest.mark.parametrize(("days", "erased"), [(89, 0), (90, 1)])
def test_a_call_that_came_to_nothing_goes_by_its_own_age(line, days, erased):
    Caller(line)("1 2").hang_up()
    note_recording(line, "CA1", "RE7", RecordingStatus.READY, 3)
    age(line, days)
    purged = purge(line.database, line.clock(), 90)
    assert (purged.requests, purged.calls, purged.recordings) == (0, erased, erased)
    assert purged.at_carrier == (("RE7",) if erased else ())
    assert personal(line) == ([] if erased else ["6175550142"])


def test_copies_at_the_carrier_are_named_until_they_are_deleted(line):
    close(line, message(line), 100)
    close(line, message(line, "CA2", "RE2"), 100)
    with line.database.write() as session:
        session.execute(update(Recording).where(Recording.sid == "RE2").values(deleted_at=line.clock()))
    assert purge(line.database, line.clock(), 90).at_carrier == ("RE1",)
    assert purge(line.database, line.clock(), 90).at_carrier == ("RE1",)


def test_many_go_in_small_transactions_and_a_broken_run_goes_on(line, monkeypatch):
    monkeypatch.setattr(retention, "PAGE", 2)
    for n in range(7):
        close(line, call(line, f"CA{n}"), 100)
    age(line, 100)
    erase, runs = retention.erase_requests, []

    def breaks(*given):
        runs.append(given)
        return erase(*given) if len(runs) < 3 else 1 / 0

    monkeypatch.setattr(retention, "erase_requests", breaks)
    with pytest.raises(ZeroDivisionError):
        purge(line.database, line.clock(), 90)
    monkeypatch.setattr(retention, "erase_requests", erase)
    assert [request.erased_at is not None for request in stored(line)] == [True] * 4 + [False] * 3
    assert purge(line.database, line.clock(), 90).requests == 3
    assert personal(line) == []


def test_late_words_for_an_erased_call_bring_nothing_back(line):
    caller = Caller(line)("0")
    caller.take(Recorded("RE1", 9, "hangup"))
    age(line, 100)
    close(line, stored(line)[0].id, 100)
    assert purge(line.database, line.clock(), 90).calls == 1
    note_recording(line, "CA1", "RE1", RecordingStatus.READY, 9)
    note_status(line, "CA1", "completed", 9)
    again = take_turn(line, caller.arrival, caller.answer.turn, Digits("1"))
    assert len(again.outputs) == 1
    caller.take(Digits("2"))
    assert len(stored(line)) == 1
    assert personal(line) == []


class TestErasingANumber:
    """A patient asks: everything of one number, whatever key it was indexed under."""

    def test_closed_requests_and_their_calls(self, line):
        for n, sid in enumerate(("CA1", "CA2")):
            close(line, message(line, sid, f"RE{n}"), 1)
        kept = call(line, "CA3", from_number="+16175550143")
        erased = erase_number(line.database, MINE, line.clock(), include_open=False)
        assert (len(erased.requests), erased.recordings, erased.calls) == (2, 2, 2)
        assert (erased.left.open, erased.left.calls) == ((), 0)
        assert personal(line) == []
        assert next(r for r in stored(line) if r.id == kept).callback_number == "+16175550143"

    def test_open_requests_only_when_asked(self, line):
        call(line)
        left = erase_number(line.database, MINE, line.clock(), include_open=False)
        assert (left.requests, left.calls, left.left.open) == ((), 0, (stored(line)[0].reference,))
        assert stored(line)[0].callback_number == MINE
        erased = erase_number(line.database, MINE, line.clock(), include_open=True)
        assert (len(erased.requests), erased.calls, erased.left.open) == (1, 1, ())
        (request,) = stored(line)
        assert (request.status, request.closed_at) == (RequestStatus.CLOSED, line.clock())
        assert personal(line) == []

    def test_rows_indexed_under_an_older_key(self, make_line, database_url):
        older, newer = make_line(database_url), make_line(database_url, data_keys=(NEWER_KEY, DATA_KEY))
        close(older, message(older), 1)
        close(newer, call(newer, "CA2"), 1)
        trace = trace_number(newer.database, MINE, newer.clock())
        assert (len(trace.closed), trace.calls) == (2, 2)
        assert erase_number(newer.database, MINE, newer.clock(), include_open=False).calls == 2
        assert personal(newer) == []

    def test_another_number_left_in_a_call_from_this_one(self, line):
        close(line, call(line, keys=APPOINTMENT), 1)
        left = erase_number(line.database, MINE, line.clock(), include_open=False)
        assert (left.requests, left.calls, left.left.others) == ((), 1, (stored(line)[0].reference,))
        assert stored(line)[0].callback_number == OTHER
        assert "6175550142" not in readable(line)
        erased = erase_number(line.database, OTHER, line.clock(), include_open=False)
        assert len(erased.requests) == 1
        assert personal(line) == []

    def test_a_call_from_another_number_is_kept_for_its_other_request(self, line):
        call(line, keys=f"{CALLBACK} * {APPOINTMENT}", from_number=MINE)
        for request in stored(line):
            close(line, request.id, 1)
        erased = erase_number(line.database, OTHER, line.clock(), include_open=False)
        assert (len(erased.requests), erased.calls) == (1, 0)
        assert personal(line) == ["6175550142"]

    def test_legal_hold_refuses(self, line):
        close(line, call(line), 1)
        reference = stored(line)[0].reference
        set_hold(line.database, reference, True, line.clock())
        with pytest.raises(HeldError, match=f"{reference} is under legal hold"):
            erase_number(line.database, MINE, line.clock(), include_open=True)
        assert stored(line)[0].callback_number == MINE
        set_hold(line.database, reference, False, line.clock())
        assert erase_number(line.database, MINE, line.clock(), include_open=False).calls == 1
        with pytest.raises(NothingToHoldError, match="was erased on 2026-11-23"):
            set_hold(line.database, reference, True, line.clock())
        with pytest.raises(NothingToHoldError, match="no request"):
            set_hold(line.database, "000000", True, line.clock())

    def test_a_call_going_on_is_left_alone(self, line, clock):
        caller = Caller(line)("2 1")
        left = erase_number(line.database, MINE, line.clock(), include_open=True)
        assert (left.calls, left.left.going_on) == (0, 1)
        caller("4 3 1 2")
        assert stored(line)[0].callback_number == MINE
        clock.now += timedelta(hours=5)
        erased = erase_number(line.database, MINE, line.clock(), include_open=True)
        assert (len(erased.requests), erased.calls) == (1, 1)

    @pytest.mark.parametrize(
        ("caller_id", "number"),
        [
            ("+442071838750", "+442071838750"), ("sip:+442071838750@pbx.example.org", "+442071838750"),
            ("sip:16175550142@pbx.example.org;transport=tls", MINE), ("6175550142", MINE), ("+19005551234", "+19005551234"),
        ],
    )  # fmt: skip
    def test_a_caller_whose_number_could_not_be_called_back(self, line, monkeypatch, caller_id, number):
        monkeypatch.setattr(erasure, "PAGE", 2)
        for n, other in enumerate(
            ["anonymous", "+442071838751", "sip:alice@example.org", "sip:@", caller_id, "+33142685300"]
        ):
            Caller(line, Arrival(f"CA{n}", other, "+16175550100"))("2").hang_up()
        call(line, "CA9", keys="2 6175550199 1 4 3 1 2", from_number=caller_id)
        assert trace_number(line.database, number, line.clock()).calls == 2
        erased = erase_number(line.database, number, line.clock(), include_open=False)
        assert (erased.calls, erased.left.others) == (2, (stored(line)[0].reference,))
        assert caller_id not in readable(line)
        assert all(
            kept in readable(line) for kept in ("anonymous", "+442071838751", "sip:alice@example.org", "+33142685300")
        )
        assert trace_number(line.database, number, line.clock()).calls == 0


NEWER_KEY = "bmV3ZXItbmV3ZXItbmV3ZXItbmV3ZXItbmV3ZXItbmU="


def test_purging_disturbs_no_call(line, monkeypatch):
    """Calls go through while their elders are erased, and none of the new ones is touched."""
    monkeypatch.setattr(retention, "PAGE", 3)
    for n in range(30):
        close(line, message(line, f"CA-old{n}", f"RE{n}"), 100)
    age(line, 100)
    faults, over, begun = [], threading.Event(), threading.Event()

    def phone(number):
        for n in range(100_000):
            try:
                Caller(line, Arrival(f"CA-{number}-{n}", f"+1617555019{number}", ""))(CALLBACK).hang_up()
            except Exception as fault:
                faults.append(fault)
            begun.set()
            if over.is_set():
                return
            over.wait(0.005)

    phones = [threading.Thread(target=phone, args=(number,)) for number in range(2)]
    for thread in phones:
        thread.start()
    begun.wait(DEADLINE_SECONDS)
    purged = purge(line.database, line.clock(), 90)
    over.set()
    for thread in phones:
        thread.join()
    assert faults == []
    assert (purged.requests, purged.recordings, purged.calls) == (30, 30, 30)
    kept = [request for request in stored(line) if request.erased_at is None]
    assert {request.callback_number for request in kept} == {"+16175550190", "+16175550191"}


def test_deleted_audio_is_overwritten_in_the_file(make_line, sqlite_url, tmp_path):
    line = make_line(sqlite_url)
    close(line, message(line), 100)
    age(line, 100)
    with line.database.read() as session:
        (token,) = session.connection().exec_driver_sql("SELECT data FROM recording_audio").scalars()
    purge(line.database, line.clock(), 90)
    line.database.close()
    assert token[:200] not in (tmp_path / "ivr.db").read_bytes()
