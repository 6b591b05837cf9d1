"""The contract of keys and outcomes, read back from its document, is the tree: every node, every key, every rule."""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module

import pytest

from ivr.callflow.check import exits
from ivr.callflow.drawing import branches
from ivr.callflow.nodes import PERSON
from ivr.callflow.outputs import Pause
from ivr.callflow.tree import build
from tests.support.documents import rows_of, section_of

TREE = build(("en-US", "es-US"), lambda digits: f"+1{digits}")
CONTRACT = "ivr/callflow/README.md"

CASES = {
    "languages one": "one language",
    "languages many": "several languages",
    "languages known": "called before",
    "caller known": "number shown",
    "caller unknown": "number withheld",
    "flow callback": "callback",
    "flow appointment": "appointment",
    "flow message": "message",
    "number known": "number known",
    "number unknown": "number unknown",
    "desk open": "open",
    "desk closed": "closed",
    "desk nobody": "open without a desk",
    "proofs left": "tries left",
    "proofs spent": "third wrong proof",
    "heard last": "last one",
    "heard more": "more follow",
    "heard callback": "instead of a new one",
    "keys pressed": "a key was pressed",
    "keys none": "no key was pressed",
}
"""The cases of forks in the words of the contract."""

Ways = dict[str, set[tuple[str, str]]]
"""By key or event: the nodes it leads to, each with the case in which it does."""


def case_of(when: str) -> str:
    """The case of an exit in the words of the contract."""
    alternatives = [part.split() for part in when.split(" or ")]
    return " or ".join(
        ", ".join(CASES[f"{on} {case}"] for on, case in zip(words[::2], words[1::2], strict=True))
        for words in alternatives
    )


def ways_in_tree(name: str) -> Ways:
    """What the tree says of a node; 0 and the third miss only where they lead elsewhere than to a person."""
    return {
        key or "then": {(target, case_of(when) if when else "") for target, when in branches(to)}
        for key, to in exits(TREE[name])
        if not (key in ("0", "3 misses") and to == PERSON)
    }


def told_exits(text: str) -> set[tuple[str, str]]:
    """The nodes that an exit is told to lead to, with their cases."""
    named = {(target, case) for target, case in re.findall(r"`(\w+)`(?: \(([^)]*)\))?", text)}
    for word, case in re.findall(
        r"\b(a person|a voicemail|a new request|the questions|the receipt|the request)\b(?: \(([^)]*)\))?", text
    ):
        named |= {(target, ", ".join(filter(None, (case, own)))) for target, own in told_exits(shorthand()[word])}
    return named


@cache
def shorthand() -> dict[str, str]:
    """The words of the contract that stand for several nodes."""
    return {cells[0]: cells[1] for cells in rows_of(section_of(CONTRACT, "Words for exits that depend"))}


def told_ways(cell: str) -> Ways:
    """What a row of the contract says: "`1` yes, `2` no → `somewhere`", one exit a line."""
    found: Ways = {}
    for line in cell.split("<br>"):
        keys, arrow, to = line.partition("→")
        assert arrow, f"no arrow in {line}"
        found |= {key: told_exits(to) for key in re.findall(r"`([^`]+)`", keys)}
    return found


NODES = {cells[0].strip("`"): cells[2] for cells in rows_of(section_of(CONTRACT, "Node by node")) if cells[0] != "Node"}


def test_the_contract_has_every_node() -> None:
    """And no other."""
    assert set(NODES) == set(TREE.nodes)


@pytest.mark.parametrize("name", [name for name in NODES if name in TREE.nodes])
def test_every_key_leads_where_the_contract_says(name: str) -> None:
    """Keys, events, nodes and cases, as they are in the tree."""
    assert told_ways(NODES[name]) == ways_in_tree(name)


def numbers_in(value: object) -> list[float]:
    """The numbers of a constant, in their order."""
    match value:
        case Pause(milliseconds):
            return [milliseconds]
        case int() | float():
            return [float(value)]
        case tuple():
            return [float(one) for one in value]
        case dict():
            return [float(one) for one in value.values()]
    pytest.fail(f"a rule that this test cannot read: {value!r}")


@pytest.mark.parametrize(
    "rule", [cells for cells in rows_of(section_of(CONTRACT, "Rules for every node")) if cells[0] != "Rule"]
)
def test_the_rules_have_the_values_of_the_code(rule: list[str]) -> None:
    """As the constants that the contract names have them."""
    module, constant = re.findall(r"`([\w/]+)\.py:(\w+)`", rule[2])[0]
    value = getattr(import_module(module.replace("/", ".")), constant)
    assert [float(number) for number in re.findall(r"\d+(?:\.\d+)?", rule[1])] == numbers_in(value)
