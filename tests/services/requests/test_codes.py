"""A code to a number, on both databases: who gets one, what it says, how long it counts, and what is kept of it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from ivr.models import (
    AuditAction,
    AuditEntry,
    Disposition,
    EntryKind,
    NumberCode,
    PatientLink,
    PatientRequest,
    TextKind,
    TextStatus,
)
from ivr.services.jobs import Job
from ivr.services.keeping.erasure import erase_number
from ivr.services.keeping.retention import purge
from ivr.services.requests import codes, consent, history, proving, texting, triage
from ivr.services.requests.links import request_behind
from tests.support.bridging import somebody
from tests.support.codes import DIGITS, arrived, asked, work, wrong
from tests.support.texts import PATIENT, texts
from tests.support.texts import history as told
from tests.support.triage import leave, one, trail

OTHER = "+16175550143"
FORM = "the form's secret"


@pytest.fixture
def line(make_line, database_url):
    return make_line(database_url, texts=True, sms_from="+16175550100", languages=("en-US", "es-US"))


@pytest.fixture
def left(line):
    """A line with one open request."""
    leave(line).hang_up()
    change(line, language="en-US")
    return line


def ask(line, number=PATIENT, form=FORM):
    proving.ask_for_code(line, form, number, line.clock())


def prove(line, digits, number=PATIENT, form=FORM):
    return proving.prove(line, form, number, digits, line.clock())


def change(line, **values):
    with line.database.write() as session:
        for name, value in values.items():
            setattr(session.get_one(PatientRequest, 1), name, value)


class TestTheText:
    def test_it_goes_to_the_number_and_tells_only_the_day(self, left):
        ask(left)
        [text] = work(left)
        [digits] = DIGITS.findall(text.body)
        assert text.to == PATIENT
        assert text.body == (
            f"Bay State: We have a request of yours from today. Your code is {digits}. "
            "If you did not ask for it, you need do nothing."
        )
        assert work(left) == []
        assert texts(left) == [(TextKind.CODE, TextStatus.ASKED)]

    @pytest.mark.parametrize(
        ("days", "day"),
        [(0, "de hoy"), (1, "de ayer"), (2, "del lunes"), (6, "del lunes"), (7, "del 23 de noviembre")],
    )
    def test_in_the_requests_language_with_its_day(self, left, clock, days, day):
        change(left, language="es-US")
        clock.now += timedelta(days=days)
        ask(left)
        [text] = work(left)
        assert f"Tenemos una solicitud suya {day}. Su código es " in text.body

    def test_of_the_code_only_a_keyed_digest_is_kept(self, left):
        ask(left)
        digits = arrived(left)
        [code] = asked(left)
        assert code.digest == left.database.vault.index(f"code\0{code.id}\0{digits}")
        with left.database.engine.connect() as raw:
            words = raw.exec_driver_sql("SELECT words FROM text_messages").scalar_one()
        assert "Your code is …." in left.database.vault.decrypt(bytes(words)).decode()

    def test_it_is_about_the_newest_open_request(self, left):
        leave(left, call="CA2")
        ask(left)
        assert request_of(left, prove(left, arrived(left))) == 2

    def test_a_carrier_that_was_not_reached_gets_another_code_that_counts(self, left):
        ask(left)
        arrived(left)
        texting.unmark_asked(left, 1)
        assert prove(left, arrived(left))


class TestWhoGetsNone:
    @pytest.fixture(
        params=["none", "closed", "other number", "stopped", "refused", "landline", "erased", "too late"],
    )
    def without(self, request, left, clock):
        """A line on which nobody can be texted, for one reason or another."""
        match request.param:
            case "none" | "closed":
                triage.close(left, 1, somebody(left, 4), clock.now, disposition=Disposition.ANSWERED)
            case "other number":
                changes = {"callback_number": OTHER}
                history.edit(left, 1, somebody(left, 4), clock.now, changes=changes)
            case "stopped":
                with left.database.write() as session:
                    consent.stop(session, PATIENT, clock.now)
            case "refused":
                change(left, may_text=False)
            case "landline":
                with left.database.write() as session:
                    put = texting.put_in_queue(session, left, session.get_one(PatientRequest, 1), "saved", clock.now)
                texting.note_delivery(left, put, "SM1", "sent", "", clock.now)
                with left.database.write() as session:
                    session.get_one(texting.TextMessage, put).error = consent.LANDLINE
            case "erased":
                erase_number(left.database, PATIENT, clock.now, include_open=True)
        ask(left)
        if request.param == "too late":
            clock.now += codes.VALID
        return left

    def test_nothing_leaves_and_no_code_is_right(self, without):
        assert [text for text in work(without) if text] == []
        [code] = asked(without)
        assert (code.digest, code.text_id) == (None, None)
        assert prove(without, "000000") is None
        assert told(without, EntryKind.CODE_ASKED) == []

    def test_a_stop_that_comes_while_it_waits_is_honoured(self, left):
        ask(left)
        proving.text_code(left, 1, left.clock())
        with left.database.write() as session:
            consent.stop(session, PATIENT, left.clock())
        assert work(left) == []
        assert texts(left) == [(TextKind.CODE, TextStatus.DROPPED)]

    def test_a_text_that_could_not_leave_for_ten_minutes_is_dropped(self, left, clock):
        ask(left)
        proving.text_code(left, 1, left.clock())
        clock.now += codes.VALID + timedelta(seconds=1)
        assert (work(left), texts(left)) == ([], [(TextKind.CODE, TextStatus.DROPPED)])

    def test_a_no_that_comes_while_it_waits_is_honoured(self, left):
        ask(left)
        proving.text_code(left, 1, left.clock())
        change(left, may_text=False)
        assert (work(left), texts(left)) == ([], [(TextKind.CODE, TextStatus.DROPPED)])


def request_of(line, secret):
    with line.database.read() as session:
        found = request_behind(session, secret, line.clock())
        return found.id if found else None


class TestProving:
    def test_the_right_code_opens_the_request_and_stands_in_history_and_trail(self, left):
        ask(left)
        digits = arrived(left)
        assert request_of(left, prove(left, digits)) == 1
        assert request_of(left, prove(left, digits)) == 1, "a button that is pressed twice"
        assert told(left, EntryKind.CODE_ASKED) == [None]
        assert told(left, EntryKind.CODE_USED) == [None, None]
        assert ("caller", AuditAction.SEEN, "number proved by a code, online") in trail(left)
        assert ("caller", AuditAction.CHANGED, "a code by text was asked for, online") in trail(left)

    def test_it_counts_for_ten_minutes(self, left, clock):
        ask(left)
        digits = arrived(left)
        clock.now += codes.VALID - timedelta(seconds=1)
        assert prove(left, digits)
        clock.now += timedelta(seconds=1)
        assert prove(left, digits) is None

    def test_after_five_wrong_tries_another_one_has_to_be_asked_for(self, left):
        ask(left)
        digits = arrived(left)
        assert [prove(left, wrong(digits)) for _ in range(5)] == [None] * 5
        assert prove(left, digits) is None
        ask(left)
        assert prove(left, arrived(left))

    def test_a_right_code_after_four_wrong_ones_counts(self, left):
        ask(left)
        digits = arrived(left)
        for _ in range(4):
            prove(left, wrong(digits))
        assert prove(left, digits)

    def test_tries_at_once_are_all_counted(self, left):
        ask(left)
        digits = arrived(left)
        with ThreadPoolExecutor(4) as threads:
            assert set(threads.map(lambda _: prove(left, wrong(digits)), range(8))) == {None}
        assert asked(left)[0].tries == 8
        assert prove(left, digits) is None

    def test_asking_sending_and_typing_at_once_never_get_in_each_others_way(self, left):
        """Each locks rows that another needs: in another order they would wait for each other forever."""
        for n in range(8):
            ask(left, form=f"form {n}")

        def use(n):
            proving.text_code(left, n, left.clock())
            text = texting.ask_for(left, n, left.clock())
            prove(left, "000000", form=f"form {n - 1}")
            ask(left, form=f"another {n}")
            [found] = DIGITS.findall(text.body) if text else [""]
            return found

        with ThreadPoolExecutor(4) as threads:
            found = [digits for digits in threads.map(use, range(1, 9)) if digits]
        assert len(asked(left)) == 16
        assert found
        assert len(told(left, EntryKind.CODE_ASKED)) == 8

    def test_only_the_newest_code_counts(self, left, clock):
        ask(left)
        first = arrived(left)
        clock.now += proving.AGAIN_AFTER
        ask(left)
        second = arrived(left)
        assert first == second or prove(left, first) is None
        assert prove(left, second)

    def test_it_counts_in_its_own_form_and_for_its_own_number_alone(self, left):
        ask(left)
        digits = arrived(left)
        assert prove(left, digits, form="another form") is None
        assert prove(left, digits, number=OTHER) is None
        assert prove(left, digits)

    def test_not_once_the_request_has_another_number(self, left):
        ask(left)
        digits = arrived(left)
        history.edit(left, 1, somebody(left, 4), left.clock(), changes={"callback_number": OTHER})
        assert prove(left, digits) is None

    def test_twice_within_a_minute_is_asked_for_once(self, left, clock):
        for _ in range(3):
            ask(left)
        assert len(asked(left)) == 1
        ask(left, form="another form")
        clock.now += proving.AGAIN_AFTER
        ask(left)
        assert len(asked(left)) == 3
        assert len(left.database.jobs.list_workflows(name=Job.TEXT_CODE)) == 3


def counted(line):
    with line.database.read() as session:
        return session.scalar(select(func.count()).select_from(PatientLink))


@given(st.text(max_size=12) | st.from_regex(r"\A[0-9]{6}\Z"))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_typed_a_wrong_code_opens_nothing(make_line, sqlite_url, given_digits):
    line = make_line(sqlite_url, texts=True, sms_from="+16175550100")
    if not asked(line):
        leave(line)
        ask(line)
        arrived(line)
    with line.database.write() as session:
        [code] = session.scalars(select(NumberCode))
        code.tries = 0
        code.digest = line.database.vault.index(f"code\0{code.id}\0{'314159'}")
    before = counted(line)
    found = prove(line, given_digits)
    assert bool(found) == (given_digits == "314159")
    assert counted(line) == before + bool(found)


class TestKeeping:
    def test_an_hour_later_nothing_is_kept(self, left, clock):
        ask(left)
        ask(left, number=OTHER, form="another form")
        work(left)
        clock.now += codes.KEPT - timedelta(seconds=1)
        purge(left.database, clock.now, 90)
        assert len(asked(left)) == 2
        clock.now += timedelta(seconds=1)
        purge(left.database, clock.now, 90)
        assert asked(left) == []

    def test_asking_again_forgets_what_is_over(self, left, clock):
        ask(left)
        clock.now += codes.KEPT
        ask(left)
        [code] = asked(left)
        assert code.asked_at == clock.now
        assert len(left.database.jobs.list_workflows(name=Job.TEXT_CODE)) == 2

    def test_erasing_a_number_erases_what_was_asked_for_it(self, left):
        ask(left)
        ask(left, number=OTHER, form="another form")
        work(left)
        ask(left, form="a form whose code the worker has not looked at")
        erase_number(left.database, PATIENT, left.clock(), include_open=True)
        assert [code.number for code in asked(left)] == [OTHER]
        assert one(left, 1).erased_at

    def test_number_and_digits_stand_nowhere_in_clear(self, left):
        ask(left)
        digits = arrived(left)
        prove(left, digits)
        with left.database.engine.connect() as raw:
            for table in ("number_codes", "text_messages", "request_entries"):
                for row in raw.exec_driver_sql(f"SELECT * FROM {table}"):
                    cells = [bytes(cell) if isinstance(cell, memoryview) else str(cell).encode() for cell in row]
                    assert not any(word.encode() in cell for cell in cells for word in (digits, PATIENT[2:]))
        with left.database.read() as session:
            assert not any(digits in row.detail for row in session.scalars(select(AuditEntry)))
