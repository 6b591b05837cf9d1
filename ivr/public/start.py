"""Where a request online begins: what to do in an emergency, the languages, and what will be asked."""

from __future__ import annotations

from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue

from ivr.config import Config
from ivr.public.pages import asked_for, page, speak
from ivr.services.line import Line


def add_routes(public: Blueprint, line: Line, config: Config) -> None:
    """Add the first page, in each language."""

    @public.get("/request", strict_slashes=False)
    def request_online() -> ResponseReturnValue:
        return redirect(url_for("public.start", language=asked_for()))

    @public.get("/request/<language>")
    def start(language: str) -> ResponseReturnValue:
        speak(language)
        return page("start.html")
