"""What waits to be approved or published, many at once, and the releases of several that can be taken back as one."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ivr import forms
from ivr.console.access import actor, member, requires
from ivr.models import Role
from ivr.services.line import Line
from ivr.services.prompts.catalogue import find_version
from ivr.services.prompts.together import publish_together, releases_of_several, roll_back_together
from ivr.services.prompts.versions import VersionError
from ivr.services.prompts.waiting import discard, has_one_admin, is_late, waiting
from ivr.studio.places import title_of


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
            title_of=lambda key: title_of(line.scripts, key),
        )

    @studio.post("/waiting", endpoint="publish_chosen")
    @requires(Role.ADMIN)
    def publish_chosen() -> ResponseReturnValue:
        """Publish those that are chosen in one release, or discard them."""
        chosen = [number for text in request.form.getlist("version") if (number := forms.whole_number(text))]
        try:
            if request.form.get("do") == "discard":
                count = discard(line, actor(), chosen, line.clock())
                flash(f"{_versions(count)} discarded.", "good")
            else:
                count = publish_together(line, actor(), chosen, line.clock())
                flash(f"{_versions(count)} on the air in one release: calls that begin now hear them.", "good")
        except VersionError as error:
            flash(str(error), "bad")
        return redirect(url_for("studio.waiting"))

    @studio.post("/releases/<id:release_id>/roll-back", endpoint="roll_back_release")
    @requires(Role.ADMIN)
    def roll_back_release(release_id: int) -> ResponseReturnValue:
        """What was on the air before a release of several."""
        try:
            back, stay = roll_back_together(line, actor(), release_id, line.clock())
            others = f" {stay} stay: changed since, or nothing was there before." if stay else ""
            flash(f"{back} prompts are as before, in one release.{others}", "good")
        except VersionError as error:
            flash(str(error), "bad")
        return redirect(url_for("studio.waiting"))

    @studio.post("/versions/<id:version_id>/discard", endpoint="discard")
    @requires(Role.ADMIN)
    def discard_one(version_id: int) -> ResponseReturnValue:
        """One version is forgotten; the prompt's page is shown again."""
        version = find_version(line, version_id)
        if version is None:
            abort(404)
        try:
            discard(line, actor(), [version_id], line.clock())
            flash(f"Version {version_id} is discarded.", "good")
        except VersionError as error:
            flash(str(error), "bad")
        return redirect(url_for("studio.prompt", language=version.language, key=version.key))


def _versions(count: int) -> str:
    return "1 version is" if count == 1 else f"{count} versions are"
