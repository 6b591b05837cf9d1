"""Triage by phone, as the engine has it: where each key leads, what is read out, and what is never kept."""

import json
from dataclasses import replace
from datetime import datetime

import pytest

from ivr.callflow import outputs as out
from ivr.callflow.answers import BestTime, Kind, Reason, VisitType
from ivr.callflow.engine import advance, begin
from ivr.callflow.facts import AgeUnit, Promise, Reading, StaffFacts
from ivr.callflow.inputs import CallStarted, Digits, Found
from ivr.callflow.nodes import Question
from ivr.callflow.outputs import to_plain as plain_output
from ivr.callflow.reading import prompts, read_out
from ivr.callflow.state import to_plain
from ivr.callflow.tree_staff import DISPOSITIONS, OUTCOMES, UNANSWERED
from tests.support.engine_call import EngineCall, spoken_prompts

READING = Reading(
    kind=Kind.CALLBACK,
    priority="urgent",
    age=12,
    age_unit=AgeUnit.MINUTE,
    reference="482913",
    reason=Reason.AFTER_PROCEDURE,
    tried=True,
    best_time=BestTime.MORNING,
    language="es-US",
    promise=Promise(datetime(2026, 11, 23, 10, 30), 0),
    messages=(5,),
)
FACTS = StaffFacts(staff_id=3, request_id=12, reading=READING)
IN = "7 42# 123456"


class StaffCall(EngineCall):
    """A call of staff: `findings` says what is found where, by the consult's name; otherwise all goes well."""

    def __init__(self, **findings):
        self.findings, self.facts = findings, FACTS
        super().__init__()

    def _answer(self, turn):
        self.asked.append(turn.events[-1].question)
        node = turn.state.node
        return Found(self.findings.get(node, next(iter(self.tree[node].to))), self.facts)


@pytest.fixture
def staff():
    """Makes calls of staff."""
    return StaffCall


@pytest.mark.parametrize(
    ("keys", "node"),
    [
        ("7", "staff_extension"), ("7 #", "main"), ("7 1#", "staff_extension"), ("7 42#", "staff_pin"),
        ("7 42", "staff_pin"), ("7 1*42#", "staff_pin"), ("7 42# 123#", "staff_pin"), ("7 42# 12*345", "staff_pin"),
        ("7 42# #", "staff_pin"), (IN, "staff_request"), ("7 42# 123456#", "staff_request"),
        (f"{IN} 2", "staff_request"), (f"{IN} 3", "staff_request"), (f"{IN} *", "staff_request"),
        (f"{IN} 1", "staff_calling"), (f"{IN} 1 talked", "staff_outcome"), (f"{IN} 1 busy", "staff_unanswered"),
        (f"{IN} 1 s", "staff_outcome"), (f"{IN} 4", "staff_close"), (f"{IN} 4 *", "staff_request"),
        (f"{IN} 7", "staff_request"), (f"{IN} 1 talked 1", "staff_settled"), (f"{IN} 1 talked *", "staff_request"),
        *((f"{IN} 1 talked {key}", "staff_request") for key in range(2, 9)),
        *((f"{IN} 4 {key}", "staff_request") for key in range(1, 7)),
        *((f"{IN} 1 talked 1 {key}", "staff_request") for key in range(1, 6)), (f"{IN} 1 talked 1 6", "staff_settled"),
        *((f"{IN} 1 busy {key}", "staff_request") for key in "456*"),
        *((f"{IN} 1 busy {key}", "staff_unanswered") for key in "12378"),
        (f"{IN} s s s", "staff_goodbye"), (f"{IN} 8", "staff_hours_menu"), (f"{IN} 8 *", "staff_request"), (f"{IN} 6 6 6", "staff_goodbye"), (f"{IN} 0", "voicemail"),
    ],
)  # fmt: skip
def test_where_keys_lead(staff, keys, node):
    assert keyed(staff(), keys).node == node


def press(call, token):
    """A token of keys; # at its end finishes the entry."""
    if token.endswith("#") and token != "#":
        call._take(call.turn.state, Digits(token[:-1], "#"))
        return call
    return call(token)


def keyed(call, keys):
    for token in keys.split():
        call = press(call, token)
    return call


@pytest.mark.parametrize(
    ("findings", "keys", "node", "first"),
    [
        ({"staff_sign_in": "wrong"}, IN, "staff_extension", ["staff_wrong", "staff_extension"]),
        ({"staff_sign_in": "locked"}, IN, "staff_locked", ["staff_locked", "goodbye"]),
        ({"staff_first": "nothing"}, IN, "staff_nothing", ["staff_nothing", "staff_nothing_options"]),
        ({"staff_first": "signed_out"}, IN, "staff_goodbye", ["staff_goodbye"]),
        ({"staff_next": "end"}, f"{IN} 3", "staff_all_heard", ["staff_end", "staff_nothing_options"]),
        ({"staff_claim": "taken"}, f"{IN} 1", "staff_request", ["staff_taken", "staff_urgent_callback"]),
        ({"staff_claim": "no_number"}, f"{IN} 1", "staff_request", ["staff_no_number", "staff_urgent_callback"]),
        ({"staff_attempt": "taken"}, f"{IN} 1 talked 4", "staff_request", ["staff_taken", "staff_urgent_callback"]),
        ({}, f"{IN} 1 talked 4", "staff_request", ["staff_kept", "staff_urgent_callback"]),
        ({}, f"{IN} 4 2", "staff_request", ["staff_closed", "staff_urgent_callback"]),
        ({}, f"{IN} 7", "staff_request", ["staff_passed_on", "staff_urgent_callback"]),
        ({}, f"{IN} 1", "staff_calling", ["staff_connecting"]),
    ],
)
def test_what_is_found_decides(staff, findings, keys, node, first):
    done = keyed(staff(**findings), keys)
    assert done.node == node
    assert done.prompts[: len(first)] == first


def test_the_request_is_read_out_then_its_message(staff):
    assert keyed(staff(), IN).prompts == [
        "staff_urgent_callback", "staff_reason_after_procedure", "number_12", "staff_minutes_old", "staff_tried",
        "staff_time_morning", "staff_language", "language_name", "staff_promised_today", "staff_reference",
        "staff_message", "message 5 to 3", "staff_request_options",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "spoken"),
    [
        ({"promise": None}, "staff_overdue"),
        ({"promise": Promise(datetime(2026, 11, 24, 10, 30), 1)}, "staff_promised_tomorrow"),
        ({"promise": Promise(datetime(2026, 11, 26, 10, 30), 3)}, "weekday_4"),
        ({"messages": (), "coming": True}, "staff_message_coming"),
        ({"age": 1, "age_unit": AgeUnit.DAY}, "staff_day_old"),
        ({"age": 140, "age_unit": AgeUnit.DAY}, "number_99"),
        ({"red_flags": True}, "staff_warning_sign"),
        ({"left_incomplete": True}, "staff_unfinished"),
        ({"kind": Kind.APPOINTMENT, "reason": None, "visit": VisitType.FRACTURE}, "staff_visit_fracture"),
    ],
)
def test_readings(changes, spoken):
    heard = spoken_prompts(read_out(replace(READING, **changes), 3))
    assert spoken in heard
    assert {prompt for prompt in heard if prompt.startswith("staff_")} <= prompts()


def test_the_outcome_that_was_chosen_is_what_the_services_hear_of(staff):
    for key, outcome in enumerate(OUTCOMES[1:], start=3):
        made = keyed(staff(), f"{IN} 1 talked")
        made.facts = None
        assert keyed(made, str(key)).turn.state.staff.outcome == outcome
        assert made.asked[-2:] == [Question.STAFF_ATTEMPT, Question.STAFF_NEXT]
    for key, outcome in enumerate(OUTCOMES[1:], start=3):
        if outcome in UNANSWERED:
            made = keyed(staff(), f"{IN} 1 busy")
            made.facts = None
            assert keyed(made, str(key)).turn.state.staff.outcome == outcome
    for key, disposition in enumerate(DISPOSITIONS[:-1], start=1):
        made = keyed(staff(), f"{IN} 1 talked")
        made.facts = None
        known = keyed(made, f"1 {key}").turn.state.staff
        assert (known.outcome, known.disposition) == ("reached", disposition)
        assert made.asked[-2:] == [Question.STAFF_CLOSE, Question.STAFF_NEXT]


def test_closing_without_a_call_forgets_an_earlier_outcome(staff):
    made = keyed(staff(), f"{IN} 1 talked 1 *")
    made.facts = None
    assert keyed(made, "4 1").turn.state.staff.outcome == ""


def test_claiming_calls_the_patient_of_the_request(staff):
    assert keyed(staff(), f"{IN} 1").turn.outputs[-1] == out.CallPatient(30)


def test_a_call_to_the_staff_number_begins_at_the_sign_in(call):
    tree = call().tree
    turn = advance(tree, begin(tree), CallStarted(None, "staff_extension"))
    assert spoken_prompts(turn.outputs) == ["staff_extension"]


@pytest.mark.parametrize(
    "keys", [["987543"], ["987*54", "987543"], ["9875#", "987543#"], ["987*543#", "987*98", "987543"]]
)
@pytest.mark.parametrize("finding", ["signed_in", "wrong", "locked"])
def test_a_pin_is_in_no_state_and_in_no_output_after_its_turn(staff, keys, finding):
    """Whole, partly keyed, or started over: 987 and 543 are part of the PIN and of nothing else."""
    made = keyed(staff(staff_sign_in=finding), "7 42#")
    made.facts = None
    for token in keys:
        press(made, token)
        stored = json.dumps([to_plain(made.turn.state), [plain_output(one) for one in made.turn.outputs]])
        assert "987" not in stored
        assert "543" not in stored
