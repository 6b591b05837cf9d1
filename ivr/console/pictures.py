"""Pictures for the reports, drawn as SVG on the server; each has a table beside it that says the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from textwrap import wrap

from ivr.callflow.layout import ranks, ways
from ivr.callflow.nodes import Tree
from ivr.config import WEEKDAYS
from ivr.console.words import node
from ivr.services.requests.reports import FINISHED, Left, for_staff

FONT = "system-ui, 'Segoe UI', 'Noto Sans', sans-serif"

CELL, LABEL = 34, 96
"""Pixels of a cell of the week, and of the names before them."""

BOX_WIDTH, BOX_HEIGHT, ACROSS, DOWN = 174, 62, 182, 86
"""Pixels of a node's box, and from one to the next."""

IN_A_ROW = 6
"""Boxes side by side: so many fit the page."""

LONGEST_LINE, MOST_LINES = 22, 2
"""Characters of a line in a box, which fit in a wide font too, and lines that a node's name may take."""


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours of a picture; `strong` is mixed into `ground` by how much there is."""

    ground: str
    text: str
    muted: str
    line: str
    strong: tuple[int, int, int]
    weak: tuple[int, int, int]


PALETTES: Mapping[str, Palette] = {
    "light": Palette("#ffffff", "#17211f", "#55615e", "#c3cac7", (240, 150, 120), (247, 248, 246)),
    "dark": Palette("#1a2221", "#e8eeec", "#a3b1ae", "#45524f", (150, 62, 50), (32, 42, 40)),
}


def week(by_hour: Mapping[tuple[int, int], int], palette: Palette) -> str:
    """When requests come: a row for each weekday, a column for each hour."""
    most = max(by_hour.values(), default=0)
    width, height = LABEL + 24 * CELL + 8, 8 * CELL
    parts = [
        _text(LABEL + hour * CELL + CELL / 2, CELL * 0.65, str(hour), palette.muted, "middle") for hour in range(24)
    ]
    for day, name in enumerate(WEEKDAYS):
        top = (day + 1) * CELL
        parts.append(_text(4, top + CELL * 0.65, name, palette.text))
        for hour in range(24):
            count = by_hour.get((day, hour), 0)
            fill = _mixed(palette, count / most if most else 0)
            parts.append(_box(LABEL + hour * CELL + 1, top + 1, CELL - 2, CELL - 2, fill, "none", 5))
            if count:
                middle = LABEL + hour * CELL + CELL / 2
                parts.append(_text(middle, top + CELL * 0.65, str(count), palette.text, "middle"))
    return _svg(width, height, palette, parts)


def tree_of_leaving(tree: Tree, ends: Sequence[Left], palette: Palette) -> str:
    """The callers' tree from top to bottom; the darker a node, the larger the share of those who gave up there."""
    steps = ranks(tree, for_staff(tree))
    rows = [step[start : start + IN_A_ROW] for step in steps for start in range(0, len(step), IN_A_ROW)]
    places = {name: (column, row) for row, names in enumerate(rows) for column, name in enumerate(names)}
    left = {one.node: one for one in ends}
    parts = [_arrow(places[name], places[to], palette) for name, to in ways(tree, steps)]
    for name, (column, row) in places.items():
        found = left.get(name)
        gave_up = found.ended if found and name not in FINISHED else 0
        share = gave_up / found.came if found else 0
        x, y = column * ACROSS + 8, row * DOWN + 8
        parts.append(_box(x, y, BOX_WIDTH, BOX_HEIGHT, _mixed(palette, min(1, share * 2)), palette.line, 8))
        lines = wrap(node(name), LONGEST_LINE, max_lines=MOST_LINES, placeholder=" …")
        parts += [_text(x + 9, y + 18 + 16 * n, line, palette.text) for n, line in enumerate(lines)]
        words = f"{gave_up} of {found.came} left" if found else "nobody came"
        parts.append(_text(x + 9, y + 53, words, palette.muted if not gave_up else palette.text, size=12))
    return _svg(IN_A_ROW * ACROSS + 8, len(rows) * DOWN + 8, palette, parts)


def _arrow(start: tuple[int, int], end: tuple[int, int], palette: Palette) -> str:
    x, y = start[0] * ACROSS + 8 + BOX_WIDTH / 2, start[1] * DOWN + 8 + BOX_HEIGHT
    to_x, to_y = end[0] * ACROSS + 8 + BOX_WIDTH / 2, end[1] * DOWN + 8
    bend = (y + to_y) / 2
    path = f"M{x} {y}C{x} {bend} {to_x} {bend} {to_x} {to_y}"
    return f'<path d="{path}" fill="none" stroke="{palette.line}" stroke-width="1.5"/>'


def _mixed(palette: Palette, share: float) -> str:
    parts = (round(weak + (strong - weak) * share) for weak, strong in zip(palette.weak, palette.strong, strict=True))
    return "#" + "".join(f"{part:02x}" for part in parts)


def _box(x: float, y: float, width: float, height: float, fill: str, stroke: str, radius: int) -> str:
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="{radius}" fill="{fill}" stroke="{stroke}"/>'


def _text(x: float, y: float, words: str, fill: str, anchor: str = "start", size: int = 13) -> str:
    return (
        f'<text x="{x}" y="{y}" font-family="{FONT}" font-size="{size}" fill="{fill}" text-anchor="{anchor}">'
        f"{escape(words)}</text>"
    )


def _svg(width: float, height: float, palette: Palette, parts: list[str]) -> str:
    ground = f'<rect width="{width}" height="{height}" fill="{palette.ground}"/>'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
    return head + ground + "".join(parts) + "</svg>"
