"""Information clips of the clinic's own: what there is, where one more may stand, and removing one."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ivr.callflow.tree_information import CHAINS, MOST_AT_A_PLACE
from ivr.console import words as console_words
from ivr.console.access import actor, requires
from ivr.models import Role
from ivr.services.line import Line
from ivr.services.prompts.own_clips import (
    LONGEST_TITLE,
    ClipWordsError,
    add_clip,
    add_words,
    own_clips,
    remove_clip,
    room,
)
from ivr.services.prompts.versions import LONGEST_SCRIPT, VersionError
from ivr.studio.telling import done_and_told


def add_routes(studio: Blueprint, line: Line) -> None:
    """Add the page and its forms."""

    def page(typed: dict[str, str]) -> str:
        return render_template(
            "studio/clips.html",
            clips=own_clips(line),
            room=room(line),
            chains=CHAINS,
            most=MOST_AT_A_PLACE,
            languages=line.tree.languages,
            node=console_words.node,
            longest_title=LONGEST_TITLE,
            most_letters=LONGEST_SCRIPT,
            typed=typed,
        )

    @studio.get("/clips", endpoint="clips")
    @requires(Role.ADMIN)
    def show() -> str:
        """The clips, and a form for one more."""
        return page({})

    @studio.post("/clips", endpoint="add_clip")
    @requires(Role.ADMIN)
    def add() -> ResponseReturnValue:
        """One more; what was typed stays in the form when it cannot be."""
        typed = request.form.to_dict()
        spoken = {language: typed.get(f"words-{language}", "") for language in line.tree.languages}
        place, is_clinical = typed.get("after", ""), "clinical" in typed
        try:
            key = add_clip(line, actor(), typed.get("title", ""), place, spoken, clinical=is_clinical, now=line.clock())
        except ClipWordsError as error:
            flash(f"{console_words.language(error.language)}: {error}", "bad")
            return page(typed), 422
        except VersionError as error:
            flash(str(error), "bad")
            return page(typed), 422
        flash(_added(len(line.tree.languages)), "good")
        return redirect(url_for("studio.prompt", language=line.tree.languages[0], key=key))

    @studio.post("/clips/<id:clip_id>/words", endpoint="add_clip_words")
    @requires(Role.ADMIN)
    def add_in_language(clip_id: int) -> ResponseReturnValue:
        """Its words in a language that was turned on later."""

        def work() -> str:
            language, spoken = request.form.get("language", ""), request.form.get("words", "")
            add_words(line, actor(), clip_id, language, spoken, line.clock())
            return f"The words in {console_words.language(language)} are a draft now."

        return done_and_told(work, "studio.clips")

    @studio.post("/clips/<id:clip_id>/remove", endpoint="remove_clip")
    @requires(Role.ADMIN)
    def remove(clip_id: int) -> ResponseReturnValue:
        """Out of the call tree."""

        def work() -> str:
            title = remove_clip(line, actor(), clip_id, line.clock())
            return f"“{title}” is removed: calls that begin now go without it."

        return done_and_told(work, "studio.clips")


def _added(languages: int) -> str:
    each = " Do so in each language: callers hear it once all have it." if languages > 1 else ""
    return f"The clip is a draft now. Record it, or take the machine's voice; then publish it.{each}"
