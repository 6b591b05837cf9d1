"""The studio: where admins write, record, approve and publish what callers hear. Its pages are part of the console."""

from __future__ import annotations

from flask import Blueprint, Response

from ivr.console import words
from ivr.console.access import HEADERS
from ivr.services.line import Line
from ivr.studio import clips, overview, page, session, sounds, waiting, zips

STUDIO = "/studio"


def create_studio(line: Line) -> Blueprint:
    """The studio's pages; all below /studio/."""
    studio = Blueprint("studio", __name__, url_prefix=STUDIO)
    for family in (clips, overview, page, session, sounds, waiting, zips):
        family.add_routes(studio, line)
    studio.context_processor(lambda: {"language_name": words.language})

    @studio.after_request
    def allow_recording(response: Response) -> Response:
        """Only here may a page of ours listen, and play what it has recorded itself."""
        response.headers["Content-Security-Policy"] = f"{HEADERS['Content-Security-Policy']}; media-src 'self' blob:"
        response.headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(self), payment=(), usb=()"
        return response

    return studio
