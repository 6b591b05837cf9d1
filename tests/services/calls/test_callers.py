"""Who calls, as far as the caller ID and the carrier can tell."""

import pytest
from sqlalchemy import select

from ivr.callflow.outputs import Gather
from ivr.models import Call
from ivr.services.calls.following import DeskWhisper, whisper_of
from ivr.services.calls.turns import Arrival, start_call
from tests.support.callers import Caller
from tests.support.engine_call import spoken_prompts

LINE, CLINIC, STAFF, DESK, DAUGHTER = "+16175550100", "+16175550101", "+16175550102", "+16175550111", "+16175550142"


@pytest.fixture
def line(make_line, database_url):
    return make_line(database_url, clinic_number=CLINIC, staff_number=STAFF, desk_numbers=(DESK,))


def call(line, sid, from_number=DAUGHTER):
    return Caller(line, Arrival(sid, from_number, LINE))


@pytest.mark.parametrize("own", [LINE, CLINIC, STAFF, DESK])
def test_the_clinics_own_numbers_are_nobodys_caller_id(line, own):
    """A forwarded call shows the number that it was forwarded from."""
    assert spoken_prompts(call(line, "CA1", own)("2").answer.outputs) == ["enter_number"]
    assert "number_opening" in spoken_prompts(call(line, "CA2")("2").answer.outputs)


@pytest.mark.parametrize("vouched", ["TN-Validation-Passed-A", ""])
def test_what_the_carrier_says_of_the_caller_id_is_kept_and_blocks_nobody(line, vouched):
    start_call(line, Arrival("CA1", DAUGHTER, LINE, vouched))
    with line.database.read() as session:
        assert session.scalars(select(Call.stir_verstat)).one() == (vouched or None)


def test_a_daughters_call_is_found_and_tells_no_more_than_that_it_is_there(line):
    call(line, "CA1")("2 2 6175550199 1").hang_up()
    again = call(line, "CA2")("4")
    assert spoken_prompts(again.answer.outputs) == ["request_called", "reference"]
    assert isinstance(again.answer.outputs[-1], Gather)
    assert spoken_prompts(call(line, "CA3", "+16175550177")("4").answer.outputs) == ["reference"]
    assert "request_callback_today" in spoken_prompts(call(line, "CA4", "+16175550199")("4").answer.outputs)


def test_the_desk_hears_a_warning_sign_and_the_language(line):
    call(line, "CA1")("2 1")
    assert whisper_of(line.database, "CA1") == DeskWhisper("en-US", False)
    call(line, "CA2", "+16175550177")("2 1 2 1")
    assert whisper_of(line.database, "CA2") == DeskWhisper("en-US", True)
    assert whisper_of(line.database, "CA3") == DeskWhisper()
