"""What pages are sent, read with limits: a value that cannot be is refused with a sentence, or counts as not given.

Console, studio and telephone read their forms and addresses with this alone. The refusals say what to do, and stand in
the page beside what was typed. What is too long or not allowed for a use case, its service says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import StrEnum
from itertools import chain
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from flask import Flask, abort, request
from werkzeug.routing import IntegerConverter, Map

from ivr import limits

E = TypeVar("E", bound=StrEnum)

LARGEST_ID = 2**63 - 1
"""The largest id of a row that every database holds."""

YEARS = range(1900, 2200)
"""Years that a day or a moment in a form can lie in: far from where calendars of computers end."""

NO_TEXT = "\0"
"""The one character that PostgreSQL keeps in no text; nobody can type it."""

_NUMBER = re.compile("[0-9]{1,19}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_CLOCK = re.compile(r"(\d\d):(\d\d)", re.ASCII)


class FormError(ValueError):
    """A value that was sent cannot be; the message is a sentence that says what to do."""


class IdConverter(IntegerConverter):
    """An id in an address, such as `/requests/<id:request_id>`; what no row can have as its id is no page of ours."""

    regex = _NUMBER.pattern

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map, max=LARGEST_ID)


def setup(app: Flask) -> None:
    """Give an application's routes the converter `id`, limit what is sent, refuse what cannot be kept."""
    app.url_map.converters["id"] = IdConverter
    app.config.update(MAX_CONTENT_LENGTH=limits.FORM, MAX_FORM_MEMORY_SIZE=limits.FORM)
    app.url_value_preprocessor(_bound_what_is_sent)
    app.before_request(_refuse_what_cannot_be_kept)


def whole_number(text: str | None, largest: int = LARGEST_ID) -> int | None:
    """A number of at most 19 digits, not negative and at most `largest`; None for anything else."""
    number = int(text) if text and _NUMBER.fullmatch(text) else None
    return number if number is not None and number <= largest else None


def choice(kind: type[E], text: str | None, refusal: str) -> E:
    """A member of an enum by its value.

    Raises:
        FormError: with the words of `refusal`, when it is none.
    """
    chosen = choice_or_none(kind, text)
    if chosen is None:
        raise FormError(refusal)
    return chosen


def choice_or_none(kind: type[E], text: str | None) -> E | None:
    """A member of an enum by its value, or None."""
    return next((one for one in kind if one.value == text), None)


def day(text: str, refusal: str) -> date:
    """A date as a date field sends it, such as '2026-11-24'.

    Raises:
        FormError: with the words of `refusal`, when there is no such day, or not in our `YEARS`.
    """
    try:
        found = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        found = None
    if found is None or found.year not in YEARS:
        raise FormError(refusal)
    return found


def moment(text: str, zone: ZoneInfo, refusal: str) -> datetime | None:
    """A moment in UTC, as a field for a local time of the zone sends it ('2026-11-24T09:15'); None for an empty one.

    A time that clocks skip in spring counts on from the hour before; of one that they show twice in autumn it is the
    first.

    Raises:
        FormError: with the words of `refusal`, when there is no such time, or not in our `YEARS`.
    """
    if not text:
        return None
    try:
        local = datetime.fromisoformat(text) if _MOMENT.fullmatch(text) else None
    except ValueError:
        local = None
    if local is None or local.year not in YEARS:
        raise FormError(refusal)
    return local.replace(tzinfo=zone).astimezone(UTC)


def time_of_day(text: str) -> int:
    """Minutes after midnight of a time as a time field sends it, such as '08:30'.

    Raises:
        FormError: when it is none.
    """
    found = _CLOCK.fullmatch(text)
    if found is None:
        raise FormError("a time should look like 08:30.")
    hour, minute = int(found[1]), int(found[2])
    if hour > 23 or minute > 59:
        raise FormError(f"there is no such time as {text}.")
    return hour * 60 + minute


def time_field(minutes: int) -> str:
    """Minutes after midnight as a time field has them; the midnight that ends a day is its 00:00."""
    return f"{minutes // 60 % 24:02d}:{minutes % 60:02d}"


def short_text(sent: Mapping[str, str], name: str, longest: int) -> str:
    """What somebody looks for, without the spaces around it, and not more than `longest` characters of it."""
    return sent.get(name, "").strip()[:longest]


def file_bytes(name: str) -> bytes:
    """A file that was sent; b'' when there is none. How large it may be, the request's `max_content_length` says."""
    file = request.files.get(name)
    return file.read() if file else b""


def json_object() -> dict[str, Any]:
    """The JSON object that a script of our pages sent; 400 for anything else, however deep it is nested."""
    try:
        found = request.get_json(silent=True)
    except RecursionError:
        found = None
    return found if isinstance(found, dict) else abort(400)


def _bound_what_is_sent(endpoint: str | None, values: object) -> None:
    """Give a request the limits of its address, before anything reads its form; a file is no field of it."""
    most = limits.largest(request.path)
    request.max_content_length = most
    request.max_form_memory_size = min(most, limits.BESIDE_A_FILE)  # of 64 kB that are read at once, files included


def _refuse_what_cannot_be_kept() -> None:
    """400 for a NUL in an address, a query or a form: PostgreSQL takes it neither to keep nor to compare."""
    parts = (request.view_args or {}).values()
    fields = chain(request.args.items(multi=True), request.form.items(multi=True))
    if any(NO_TEXT in str(part) for part in parts) or any(NO_TEXT in name + value for name, value in fields):
        abort(400)
