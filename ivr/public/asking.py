"""The questions, a page each: any of them can be gone back to, and changed, until the form is sent."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from ivr.config import Config
from ivr.public import form as form_steps
from ivr.public import keeping, reading, told_back
from ivr.public.form import CHECK, NAME, NUMBER, SPEAK, TOLD, URGENT, Form, chosen, notices_before, steps
from ivr.public.pages import here, page, speak
from ivr.public.words import Words
from ivr.services.line import Line
from ivr.services.numbers import written
from ivr.services.requests.online import LONGEST_LANGUAGE, LONGEST_TOLD

BEGAN = "began"
"""In the address after the first answer: if the browser has kept nothing then, it never will."""

TEMPLATES = {
    NUMBER: "number.html",
    reading.BIRTH_DATE: "birth_date.html",
    NAME: "name.html",
    SPEAK: "speak.html",
    TOLD: "told.html",
    URGENT: "urgent.html",
}
"""The pages that are more than a choice."""


def add_routes(public: Blueprint, line: Line, config: Config) -> None:
    """Add the questions' page, for each step an address."""

    @public.get("/request/<language>/<step>")
    def question(language: str, step: str) -> ResponseReturnValue:
        words, form = speak(language), current()
        path = steps(line.tree, form)
        if step not in path:
            if BEGAN in request.args and not form.token:
                return page("error.html", reason="no_cookies"), 400
            return go_to(language, path[-1])
        return _show(line, words, form, step, typed(line, form, step))

    @public.post("/request/<language>/<step>")
    def answer(language: str, step: str) -> ResponseReturnValue:
        words, form = speak(language), current()
        if step not in steps(line.tree, form) or step == CHECK:
            return go_to(language, steps(line.tree, form)[-1])
        sent = request.form
        today = line.calendar.today(line.clock())
        asking = reading.Asking(line, tuple(here().words), today)
        try:
            changed = reading.read(asking, form, step, sent)
            keeping.keep(changed)
        except reading.WrongAnswer as wrong:
            return _show(line, words, form, step, sent, wrong), 422
        except keeping.TooLong:
            return _show(line, words, form, step, sent, reading.WrongAnswer(step, "wrong.all_long")), 422
        return go_to(language, steps(line.tree, changed)[-1], began=not form.token)


def current() -> Form:
    """The form that is being filled in; one that was sent is done with, and the next begins empty."""
    form = keeping.read_form()
    return Form() if form.sent else form


def address_of(language: str, step: str) -> str:
    """A step's page, which is known by its name; the last one is `sending`'s."""
    return url_for("public.question", language=language, step=step)


def go_to(language: str, step: str, *, began: bool = False) -> ResponseReturnValue:
    """On to a step's page."""
    where = address_of(language, step)
    return redirect(f"{where}?{BEGAN}=1" if began else where, 303)


def _show(
    line: Line,
    words: Words,
    form: Form,
    step: str,
    values: Mapping[str, str],
    wrong: reading.WrongAnswer | None = None,
) -> str:
    """The page of a step with what was typed, and what is wrong with it."""
    path = steps(line.tree, form)
    place = path.index(step)
    before = path[place - 1] if place else None
    back = address_of(words.language, before) if before else None
    return page(
        TEMPLATES.get(step, "choice.html"),
        step=step,
        back=back or url_for("public.start", language=words.language),
        options=told_back.options(line.tree, words, step),
        values=values,
        wrong=wrong,
        notices=[f"notice.{name}" for name in notices_before(line.tree, step) if f"notice.{name}" in words],
        reads_back=written(form.draft.callback_number or "") if before == NUMBER else "",
        is_for_someone_else=form.for_someone_else,
        is_open=line.calendar.is_open(line.clock()) if step == URGENT else None,
        longest={"told": LONGEST_TOLD, "language": LONGEST_LANGUAGE},
        parts=reading.PARTS,
    )


def typed(line: Line, form: Form, step: str) -> Mapping[str, str]:
    """What a page's inputs show of an answer that was given before."""
    yes = {True: reading.YES, False: reading.NO, None: ""}
    match step:
        case form_steps.NUMBER:
            return {"number": written(form.draft.callback_number or "")}
        case reading.BIRTH_DATE:
            return dict(zip(("year", "month", "day"), (form.draft.birth_date or "--").split("-"), strict=True))
        case form_steps.WHOM:
            return {"answer": yes[form.for_someone_else]}
        case form_steps.NAME:
            return {"name": form.name}
        case form_steps.SPEAK:
            kept = {"speaks": form.speaks, "interpreter": yes[form.needs_interpreter]}
            return {**kept, "interpreter_language": form.interpreter_language}
        case form_steps.TOLD:
            return {"told": form.told}
        case _:
            picked = chosen(line.tree, form, step)
            return {"answer": picked.key if picked else ""}
