"""The tree as text and as a Mermaid diagram, drawn from the tree itself so that it cannot be out of date."""

from __future__ import annotations

from collections.abc import Iterator

from ivr.callflow.check import exits
from ivr.callflow.nodes import Consult, End, Entry, Exit, Fork, Menu, Node, Outgoing, Recorder, Transfer, Tree

EVERYWHERE = {"0", "3 misses"}
"""Exits that every node has alike; drawing them would hide the others."""


def as_text(tree: Tree) -> str:
    """One paragraph a node, in the order of the tree, with a line for each way out."""
    return "\n\n".join(
        "\n".join([f"{node.name}  ({_kind(node)})", *(f"  {key:<9} {to}" for key, to in _ways(node))])
        for node in tree.nodes.values()
    )


def as_mermaid(tree: Tree) -> str:
    """A flow chart; `0` and three failed attempts, which lead to a person from everywhere, are left out."""
    lines = ["flowchart TD"]
    for node in tree.nodes.values():
        left, right = _shape(node)
        lines.append(f"  {node.name}{left}{node.name.replace('_', ' ')}{right}")
    for node in tree.nodes.values():
        lines += _arrows(node)
    return "\n".join(lines)


def _arrows(node: Node) -> list[str]:
    arrows: dict[str, list[str]] = {}
    for key, to in exits(node):
        if key in EVERYWHERE or is_back(node, key):
            continue
        for target, when in branches(to):
            arrows.setdefault(target, []).append(" ".join(filter(None, (key, when))))
    return [
        f'  {node.name} -->|"{", ".join(labels)}"| {target}' if any(labels) else f"  {node.name} --> {target}"
        for target, labels in arrows.items()
    ]


def is_back(node: Node, key: str) -> bool:
    """Whether a key is a menu's way back, and not an option of its own."""
    return key == "*" and isinstance(node, Menu) and node.choice("*") is None


def _ways(node: Node) -> Iterator[tuple[str, str]]:
    for key, to in exits(node):
        if key in EVERYWHERE:
            continue
        found = [f"{target} ({when})" if when else target for target, when in branches(to)]
        yield key or "then", " | ".join(found)


def branches(to: Exit) -> list[tuple[str, str]]:
    """Each node an exit can lead to, with the cases in which it does."""
    if not isinstance(to, Fork):
        return [(to, "")]
    cases: dict[str, list[str]] = {}
    for case, branch in to.to.items():
        for target, when in branches(branch):
            cases.setdefault(target, []).append(" ".join(filter(None, (f"{to.on} {case}", when))))
    if len(cases) == 1:
        return [(target, "") for target in cases]
    return [(target, " or ".join(whens)) for target, whens in cases.items()]


def _kind(node: Node) -> str:
    match node:
        case Menu(clip=str()):
            return "information clip"
        case Menu():
            return "menu"
        case Entry():
            return "keyed entry"
        case Recorder():
            return f"recording, {node.longest} s at most"
        case Transfer():
            return "transfer"
        case Outgoing():
            return "call to the patient"
        case Consult():
            return "asks the records"
        case End():
            return "end of the call"
        case _:
            return "step"


def _shape(node: Node) -> tuple[str, str]:
    match node:
        case Menu(clip=str()):
            return "(", ")"
        case Menu():
            return "{", "}"
        case Entry() | Recorder():
            return "[/", "/]"
        case Transfer() | Outgoing() | End():
            return "([", "])"
        case Consult():
            return "[[", "]]"
        case _:
            return "[", "]"
