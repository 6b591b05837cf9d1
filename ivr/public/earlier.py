"""Whoever may have asked before can see that request: a code by text shows that the number is theirs.

These pages are the same, and do the same, whether the number has a request or not. What was typed for the new one is
kept, and it can be gone on with from each of them.
"""

from __future__ import annotations

import re
from functools import partial

import structlog
from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from ivr.config import Config
from ivr.public.asking import address_of, current
from ivr.public.form import NUMBER, Form, steps
from ivr.public.limiting import caps
from ivr.public.pages import page, speak
from ivr.public.reading import WrongAnswer
from ivr.services.line import Line
from ivr.services.numbers import written
from ivr.services.requests import proving
from ivr.services.requests.codes import DIGITS
from ivr.services.requests.online import TooManyRequests

CODE = "code"
_NOT_TYPED, _SIX = re.compile(r"[\s-]"), re.compile(f"[0-9]{{{DIGITS}}}")

log = structlog.get_logger(__name__)


def add_routes(public: Blueprint, line: Line, config: Config) -> None:
    """Add the page that offers a code, and the one that takes it; both are there only where texts are on."""

    @public.app_context_processor
    def offering() -> dict[str, object]:
        return {"offers_codes": line.texts is not None}

    @public.get("/request/<language>/earlier")
    def earlier(language: str) -> ResponseReturnValue:
        _, number = _opened(line, language)
        return _offer(language, number)

    @public.post("/request/<language>/earlier")
    def ask_for_code(language: str) -> ResponseReturnValue:
        form, number = _opened(line, language)
        try:
            proving.ask_for_code(line, form.token, number, line.clock(), partial(caps().count_code, number=number))
        except TooManyRequests as refused:
            log.warning("code_refused", too_many_of=str(refused))
            return _offer(language, number, refused=True), 429
        return redirect(url_for("public.code", language=language), 303)

    @public.get("/request/<language>/code")
    def code(language: str) -> ResponseReturnValue:
        form, number = _opened(line, language)
        if not proving.is_code_asked(line, form.token, number):
            return redirect(url_for("public.earlier", language=language), 303)
        return _ask(language, number)

    @public.post("/request/<language>/code")
    def prove(language: str) -> ResponseReturnValue:
        form, number = _opened(line, language)
        if not proving.is_code_asked(line, form.token, number):
            return redirect(url_for("public.earlier", language=language), 303)
        digits = _NOT_TYPED.sub("", request.form.get("code", ""))
        if not _SIX.fullmatch(digits):
            return _ask(language, number, WrongAnswer(CODE, "wrong.code_digits")), 422
        secret = proving.prove(line, form.token, number, digits, line.clock())
        if secret is None:
            return _ask(language, number, WrongAnswer(CODE, "wrong.code")), 422
        return redirect(url_for("public.link_used", secret=secret), 307)  # a POST again: the button was pressed already


def _opened(line: Line, language: str) -> tuple[Form, str]:
    """The form that is being filled in, and its number; without one, back to the question that is to be answered.

    The page is in this language. 404 where texts are off.
    """
    speak(language)
    if line.texts is None:
        abort(404)
    form = current()
    if NUMBER not in form.answered or not form.draft.callback_number:
        abort(redirect(address_of(language, steps(line.tree, form)[-1]), 303))
    return form, form.draft.callback_number


def _offer(language: str, number: str, *, refused: bool = False) -> str:
    return page("earlier.html", number=written(number), new=_new(language), refused=refused)


def _ask(language: str, number: str, wrong: WrongAnswer | None = None) -> str:
    back = url_for("public.earlier", language=language)
    return page("code.html", step=CODE, number=written(number), back=back, new=_new(language), wrong=wrong)


def _new(language: str) -> str:
    """Where the new request goes on: the last page leads to the first question that is not answered."""
    return url_for("public.check", language=language)
