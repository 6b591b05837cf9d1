"""What waits to be approved or published, many at once, and the releases of several that can be taken back as one."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from ivr import forms
from ivr.console.access import actor, member, requires
from ivr.models import Role
from ivr.services.line import Line
from ivr.services.prompts.together import publish_together, releases_of_several, roll_back_together
from ivr.services.prompts.waiting import discard, has_one_admin, is_late, waiting
from ivr.studio.places import title_of
from ivr.studio.telling import done_and_told


def add_routes(studio: Blueprint, line: Line) -> None:
    """Add the page and its forms."""

    @studio.get("/waiting", endpoint="waiting")
    @requires(Role.ADMIN)
    def show() -> str:
        """The lists."""
        now = line.clock()
        return render_template(
            "studio/waiting.html",
            lists=waiting(line),
            releases=releases_of_several(line),
            is_late=lambda version: is_late(version, now),
            is_alone=has_one_admin(line.database),
            me=member(),
            title_of=lambda key, scripts=line.all_scripts: title_of(scripts, key),
        )

    @studio.post("/waiting", endpoint="publish_chosen")
    @requires(Role.ADMIN)
    def publish_chosen() -> ResponseReturnValue:
        """Publish those that are chosen in one release, or discard them."""
        chosen = [number for text in request.form.getlist("version") if (number := forms.whole_number(text))]

        def work() -> str:
            if request.form.get("do") == "discard":
                return f"{_versions(discard(line, actor(), chosen, line.clock()))} discarded."
            count = publish_together(line, actor(), chosen, line.clock())
            return f"{_versions(count)} on the air in one release: calls that begin now hear them."

        return done_and_told(work, "studio.waiting")

    @studio.post("/releases/<id:release_id>/roll-back", endpoint="roll_back_release")
    @requires(Role.ADMIN)
    def roll_back_release(release_id: int) -> ResponseReturnValue:
        """What was on the air before a release of several."""

        def work() -> str:
            back, stay = roll_back_together(line, actor(), release_id, line.clock())
            others = f" {stay} stay: changed since, or nothing was there before." if stay else ""
            return f"{back} prompts are as before, in one release.{others}"

        return done_and_told(work, "studio.waiting")


def _versions(count: int) -> str:
    return "1 version is" if count == 1 else f"{count} versions are"
