"""The lint finds what it is for, and the tree that ships has nothing to find."""

from dataclasses import replace

import pytest

from ivr.callflow.check import SpokenScript, check, lengths, prompts_of
from ivr.callflow.composing import WordOrder
from ivr.callflow.drawing import as_mermaid, as_text
from ivr.callflow.nodes import Choice, Fork, On, Tree
from ivr.callflow.tree import build
from ivr.config import PROMPTS
from ivr.services.prompts.releases import measured_seconds
from ivr.services.scripts import read_scripts
from tests.support.engine_call import valid

TREE = build(("en-US",), valid)
MAIN, PROVING = TREE["main"], TREE["proving"]


def changed(node):
    return Tree({**TREE.nodes, node.name: node}, TREE.languages, TREE.dialable)


@pytest.mark.parametrize(
    ("node", "fault"),
    [
        (replace(MAIN, back="nowhere"), "main: * leads to nowhere, which does not exist"),
        (replace(MAIN, level=4), "main: level 4 is deeper than 3"),
        (replace(MAIN, name="island"), "island: nothing leads here"),
        (replace(MAIN, choices=(*MAIN.choices, Choice("3", "x", "main"))), "main: a key is used twice"),
        (replace(MAIN, choices=(*MAIN.choices, Choice("9", "x", "main"))), "main: 0 and 9 mean the same everywhere"),
        (replace(MAIN, choices=MAIN.choices[::-1]), "main: its options are not in the order of their keys"),
        (
            replace(MAIN, choices=(*MAIN.choices, Choice("5", "x", "main"))),
            "main: announces 5 options, more than 4",
        ),
        (
            replace(MAIN, back=Fork(On.DESK, {"open": "main"})),
            "main: *: the fork on desk and the case closed do not fit together",
        ),
        (
            replace(PROVING, to={"found": "main", "closed": "main"}),
            "proving: request_by_reference may find 'wrong', which leads nowhere",
        ),
        (
            replace(PROVING, to={**PROVING.to, "lost": "main"}),
            "proving: request_by_reference never finds 'lost'",
        ),
        (
            replace(PROVING, lead={"lost": "proof_wrong"}),
            "proving: request_by_reference never finds 'lost'",
        ),
        (
            replace(PROVING, refused="lost"),
            "proving: request_by_reference never finds 'lost'",
        ),
    ],
)
def test_each_kind_of_fault_is_found(node, fault):
    assert fault in check(changed(node), [])


def voice(seconds):
    keys = prompts_of(TREE)
    return SpokenScript("en-US", WordOrder(), keys.__contains__, dict.fromkeys(keys, seconds))


def test_a_missing_prompt_is_found():
    lacking = replace(voice(0.5), has=lambda key: key != "emergency")
    assert "en-US: the script has no prompt emergency" in check(TREE, [lacking])


def test_audio_that_is_missing_or_too_long_is_found():
    assert "run python -m ivr prompts render" in check(TREE, [replace(voice(0.5), seconds={})])[0]
    faults = check(TREE, [voice(11.0)])
    assert "en-US: emergency lasts 11.0 s, more than 10" in faults
    assert any(fault.startswith("en-US: main, announced lasts") for fault in faults)


def test_a_prompt_over_its_own_limit_is_found():
    assert check(TREE, [replace(voice(0.5), longest={"emergency": 0.4})]) == [
        "en-US: emergency lasts 0.5 s, more than 0.4"
    ]


@pytest.mark.slow
def test_the_tree_that_ships_is_sound_with_its_rendered_audio(rendered_line, config):
    script = read_scripts(PROMPTS, config.languages, config.clinic_name)["en-US"]
    seconds = measured_seconds(rendered_line().database, config.languages)["en-US"]
    assert check(TREE, [SpokenScript("en-US", script.order, script.has, seconds, script.longest)]) == []


def test_the_tree_in_several_languages_is_sound():
    assert check(build(("en-US", "es-US"), valid), []) == []


def test_lengths_cover_every_node_that_waits():
    measured = {what.split(",")[0] for what, _, _ in lengths(TREE, voice(0.5))}
    assert {"main", "enter_number", "receipt", "reason", "clip risks", "risks's menu"} <= measured


def test_drawings_name_every_node():
    for drawing in (as_text(TREE), as_mermaid(TREE)):
        assert all(name in drawing for name in TREE.nodes)
