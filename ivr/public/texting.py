"""The question about texts, below "your request is saved"; the answer leads back to that page."""

from __future__ import annotations

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from ivr.config import Config
from ivr.public import keeping
from ivr.public.pages import speak
from ivr.services.line import Line
from ivr.services.requests import online_consent


def add_routes(public: Blueprint, line: Line, config: Config) -> None:
    """Add the answer, and let the page know whether to ask, or else what was answered."""

    @public.app_context_processor
    def asking() -> dict[str, object]:
        return {
            "asks_texts": lambda: online_consent.is_asked(line, keeping.read_form().token),
            "texts_answered": lambda: online_consent.answered(line, keeping.read_form().token),
        }

    @public.post("/request/<language>/texts")
    def texts(language: str) -> ResponseReturnValue:
        words, form = speak(language), keeping.read_form()
        given = request.form.get("answer", "")
        if form.sent and given in ("yes", "no"):
            asked = words("sent.texts_question")
            online_consent.answer(line, form.token, given == "yes", asked, language, line.clock())
        return redirect(url_for("public.sent", language=language), 303)
