"""The voice door's addresses. Each view parses, calls one service and renders; an error becomes the outage document."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from flask import Blueprint, Response, abort, request
from werkzeug.exceptions import HTTPException

from ivr import limits
from ivr.logs import where
from ivr.metrics import Metrics
from ivr.services.calls.following import DeskWhisper, whisper_of
from ivr.services.calls.turns import Answer, Arrival, note_recording, note_status, start_call, take_turn
from ivr.services.line import Line
from ivr.services.prompts.releases import Releases
from ivr.voice import parse, watching
from ivr.voice.breaker import Breaker
from ivr.voice.outage import Outage
from ivr.voice.render import Renderer
from ivr.voice.signature import SignatureCheck

UNHEARD = frozenset({"voice.status", "voice.recording"})
"""Webhooks that no caller waits for: a failure is told to the carrier, whose records are read again later."""


@dataclass(frozen=True, slots=True)
class VoiceDoor:
    """What the voice door needs."""

    line: Line
    releases: Releases
    renderer: Renderer
    outage: Outage
    signature: SignatureCheck
    breaker: Breaker
    metrics: Metrics

    def reply(self, webhook: str, arrival: Arrival, answer: Answer) -> Response:
        """An answer as the carrier wants it."""
        response = twiml_response(self.renderer.document(answer, self.releases.get(answer.release_id)))
        watching.answered(self.metrics, webhook, arrival, answer)
        return response


def twiml_response(document: str) -> Response:
    """A TwiML document as a response."""
    return Response(document, mimetype="text/xml", headers={"Cache-Control": "no-store"})


def guard(blueprint: Blueprint, door: VoiceDoor) -> None:
    """Let only the carrier use a blueprint's addresses."""

    @blueprint.before_request
    def only_the_carrier() -> None:
        """403 for everybody else."""
        watching.begin()
        request.max_content_length = request.max_form_memory_size = limits.largest(request.path)
        if not door.signature.passes(request):
            watching.refused(door.metrics, request.path)
            abort(403)


def create_blueprint(door: VoiceDoor) -> Blueprint:
    """The voice door; every one of its routes is signed."""
    voice = Blueprint("voice", __name__, url_prefix="/voice")

    guard(voice, door)

    @voice.errorhandler(parse.UnknownCaller)
    def no_such_call(error: parse.UnknownCaller) -> Response | tuple[str, int]:
        """A form that names no call cannot be answered as one; somebody may wait all the same."""
        watching.nameless(request.path)
        return (f"{error}\n", 400) if request.endpoint in UNHEARD else twiml_response(door.outage.document())

    @voice.errorhandler(Exception)
    def broken(error: Exception) -> Response | HTTPException | tuple[str, int]:
        """Whatever broke, the caller hears a document that needs nothing of ours; the log has no personal data.

        Where no caller waits the answer is 503: it is true, and shows in the carrier's own error log.
        """
        if isinstance(error, HTTPException):
            return error
        watching.broken(door.metrics, request.path, error, where(error), call_of())
        if request.endpoint in UNHEARD:
            return "", 503
        return twiml_response(door.outage.document())

    @voice.post("/incoming")
    def incoming() -> Response:
        """A call rings."""
        arrival = parse.arrival(request.form)
        return door.reply("incoming", arrival, door.breaker.run(partial(start_call, door.line, arrival)))

    @voice.post("/turn")
    def turn() -> Response:
        """A caller pressed keys, spoke, said nothing, or came back from the desk."""
        number = parse.turn_number(request.args.get("n"))
        given = parse.turn_input(request.form)
        arrival = parse.arrival(request.form)
        answer = door.breaker.run(partial(take_turn, door.line, arrival, number, given))
        return door.reply("turn", arrival, answer)

    @voice.post("/status")
    def status() -> tuple[str, int]:
        """The carrier tells how a call fares."""
        carrier_status = parse.word(request.form.get("CallStatus", ""))
        seconds = parse.duration(request.form.get("CallDuration"))
        call_sid = parse.sid(request.form, "CallSid")
        door.breaker.run(partial(note_status, door.line, call_sid, carrier_status, seconds))
        watching.ended(door.metrics, call_sid, carrier_status, seconds)
        return "", 204

    @voice.post("/recording")
    def recording() -> tuple[str, int]:
        """The carrier tells what became of a recording."""
        found = parse.recording_status(request.form.get("RecordingStatus", ""))
        if found:
            recording_sid = parse.sid(request.form, "RecordingSid")
            seconds = parse.duration(request.form.get("RecordingDuration"))
            call_sid = parse.sid(request.form, "CallSid")
            door.breaker.run(partial(note_recording, door.line, call_sid, recording_sid, found, seconds))
        return "", 204

    @voice.post("/fallback")
    def fallback() -> Response:
        """The carrier could not use one of our answers: the static document, step by step."""
        return twiml_response(door.outage.document(request.form))

    @voice.post("/desk")
    def desk() -> Response:
        """Somebody answered the desk telephone; they hear who waits, as far as the database can tell."""
        found = DeskWhisper()
        with suppress(Exception):  # whatever is broken, somebody waits to be put through
            call_sid = parse.sid(request.form, "ParentCallSid")
            found = door.breaker.run(partial(whisper_of, door.line.database, call_sid))
        other = found.language if found.language != door.outage.script.language else ""
        return twiml_response(door.outage.desk_whisper(found.warned, door.line.scripts.get(other)))

    @voice.post("/desk/accept")
    def desk_accept() -> Response:
        """They pressed a key."""
        return twiml_response(door.outage.desk_accepted(request.form.get("Digits", "")))

    return voice


def call_of() -> str:
    """The call a broken request was about, if it can be told."""
    try:
        return parse.sid(request.form, "CallSid")
    except Exception:
        return "unknown"
