"""Whatever a caller does, the engine stays in a known node, has something to say, and remembers through JSON."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.callflow import events as ev
from ivr.callflow import outputs as out
from ivr.callflow.answers import Flow, Kind, Reason
from ivr.callflow.engine import advance, begin
from ivr.callflow.facts import (
    AgeUnit,
    Handling,
    Heard,
    PromptReading,
    Reading,
    RequestFacts,
    RequestSummary,
    StaffFacts,
    StudioFacts,
)
from ivr.callflow.inputs import CallStarted, DialEnded, Digits, Found, HungUp, NoInput, Recorded, RequestSaved
from ivr.callflow.state import from_plain, to_plain
from ivr.callflow.tree import build
from tests.support.engine_call import CALLER, TODAY, answered, valid

READING = Reading(Kind.CALLBACK, "soon", 2, AgeUnit.HOUR, Reason.MESSAGE, messages=(5,))
FACTS = (
    None,
    StaffFacts(staff_id=3, request_id=12, reading=READING),
    StaffFacts(),
    RequestFacts(7, "x", Heard.MORE, RequestSummary(Flow.MESSAGE, TODAY, Handling.TRIED)),
    RequestFacts(),
    StudioFacts("en-US", "117", PromptReading("main_example", "For example, press 2.", "Kindly.")),
    StudioFacts(),
)
ONE_KEY = st.sampled_from("0123456789*#")
INPUTS = st.one_of(
    st.builds(Digits, ONE_KEY),
    st.builds(Digits, st.text(ONE_KEY, max_size=14), st.sampled_from(["", "#"])),
    st.builds(Digits, st.text(max_size=40)),
    st.sampled_from(["6175550199", "05171948", "16175550199", "617*", "12*34", "123456"]).map(Digits),
    st.just(NoInput()),
    st.builds(Recorded, st.just("RE1"), st.integers(0, 200), st.sampled_from(["#", "hangup", ""])),
    st.builds(DialEnded, st.booleans()),
    st.just(HungUp()),
)


@settings(max_examples=400)
@given(
    st.lists(INPUTS, max_size=40),
    st.sampled_from([CALLER, None]),
    st.sampled_from([(), ("+16175550111",), ("+16175550111", "+16175550112")]),
    st.sampled_from([("en-US",), ("en-US", "es-US")]),
    st.randoms(use_true_random=False),
    st.sampled_from(["", "staff_extension"]),
)
def test_any_sequence_of_inputs_leaves_the_engine_in_a_known_node_with_something_to_say(
    inputs, caller, desk, languages, chance, entrance
):
    def anything(turn):
        return Found(chance.choice(sorted(tree[turn.state.node].to)), chance.choice(FACTS))

    tree = build(languages, valid)
    turn = advance(tree, begin(tree).at(TODAY, desk), CallStarted(caller, entrance))
    for given_input in inputs:
        turn = advance(tree, turn.state.at(TODAY, desk), given_input)
        turn = settled(tree, turn, anything)
        assert turn.state.node in tree.nodes
        assert turn.state.language in languages
        assert turn.outputs
        assert ends_with_a_wait(turn.outputs)
        plain = json.loads(json.dumps(to_plain(turn.state)))
        assert from_plain(plain).at(TODAY, desk) == turn.state.at(TODAY, desk)
        assert [out.from_plain(json.loads(json.dumps(out.to_plain(o)))) for o in turn.outputs] == list(turn.outputs)


def nothing(turn):
    """Nothing is found, and nobody is staff."""
    usual = {
        "staff_sign_in": "wrong",
        "staff_known": "kept",
        "urgent_help": "open",
        "standing": "open",
        "texting": "skip",
    }
    return Found(usual.get(turn.state.node, "none"))


def settled(tree, turn, find=nothing):
    """The turn once what it asks was answered, and what is confirmed is saved."""
    if any(isinstance(event, ev.RequestConfirmed) for event in turn.events):
        return advance(tree, turn.state, RequestSaved("123455", None))
    return answered(tree, turn, find)


def ends_with_a_wait(outputs):
    """One wait a turn, at its end, and no hang-up but after goodbye or from the caller's side."""
    waits = [isinstance(o, out.Gather | out.Record | out.Dial | out.CallPatient | out.Hangup) for o in outputs]
    return waits[-1] and sum(waits) == 1


@settings(max_examples=200)
@given(st.lists(st.one_of(st.builds(Digits, ONE_KEY), st.just(NoInput())), max_size=60))
def test_the_line_never_hangs_up_on_a_caller_who_presses_keys(inputs):
    tree = build(("en-US",), valid)
    turn = advance(tree, begin(tree).at(TODAY, ()), CallStarted(CALLER))
    for given_input in inputs:
        turn = advance(tree, turn.state.at(TODAY, ()), given_input)
        turn = settled(tree, turn)
        if isinstance(turn.outputs[-1], out.Hangup):
            assert turn.state.node == "goodbye"
            assert isinstance(given_input, NoInput)
