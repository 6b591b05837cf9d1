"""The page behind the link in a text: a button first, then the request's state, and what its patient may change.

Programs that scan messages open every link in them, so opening one shows nothing and changes nothing. What the button
sends is answered in place: no address but the link itself ever names a request, and the link names nobody.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from functools import partial

from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue

from ivr.callflow.answers import BestTime
from ivr.config import Config
from ivr.forms import choice_or_none
from ivr.public import told_back
from ivr.public.pages import asked_for, here, page, speak
from ivr.public.reading import without_marks
from ivr.public.words import Words
from ivr.services.line import Line
from ivr.services.requests import by_link
from ivr.services.requests.by_link import Behind

ADDRESS = "/r"
LONGEST_SECRET = 64


def add_routes(public: Blueprint, line: Line, config: Config) -> None:
    """Add the page."""

    @public.get("/r/<secret>")
    def link(secret: str) -> ResponseReturnValue:
        language = by_link.leads_to(line, secret[:LONGEST_SECRET], line.clock())
        if language is None:
            abort(404)
        _speak(language)
        return page("link.html")

    @public.post("/r/<secret>")
    def link_used(secret: str) -> ResponseReturnValue:
        shown = _done(line, secret[:LONGEST_SECRET])
        if shown is None:
            abort(404)
        unsent = _unsent()
        words = _speak(unsent or shown.language)
        if request.form.get("do") == "ask" and shown.is_open:
            return page("link_cancel.html", unsent=unsent)
        return page(
            "link_open.html",
            one=shown,
            done=_what(shown),
            promise=told_back.promise_words(words, shown.promise),
            times=list(BestTime),
            once=secrets.token_hex(16),
            longest=by_link.LONGEST,
            unsent=unsent,
        )


def _done(line: Line, secret: str) -> Behind | None:
    """Do what the form asks for; whatever it does not ask for rightly is a look."""
    form, now = request.form, line.clock()
    best_time, once = choice_or_none(BestTime, form.get("best_time")), form.get("once", "")
    actions: Mapping[str, Callable[[], Behind | None]] = {
        "sentence": partial(by_link.add_sentence, line, secret, now, _sentence(), once[:32]),
        "cancel": partial(by_link.cancel, line, secret, now),
    }
    if best_time is not None:
        actions = {**actions, "time": partial(by_link.change_time, line, secret, now, best_time)}
    return actions.get(form.get("do", ""), partial(by_link.look, line, secret, now))()


def _what(shown: Behind) -> str:
    """What is told above the state: what was done, where it was."""
    asked = request.form.get("do", "")
    if asked == "cancel" and shown.is_cancelled:
        return "cancelled"
    if asked == "time" and shown.is_open and shown.best_time == request.form.get("best_time"):
        return "time_changed"
    return "sentence_added" if asked == "sentence" and shown.is_open and _sentence().strip() else ""


def _sentence() -> str:
    return without_marks(request.form.get("sentence", ""))


def _unsent() -> str:
    """The language of a new request that is half filled in, where its patient came from there; '' elsewhere."""
    language = request.form.get("unsent", "")
    return language if language in here().words else ""


def _speak(language: str) -> Words:
    """The patient's language, or where these pages do not have it, one that the browser asks for."""
    return speak(language if language in here().words else asked_for())
