"""The ways through the tree: which there are, which no call can take, and which ones a turn has taken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ivr.callflow.check import exits, targets
from ivr.callflow.nodes import (
    ATTEMPTS,
    Consult,
    End,
    Entry,
    Exit,
    Field,
    Menu,
    Node,
    Outgoing,
    Recorder,
    Save,
    Transfer,
    Tree,
)
from ivr.callflow.tree_staff import staff_nodes

REPEAT, NO_MATCH, RESTART, HANGS_UP, LISTENS = "9", "a wrong key", "*", "hangs-up", "listens"
"""Ways that lead nowhere else and are walked all the same: they have words of their own."""

FIRST_CALLS = frozenset({"language"})
"""Nodes of calls whose language nobody knows yet."""


class Edge(NamedTuple):
    """A way out of a node: the key or event as `check.exits` names it, and where it leads."""

    node: str
    way: str
    to: str

    def __str__(self) -> str:
        """As a line of a report."""
        return f"{self.node}: {self.way or 'then'} → {self.to or 'the end'}"


class Goal(NamedTuple):
    """An edge to be taken in a language."""

    language: str
    edge: Edge


@dataclass(frozen=True, slots=True)
class Never:
    """Edges that no single call can take, and why; '' stands for any."""

    node: str
    way: str
    to: str
    reason: str

    def covers(self, edge: Edge) -> bool:
        """Whether an edge is one of them."""
        return all(not mine or mine == its for mine, its in zip((self.node, self.way, self.to), edge, strict=True))


REQUEST_INSTEAD = "an open request is told instead of a new one, and nowhere else"
NO_MISS = "no key and no silence is a miss there"
A_DESK = "the line that is walked has a desk"
AFTER_CLOSING, AFTER_LIFTING = "the clinic has just been closed", "the closures have just been lifted"

NEVER = (
    Never("existing", "found", "callback_open", REQUEST_INSTEAD),
    Never("existing_next", "found", "callback_open", REQUEST_INSTEAD),
    Never("existing_change", "*", "callback_open", REQUEST_INSTEAD),
    Never("proving", "found", "callback_open", REQUEST_INSTEAD),
    Never("open_request", "found", "existing_last", REQUEST_INSTEAD),
    Never("open_request", "found", "existing_more", REQUEST_INSTEAD),
    Never("proving", "found", "existing_more", "a reference finds one request, not those before it"),
    Never("proof", "*", "person", "with no proofs left nobody is asked for one"),
    Never("proof", "*", "closed", "with no proofs left nobody is asked for one"),
    Never("number", "1", "voicemail", "who leaves a voicemail is asked for a number only without a caller ID"),
    Never("receipt", "3 misses", "", NO_MISS),
    Never("message_receipt", "3 misses", "", NO_MISS),
    Never("closed_receipt", "3 misses", "", NO_MISS),
    Never("", "", "nobody", A_DESK),
    Never("nobody", "", "", A_DESK),
    Never("staff_next", "nothing", "", "one that was heard before makes it the end of the list"),
    Never("staff_close_today", "open", "", AFTER_CLOSING),
    Never("staff_close_today", "closed", "", AFTER_CLOSING),
    Never("staff_close_today", "open_then_closed", "", AFTER_CLOSING),
    Never("staff_close_today", "closed_then_closed", "", AFTER_CLOSING),
    Never("staff_close_tomorrow", "open", "", AFTER_CLOSING),
    Never("staff_close_tomorrow", "closed", "", AFTER_CLOSING),
    Never("staff_close_tomorrow", "open_then_closed", "", AFTER_CLOSING),
    Never("staff_close_tomorrow", "closed_then_closed", "", AFTER_CLOSING),
    Never("staff_close_tomorrow", "closed_today", "", AFTER_CLOSING),
    Never("staff_lift_closures", "closed_today", "", AFTER_LIFTING),
    Never("staff_lift_closures", "closed_both_days", "", AFTER_LIFTING),
    Never("staff_lift_closures", "open_then_closed", "", AFTER_LIFTING),
    Never("staff_lift_closures", "closed_then_closed", "", AFTER_LIFTING),
    Never("studio_walk", "none", "", "every script has prompts"),
    Never("studio_again", "not_allowed", "", "whoever recorded something may drop it"),
    Never("studio_leave", "not_allowed", "", "whoever recorded something may drop it"),
)


def edges_of(node: Node) -> Iterator[Edge]:
    """Every way out of a node, and those that stay there."""
    for way, to in exits(node):
        yield from (Edge(node.name, way, name) for name in targets(to))
    match node:
        case Menu():
            yield Edge(node.name, REPEAT, node.name)
            if wrong_key(node) and not node.starts_over:
                yield Edge(node.name, NO_MATCH, node.name)
        case Entry():
            yield Edge(node.name, RESTART, node.name)
            yield Edge(node.name, NO_MATCH, node.name)
        case Recorder():
            yield Edge(node.name, HANGS_UP, "")
        case End():
            yield Edge(node.name, LISTENS, "")


def wrong_key(menu: Menu) -> str | None:
    """A key that fits nothing in a menu, if there is one; a lone # is none, as it only starts the words over."""
    return next((key for key in "12345678" if menu.choice(key) is None), None)


def staffs(tree: Tree) -> frozenset[str]:
    """The nodes that only staff come to."""
    return frozenset(node.name for node in staff_nodes(tree.languages))


def goals_of(tree: Tree) -> set[Goal]:
    """What is to be walked: every edge in every language; staff hear the default language only."""
    default, *others = tree.languages
    edges = {edge for node in tree.nodes.values() for edge in edges_of(node) if _is_spoken(edge, tree)}
    edges = {edge for edge in edges if not any(never.covers(edge) for never in NEVER)}
    only_default = staffs(tree) | FIRST_CALLS
    for_callers = {edge for edge in edges if edge.node not in only_default and edge.to not in FIRST_CALLS}
    return {Goal(default, edge) for edge in edges} | {Goal(other, edge) for other in others for edge in for_callers}


def _is_spoken(edge: Edge, tree: Tree) -> bool:
    """A line of one language asks for none; a line of several always does."""
    asks = {"language", "language_known"}
    if len(tree.languages) == 1:
        return not asks & {edge.node, edge.to}
    return edge not in {Edge(tree.first, "", "main"), Edge("main", "*", "main")}


def edges_taken(
    tree: Tree, before: str, given: str, keys: str, events: Sequence[Sequence[Any]], spoken: frozenset[str]
) -> list[Edge]:
    """The edges of one turn.

    Args:
        tree: the call tree.
        before: the node where the call was.
        given: the name of the input's kind; a call that begins was at the tree's first node.
        keys: what was pressed, when that was the input.
        events: the turn's, as `events.to_plain` writes them.
        spoken: the prompts that the turn speaks.
    """
    entered = [str(values[0]) for name, *values in events if name == "NodeEntered"]
    if given == "CallStarted":
        before, way, entered = entered[0], "", entered[1:]
    else:
        way = _way(tree.nodes.get(before), given, keys, events)
    if not entered:
        return [Edge(before, way, before)] if way else []
    edges = []
    for place, to in enumerate(entered):
        edges.append(Edge(before, way, to))
        following = entered[place + 1] if place + 1 < len(entered) else ""
        before, way = to, _way_on(tree[to], following, spoken)
    return edges


def _way(node: Node | None, given: str, keys: str, events: Sequence[Sequence[Any]]) -> str:
    """How a turn left the node where the call waited."""
    for name, *values in events:
        if name == "InputMissed" and node is not None and values[0] == node.name:
            return "3 misses" if values[2] >= ATTEMPTS else NO_MATCH if values[1] == "no_match" else ""
    match node:
        case Menu():
            return keys if given == "Digits" else "silence"
        case Entry():
            return keys if keys in ("#", RESTART) or (keys == "0" and node.holds is Field.NUMBER) else "keyed"
        case Recorder():
            return "recorded"
        case Transfer():
            return "talked" if ["TransferEnded", True] in events else "no answer"
        case Outgoing():
            return "no answer" if ["NodeEntered", node.unanswered] in events else "called"
        case End():
            return "any key"
        case _:
            return ""


def _way_on(node: Node, to: str, spoken: frozenset[str]) -> str:
    """How a turn passed a node that waits for nothing."""
    match node:
        case Save():
            return "stored"
        case Consult():
            return _finding(node, to, spoken)
        case _:
            return ""


def _finding(node: Consult, to: str, spoken: frozenset[str]) -> str:
    """What was found, by where it led and what was said of it."""
    found = [finding for finding, exit_ in node.to.items() if _leads(exit_, to)]
    spoken_findings = [finding for finding in found if node.lead.get(finding) in spoken]
    other_findings = [finding for finding in found if finding not in node.lead]
    return next(iter([*spoken_findings, *other_findings, *found]), node.refused or "")


def _leads(exit_: Exit, to: str) -> bool:
    return to in targets(exit_)
