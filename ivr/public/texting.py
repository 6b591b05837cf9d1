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
    """Add the answer, and let the page know what became of the question."""

    @public.app_context_processor
    def asking() -> dict[str, object]:
        return {"question_about_texts": lambda: online_consent.question_about(line, keeping.read_form().token)}

    @public.post("/request/<language>/texts")
    def texts(language: str) -> ResponseReturnValue:
        words, form = speak(language), keeping.read_form()
        given = request.form.get("answer", "")
        if form.sent and given in ("yes", "no"):
            asked = words("sent.texts_question")
            online_consent.answer(line, form.token, given == "yes", asked, language, line.clock())
        return redirect(url_for("public.sent", language=language), 303)
