"""The end of a form: "check your answers", the one moment at which something is saved, and what became of it."""

from __future__ import annotations

from flask import Blueprint, current_app, redirect, url_for
from flask.typing import ResponseReturnValue

from ivr.config import Config
from ivr.public import keeping, told_back
from ivr.public.asking import current
from ivr.public.form import CHECK, SPEAK, URGENT, WHOM, Form, steps, told
from ivr.public.limiting import Caps
from ivr.public.pages import here, page, speak
from ivr.services.line import Line
from ivr.services.requests.online import OnlineRequest, find_online, save_online


def add_routes(public: Blueprint, line: Line, config: Config) -> None:
    """Add the last two pages."""

    @public.get("/request/<language>/check")
    def check(language: str) -> ResponseReturnValue:
        words, form = speak(language), current()
        last = steps(line.tree, form)[-1]
        if last != CHECK:
            return _to(language, last)
        names = {one.language: one.name for one in here().words.values()}
        return page(
            "check.html",
            answers=list(told_back.answers(line.tree, words, form, names)),
            is_urgent=URGENT in form.answered and told(line.tree, form).red_flags,
            back=_address(language, steps(line.tree, form)[-2]),
        )

    @public.post("/request/<language>/check")
    def send(language: str) -> ResponseReturnValue:
        speak(language)
        if keeping.read_form().sent:
            return redirect(url_for("public.sent", language=language), 303)
        form = current()
        last = steps(line.tree, form)[-1]
        if last != CHECK:
            return _to(language, last)
        online = _online(line, form, language)
        if find_online(line, form.token, line.clock()) is None:
            if not caps().allow(online.draft.callback_number or ""):
                return page("error.html", reason="too_many"), 429
            save_online(line, online, line.clock())
        keeping.keep(Form(token=form.token, begun_at=form.begun_at, sent=True))
        return redirect(url_for("public.sent", language=language), 303)

    @public.get("/request/<language>/sent")
    def sent(language: str) -> ResponseReturnValue:
        words, form = speak(language), keeping.read_form()
        saved = find_online(line, form.token, line.clock()) if form.sent else None
        if saved is None:
            return redirect(url_for("public.start", language=language), 303)
        return page(
            "sent.html", reference=saved.reference, promise=told_back.promise_words(words, saved.promise), form=form
        )


def caps() -> Caps:
    """Those of the application that answers this request."""
    found: Caps = current_app.extensions["public_caps"]
    return found


def _online(line: Line, form: Form, language: str) -> OnlineRequest:
    """What is saved: the answers of the way that the form came, and none of a way that was left again."""
    path = steps(line.tree, form)
    asked = SPEAK in path
    return OnlineRequest(
        token=form.token,
        language=form.speaks if asked and form.speaks in here().words else language,
        draft=told(line.tree, form),
        name=form.name,
        told=form.told,
        for_someone_else=form.for_someone_else if WHOM in path else None,
        needs_interpreter=form.needs_interpreter if asked else None,
        interpreter_language=form.interpreter_language if asked else "",
    )


def _address(language: str, step: str) -> str:
    return url_for("public.question", language=language, step=step)


def _to(language: str, step: str) -> ResponseReturnValue:
    return redirect(_address(language, step), 303)
