"""The end of a form: "check your answers", the one moment at which something is saved, and what became of it."""

from __future__ import annotations

import structlog
from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from ivr.config import Config
from ivr.public import keeping, told_back
from ivr.public.asking import address_of, current, go_to
from ivr.public.form import CHECK, SPEAK, URGENT, WHOM, Form, steps, told
from ivr.public.limiting import ADDRESS, PROOF, caps
from ivr.public.pages import here, page, speak
from ivr.public.proof_of_work import FIELD, WrongProof, check_proof, new_challenge
from ivr.public.words import Words
from ivr.services.line import Line
from ivr.services.requests.online import OnlineRequest, TooManyRequests, find_online, save_online

log = structlog.get_logger(__name__)


def add_routes(public: Blueprint, line: Line, config: Config) -> None:
    """Add the last two pages."""

    @public.get("/request/<language>/check")
    def check(language: str) -> ResponseReturnValue:
        words, form = speak(language), current()
        path = steps(line.tree, form)
        if path[-1] != CHECK:
            return go_to(language, path[-1])
        return _last_page("check.html", line, words, form, back=address_of(language, path[-2]))

    @public.post("/request/<language>/check")
    def send(language: str) -> ResponseReturnValue:
        words = speak(language)
        if keeping.read_form().sent:
            return redirect(url_for("public.sent", language=language), 303)
        form = current()
        last = steps(line.tree, form)[-1]
        if last != CHECK:
            return go_to(language, last)
        try:
            _save(line, _online(line, form, language))
        except TooManyRequests as refused:
            return _refused(line, words, form, refused), 429
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


def _save(line: Line, online: OnlineRequest) -> None:
    """Save it, unless that was done before, or there is no room; whoever fills the counts is saved when they are read.

    Raises:
        TooManyRequests: when it is one too many, no proof lifts that, and it is not saved.
    """
    number, now = online.draft.callback_number or "", line.clock()
    full, proof = caps().too_many_of(number), ""
    if full and find_online(line, online.token, now) is None:
        if full != ADDRESS:
            raise TooManyRequests(full)
        proof = check_proof(here().config.secret_key, online.token, request.form.get(FIELD), now)
    save_online(line, online, now, lambda session: caps().count(session, number, proof))


def _refused(line: Line, words: Words, form: Form, refused: TooManyRequests) -> str:
    """The page for what is not saved: what can be done about it, with the answers, or whom to call."""
    why = str(refused)
    if why not in {ADDRESS, PROOF} and not isinstance(refused, WrongProof):
        log.warning("request_online_refused", too_many_of=why)
        return page("error.html", reason="too_many")
    log.info("request_online_proof_asked", reason=why)
    return _last_page(
        "proof.html",
        line,
        words,
        form,
        back=address_of(words.language, CHECK),
        wrong=why if f"proof.{why}" in words else "",
        challenge=new_challenge(here().config.secret_key, form.token, line.clock()),
    )


def _last_page(template: str, line: Line, words: Words, form: Form, **values: object) -> str:
    """A page with all answers, from which the form can be sent."""
    names = {one.language: one.name for one in here().words.values()}
    return page(
        template,
        answers=list(told_back.answers(line.tree, words, form, names)),
        is_urgent=URGENT in form.answered and told(line.tree, form).red_flags,
        **values,
    )


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
