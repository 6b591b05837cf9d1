"""The call asks whether it may text: whom, when, and what a yes and a no leave behind."""

import pytest

from ivr.models import RequestStatus, TextKind, TextStatus
from ivr.services.calls.turns import Arrival
from ivr.services.requests import consent
from tests.support.callers import Caller, prompts
from tests.support.settings import MONDAY_MORNING as NOW
from tests.support.texts import PATIENT, texts
from tests.support.triage import answers, one

ASKED = ["texts_question", "texts_yes", "texts_no"]


@pytest.fixture
def line(make_line, database_url):
    return make_line(database_url, texts=True, sms_from="+16175550100")


@pytest.mark.parametrize(
    "keys", ["2 1 4 3 1 2", "2 1 4 3 1 1 r 1", "2 1 4 3 1 1 r *", "1 1 2 1 05171948 1 6 3 1 2", "2 1 2 2 1 2 2"]
)
def test_everybody_who_can_take_them_is_asked_once_the_rest_is_told(line, keys):
    caller = Caller(line)(keys)
    assert prompts(caller.answer) == ASKED
    assert texts(line) == []
    caller("1")
    request = one(line, 1)
    assert (request.may_text, request.text_agreed_at) == (True, NOW)
    assert request.text_wording.startswith("phone en-US ")
    assert texts(line) == [(TextKind.SAVED, TextStatus.WAITING)]
    assert answers(line)[-1] == ({"may_text": None}, {"may_text": True})
    assert caller.answer.outputs[-1].speech[0].prompt.startswith("receipt_")


def test_no_and_hanging_up_and_leftover_keys_send_nothing(line):
    for number, keys in enumerate(("2", "h", "s", "9", "* 2 2", "0"), start=1):
        arrival = Arrival(f"CA{number}", f"+1617555014{number}", "+16175550100")
        caller = Caller(line, arrival)("2 1 4 3 1 2")
        caller.hang_up() if keys == "h" else caller(keys)
        assert one(line, number).may_text is (False if keys in ("2", "* 2 2") else None)
        assert one(line, number).status is RequestStatus.NEW
    assert texts(line) == []


def test_the_answer_can_be_changed_at_the_receipt(line):
    caller = Caller(line)("2 1 4 3 1 2 1")
    caller("2 4 3 1 2 2")
    assert one(line, 1).may_text is False
    caller("2 4 3 1 2 1 2 4 3 1 2 1")
    assert one(line, 1).may_text is True
    assert texts(line) == [(TextKind.SAVED, TextStatus.WAITING)]


def test_who_is_not_asked(make_line, line, database_url):
    off = make_line(database_url)
    assert "receipt_reason_other" in prompts(Caller(off)("2 1 4 3 1 2").answer)
    with line.database.write() as session:
        consent.stop(session, PATIENT, NOW)
    stopped = Caller(line, Arrival("CA2", PATIENT, "+16175550100"))("2 1 4 3 1 2")
    assert "receipt_reason_other" in prompts(stopped.answer)
    urgent = Caller(line, Arrival("CA3", "+16175550143", "+16175550100"))("2 1 2 1 2")
    assert "receipt_reason_after_procedure" in prompts(urgent.answer)
    toll_free = Caller(line, Arrival("CA4", "+18005550143", "+16175550100"))("2 1 4 3 1 2")
    assert "receipt_reason_other" in prompts(toll_free.answer)
