"""The tree's overview: what callers meet, as a Mermaid picture small enough to read and to keep in a document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile

from ivr.callflow.answers import Flow, Kind
from ivr.callflow.check import exits
from ivr.callflow.drawing import EVERYWHERE, is_back
from ivr.callflow.layout import ranks
from ivr.callflow.nodes import (
    PERSON,
    Consult,
    End,
    Entry,
    Exit,
    Fork,
    Menu,
    Node,
    Notice,
    On,
    Question,
    Recorder,
    Save,
    Tree,
    Value,
)

BEGIN, END = "<!-- call tree -->", "<!-- end of the call tree -->"
"""The lines between which a document keeps the overview."""

HOME = "main"
"""The node whose way to a person is drawn. All others have the same one."""

FAR_BACK = 3
"""Steps: a way that leads so much nearer to the greeting is left out. It would cross the whole picture."""

NO_BREAK = "\u00a0"
"""A space at which no line is broken: between a key and its word."""

READ_BACKS = frozenset({Value.ENTERED_NUMBER, Value.ENTERED_DATE, Value.MESSAGE})

USUAL: Mapping[On, tuple[str, ...]] = {
    On.LANGUAGES: ("one", "many"),
    On.CALLER: ("known",),
    On.NUMBER: ("known",),
    On.FLOW: (Flow.CALLBACK,),
    On.DESK: ("open", "closed"),
    On.PROOFS: ("left",),
    On.HEARD: ("last",),
    On.KEYS: ("pressed",),
}
"""The cases that are drawn: a caller whose number is shown, who calls for the first time or has one open request."""

WORDS: Mapping[tuple[On, str], str] = {
    (On.LANGUAGES, "many"): "several languages",
    (On.DESK, "closed"): "closed",
}
"""How a case is told at an arrow. Those that are not here need no word."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A box: a node, and what is asked for there if that decides where the node leads."""

    node: str
    flow: Flow | None = None


@dataclass(frozen=True, slots=True)
class _Way:
    """A way of the picture: the key or event that takes it, the box it ends at, and in which case it does."""

    key: str
    end: _Place
    case: str = ""


def as_overview(tree: Tree, without: frozenset[str] = frozenset()) -> str:
    """A flow chart of the nodes where a caller has something to choose or to say, `without` some of them.

    Passed through are read-backs, numbers that cannot be skipped, questions to the records, and steps at which nothing
    is waited for. Left out are the last words and what means the same everywhere: `0`, `9`, `*` as the way back,
    silence and three misses. A question from which callbacks and appointments go on differently has a box for each.
    """
    return _Overview(tree, without).drawn()


def insert(document: str, drawing: str) -> str:
    """The document with the drawing between its two marks, in place of what was there.

    Raises:
        ValueError: when it has not each of the marks once, in their order.
    """
    before, begin, rest = document.partition(f"{BEGIN}\n")
    _, end, after = rest.partition(END)
    if not (begin and end) or BEGIN in rest or END in before + after:
        raise ValueError(f"it needs the lines {BEGIN} and {END}, once and in this order")
    return f"{before}{begin}```mermaid\n{drawing}\n```\n{end}{after}"


class _Overview:
    """One picture being drawn."""

    def __init__(self, tree: Tree, without: frozenset[str]) -> None:
        self.tree = tree
        self.without = without
        self.rank = {name: rank for rank, names in enumerate(ranks(tree)) for name in names}
        self.parting = self._parting()
        self.places = self._places()

    def drawn(self) -> str:
        boxes: dict[str, str] = {}
        for place in self.places:
            boxes.setdefault(self._name(place), _box(self.tree.nodes[place.node]))
        lines = dict.fromkeys(line for place in self.places for line in self._lines(place))
        return "\n".join(["flowchart TD", *(f"  {name}{box}" for name, box in boxes.items()), *lines])

    def _parting(self) -> set[str]:
        """The nodes after which callbacks and appointments part: there, or at a node that follows."""
        parting: set[str] = set()
        before = -1
        while before < len(parting):
            before = len(parting)
            parting |= {name for name in self.rank if self._parts(self.tree.nodes[name], parting)}
        return parting

    def _parts(self, node: Node, parting: set[str]) -> bool:
        callback = list(self._onward(node, Flow.CALLBACK))
        follow = any(end in parting and _flow(None, node, key) is None for key, end, _ in callback)
        return follow or callback != list(self._onward(node, Flow.APPOINTMENT))

    def _places(self) -> list[_Place]:
        """Every box that a call can come to, the nearest to the greeting first."""
        found = [_Place(self.tree.first)]
        for place in found:
            found += dict.fromkeys(way.end for way in self._ways(place) if way.end not in found)
        return found

    def _ways(self, place: _Place) -> Iterator[_Way]:
        node = self.tree.nodes[place.node]
        for key, end, case in self._onward(node, place.flow):
            flow = _flow(place.flow, node, key)
            flow = Flow.CALLBACK if flow is Flow.MESSAGE else flow  # after its recording they are alike
            yield _Way(key, _Place(end, flow if end in self.parting else None), case)

    def _name(self, place: _Place) -> str:
        """A box's name in the picture: all clips share one, and a node that has two boxes names them apart."""
        node = self.tree.nodes[place.node]
        if isinstance(node, Menu) and node.clip:
            return "clips"
        boxes = [other for other in self.places if other.node == place.node]
        return f"{place.node}_{place.flow}" if len(boxes) > 1 else place.node

    def _onward(self, node: Node, flow: Flow | None) -> Iterator[tuple[str, str, str]]:
        """The ways out of a node that are drawn: a key or event, the node that it leads to, and in which case."""
        for key, to in exits(node):
            if _is_everywhere(node, key) or _is_receipt(node):
                continue
            for end, case in _ends(self.tree, node, to, _flow(flow, node, key)):
                target = self.tree.nodes[end]
                is_near = _is_receipt(target) or self.rank[end] > self.rank[node.name] - FAR_BACK
                if end not in {node.name, *self.without} and is_near and not _is_last(target):
                    yield key, end, case

    def _keys(self, node: Node) -> set[str]:
        """The keys or events that lead out of a node, also to where the picture does not go."""
        return {
            key
            for key, to in exits(node)
            if not _is_everywhere(node, key)
            and not {end for end, _ in _ends(self.tree, node, to, None)} <= self.without
        }

    def _lines(self, place: _Place) -> Iterator[str]:
        """One arrow for each box that a node leads to; it names the keys unless all of them lead there."""
        start, ways = self._name(place), list(self._ways(place))
        for end in dict.fromkeys(self._name(way.end) for way in ways):
            mine = [way for way in ways if self._name(way.end) == end]
            keys = dict.fromkeys(way.key for way in mine)
            cases = ", ".join(filter(None, dict.fromkeys(way.case for way in mine)))
            named = "" if self._keys(self.tree.nodes[place.node]) == set(keys) else ", ".join(keys)
            label = ": ".join(filter(None, (named, cases)))
            if start != end:
                yield f'  {start} -- "{label}" --> {end}' if label else f"  {start} --> {end}"


def _flow(flow: Flow | None, node: Node, key: str) -> Flow | None:
    """What is asked for after a key or a recording, if anything is."""
    if isinstance(node, Recorder) and node.answers and flow is None:
        return Flow.MESSAGE
    choice = node.choice(key) if isinstance(node, Menu) else None
    if choice is None or choice.kind is None:
        return flow
    return Flow.APPOINTMENT if choice.kind is Kind.APPOINTMENT else Flow.CALLBACK


def _ends(tree: Tree, node: Node, to: Exit, flow: Flow | None, case: str = "") -> Iterator[tuple[str, str]]:
    """The nodes that an exit leads to, through what is passed, each with the case in which it does."""
    if isinstance(to, Fork):
        if to == PERSON and node.name != HOME:
            return
        for known in _cases(node, to, flow):
            yield from _ends(tree, node, to.to[known], flow, WORDS.get((to.on, known), case))
        return
    target = tree.nodes[to]
    if not _is_passed(tree, target):
        yield to, case
        return
    ways = [(key, out) for key, out in exits(target) if _leads_on(target, key, out)]
    onward = [(key, out) for key, out in ways if not _is_over(tree, out)] or ways
    same = len({end for _, out in onward for end, _ in _ends(tree, target, out, flow)}) == 1
    for key, out in onward:
        yield from _ends(tree, target, out, flow, case if same else key)


def _cases(node: Node, fork: Fork, flow: Flow | None) -> tuple[str, ...]:
    """The cases of a fork that are drawn."""
    if fork.on is On.FLOW and flow:
        return (flow,)
    if fork.on is On.HEARD and isinstance(node, Consult) and node.asks is Question.OPEN_REQUEST:
        return ("callback",)
    return USUAL.get(fork.on) or tuple(fork.to)


def _is_everywhere(node: Node, key: str) -> bool:
    if node.name == HOME and key == "0":
        return False
    return key in {*EVERYWHERE, "silence", "#"} or is_back(node, key)


def _is_passed(tree: Tree, node: Node) -> bool:
    match node:
        case Notice():
            return node.name != tree.first and not node.keeps_lead
        case Menu():
            return bool(READ_BACKS & {*node.opening, *(choice.then_say for choice in node.choices)})
        case Entry():
            return node.skip is None
        case _:
            return isinstance(node, Consult | Save)


def _leads_on(node: Node, key: str, to: Exit) -> bool:
    """Whether a way out of a node that is passed is drawn: not a wrong proof, 'key it again' or 'no such request'."""
    match node:
        case Consult():
            return to != HOME and key != node.refused
        case Menu():
            return key == "1"
        case _:
            return not _is_everywhere(node, key)


def _is_over(tree: Tree, to: Exit) -> bool:
    """Whether an exit leads straight to the last words."""
    return isinstance(to, str) and _is_last(tree.nodes[to])


def _is_last(node: Node) -> bool:
    """Whether a call ends there by itself."""
    done = isinstance(node, Menu) and not node.choices and not _is_receipt(node)
    return done or isinstance(node, End)


def _is_receipt(node: Node) -> bool:
    """What is told there is worth a box; its ways lead back to the questions."""
    return isinstance(node, Menu) and Value.RECEIPT in node.opening


def _box(node: Node) -> str:
    """The box of a node: its name, and the keys that it announces or takes."""
    name = node.name.replace("_", " ")
    match node:
        case Menu(clip=str()):
            return f'("information clips{_options(node)}")'
        case Menu():
            return f'["{name}{_options(node)}"]'
        case Entry():
            return f'[/"{name}<br/>{node.most_keys} digits or #"/]'
        case Recorder():
            return f'[/"{name}<br/>{node.longest} s"/]'
        case _:
            return f'(["{name}"])'


def _options(menu: Menu) -> str:
    """A menu's keys, each with the word of its prompt: 'visit_fracture' beside 'visit_other_pain' is 'fracture'."""
    announced = [choice for choice in menu.choices if choice.prompt]
    rows = [str(choice.prompt).split("_") for choice in announced]
    shared = len(list(takewhile(lambda words: len(set(words)) == 1, zip(*rows, strict=False)))) or 1
    shared = shared if len(rows) > 1 else 1
    words = [choice.language or " ".join(row[shared:]) for choice, row in zip(announced, rows, strict=True)]
    keys = [f"{choice.key} {word}".replace(" ", NO_BREAK) for choice, word in zip(announced, words, strict=True)]
    if menu.one_sentence:
        keys = [f"{menu.choices[0].key} to {menu.choices[-1].key}"]
    return f"<br/>{' · '.join(keys)}" if keys else ""
