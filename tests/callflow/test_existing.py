"""An existing request, as far as the engine decides: where each key leads, what is told, when a person takes over."""

import json
from dataclasses import replace
from datetime import date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.callflow import events as ev
from ivr.callflow import outputs as out
from ivr.callflow.answers import Flow
from ivr.callflow.engine import advance, begin
from ivr.callflow.facts import Handling, Heard, Promise, RequestFacts, RequestSummary
from ivr.callflow.inputs import CallStarted, Digits, Found, NoInput, Recorded, RequestSaved
from ivr.callflow.nodes import Consult
from ivr.callflow.state import from_plain, to_plain
from ivr.callflow.tree import build
from tests.support.engine_call import CALLER, TODAY, spoken_prompts, valid

SUMMARY = RequestSummary(Flow.CALLBACK, date(2026, 11, 22))
TOLD = RequestFacts(7, "x", Heard.LAST, SUMMARY)
LAST = ("found", TOLD)
MORE = ("found", replace(TOLD, heard=Heard.MORE))
OPEN = ("found", replace(TOLD, heard=Heard.CALLBACK))
DONE = ("done", TOLD)


@pytest.mark.parametrize(
    ("records", "keys", "node"),
    [
        ({}, "4", "reference"),
        ({"request_by_caller": LAST}, "4", "existing_last"),
        ({"request_by_caller": MORE}, "4", "existing_more"),
        ({"request_by_caller": LAST}, "4 *", "main"), ({"request_by_caller": LAST}, "4 9", "existing_last"),
        ({"request_by_caller": LAST}, "4 0", "voicemail"), ({"request_by_caller": LAST}, "4 3", "reference"),
        ({"request_by_caller": MORE, "next_request": LAST}, "4 3", "existing_last"),
        ({"request_by_caller": MORE, "next_request": MORE}, "4 3", "existing_more"),
        ({"request_by_caller": MORE}, "4 3", "reference"),
        ({}, "4 #", "voicemail"), ({}, "4 *", "reference"), ({}, "4 123455", "proof"), ({}, "4 123456", "reference"),
        ({}, "4 12345", "reference"), ({}, "4 123455 *", "reference"), ({}, "4 123455 1", "proof_number"),
        ({}, "4 123455 2", "proof_birth_date"), ({}, "4 123455 2 #", "proof_birth_date"),
        ({"request_by_reference": LAST}, "4 123455 1 6175550199", "existing_last"),
        ({"request_by_reference": LAST}, "4 123455 2 05171948", "existing_last"),
        ({"request_by_reference": "closed"}, "4 123455 2 05171948", "main"),
        ({"request_by_reference": "wrong"}, "4 123455 2 05171948", "reference"),
        ({"request_by_caller": LAST}, "4 1", "existing_change"), ({"request_by_caller": LAST}, "4 1 *", "existing_last"),
        ({"request_by_caller": MORE}, "4 1 *", "existing_more"), ({"request_by_caller": LAST}, "4 1 1", "new_number"),
        ({"request_by_caller": LAST}, "4 1 1 6175550199", "check_new_number"),
        ({"request_by_caller": LAST}, "4 1 1 6175550199 2", "new_number"),
        ({"request_by_caller": LAST}, "4 1 1 6175550199 1", "new_leave_message"),
        ({"request_by_caller": LAST, "change_number": DONE}, "4 1 1 6175550199 1 2", "existing_changed"),
        ({"request_by_caller": LAST, "change_number": "closed"}, "4 1 1 6175550199 1 2", "main"),
        ({"request_by_caller": LAST}, "4 1 2", "new_time"), ({"request_by_caller": LAST}, "4 1 2 *", "existing_change"),
        ({"request_by_caller": LAST, "change_time": DONE}, "4 1 2 1", "existing_changed"),
        ({"request_by_caller": LAST, "change_time": DONE}, "4 1 2 1 s", "goodbye"),
        ({"request_by_caller": LAST, "change_time": DONE}, "4 1 2 1 *", "main"),
        ({"request_by_caller": LAST}, "4 2", "existing_cancel"), ({"request_by_caller": LAST}, "4 2 2", "existing_last"),
        ({"request_by_caller": LAST, "cancel_request": "done"}, "4 2 1", "existing_cancelled"),
        ({"request_by_caller": LAST, "cancel_request": "closed"}, "4 2 1", "main"),
        ({}, "2", "number"), ({"open_request": OPEN}, "2", "callback_open"),
        ({"open_request": OPEN}, "3 1 2", "callback_open"), ({"open_request": OPEN}, "2 *", "main"),
        ({"open_request": OPEN}, "2 1", "added_message"), ({"open_request": OPEN}, "2 2", "number"),
        ({"open_request": OPEN}, "2 2 1", "reason"), ({"open_request": OPEN}, "1 2 1", "patient"),
        ({"open_request": OPEN}, "1", "callback_open"), ({"open_request": OPEN}, "2 2 1 4 3 1 2", "receipt"), ({"open_request": OPEN}, "2 3", "existing_cancel"),
        ({"open_request": OPEN}, "2 3 *", "callback_open"), ({"open_request": OPEN}, "2 3 2", "callback_open"),
        ({"open_request": OPEN, "add_message": DONE}, "2 1 r", "message_added"),
        ({"open_request": OPEN}, "2 1 s s s", "voicemail"),
    ],
)  # fmt: skip
def test_every_key_leads_where_the_contract_says(call, records, keys, node):
    assert call(records=dict(records))(keys).node == node


@pytest.mark.parametrize("keys", ["4", "2", "1"])
def test_a_withheld_caller_is_asked_for_what_a_caller_id_would_tell(call, keys):
    withheld = call(caller=None, records={"open_request": OPEN, "request_by_caller": LAST})(keys)
    assert withheld.node == {"4": "reference", "2": "enter_number", "1": "enter_number"}[keys]
    assert withheld.asked == []


@pytest.mark.parametrize("keys", ["4", "4 123455", "4 123455 1", "4 123455 2"])
@pytest.mark.parametrize("misses", ["s s s", "7# 7# 7#", "s 7# s"])
def test_the_third_miss_leads_to_a_person_or_a_message(call, keys, misses):
    there = call()(f"{keys} {misses}")
    assert there.node == "voicemail"
    assert "help_is_near" in there.prompts
    assert not any(isinstance(output, out.Hangup) for output in there.turn.outputs)


@pytest.mark.parametrize("desk", [(), ("+16175550111",)])
def test_the_third_wrong_proof_in_a_call_leads_to_a_person_wherever_the_caller_went_between(call, desk):
    wrong = "123455 1 6175550199"
    trying = call(desk=desk, records={"request_by_reference": "wrong"})(f"4 {wrong}")
    assert trying.prompts == ["proof_wrong", "reference"]
    trying(f"{wrong}")
    assert trying.node == "reference"
    trying("# talked 5 4" if desk else "# s s s * 4")
    assert trying.node == "reference"
    trying(f"{wrong}")
    assert trying.node == ("person" if desk else "voicemail")
    assert "help_is_near" in trying.prompts
    asked = len(trying.asked)
    trying("talked 5 4" if desk else "s s s * 4")
    assert trying.node == ("person" if desk else "voicemail")
    assert [question for question, _ in trying.asked[asked:]] == ["request_by_caller"]


def test_what_is_asked_of_the_records_carries_what_was_keyed_and_forgets_the_proof(call):
    records = {"request_by_reference": LAST, "change_number": DONE, "change_time": DONE}
    made = call(caller=None, records=records)("4 123455 2 05171948 1 1 6175550199 1 2 * 4 123455 1 6175550199 1 2 3")
    questions = [question for question, _ in made.asked]
    assert questions == ["request_by_reference", "change_number", "request_by_reference", "change_time"]
    proving, number, _, time = (state for _, state in made.asked)
    assert (proving.request.reference, proving.entered) == ("123455", "1948-05-17")
    assert (number.entered, number.request.may_leave_message, number.request.id) == ("+16175550199", False, 7)
    assert time.request.best_time == "any"
    assert made.turn.state.entered == ""


def test_an_added_message_never_touches_the_draft(call):
    made = call(records={"open_request": OPEN, "add_message": DONE})("2 1 r h")
    (_, asking) = made.asked[-1]
    assert (asking.request.message_sid, asking.request.id) == ("RE1", 7)
    assert not any(isinstance(event, ev.RequestLeft) for event in made.events)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (
            {"left": date(2026, 11, 23), "promise": Promise(datetime(2026, 11, 23, 14, 30), 0)},
            "request_callback_today promise_today",
        ),
        ({"promise": Promise(datetime(2026, 11, 24, 10), 1)}, "request_callback_yesterday promise_tomorrow"),
        (
            {"asked": Flow.APPOINTMENT, "left": date(2026, 11, 10), "handling": Handling.TRIED},
            "request_appointment_on request_tried request_late",
        ),
        (
            {
                "asked": Flow.MESSAGE,
                "handling": Handling.CLAIMED,
                "promise": Promise(datetime(2026, 11, 23, 10, 30), 0, 30),
            },
            "request_message_yesterday request_claimed promise_minutes",
        ),
        (
            {"promise": Promise(datetime(2026, 11, 27, 10, 30), 4)},
            "request_callback_yesterday promise_on weekday_5 promise_by",
        ),
    ],
)  # fmt: skip
def test_a_request_is_told_by_kind_day_and_promise_only(call, facts, said):
    told = call(records={"request_by_caller": ("found", replace(TOLD, summary=replace(SUMMARY, **facts)))})("4")
    assert " ".join(told.prompts).startswith(f"{said} existing_change existing_cancel existing_another option_main")
    assert not any(isinstance(part, out.SpeakDigits) for part in told.turn.outputs[-1].speech)


KEYS = st.one_of(
    st.sampled_from("0123456789*#").map(Digits),
    st.sampled_from(["123455", "6175550199", "05171948"]).map(Digits),
    st.just(NoInput()),
    st.just(Recorded("RE1", 9, "#")),
)
START = st.sampled_from(["4", "2"])


def facts_of(finding):
    if finding not in {"found", "done"}:
        return st.sampled_from([None, RequestFacts()])
    promise = st.sampled_from([None, Promise(datetime(2026, 11, 24, 10), 1), Promise(datetime(2026, 12, 24, 10), 31)])
    return st.builds(
        lambda heard, promise, handling: replace(
            TOLD, heard=heard, summary=replace(SUMMARY, promise=promise, handling=handling)
        ),
        st.sampled_from(Heard),
        promise,
        st.sampled_from(Handling),
    )


@settings(max_examples=400)
@given(
    st.lists(KEYS, max_size=40),
    START,
    st.sampled_from([CALLER, None]),
    st.sampled_from([(), ("+16175550111",)]),
    st.data(),
)
def test_whatever_is_keyed_and_found_there_is_speech_a_person_in_reach_and_no_hanging_up(
    inputs, start, caller, desk, data
):
    tree = build(("en-US",), valid)

    def settled(turn):
        """The turn once everything it asks was answered, with all that was said on the way; nobody is staff."""
        while turn.events and isinstance(turn.events[-1], ev.Asked | ev.RequestConfirmed):
            said, node = turn.outputs, tree[turn.state.node]
            if isinstance(node, Consult):
                finding = data.draw(st.sampled_from(sorted(set(node.to) - {"signed_in", "locked"})))
                turn = advance(tree, turn.state, Found(finding, data.draw(facts_of(finding))))
            else:
                said, turn = (), advance(tree, turn.state, RequestSaved("123455", None, 1))
            turn = type(turn)(turn.state, (*said, *turn.outputs), turn.events)
        return turn

    turn = settled(advance(tree, begin(tree).at(TODAY, desk), CallStarted(caller)))
    for given_input in [Digits(start), *inputs]:
        before = turn.state
        turn = settled(advance(tree, turn.state.at(TODAY, desk), given_input))
        assert not isinstance(tree[turn.state.node], Consult)
        assert from_plain(json.loads(json.dumps(to_plain(turn.state)))).at(TODAY, desk) == turn.state
        if isinstance(turn.outputs[-1], out.Hangup):
            assert turn.state.node == "goodbye"
            assert before.node == "goodbye" or tree[before.node].on_silence == "goodbye"
            assert isinstance(given_input, NoInput | Recorded)
        elif isinstance(turn.outputs[-1], out.Gather) and turn.state.entry == "":
            assert spoken_prompts(turn.outputs)
            if hasattr(tree[turn.state.node], "choices"):
                helped = settled(advance(tree, turn.state.at(TODAY, desk), Digits("0"))).state.node
            else:
                missing = turn.state.at(TODAY, desk)
                for _ in range(3 - turn.state.attempts):
                    helped_turn = advance(tree, missing, NoInput())
                    missing = helped_turn.state
                helped = missing.node
            assert helped in {"person", "voicemail", "message_number"}
