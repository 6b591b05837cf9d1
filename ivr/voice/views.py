"""The voice door's addresses. Each view parses, calls one service and renders; an error becomes the outage document."""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from flask import Blueprint, Response, abort, request
from werkzeug.exceptions import HTTPException

from ivr.services.calls import Answer, note_recording, note_status, start_call, take_turn
from ivr.services.line import Line
from ivr.services.prompts import Releases
from ivr.voice import parse
from ivr.voice.outage import Outage
from ivr.voice.render import Renderer
from ivr.voice.signature import SignatureCheck

LARGEST_FORM = 64 * 1024
"""Bytes; the carrier's webhooks are a few thousand."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class VoiceDoor:
    """What the voice door needs."""

    line: Line
    releases: Releases
    renderer: Renderer
    outage: Outage
    signature: SignatureCheck

    def reply(self, answer: Answer) -> Response:
        """An answer as the carrier wants it."""
        return twiml_response(self.renderer.document(answer, self.releases.get(answer.release_id)))


def twiml_response(document: str) -> Response:
    """A TwiML document as a response."""
    return Response(document, mimetype="text/xml", headers={"Cache-Control": "no-store"})


def create_blueprint(door: VoiceDoor) -> Blueprint:
    """The voice door; every one of its routes is signed."""
    voice = Blueprint("voice", __name__, url_prefix="/voice")

    @voice.before_request
    def only_the_carrier() -> None:
        """403 for everybody else."""
        request.max_content_length = LARGEST_FORM
        if not door.signature.passes(request):
            log.warning("signature_refused", path=request.path)
            abort(403)

    @voice.errorhandler(parse.UnknownCaller)
    def no_such_call(error: parse.UnknownCaller) -> tuple[str, int]:
        """A form that names no call cannot be answered as one."""
        return f"{error}\n", 400

    @voice.errorhandler(Exception)
    def broken(error: Exception) -> Response | HTTPException:
        """Whatever broke, the caller hears a document that needs nothing of ours; the log has no personal data."""
        if isinstance(error, HTTPException):
            return error
        log.error("voice_door_failed", path=request.path, error=type(error).__name__, where=_where(error), **_call())
        return twiml_response(door.outage.document())

    @voice.post("/incoming")
    def incoming() -> Response:
        """A call rings."""
        return door.reply(start_call(door.line, parse.arrival(request.form)))

    @voice.post("/turn")
    def turn() -> Response:
        """A caller pressed keys, spoke, said nothing, or came back from the desk."""
        number = parse.turn_number(request.args.get("n"))
        given = parse.turn_input(request.form)
        return door.reply(take_turn(door.line, parse.arrival(request.form), number, given))

    @voice.post("/status")
    def status() -> tuple[str, int]:
        """The carrier tells how a call fares."""
        carrier_status = request.form.get("CallStatus", "")[:16]
        seconds = parse.duration(request.form.get("CallDuration"))
        note_status(door.line, parse.sid(request.form, "CallSid"), carrier_status, seconds)
        return "", 204

    @voice.post("/recording")
    def recording() -> tuple[str, int]:
        """The carrier tells what became of a recording."""
        found = parse.recording_status(request.form.get("RecordingStatus", ""))
        if found:
            recording_sid = parse.sid(request.form, "RecordingSid")
            seconds = parse.duration(request.form.get("RecordingDuration"))
            note_recording(door.line, parse.sid(request.form, "CallSid"), recording_sid, found, seconds)
        return "", 204

    @voice.post("/fallback")
    def fallback() -> Response:
        """The carrier could not use one of our answers: the static document, step by step."""
        return twiml_response(door.outage.document(request.form))

    @voice.post("/desk")
    def desk() -> Response:
        """Somebody answered the desk telephone."""
        return twiml_response(door.outage.desk_whisper())

    @voice.post("/desk/accept")
    def desk_accept() -> Response:
        """They pressed a key."""
        return twiml_response(door.outage.desk_accepted(request.form.get("Digits", "")))

    return voice


def _call() -> dict[str, str]:
    """The call a broken request was about, if it can be told."""
    try:
        return {"call_sid": parse.sid(request.form, "CallSid")}
    except Exception:
        return {"call_sid": "unknown"}


def _where(error: Exception) -> str:
    """File and line of the failure; an exception's own words may quote what a caller keyed."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""
