"""The carrier's webhooks for text messages: what patients text back, and what became of the texts we sent."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, Response, request
from twilio.twiml.messaging_response import MessagingResponse
from werkzeug.exceptions import HTTPException

from ivr.logs import where
from ivr.services.requests import texted, texting
from ivr.voice import parse, watching
from ivr.voice.views import VoiceDoor, guard, twiml_response

BROKEN = "We could not read your message. Please call us. In an emergency, call 911."
"""The answer that needs nothing that could be broken: who wrote must not think that somebody reads it."""


def create_blueprint(door: VoiceDoor) -> Blueprint:
    """The addresses of text messages."""
    texts = Blueprint("texts", __name__, url_prefix="/voice")
    guard(texts, door)

    @texts.errorhandler(parse.UnknownCaller)
    def no_such_text(error: parse.UnknownCaller) -> tuple[str, int]:
        """A form that names no message."""
        watching.nameless(request.path)
        return f"{error}\n", 400

    @texts.errorhandler(Exception)
    def broken(error: Exception) -> Response | HTTPException | tuple[str, int]:
        """Who wrote is told so; a delivery report is answered 503."""
        if isinstance(error, HTTPException):
            return error
        watching.broken(door.metrics, request.path, error, where(error), "")
        return ("", 503) if request.endpoint == "texts.status" else _answer(BROKEN)

    @texts.post("/text")
    def received() -> Response:
        """A patient has written."""
        take = partial(texted.receive, door.line, parse.text(request.form), door.line.clock())
        return _answer(door.breaker.run(take))

    @texts.post("/text/status")
    def status() -> tuple[str, int]:
        """The carrier tells what became of a text."""
        sid, reported = parse.sid(request.form, "MessageSid"), parse.word(request.form.get("MessageStatus", ""))
        error, text_id = parse.word(request.form.get("ErrorCode", "")), parse.row_id(request.args.get("t"))
        note = partial(texting.note_delivery, door.line, text_id, sid, reported, error, door.line.clock())
        door.breaker.run(note)
        return "", 204

    return texts


def _answer(body: str) -> Response:
    response = MessagingResponse()
    if body:
        response.message(body)
    return twiml_response(str(response))
