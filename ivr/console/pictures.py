"""Pictures for the reports, drawn as SVG on the server; each has a table beside it that says the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape

from ivr.callflow.check import exits, targets
from ivr.callflow.drawing import EVERYWHERE
from ivr.callflow.nodes import Menu, Tree
from ivr.services.reports import FINISHED, Report

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
FONT = "system-ui, 'Segoe UI', 'Noto Sans', sans-serif"

CELL, LABEL = 34, 96
"""Pixels of a cell of the week, and of the names before them."""

BOX_WIDTH, BOX_HEIGHT, ACROSS, DOWN = 148, 44, 200, 58
"""Pixels of a node's box, and from one to the next."""


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


def week(report: Report, palette: Palette) -> str:
    """When requests come: a row for each weekday, a column for each hour."""
    most = max(report.by_hour.values(), default=0)
    width, height = LABEL + 24 * CELL + 8, 8 * CELL
    parts = [
        _text(LABEL + hour * CELL + CELL / 2, CELL * 0.65, str(hour), palette.muted, "middle") for hour in range(24)
    ]
    for day, name in enumerate(DAYS):
        top = (day + 1) * CELL
        parts.append(_text(4, top + CELL * 0.65, name, palette.text))
        for hour in range(24):
            count = report.by_hour.get((day, hour), 0)
            fill = _mixed(palette, count / most if most else 0)
            parts.append(_box(LABEL + hour * CELL + 1, top + 1, CELL - 2, CELL - 2, fill, "none", 5))
            if count:
                middle = LABEL + hour * CELL + CELL / 2
                parts.append(_text(middle, top + CELL * 0.65, str(count), palette.text, "middle"))
    return _svg(width, height, palette, parts)


def tree_of_leaving(tree: Tree, report: Report, palette: Palette) -> str:
    """The call tree from left to right; the darker a node, the larger the share of its callers who gave up there."""
    places = _places(tree)
    left = {one.node: one for one in report.left}
    parts = list(_arrows(tree, places, palette))
    for name, (column, row) in places.items():
        found = left.get(name)
        gave_up = found.ended if found and name not in FINISHED else 0
        share = gave_up / found.came if found else 0
        x, y = column * ACROSS + 8, row * DOWN + 8
        parts.append(_box(x, y, BOX_WIDTH, BOX_HEIGHT, _mixed(palette, min(1, share * 2)), palette.line, 8))
        parts.append(_text(x + 9, y + 18, name.replace("_", " "), palette.text))
        words = f"{gave_up} of {found.came} left" if found else "nobody came"
        parts.append(_text(x + 9, y + 35, words, palette.muted if not gave_up else palette.text, size=12))
    columns = max(column for column, _ in places.values()) + 1
    rows = max(row for _, row in places.values()) + 1
    return _svg(columns * ACROSS, rows * DOWN + 8, palette, parts)


def _places(tree: Tree) -> dict[str, tuple[int, int]]:
    """Each node's column, its distance from the greeting, and its row there."""
    places: dict[str, tuple[int, int]] = {}
    rows: dict[int, int] = {}
    waiting = [(tree.first, 0)]
    while waiting:
        name, column = waiting.pop(0)
        if name in places or name not in tree.nodes:
            continue
        places[name] = (column, rows.get(column, 0))
        rows[column] = places[name][1] + 1
        waiting += [(target, column + 1) for target in _onward(tree, name)]
    for name in tree.nodes:
        if name not in places:
            places[name] = (0, rows.get(0, 0))
            rows[0] = places[name][1] + 1
    return places


def _onward(tree: Tree, name: str) -> Iterator[str]:
    node = tree.nodes[name]
    for key, to in exits(node):
        is_back = key == "*" and isinstance(node, Menu) and node.choice("*") is None
        if not is_back and (key not in EVERYWHERE or name == "main"):
            yield from targets(to)


def _arrows(tree: Tree, places: Mapping[str, tuple[int, int]], palette: Palette) -> Iterator[str]:
    for name, (column, row) in places.items():
        for target in dict.fromkeys(_onward(tree, name)):
            to_column, to_row = places[target]
            if to_column <= column:
                continue
            x, y = column * ACROSS + 8 + BOX_WIDTH, row * DOWN + 8 + BOX_HEIGHT / 2
            to_x, to_y = to_column * ACROSS + 8, to_row * DOWN + 8 + BOX_HEIGHT / 2
            bend = (x + to_x) / 2
            path = f"M{x} {y}C{bend} {y} {bend} {to_y} {to_x} {to_y}"
            yield f'<path d="{path}" fill="none" stroke="{palette.line}" stroke-width="1.5"/>'


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
