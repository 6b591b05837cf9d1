"""The guide of the automatic caller: what it plans, when it gives a plan up, and what it learns from other calls."""

from dataclasses import replace
from datetime import date

from ivr.callflow.engine import begin
from ivr.callflow.tree import build
from ivr.simulator import Speak
from ivr.walk.acts import Act, acts_at
from ivr.walk.edges import Edge, Goal
from ivr.walk.guide import MOST_MISSES, Guide
from ivr.walk.scenes import Scene

TREE = build(("en-US",), str)
SCENE = Scene("closed", is_open=False)
KEPT = Goal("en-US", Edge("message_kept", "listens", ""))
NEEDLE = Goal("en-US", Edge("needle", "3", "cement"))
FARTHER = ["3", "4", "3", "3"]
SPEAKS = Act("speak", Speak(4))


def at(node, **known):
    state = replace(begin(TREE), node=node, caller_number="+16175550142", **known)
    return state.at(date(2026, 11, 23), ())


def acts(state):
    return acts_at(TREE.nodes.get(state.node), {})


def plan(guide, state):
    return [step.act for step in guide.plan(SCENE, state, acts)]


def test_the_shortest_way_is_planned():
    guide = Guide(TREE, {NEEDLE})
    assert plan(guide, at("main")) == FARTHER


def test_a_plan_that_ends_elsewhere_again_and_again_no_longer_hides_what_is_farther_off():
    """Seen in a walk of two languages: one goal that no call of a scene reaches hid all others of the scene."""
    near = Goal("en-US", Edge("main", "3", "information"))
    guide = Guide(TREE, {near, NEEDLE})
    plans = []
    while plans[-1:] != [FARTHER]:
        steps = guide.plan(SCENE, at("main"), acts)
        plans.append([step.act for step in steps])
        guide.missed(SCENE, steps)
        assert len(plans) <= MOST_MISSES * 20
    assert plans[:MOST_MISSES] == [["3"]] * MOST_MISSES


def test_what_the_records_told_a_call_without_a_key_says_nothing_of_calls_with_one():
    guide = Guide(TREE, {KEPT})
    silent = at("voicemail")
    guide.saw(Scene("elsewhere"), silent, SPEAKS, at("message_kept"))
    assert plan(guide, silent) == ["speak", "listens"]
    assert plan(guide, at("voicemail", last_key="0")) != ["speak", "listens"]


def test_an_open_clinic_and_a_closed_one_are_two_places():
    guide = Guide(TREE, set())
    main = at("main")
    assert guide.place(main) != guide.place(replace(main, is_open=True))
    assert guide.place(main) == guide.place(replace(main, caller_number="+16175550143"))


def test_nothing_left_is_no_plan():
    guide = Guide(TREE, {NEEDLE})
    assert guide.took("en-US", [NEEDLE.edge])
    assert not guide.took("en-US", [NEEDLE.edge])
    assert plan(guide, at("main")) == []
