"""A language as a zip: out to a recording studio, and back, which the worker takes in while a page shows how far."""

from __future__ import annotations

import io

from flask import Blueprint, Response, abort, flash, jsonify, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue

from ivr.console.access import actor, requires
from ivr.models import Role
from ivr.services.line import Line
from ivr.services.prompts.exchange import NO_MANIFEST, UNCHANGED, export_language
from ivr.services.prompts.importing import of_import, progress_of, receive
from ivr.services.prompts.versions import VersionError
from ivr.studio.page import wants_answer


def add_routes(studio: Blueprint, line: Line) -> None:
    """Add both ways, and the page of an import."""

    @studio.get("/<language>/export.zip", endpoint="export_language")
    @requires(Role.ADMIN)
    def export(language: str) -> Response:
        """A language for a recording studio."""
        try:
            data = export_language(line, language)
        except VersionError:
            abort(404)
        name = f"prompts-{language}.zip"
        return send_file(io.BytesIO(data), mimetype="application/zip", as_attachment=True, download_name=name)

    @studio.post("/<language>/import", endpoint="import_language")
    @requires(Role.ADMIN)
    def import_zip(language: str) -> ResponseReturnValue:
        """A language back from it; the worker makes drafts of it, and nothing is published."""
        sent = request.files.get("zip")
        try:
            if sent is None:
                raise VersionError(NO_MANIFEST)
            import_id = receive(line, actor(), language, sent.stream, line.clock())
        except VersionError as error:
            if wants_answer():
                return jsonify(message=str(error)), 422
            flash(str(error), "bad")
            return redirect(url_for("studio.matrix"))
        address = url_for("studio.imported", import_id=import_id)
        return jsonify(address=address) if wants_answer() else redirect(address)

    @studio.get("/imports/<id:import_id>", endpoint="imported")
    @requires(Role.ADMIN)
    def imported(import_id: int) -> str:
        """How far it is, and what became of each file."""
        done = progress_of(line, import_id)
        if done is None:
            abort(404)
        told = done.kept.told or ()
        return render_template(
            "studio/imported.html",
            done=done,
            kept=done.kept,
            lists=of_import(line, import_id),
            news=[sentence for sentence in told if not sentence.endswith(UNCHANGED)],
            unchanged=[sentence for sentence in told if sentence.endswith(UNCHANGED)],
        )

    @studio.get("/imports/<id:import_id>/progress", endpoint="import_progress")
    @requires(Role.ADMIN)
    def progress(import_id: int) -> Response:
        """How far it is, for the page."""
        done = progress_of(line, import_id)
        if done is None:
            abort(404)
        return jsonify(
            under_way=done.is_under_way,
            state=done.kept.state,
            files=done.kept.files,
            looked_at=done.kept.looked_at,
            versions=done.recordings + done.wordings,
            being_made=done.being_made,
        )
