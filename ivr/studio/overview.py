"""The first page of the studio: all prompts in all languages, and what waits."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import Blueprint, render_template, request

from ivr import forms
from ivr.console.access import member, requires
from ivr.models import Role
from ivr.services.line import Line
from ivr.services.prompts.catalogue import AudioHeard, PromptRow, rows
from ivr.services.prompts.importing import latest_imports
from ivr.services.prompts.waiting import counts
from ivr.studio.places import GROUPS, group_of, names_of, places_of, title_of
from ivr.studio.session import GREETING, first_step

FILTERS: Mapping[str, tuple[str, Callable[[PromptRow], bool]]] = {
    "all": ("All", lambda row: True),
    "missing": ("Missing", lambda row: any(cell.heard is AudioHeard.MISSING for cell in row.cells)),
    "synthetic": ("Machine's voice", lambda row: any(cell.heard is AudioHeard.SYNTHETIC for cell in row.cells)),
    "person": ("Recorded by people", lambda row: any(cell.heard is AudioHeard.PERSON for cell in row.cells)),
    "drafts": ("With drafts", lambda row: any(cell.drafts or cell.refused for cell in row.cells)),
    "changed": ("Not as the script", lambda row: any(cell.disagrees for cell in row.cells)),
    "clinical": ("Clinical", lambda row: row.clinical),
}
"""Which prompts the matrix shows."""

LONGEST_FIND = 100
"""Characters of what prompts are looked for by."""


def add_routes(studio: Blueprint, line: Line) -> None:
    """Add the matrix."""

    @studio.get("/")
    @requires(Role.ADMIN)
    def matrix() -> str:
        """Every prompt, filtered."""
        chosen = request.args.get("show", "all")
        chosen = chosen if chosen in FILTERS else "all"
        words = forms.short_text(request.args, "find", LONGEST_FIND)
        scripts = line.all_scripts
        everything = rows(line)
        to_approve, ready = counts(line)
        fitting = filter(FILTERS[chosen][1], everything)
        places = places_of(line.whole_tree, *(row.key for row in everything)) if words else {}
        shown = [row for row in fitting if _matches(row, title_of(scripts, row.key), places.get(row.key, ()), words)]
        return render_template(
            "studio/matrix.html",
            rows=shown,
            groups=_grouped(shown),
            title_of=lambda key: title_of(scripts, key),
            is_open=bool(words) or chosen != "all",
            languages=tuple(scripts),
            filters={name: (label, sum(map(fits, everything))) for name, (label, fits) in FILTERS.items()},
            imports=latest_imports(line),
            to_approve=to_approve,
            ready=ready,
            chosen=chosen,
            find=words,
            first_step=first_step(line, next(iter(scripts)), member().id),
            greeting=GREETING,
        )


def _matches(row: PromptRow, title: str, places: tuple[str, ...], words: str) -> bool:
    """Whether a prompt is what somebody looks for: each word is in something that is known of it."""
    spoken = [cell.words for cell in row.cells]
    told = [*spoken, row.words, row.direction, *places, group_of(row.key), names_of(row.key)]
    known = " ".join((str(row.number), row.key, title, *told)).lower()
    return all(word in known for word in words.lower().split())


def _grouped(shown: list[PromptRow]) -> dict[str, list[PromptRow]]:
    """The prompts by where in a call they are heard; parts without any are left out."""
    grouped: dict[str, list[PromptRow]] = {group: [] for group in GROUPS}
    for row in shown:
        grouped[group_of(row.key)].append(row)
    return {group: found for group, found in grouped.items() if found}
