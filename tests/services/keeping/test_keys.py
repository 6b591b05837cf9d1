"""Changing the data keys while the line runs, on both databases."""

import random
import threading

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import func, select

from ivr.db import Base, InvalidToken, Vault
from ivr.models import Call, PatientRequest, RecordingAudio
from ivr.services.calls.turns import Arrival
from ivr.services.keeping import keys as service
from ivr.services.keeping.erasure import trace_number
from ivr.services.keeping.keys import rotate, survey
from ivr.services.requests.exporting import export_requests
from tests.support.callers import CALLBACK, Caller
from tests.support.patient_data import APPOINTMENT, call, message
from tests.support.settings import DATA_KEY
from tests.support.triage import answers

KEYS = [DATA_KEY, *(Fernet.generate_key().decode() for _ in range(2))]


@pytest.fixture
def opened(make_line, database_url):
    """Opens lines on one database with the given keys, first one first."""
    return lambda *keys: make_line(database_url, data_keys=keys)


def fill(line, calls=3):
    for n in range(calls):
        call(line, f"CA{n}")
    call(line, "CA-birth", APPOINTMENT)
    message(line, "CA-message")


def known(line):
    """Everything that should read the same after a change of keys."""
    with line.database.read() as session:
        audio = list(session.scalars(select(RecordingAudio.data)))
        calls = [(c.sid, c.from_number, c.progress) for c in session.scalars(select(Call).order_by(Call.sid))]
    return list(export_requests(line.database)), calls, audio


class TestVault:
    def test_which_key_reads_what(self):
        old, new = Vault([KEYS[0]]), Vault([KEYS[1], KEYS[0]])
        token = old.encrypt(b"data")
        assert (new.reader_of(token), new.is_current(token), new.is_current(new.rotate(token))) == (1, False, True)
        assert Vault([KEYS[1]]).decrypt(new.rotate(token)) == b"data"
        for unreadable in (token, b"", b"no token"):
            with pytest.raises(InvalidToken):
                Vault([KEYS[2]]).reader_of(unreadable)

    def test_fingerprints_tell_keys_apart(self):
        assert len(set(Vault(KEYS).fingerprints)) == 3
        assert Vault([KEYS[1]]).fingerprints[0] == Vault(KEYS).fingerprints[1]


def test_every_blind_index_is_known():
    columns = {(table.name, c.name) for table in Base.metadata.tables.values() for c in table.columns}
    made_anew = {(table, index) for table, indexes in service.INDEXES.items() for index in indexes.values()}
    assert {(table, name) for table, name in columns if name.endswith("_index")} == made_anew | service.NOT_MADE_ANEW


def test_everything_comes_under_the_new_key_and_the_old_one_can_go(opened):
    fill(opened(KEYS[0]))
    both = opened(KEYS[1], KEYS[0])
    before = known(both)
    assert survey(both.database).by_key[0] == 0
    rotated = rotate(both.database, both.clock())
    assert rotated.survey.is_done
    assert rotated.rows == 5 + 5 + 1 + len(answers(both))
    new = opened(KEYS[1])
    assert known(new) == before
    trace = trace_number(new.database, "+16175550142", new.clock())
    assert (len(trace.open), trace.calls) == (4, 5)
    assert rotate(both.database, both.clock()).rows == 0
    with pytest.raises(InvalidToken):
        known(opened(KEYS[0]))


def test_numbers_are_found_halfway(opened, monkeypatch):
    fill(opened(KEYS[0]))
    both = opened(KEYS[1], KEYS[0])
    monkeypatch.setattr(service, "PAGE", 2)
    assert broken_off(both, after=1) == 2
    trace = trace_number(both.database, "+16175550142", both.clock())
    assert (len(trace.open), trace.calls) == (4, 5)


def broken_off(line, after):
    """Rotate, broken off after so many pages; returns how many rows that changed."""
    pages = []

    def show(table, rows):
        pages.append(rows)
        if len(pages) == after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rotate(line.database, line.clock(), show)
    with line.database.read() as session:
        done = [line.database.vault.index("+16175550142")]
        return session.scalar(select(func.count()).where(Call.from_index.in_(done)))


def test_a_rotation_broken_off_goes_on_where_it_was(opened, monkeypatch):
    fill(opened(KEYS[0]))
    both = opened(KEYS[1], KEYS[0])
    monkeypatch.setattr(service, "PAGE", 2)
    broken_off(both, after=2)
    found = survey(both.database)
    assert found.by_key[0] > 0
    assert found.stale > 0
    rotated = rotate(both.database, both.clock())
    assert rotated.rows == 5 + 5 + 1 + len(answers(both)) - 4
    assert rotated.survey.is_done


def test_what_changed_meanwhile_is_not_overwritten(opened, monkeypatch):
    old = opened(KEYS[0])
    caller = Caller(old, Arrival("CA1", "+16175550142", ""))("2")
    both = opened(KEYS[1], KEYS[0])
    written = service._rotate_page

    def after_a_key_press(database, table, page):
        if table.name == "calls" and caller.answer.turn < 2:
            caller("1")
        return written(database, table, page)

    monkeypatch.setattr(service, "_rotate_page", after_a_key_press)
    assert rotate(both.database, both.clock()).survey.is_done
    new = opened(KEYS[1])
    caller.line = new
    caller("4 3 1 2")
    with new.database.read() as session:
        assert session.scalars(select(PatientRequest)).one().callback_number == "+16175550142"


def test_a_process_that_still_writes_with_the_old_key_is_noticed(opened, monkeypatch):
    old, both = opened(KEYS[0]), opened(KEYS[1], KEYS[0])
    fill(old)
    looked = service.survey
    sids = iter(range(100))

    def look(database):
        call(old, f"CA-late{next(sids)}", "1 1")
        return looked(database)

    monkeypatch.setattr(service, "survey", look)
    found = rotate(both.database, both.clock()).survey
    assert (found.is_done, found.stale > 0) == (False, True)


def test_what_no_key_reads_is_counted_and_left_alone(opened):
    fill(opened(KEYS[0]))
    message(opened(KEYS[2]), "CA-lost", "RE-lost")
    both = opened(KEYS[1], KEYS[0])
    found = rotate(both.database, both.clock()).survey
    assert (found.stale, found.unreadable, found.is_done) == (0, 4 + 3, False)
    assert survey(opened(KEYS[1], KEYS[2]).database).by_key[1] == 4 + 3


def test_three_keys_in_turn_while_calls_go_on(opened, monkeypatch):
    """Nobody's call is disturbed and nothing is lost: each key is known everywhere before it is the first one."""
    monkeypatch.setattr(service, "PAGE", 7)
    fill(opened(KEYS[0]))
    orders = [(0, 1), (1, 0), (1, 2), (2, 1)]
    lines = [opened(*(KEYS[place] for place in order)) for order in orders]
    current, in_use, faults, saved, over = [lines[0]], {}, [], [], threading.Event()

    def phone(number):
        for n in range(100_000):
            line = in_use[number] = current[0]
            arrival = Arrival(f"CA-{number}-{n}", f"+1617555{number}{random.randrange(100, 200)}", "")
            try:
                caller = Caller(line, arrival)
                for keys in CALLBACK.split():
                    over.wait(0.002)
                    caller(keys)
                saved.append((arrival.sid, arrival.from_number))
            except Exception as fault:
                faults.append(fault)
            if over.is_set():
                return

    phones = [threading.Thread(target=phone, args=(number,)) for number in range(2)]
    for thread in phones:
        thread.start()
    try:
        for line in lines:
            current[0], begun = line, len(saved)
            wait_until(lambda line=line: len(in_use) == 2 and all(used is line for used in in_use.values()))
            if line in (lines[1], lines[3]):
                assert rotate(line.database, line.clock()).survey.is_done
            wait_until(lambda begun=begun: len(saved) > begun)
    finally:
        over.set()
        for thread in phones:
            thread.join()
    assert faults == []
    newest = opened(KEYS[2])
    stored = {request.call_sid: request.callback_number for request in export_requests(newest.database)}
    assert all(stored[sid] == number for sid, number in saved)
    assert survey(newest.database).is_done


def wait_until(condition):
    waiting = threading.Event()
    for _ in range(3000):
        if condition():
            return
        waiting.wait(0.005)
    raise AssertionError("calls stand still")
