"""What a page's form sent, read into the answers; what is wrong is told as words of the page, beside what was typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date

import phonenumbers

from ivr.callflow.entries import as_birth_date
from ivr.public.form import CHECK, NAME, NUMBER, SPEAK, TOLD, URGENT, WHOM, Form, choices, choose
from ivr.services.line import Line
from ivr.services.numbers import WITHHELD, dialable
from ivr.services.requests.naming import LONGEST_NAME
from ivr.services.requests.online import LONGEST_LANGUAGE, LONGEST_TOLD

Sent = Mapping[str, str]

BIRTH_DATE = "birth_date"
PARTS = ("month", "day", "year")
YES, NO = "yes", "no"

DIRECTION_MARKS = dict.fromkeys((0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)))
"""Characters that cannot be seen and turn the order of what stands beside them, on the pages of staff too."""


class WrongAnswer(ValueError):
    """An answer cannot be taken: `field` is the input to look at, `words` the text that says what to do."""

    def __init__(self, field: str, words: str) -> None:
        super().__init__(words)
        self.field, self.words = field, words


@dataclass(frozen=True, slots=True)
class Asking:
    """What reading an answer needs to know."""

    line: Line
    languages: tuple[str, ...]
    today: date


def read(asking: Asking, form: Form, step: str, sent: Sent) -> Form:
    """The form with what was sent for a step.

    Raises:
        WrongAnswer: when it is no answer.
    """
    if reader := READERS.get(step):
        return reader(asking, form, sent).answer(step)
    if step in {URGENT, CHECK}:
        return form.answer(step)
    picked = sent.get("answer", "")
    choice = next((one for one in choices(asking.line.tree, step) if one.key == picked), None)
    if choice is None:
        raise WrongAnswer("answer", "wrong.choose")
    return choose(form, step, choice)


def _number(asking: Asking, form: Form, sent: Sent) -> Form:
    text = sent.get("number", "").strip()
    if not text:
        raise WrongAnswer("number", "wrong.number_missing")
    try:
        parsed = phonenumbers.parse(text[:60], "US")
    except phonenumbers.NumberParseException:
        raise WrongAnswer("number", "wrong.number") from None
    if parsed.country_code != 1:
        raise WrongAnswer("number", "wrong.number_abroad")
    number = dialable(str(parsed.national_number)) if not parsed.extension else None
    if number is None or number in WITHHELD or number in asking.line.own_numbers:
        raise WrongAnswer("number", "wrong.number")
    return replace(form, draft=replace(form.draft, callback_number=number))


def _birth_date(asking: Asking, form: Form, sent: Sent) -> Form:
    """Month, day and year; nothing at all skips it, as # does on the phone."""
    month, day, year = (sent.get(part, "").strip() for part in PARTS)
    if not (month or day or year):
        return replace(form, draft=replace(form.draft, birth_date=None))
    for part, text, most in (("month", month, 2), ("day", day, 2), ("year", year, 4)):
        if not (text.isascii() and text.isdecimal() and len(text) <= most):
            raise WrongAnswer(part, f"wrong.birth_date_{part}")
    if not 1 <= int(month) <= 12:
        raise WrongAnswer("month", "wrong.birth_date_month")
    if len(year) != 4:
        raise WrongAnswer("year", "wrong.birth_date_year")
    born = as_birth_date(f"{month:>02}{day:>02}{year}", asking.today)
    if born is None:
        is_year = not asking.today.year - 120 <= int(year) <= asking.today.year
        raise WrongAnswer("year" if is_year else "day", f"wrong.birth_date_{'year' if is_year else 'day'}")
    return replace(form, draft=replace(form.draft, birth_date=born))


def without_marks(text: str) -> str:
    """What somebody typed, without characters that turn the order of others."""
    return text.translate(DIRECTION_MARKS)


def _whom(_: Asking, form: Form, sent: Sent) -> Form:
    return replace(form, for_someone_else=_yes(sent, "answer"))


def _name(_: Asking, form: Form, sent: Sent) -> Form:
    name = " ".join(without_marks(sent.get("name", "")).split())
    if len(name) > LONGEST_NAME:
        raise WrongAnswer("name", "wrong.name_long")
    if not name:
        raise WrongAnswer("name", "wrong.name_missing")
    return replace(form, name=name)


def _speak(asking: Asking, form: Form, sent: Sent) -> Form:
    speaks = sent.get("speaks", "") if len(asking.languages) > 1 else asking.languages[0]
    if speaks not in asking.languages:
        raise WrongAnswer("speaks", "wrong.choose")
    needs = _yes(sent, "interpreter")
    language = " ".join(without_marks(sent.get("interpreter_language", "")).split()) if needs else ""
    if len(language) > LONGEST_LANGUAGE:
        raise WrongAnswer("interpreter_language", "wrong.language_long")
    return replace(form, speaks=speaks, needs_interpreter=needs, interpreter_language=language)


def _told(_: Asking, form: Form, sent: Sent) -> Form:
    text = without_marks(sent.get("told", "")).replace("\r\n", "\n").strip()
    if len(text) > LONGEST_TOLD:
        raise WrongAnswer("told", "wrong.told_long")
    return replace(form, told=text)


def _yes(sent: Sent, field: str) -> bool:
    picked = sent.get(field, "")
    if picked not in {YES, NO}:
        raise WrongAnswer(field, "wrong.choose")
    return picked == YES


READERS: Mapping[str, Callable[[Asking, Form, Sent], Form]] = {
    NUMBER: _number,
    BIRTH_DATE: _birth_date,
    WHOM: _whom,
    NAME: _name,
    SPEAK: _speak,
    TOLD: _told,
}
"""The steps that are more than a choice of the tree's menus."""
