"""The tree as a picture (SVG): a box for each node, in rows by its distance from the greeting."""

from __future__ import annotations

from html import escape

from ivr.callflow.layout import ranks, ways
from ivr.callflow.nodes import Tree

WIDTH, HEIGHT = 128, 28
GAP_X, GAP_Y = 14, 34
LONGEST_NAME = 22
"""Letters that fit into a box."""

PER_ROW = 6
"""Boxes in a row before it is broken into two."""


def as_svg(tree: Tree) -> str:
    """The picture, which a page can light up: each box has its node's name in `data-node`, each way in `data-from`."""
    rows = ranks(tree)
    places = _places(rows)
    width = PER_ROW * (WIDTH + GAP_X) + GAP_X
    height = max(y for _, y in places.values()) + HEIGHT + GAP_Y
    lines = [_line(name, places[name], places[to]) for name, to in ways(tree, rows)]
    boxes = [_box(name, *place) for name, place in places.items()]
    return (
        f'<svg class="tree" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="The call tree">{"".join(lines)}{"".join(boxes)}</svg>'
    )


def _places(rows: list[list[str]]) -> dict[str, tuple[int, int]]:
    """Where each node's box is: its left upper corner."""
    places: dict[str, tuple[int, int]] = {}
    y = GAP_Y // 2
    for row in rows:
        for start in range(0, len(row), PER_ROW):
            part = row[start : start + PER_ROW]
            left = (PER_ROW - len(part)) * (WIDTH + GAP_X) // 2 + GAP_X
            for index, name in enumerate(part):
                places[name] = (left + index * (WIDTH + GAP_X), y)
            y += HEIGHT + GAP_Y
    return places


def _line(name: str, start: tuple[int, int], end: tuple[int, int]) -> str:
    x1, y1, x2, y2 = start[0] + WIDTH // 2, start[1] + HEIGHT, end[0] + WIDTH // 2, end[1]
    bend = max(16, (y2 - y1) // 2)
    return f'<path data-from="{escape(name)}" d="M{x1} {y1}C{x1} {y1 + bend} {x2} {y2 - bend} {x2} {y2}"/>'


def _box(name: str, x: int, y: int) -> str:
    words = name.replace("_", " ")
    words = escape(words if len(words) <= LONGEST_NAME else f"{words[: LONGEST_NAME - 1]}…")
    return (
        f'<g data-node="{escape(name)}"><rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="7"/>'
        f'<text x="{x + WIDTH // 2}" y="{y + HEIGHT // 2 + 4}">{words}</text></g>'
    )
