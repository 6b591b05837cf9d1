"""Requests found by what somebody types: reference, telephone number or its end, name, record number, words of notes.

Names and numbers are found by blind indexes among all requests. The end of a number and the words of notes have none:
for those the newest open requests are decrypted here, so many at most.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from ivr.db import Database
from ivr.models import AuditAction, PatientRequest, RequestEntry, Tab
from ivr.services.audit import Actor, add_audit_entry
from ivr.services.numbers import read_number
from ivr.services.requests.naming import find_named, normalised
from ivr.services.requests.order import REQUESTS
from ivr.services.requests.queue import QueueRow, rows_of_staff, with_messages

FOUND = 50
"""The newest requests that a search shows."""

LOOKED_AT = 1000
"""The newest open requests whose numbers are read for a number's end, and the newest notes of open ones."""

REFERENCE_DIGITS, LAST_DIGITS = 6, 4


class BadSearch(Exception):
    """What was typed is nothing that can be found; the message says what to type."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is searched for: a condition, or ids read in the session, or both; `by` is for the trail."""

    by: str
    condition: ColumnElement[bool] | None = None
    read: Callable[[Session], Iterable[int]] | None = None


def search(database: Database, text: str, actor: Actor, now: datetime) -> list[QueueRow]:
    """The newest requests that a text means, in every tab; the search leaves a row in the trail, without the text.

    Six digits are a reference or a record number, four the end of a number of an open request. Words are a patient's
    name, a record number, or stand in a note of an open request.

    Raises:
        BadSearch: when nothing can be meant.
    """
    wanted = _wanted(database, text)
    with database.read() as session:
        ids = set(_newest(session, wanted.condition)) if wanted.condition is not None else set()
        if wanted.read is not None:
            ids.update(wanted.read(session))
        newest = sorted(ids, reverse=True)[:FOUND]
        query = rows_of_staff().where(REQUESTS.id.in_(newest)).order_by(REQUESTS.id.desc())
        rows = with_messages(session, [QueueRow(*found) for found in session.execute(query)])
    with database.write() as session:
        add_audit_entry(session, actor, AuditAction.SEARCHED, "queue", now, f"by {wanted.by}: {len(rows)} found")
    return rows


def _wanted(database: Database, text: str) -> _Wanted:
    digits = "".join(text.split())

    def named(session: Session) -> Iterable[int]:
        return find_named(session, database.vault, text, FOUND)

    def named_or_noted(session: Session) -> Iterable[int]:
        return (*named(session), *_noted(session, normalised(text)))

    if digits.isascii() and digits.isdecimal() and len(digits) == REFERENCE_DIGITS:
        return _Wanted(f"reference {digits}", REQUESTS.reference == digits, named)
    if digits.isascii() and digits.isdecimal() and len(digits) == LAST_DIGITS:
        return _Wanted("a number's last digits", read=lambda session: _ending_in(session, digits))
    try:
        number = read_number(text)
    except ValueError:
        pass
    else:
        return _Wanted("number", REQUESTS.number_index.in_(database.vault.indexes(number)))
    if not any(len(word) > 1 for word in normalised(text)):
        raise BadSearch("Type a reference, a telephone number or its last four digits, a name, or a word of a note.")
    return _Wanted("words", read=named_or_noted)


def _newest(session: Session, condition: ColumnElement[bool]) -> list[int]:
    return list(session.scalars(select(REQUESTS.id).where(condition).order_by(REQUESTS.id.desc()).limit(FOUND)))


def _ending_in(session: Session, digits: str) -> Iterator[int]:
    """Open requests whose number ends in these digits."""
    numbers = select(PatientRequest.id, PatientRequest.callback_number).where(PatientRequest.id.in_(_newest_open()))
    for request_id, number in session.execute(numbers):
        if number and number.endswith(digits):
            yield request_id


def _noted(session: Session, words: Sequence[str]) -> Iterator[int]:
    """Open requests with a note that has all the words."""
    notes = (
        select(RequestEntry.request_id, RequestEntry.note)
        .where(RequestEntry.request_id.in_(_newest_open()), RequestEntry.note.is_not(None))
        .order_by(RequestEntry.id.desc())
        .limit(LOOKED_AT)
    )
    for request_id, note in session.execute(notes):
        if note and set(words) <= set(normalised(note)):
            yield request_id


def _newest_open() -> Select[int]:
    is_open = PatientRequest.tab.in_((Tab.OPEN, Tab.INCOMPLETE))
    return select(PatientRequest.id).where(is_open).order_by(PatientRequest.id.desc()).limit(LOOKED_AT)
