"""The studio: where admins write, record, approve and publish what callers hear. Its pages are part of the console."""

from __future__ import annotations

from flask import Blueprint, Response, request

from ivr.services.line import Line
from ivr.services.prompts.exchange import LARGEST_ZIP
from ivr.services.prompts.versions import LARGEST_TAKE
from ivr.studio import overview, page, sounds

STUDIO = "/studio"

FORM_BYTES = 100_000
"""What a form has beside its file."""

ROOM_FOR = {"studio.add_take": LARGEST_TAKE + FORM_BYTES, "studio.import_language": LARGEST_ZIP + FORM_BYTES}
"""Bytes of a request, for the addresses that take files."""


def create_studio(line: Line) -> Blueprint:
    """The studio's pages; all below /studio/."""
    studio = Blueprint("studio", __name__, url_prefix=STUDIO)
    for family in (overview, page, sounds):
        family.add_routes(studio, line)

    @studio.url_value_preprocessor
    def make_room(endpoint: str | None, _: object) -> None:
        """Files may be larger than forms; this is settled before anything reads the request."""
        if endpoint in ROOM_FOR:
            request.max_content_length = ROOM_FOR[endpoint]

    @studio.after_request
    def allow_microphone(response: Response) -> Response:
        """Only here may a page of ours listen."""
        response.headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(self), payment=(), usb=()"
        return response

    return studio
