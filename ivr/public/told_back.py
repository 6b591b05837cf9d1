"""Answers, promises and times in the words of a page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from ivr.callflow.answers import Weekday
from ivr.callflow.facts import Promise
from ivr.callflow.nodes import Choice, Tree
from ivr.callflow.speaking import A_WEEK
from ivr.public.form import CHECK, NAME, NUMBER, SPEAK, TOLD, URGENT, WHOM, Form, choices, chosen, steps
from ivr.public.reading import BIRTH_DATE, NO, YES
from ivr.public.words import Words
from ivr.services.numbers import written


@dataclass(frozen=True, slots=True)
class Told:
    """A line of "check your answers": the step, its short name, and what was answered; '' for nothing."""

    step: str
    name: str
    answer: str


def options(tree: Tree, words: Words, step: str) -> Sequence[tuple[str, str]]:
    """What can be chosen at a step: what a form sends, and the words for it."""
    if step == WHOM:
        return ((NO, words("option.whom_self")), (YES, words("option.whom_other")))
    return tuple((choice.key, words(f"option.{_name(choice)}")) for choice in choices(tree, step))


def answers(tree: Tree, words: Words, form: Form, names: Mapping[str, str]) -> Iterator[Told]:
    """All that was answered, in the order of the pages; `names` are the languages' own, by locale."""
    for step in steps(tree, form):
        if step == SPEAK:
            yield Told(step, words(f"short.{step}"), _spoken(words, form, names.get(form.speaks, "")))
        elif step not in {CHECK, URGENT}:
            yield Told(step, words(f"short.{step}"), _answer(tree, words, form, step))


def promise_words(words: Words, promise: Promise | None) -> str:
    """When staff will call, as a sentence; '' when nothing is promised."""
    sentence = _promise(words, promise) if promise else ""
    return sentence.removesuffix(".") if sentence.endswith("..") else sentence  # "by 8:30 a.m." ends with one already


def _promise(words: Words, promise: Promise) -> str:
    if promise.on_call or promise.minutes is not None:
        return words("promise.on_call" if promise.on_call else "promise.minutes")
    time = _time(words, promise.by.hour, promise.by.minute)
    if promise.days_ahead <= 1:
        day = "tomorrow" if promise.days_ahead else "today"
        return words(f"promise.{day}{f'_{promise.half}' if promise.half else ''}", time=time)
    weekday = words(f"option.{list(Weekday)[promise.by.weekday()]}") if promise.by.weekday() < 5 else ""
    on = words("date.weekday", weekday=weekday, date=_date(words, promise.by.date()))
    return words("promise.on", date=on if promise.days_ahead >= A_WEEK else weekday, time=time)


def _answer(tree: Tree, words: Words, form: Form, step: str) -> str:
    given = {
        NUMBER: written(form.draft.callback_number or ""),
        WHOM: words("option.whom_other" if form.for_someone_else else "option.whom_self"),
        NAME: form.name,
        TOLD: form.told,
        BIRTH_DATE: _born(words, form.draft.birth_date),
    }
    if step in given:
        return given[step] or words("check.nothing" if step == TOLD else "check.not_given")
    choice = chosen(tree, form, step)
    return words(f"option.{_name(choice)}") if choice else words("check.not_given")


def _born(words: Words, born: str | None) -> str:
    return words("date.full", date=_date(words, date.fromisoformat(born)), year=born[:4]) if born else ""


def _spoken(words: Words, form: Form, name: str) -> str:
    """The language to be called in, and whether an interpreter is needed for which."""
    if not form.needs_interpreter:
        return words("check.no_interpreter", language=name)
    wanted = form.interpreter_language
    if not wanted:
        return words("check.interpreter", language=name)
    return words("check.interpreter_for", language=name, wanted=wanted)


def _name(choice: Choice) -> str:
    """What the words of an option are called: as its prompt is, or as its answer is where one prompt tells them all."""
    if choice.kind:
        return f"ask_{choice.kind}"
    return choice.prompt or "_".join(str(value) for value in choice.answers.values())


def _time(words: Words, hour: int, minute: int) -> str:
    if (hour, minute) == (12, 0):
        return words("time.noon")
    half, hours = words("time.am" if hour < 12 else "time.pm"), (hour - 1) % 12 + 1
    return words("time.clock_one" if hours == 1 else "time.clock", hour=hours, minute=f"{minute:02d}", half=half)


def _date(words: Words, day: date) -> str:
    return words("date.day", month=words(f"month.m{day.month}"), day=day.day)
