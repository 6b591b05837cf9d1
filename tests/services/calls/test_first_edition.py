"""Calls that were under way when the second edition came: the first one saved last, and asked for it at `confirm`."""

import json

import pytest
from sqlalchemy import update

from ivr.models import Call, RequestStatus
from tests.support.callers import Caller, prompts, stored
from tests.support.kept_requests import put_requests

KNOWN = {"kind": "callback", "callback_number": "+16175550142", "is_caller_id": True}
VISIT = {"kind": "appointment", "patient_type": "new", "visit_type": "fracture", "birth_date": "1948-05-17"}


@pytest.fixture
def under_way(line):
    """Puts a call where the first edition had left it."""

    def call(node, draft, **state):
        caller = Caller(line)
        held = {"node": node, "language": "en-US", "caller_number": "+16175550142", "draft": draft, **state}
        with line.database.write() as session:
            session.execute(update(Call).values(progress=json.dumps({"state": held, "outputs": []})))
        return caller

    return call


@pytest.mark.parametrize(
    ("node", "draft", "keys"),
    [
        ("confirm", {**KNOWN, "reason": "other", "best_time": "any", "may_leave_message": True}, "1"),
        ("confirm", {**KNOWN, "reason": "other", "best_time": "any", "may_leave_message": True}, "2"),
        ("confirm", {**KNOWN, **VISIT, "weekday": "any"}, "1"),
        ("reason", KNOWN, "4"),
        ("red_flags", {**KNOWN, "reason": "after_procedure"}, "2"),
        ("best_time", {**KNOWN, "reason": "other"}, "1"),
        ("leave_message", {**KNOWN, "reason": "other", "best_time": "any"}, "1"),
        ("patient", {"kind": "appointment"}, "1 1"),
        ("weekday", VISIT, "6 1"),
        ("best_time", {**VISIT, "weekday": "any"}, "1 1"),
    ],
)
def test_a_call_in_its_questions_is_saved_and_goes_on(line, under_way, node, draft, keys):
    caller = under_way(node, draft)(keys)
    (request,) = stored(line)
    assert (request.status, request.callback_number) == (RequestStatus.NEW, "+16175550142")
    for name, value in draft.items():
        assert getattr(request, name) == value, name
    assert prompts(caller.answer)[0] == "saved"
    caller("1 1 # 6 3 1 2" if draft["kind"] == "appointment" else "4 3 1 2")
    assert "saved_reference" in prompts(caller.answer)
    caller.hang_up()
    assert len(stored(line)) == 1


@pytest.mark.parametrize("saved", [{"reference": "123455"}, ["123455", None]])
@pytest.mark.parametrize("keys", ["9", "1", "2 4 3 1", "s"])
def test_a_call_that_heard_its_reference_saves_nothing_again(line, under_way, clock, saved, keys):
    put_requests(line, {"reference": "123455"}, now=clock.now)
    promised = {**saved, "promise": None} if isinstance(saved, dict) else saved
    caller = under_way("saved", {**KNOWN, "reason": "other"}, saved=promised)(keys)
    assert keys == "s" or "saved_reference" in prompts(caller.answer)
    caller.hang_up()
    assert [request.reference for request in stored(line)] == ["123455"]
