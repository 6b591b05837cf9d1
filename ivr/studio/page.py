"""A prompt's page: what callers hear of it, its versions, and everything that can be done with them."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, abort, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ivr import forms
from ivr.callflow.tree_information import OWN, clip_prompt
from ivr.console.access import actor, member, requires
from ivr.forms import FormError
from ivr.models import PromptSource, PromptState, Role
from ivr.services.hours.hours import WORDS_A_MINUTE
from ivr.services.line import Line
from ivr.services.prompts import versions
from ivr.services.prompts.catalogue import AudioHeard, details, find_version
from ivr.services.prompts.scheduling import schedule as schedule_version
from ivr.services.prompts.versions import VersionError
from ivr.services.prompts.waiting import discard, has_one_admin, is_late
from ivr.studio.places import places_of, sentence_of, title_of

SOURCES = {
    PromptSource.SYNTHESIS: "Machine's voice",
    PromptSource.PHONE: "Recorded by phone",
    PromptSource.BROWSER: "Recorded here",
    PromptSource.UPLOAD: "Uploaded",
}
STATES = {
    PromptState.DRAFT: "Draft",
    PromptState.RECORDED: "Ready",
    PromptState.APPROVED: "Approved",
    PromptState.PUBLISHED: "On the air",
    PromptState.RETIRED: "Was on the air",
}
"""The words for them on the page."""


def wants_answer() -> bool:
    """Whether a script of the page sent this, and stays where it is."""
    return request.accept_mimetypes.best == "application/json"


def add_routes(studio: Blueprint, line: Line) -> None:
    """Add the page and its forms."""

    @studio.get("/<language>/<key>")
    @requires(Role.ADMIN)
    def prompt(language: str, key: str) -> str:
        """Everything about a prompt in a language."""
        try:
            shown = details(line, language, key)
        except VersionError:
            abort(404)
        return render_template(
            "studio/prompt.html",
            shown=shown,
            sources=SOURCES,
            states=STATES,
            refusal=lambda version: versions.refusal(line, version),
            me=member(),
            is_late=lambda version: is_late(version, line.clock()),
            is_alone=has_one_admin(line.database),
            title=title_of(line.all_scripts, key),
            is_own_clip=key.startswith(clip_prompt(OWN)),
            languages=[cell.language for cell in shown.row.cells if cell.heard is not AudioHeard.UNUSED],
            places=places_of(line.whole_tree, key)[key],
            sentence=sentence_of(line, language, key),
            words_a_minute=WORDS_A_MINUTE,
            most_letters=versions.LONGEST_SCRIPT,
            known_words=" ".join(sorted(line.all_scripts[language].known_words)),
        )

    @studio.post("/<language>/<key>/script")
    @requires(Role.ADMIN)
    def save_script(language: str, key: str) -> ResponseReturnValue:
        """A new wording."""
        words = request.form.get("words", "")
        message = "The wording is saved as a draft. The machine's voice is speaking it; that takes a moment."
        return _done(
            language, key, message, lambda: versions.save_script(line, actor(), language, key, words, line.clock())
        )

    @studio.post("/<language>/<key>/takes")
    @requires(Role.ADMIN)
    def add_take(language: str, key: str) -> ResponseReturnValue:
        """A recording, of the page's microphone or of a file."""
        data, words = forms.file_bytes("take"), request.form.get("words", "")
        source = PromptSource.BROWSER if request.form.get("source") == "browser" else PromptSource.UPLOAD
        message = "The recording is here. It is being made fit for the telephone; that takes a moment."
        return _done(
            language,
            key,
            message,
            lambda: versions.add_take(line, actor(), language, key, words, data, source, line.clock()),
        )

    @studio.post("/<language>/<key>/roll-back")
    @requires(Role.ADMIN)
    def roll_back(language: str, key: str) -> ResponseReturnValue:
        """What was on the air before."""
        message = "The version before is on the air again."
        return _done(language, key, message, lambda: versions.roll_back(line, actor(), language, key, line.clock()))

    @studio.post("/versions/<id:version_id>/approve")
    @requires(Role.ADMIN)
    def approve(version_id: int) -> ResponseReturnValue:
        """A second person's approval; the list of what waits is shown again to whoever approves there."""
        done = _done_with(version_id, "Approved.", lambda: versions.approve(line, actor(), version_id, line.clock()))
        return redirect(url_for("studio.waiting")) if request.form.get("from") == "waiting" else done

    @studio.post("/versions/<id:version_id>/publish")
    @requires(Role.ADMIN)
    def publish(version_id: int) -> ResponseReturnValue:
        """On the air."""
        message = "It is on the air: calls that begin now hear it."
        return _done_with(version_id, message, lambda: versions.publish(line, actor(), version_id, line.clock()))

    @studio.post("/versions/<id:version_id>/accept")
    @requires(Role.ADMIN)
    def accept(version_id: int) -> ResponseReturnValue:
        """A recording that is read fast is used all the same."""
        message = "It can go on the air now, although it is fast."
        return _done_with(version_id, message, lambda: versions.accept_pace(line, actor(), version_id, line.clock()))

    @studio.post("/versions/<id:version_id>/still-right")
    @requires(Role.ADMIN)
    def confirm(version_id: int) -> ResponseReturnValue:
        """The words are right although the script has changed."""
        message = "Noted: these words are still right."
        return _done_with(version_id, message, lambda: versions.confirm_words(line, actor(), version_id, line.clock()))

    @studio.post("/versions/<id:version_id>/schedule")
    @requires(Role.ADMIN)
    def schedule(version_id: int) -> ResponseReturnValue:
        """On the air later, and off it again."""

        def plan() -> None:
            times = [request.form.get(name, "") for name in ("publish_at", "expires_at")]
            zone = line.calendar.timezone
            on, off = (forms.moment(one, zone, "Choose a day and a time.") for one in times)
            schedule_version(line, actor(), version_id, on, off, line.clock())

        return _done_with(version_id, "The times are saved.", plan)

    @studio.post("/versions/<id:version_id>/discard", endpoint="discard")
    @requires(Role.ADMIN)
    def discard_one(version_id: int) -> ResponseReturnValue:
        """One version is forgotten."""
        message = f"Version {version_id} is discarded."
        return _done_with(version_id, message, lambda: discard(line, actor(), [version_id], line.clock()))

    def _done_with(version_id: int, message: str, work: Callable[[], object]) -> ResponseReturnValue:
        version = find_version(line, version_id)
        if version is None:
            abort(404)
        return _done(version.language, version.key, message, work)

    def _done(language: str, key: str, message: str, work: Callable[[], object]) -> ResponseReturnValue:
        """Do it, and show the prompt's page with what came of it; a page that keeps what is refused gets a sentence."""
        if language not in line.all_scripts or key not in line.all_scripts[language].prompts:
            abort(404)
        refused = ""
        try:
            work()
        except (VersionError, FormError) as error:
            refused = str(error)
        if refused and wants_answer():
            return jsonify(message=refused), 422
        flash(refused or message, "bad" if refused else "good")
        if wants_answer():
            return jsonify(message=message)
        return redirect(url_for("studio.prompt", language=language, key=key))
