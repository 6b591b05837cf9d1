"""The layout of the tree in pictures: how far each node is from the greeting, and which ways onward are drawn."""

from __future__ import annotations

from collections.abc import Iterator

from ivr.callflow.check import exits, targets
from ivr.callflow.drawing import EVERYWHERE
from ivr.callflow.nodes import Menu, Tree


def ranks(tree: Tree, without: frozenset[str] = frozenset()) -> list[list[str]]:
    """Nodes by their distance from the first one, some left out; what no key leads to comes last."""
    found, seen = [[tree.first]], {tree.first, *without}
    while found[-1]:
        ahead = dict.fromkeys(to for name in found[-1] for to in onward(tree, name) if to not in seen)
        seen.update(ahead)
        found.append(list(ahead))
    found[-1] = [name for name in tree.nodes if name not in seen]
    return [rank for rank in found if rank]


def ways(tree: Tree, rows: list[list[str]]) -> Iterator[tuple[str, str]]:
    """The ways to draw, each from a node to one that is farther away; the way back would hide the others."""
    rank_of = {name: rank for rank, names in enumerate(rows) for name in names}
    for name, rank in rank_of.items():
        yield from ((name, to) for to in onward(tree, name) if rank_of.get(to, -1) > rank)


def onward(tree: Tree, name: str) -> list[str]:
    """The nodes that one leads to, without the ways out that all have alike; those to a person are the main menu's."""
    node = tree.nodes[name]
    found: dict[str, None] = {}
    for key, to in exits(node):
        is_back = key == "*" and isinstance(node, Menu) and node.choice("*") is None
        if not is_back and (key not in EVERYWHERE or name == "main"):
            found.update((target, None) for target in targets(to) if target in tree.nodes)
    return list(found)


def behind(tree: Tree, entrance: str) -> frozenset[str]:
    """The nodes that no call comes to but through `entrance`, itself among them."""
    reached, waiting = {entrance}, [tree.first]
    while waiting:
        name = waiting.pop()
        if name in reached or name not in tree.nodes:
            continue
        reached.add(name)
        waiting += [target for _, to in exits(tree.nodes[name]) for target in targets(to)]
    return frozenset(tree.nodes) - reached | {entrance}
