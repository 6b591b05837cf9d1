"""Playing what callers said: the sound in parts as browsers ask for it, and its picture."""

from __future__ import annotations

import io
import re

from flask import Blueprint, Response, abort, jsonify, request, send_file

from ivr.config import Config
from ivr.console.access import actor, requires
from ivr.models import Role
from ivr.services.line import Line
from ivr.services.recordings.listening import listen
from ivr.services.recordings.recordings import load_audio
from ivr.services.recordings.waveform import waveform

_PLAY = re.compile(r"[0-9a-zA-Z-]{8,40}")


def add_routes(console: Blueprint, line: Line, config: Config) -> None:
    """Add the addresses of the player."""

    @console.get("/recordings/<id:recording_id>.wav")
    @requires(Role.STAFF)
    def recording_audio(recording_id: int) -> Response:
        """The sound, whole or in part; each play, which the player names, leaves one row in the audit trail."""
        play = request.args.get("play", "")
        play = play if _PLAY.fullmatch(play) else ""
        audio = listen(line.database, recording_id, actor(), line.clock(), play)
        if audio is None:
            abort(404)
        response = send_file(io.BytesIO(audio), mimetype="audio/wav", conditional=True, etag=False)
        response.headers["Cache-Control"] = "no-store"
        return response

    @console.get("/recordings/<id:recording_id>.json")
    @requires(Role.STAFF)
    def recording_bars(recording_id: int) -> Response:
        """How long the sound is and how loud from bar to bar; none for a kind of WAV that only browsers can read."""
        audio = load_audio(line.database, recording_id)
        if audio is None:
            abort(404)
        drawn = waveform(audio)
        return jsonify(seconds=drawn.seconds if drawn else None, bars=drawn.bars if drawn else ())
