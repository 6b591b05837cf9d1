"""Audio for the carrier: prompts by content address for ever, a caller's own recording for a few minutes."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import structlog
from flask import Blueprint, Response, abort, request, send_file
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.exceptions import HTTPException

YEAR = 365 * 24 * 60 * 60
UTTERANCE_SECONDS = 15 * 60
MESSAGE_SECONDS = 5 * 60
CACHED_CLIPS = 256
"""Clips kept in memory by each web worker: about 8 MB."""

log = structlog.get_logger(__name__)

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Signers:
    """What makes the addresses of recordings unguessable: of a caller's own, and of messages for staff."""

    utterance: URLSafeTimedSerializer
    message: URLSafeTimedSerializer

    @classmethod
    def of(cls, secret_key: str) -> Signers:
        """The signers of a deployment; an address of one kind is none of the other."""
        return cls(
            URLSafeTimedSerializer(secret_key, salt="utterance"), URLSafeTimedSerializer(secret_key, salt="message")
        )

    def sign_recording(self, recording_sid: str, language: str) -> str:
        """The unguessable part of a caller's own recording's address."""
        return str(self.utterance.dumps([recording_sid, language]))

    def sign_message(self, recording_id: int, staff_id: int, language: str) -> str:
        """The unguessable part of a patient's message's address, for one member of the staff."""
        return str(self.message.dumps([recording_id, staff_id, language]))


def _found_by(read: Callable[[str], bytes | None]) -> Callable[[str], bytes]:
    """The same, raising LookupError for a clip that is not there, which is then not kept among those that are."""

    def found(sha256: str) -> bytes:
        data = read(sha256)
        if data is None:
            raise LookupError(sha256)
        return data

    return found


def create_blueprint(
    read_prompt: Callable[[str], bytes | None],
    fetch_recording: Callable[[str], bytes | None],
    read_unplayable: Callable[[str], bytes | None],
    hear_message: Callable[[int, int], bytes | None],
    signers: Signers,
) -> Blueprint:
    """The public media addresses; `read_unplayable` gives, by language, the prompt for a recording not to be had.

    `hear_message` gives a patient's message, by its recording's id, to a member of the staff, by theirs.
    """
    media = Blueprint("media", __name__, url_prefix="/media")
    cached = lru_cache(maxsize=CACHED_CLIPS)(_found_by(read_prompt))

    @media.errorhandler(Exception)
    def broken(error: Exception) -> HTTPException | tuple[str, int]:
        """Whatever broke is told to the carrier, so that its own error log shows it; ours has no personal data."""
        if isinstance(error, HTTPException):
            return error
        log.error("media_failed", endpoint=request.endpoint, error=type(error).__name__)
        return "", 503

    @media.get("/prompts/<sha256>.wav")
    def prompt(sha256: str) -> Response:
        """A prompt's audio: immutable, with ETag and range requests."""
        try:
            data = cached(sha256) if _SHA256.fullmatch(sha256) else abort(404)
        except LookupError:
            abort(404)
        response = send_file(io.BytesIO(data), mimetype="audio/wav", conditional=True, etag=sha256, max_age=YEAR)
        response.cache_control.public = True
        response.cache_control.immutable = True
        return response

    @media.get("/utterances/<token>.wav")
    def utterance(token: str) -> Response:
        """What a caller has just recorded, played back to that caller; when it is not to be had, a prompt says so."""
        try:
            recording_sid, language = signers.utterance.loads(token, max_age=UTTERANCE_SECONDS)
        except (BadSignature, ValueError):
            abort(404)
        data = fetch_recording(recording_sid) or read_unplayable(language)
        if data is None:
            abort(404)
        return Response(data, mimetype="audio/wav", headers={"Cache-Control": "no-store"})

    @media.get("/messages/<token>.wav")
    def message(token: str) -> Response:
        """What a patient had recorded, for a member of the staff on the phone; each time it is asked for is noted."""
        try:
            recording_id, staff_id, language = signers.message.loads(token, max_age=MESSAGE_SECONDS)
        except (BadSignature, ValueError):
            abort(404)
        data = hear_message(recording_id, staff_id) or read_unplayable(language)
        if data is None:
            abort(404)
        return Response(data, mimetype="audio/wav", headers={"Cache-Control": "no-store"})

    return media
