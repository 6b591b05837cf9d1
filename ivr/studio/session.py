"""Recording one prompt after the other: the running order, what to say and how, and what is still missing."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from ivr.console.access import member, requires
from ivr.models import PromptSource, PromptState, PromptVersion, Role
from ivr.services.line import Line
from ivr.services.prompts.catalogue import PromptDetails, details
from ivr.services.prompts.session import TakeState, is_staffs, recording_session
from ivr.studio.places import places_of, title_of

STATES = {
    TakeState.MISSING: ("", "not recorded"),
    TakeState.REFUSED: ("bad", "refused"),
    TakeState.BEING_MADE: ("warn", "being made"),
    TakeState.WAITING: ("accent", "recorded"),
    TakeState.ON_AIR: ("good", "on the air"),
}
"""The look and the words of each."""


GREETING = "emergency"
"""What every caller hears first."""


@dataclass(frozen=True, slots=True)
class FirstStep:
    """What somebody can do next so that the greeting is in the clinic's own voice: a link of the first page."""

    words: str
    told: str
    to_session: bool = False


def first_step(line: Line, language: str, staff_id: int) -> FirstStep | None:
    """The next step towards an own greeting; None once a person's voice is on the air."""
    if GREETING not in line.scripts[language].prompts:
        return None
    take = _newest_take(details(line, language, GREETING))
    record = "Record the greeting in your own voice"
    if take is None or take.state is PromptState.RETIRED:
        return FirstStep(record, "It takes about a minute. A second admin listens to it and approves it.", True)
    if take.state is PromptState.PUBLISHED:
        return None
    if take.problem:
        return FirstStep("Record the greeting again", take.problem, True)
    if take.state is PromptState.APPROVED:
        return FirstStep("Put the new greeting on the air", "It is approved. Press Publish now.")
    if take.author_id == staff_id:
        return FirstStep("Your greeting is recorded", "A second admin has to approve it: they find it here.")
    return FirstStep("Listen to the new greeting and approve it", "Somebody else recorded it. Then publish it.")


def add_routes(studio: Blueprint, line: Line) -> None:
    """Add the session's pages."""

    @studio.get("/<language>/session")
    @requires(Role.ADMIN)
    def session(language: str) -> ResponseReturnValue:
        """Where somebody goes on, or the end of it with what is missing."""
        return _page(language, None, for_staff=request.args.get("part") == "staff")

    @studio.get("/<language>/session/<key>")
    @requires(Role.ADMIN)
    def session_prompt(language: str, key: str) -> ResponseReturnValue:
        """One prompt of it."""
        return _page(language, key, for_staff=is_staffs(key))

    def _page(language: str, key: str | None, *, for_staff: bool) -> str:
        if language not in line.scripts:
            abort(404)
        under_way = recording_session(line, language, member().id, for_staff=for_staff)
        key = key or under_way.place
        if key is not None and key not in under_way.takes:
            abort(404)
        shown = details(line, language, key) if key else None
        before, after = under_way.beside(key) if key else (None, None)
        return render_template(
            "studio/session.html",
            language=language,
            under_way=under_way,
            shown=shown,
            take=_newest_take(shown) if shown else None,
            at=list(under_way.takes).index(key) + 1 if key else 0,
            before=before,
            after=after,
            states=STATES,
            title_of=lambda key, scripts=line.all_scripts: title_of(scripts, key),
            places=places_of(line.whole_tree, key)[key] if key else (),
            for_staff=for_staff,
            has_staffs=any(map(is_staffs, line.all_scripts[language].prompts)),
        )


def _newest_take(shown: PromptDetails) -> PromptVersion | None:
    """The recording that was made last."""
    return next((one for one in shown.versions if one.source is not PromptSource.SYNTHESIS), None)
