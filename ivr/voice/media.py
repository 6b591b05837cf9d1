"""Audio for the carrier: prompts by content address for ever, a caller's own recording for a few minutes."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from functools import lru_cache

import structlog
from flask import Blueprint, Response, abort, request, send_file
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.exceptions import HTTPException

YEAR = 365 * 24 * 60 * 60
UTTERANCE_SECONDS = 15 * 60
CACHED_CLIPS = 256
"""Clips kept in memory by each web worker: about 8 MB."""

log = structlog.get_logger(__name__)

_SHA256 = re.compile(r"[0-9a-f]{64}")


def create_blueprint(
    read_prompt: Callable[[str], bytes | None],
    fetch_recording: Callable[[str], bytes | None],
    read_unplayable: Callable[[str], bytes | None],
    signer: URLSafeTimedSerializer,
) -> Blueprint:
    """The public media addresses; `read_unplayable` gives, by language, the prompt for a recording not to be had."""
    media = Blueprint("media", __name__, url_prefix="/media")
    cached = lru_cache(maxsize=CACHED_CLIPS)(read_prompt)

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
        data = cached(sha256) if _SHA256.fullmatch(sha256) else None
        if data is None:
            abort(404)
        response = send_file(io.BytesIO(data), mimetype="audio/wav", conditional=True, etag=sha256, max_age=YEAR)
        response.cache_control.public = True
        response.cache_control.immutable = True
        return response

    @media.get("/utterances/<token>.wav")
    def utterance(token: str) -> Response:
        """What a caller has just recorded, played back to that caller; when it is not to be had, a prompt says so."""
        try:
            recording_sid, language = signer.loads(token, max_age=UTTERANCE_SECONDS)
        except (BadSignature, ValueError):
            abort(404)
        data = fetch_recording(recording_sid) or read_unplayable(language)
        if data is None:
            abort(404)
        return Response(data, mimetype="audio/wav", headers={"Cache-Control": "no-store"})

    return media
