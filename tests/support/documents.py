"""Reading the project's documents: their prose, their headings' anchors, their sections and tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from ivr.config import ROOT


@cache
def text_of(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


@cache
def prose_of(name: str) -> str:
    """A document without its blocks of code."""
    return re.sub(r"^```.*?^```$", "", text_of(name), flags=re.MULTILINE | re.DOTALL)


@cache
def anchors_of(name: str) -> frozenset[str]:
    """The anchors that GitHub gives the headings of a document."""
    found: list[str] = []
    for heading in re.findall(r"^#+ (.+)$", prose_of(name), re.MULTILINE):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
        slug = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        found.append(f"{slug}-{found.count(slug)}" if slug in found else slug)
    return frozenset(found)


def rows_of(text: str) -> Iterator[list[str]]:
    """The rows of a document's tables, a list of cells each."""
    for line in re.findall(r"^\|(.+)\|$", text, re.MULTILINE):
        cells = [cell.strip() for cell in line.split("|")]
        if set("".join(cells)) - set("-: "):
            yield cells


def section_of(name: str, heading: str) -> str:
    """What stands under a heading of the second level."""
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text_of(name), re.MULTILINE | re.DOTALL)
    assert found, f"{name} has no section {heading}"
    return found[1]
