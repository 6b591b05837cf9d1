"""A version's sound as the telephone carries it, its picture, and how far its making is."""

from __future__ import annotations

import io

from flask import Blueprint, Response, abort, jsonify, send_file

from ivr.console.access import requires
from ivr.models import Role
from ivr.services.line import Line
from ivr.services.prompts.catalogue import find_version, version_audio
from ivr.services.recordings.waveform import waveform


def add_routes(studio: Blueprint, line: Line) -> None:
    """Add the addresses of the player and of the page that waits."""

    @studio.get("/versions/<id:version_id>.wav")
    @requires(Role.ADMIN)
    def audio(version_id: int) -> Response:
        """The clip: 8 kHz, 300 to 3400 Hz, as callers hear it."""
        data = version_audio(line, version_id)
        if data is None:
            abort(404)
        return send_file(io.BytesIO(data), mimetype="audio/wav", conditional=True, etag=False)

    @studio.get("/versions/<id:version_id>.json")
    @requires(Role.ADMIN)
    def bars(version_id: int) -> Response:
        """How long it is, and how loud from bar to bar."""
        data = version_audio(line, version_id)
        drawn = waveform(data) if data else None
        if drawn is None:
            abort(404)
        return jsonify(seconds=drawn.seconds, bars=drawn.bars)

    @studio.get("/versions/<id:version_id>/progress")
    @requires(Role.ADMIN)
    def progress(version_id: int) -> Response:
        """Whether the worker is still at it."""
        version = find_version(line, version_id)
        if version is None:
            abort(404)
        return jsonify(state=version.state, waits=version.audio_sha256 is None and version.problem is None)
