"""A request that came online: saved as one by phone is, once for each form however often that is sent."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ivr.callflow.answers import Draft
from ivr.callflow.inputs import RequestSaved
from ivr.models import AuditAction, EntryKind, PatientRequest, Tab
from ivr.services.audit import Actor
from ivr.services.line import Line
from ivr.services.requests.case import case_of
from ivr.services.requests.naming import LONGEST_NAME, index_name
from ivr.services.requests.saving import save_request, told

LONGEST_TOLD = 500
"""Letters of what a patient may add in their own words."""

LONGEST_LANGUAGE = 40
"""Letters of the name of a language that an interpreter is needed for."""


MOST_OTHERS = 5
"""Open requests of the same number that the history names."""

ONLINE = Actor("caller", "online")


class TooManyRequests(Exception):
    """Another request is one too many; the message says of what, 'address' or 'number'."""


@dataclass(frozen=True, slots=True)
class OnlineRequest:
    """What a form asks for: the answers that a call gives too, in which language, and what is asked here alone.

    `token` is the form's own secret. `name` is the patient's, `told` what they say in their own words.
    """

    token: str
    language: str
    draft: Draft
    name: str = ""
    told: str = ""
    for_someone_else: bool | None = None
    needs_interpreter: bool | None = None
    interpreter_language: str = ""


def save_online(
    line: Line, form: OnlineRequest, now: datetime, counting: Callable[[Session], None] = lambda _: None
) -> RequestSaved:
    """Save what a form asks for, and enqueue its notices; a form that was saved before gets its first answer's facts.

    `counting` is done with what is saved anew, in its transaction: when it raises, nothing is saved.

    Raises:
        ValueError: when there is no number to call, or a text is longer than it may be.
    """
    _check(form)
    submission = submission_of(form.token)
    try:
        with line.database.write() as session:
            if saved := _saved(session, line, submission, now):
                return saved
            saved = _save(session, line, form, submission, now)
            counting(session)
            return saved
    except IntegrityError:
        with line.database.write() as session:
            if saved := _saved(session, line, submission, now):
                return saved
        raise


def find_online(line: Line, token: str, now: datetime) -> RequestSaved | None:
    """What became of a form: its reference and what is promised now; None when it was not sent, or was erased."""
    with line.database.read() as session:
        return _saved(session, line, submission_of(token), now)


def submission_of(token: str) -> str:
    """What is kept of a form's secret."""
    return hashlib.sha256(token.encode()).hexdigest()


def _check(form: OnlineRequest) -> None:
    if not form.draft.callback_number:
        raise ValueError("a request that comes online needs a number to call")
    limits = ((form.name, LONGEST_NAME), (form.told, LONGEST_TOLD), (form.interpreter_language, LONGEST_LANGUAGE))
    if any(len(text) > most for text, most in limits):
        raise ValueError("a text of the form is too long")


def _saved(session: Session, line: Line, submission: str, now: datetime) -> RequestSaved | None:
    found = session.scalar(select(PatientRequest).where(PatientRequest.submission == submission))
    return told(session, line, found, now) if found and found.erased_at is None else None


def _save(session: Session, line: Line, form: OnlineRequest, submission: str, now: datetime) -> RequestSaved:
    saved = save_request(session, line, call_id=None, language=form.language, draft=form.draft, now=now)
    request = session.get_one(PatientRequest, saved.id)
    request.submission = submission
    request.patient_name = " ".join(form.name.split()) or None
    request.told = form.told.strip() or None
    request.for_someone_else = form.for_someone_else
    request.needs_interpreter = form.needs_interpreter
    request.interpreter_language = form.interpreter_language.strip() or None
    index_name(session, line.database.vault, request)
    session.flush()
    _tell_of_others(session, line, request, now)
    return saved


def _tell_of_others(session: Session, line: Line, request: PatientRequest, now: datetime) -> None:
    """Tell staff of open requests of the same number: in the history of this one, and of each."""
    indexes = line.database.vault.indexes(request.callback_number or "")
    same = select(PatientRequest).where(PatientRequest.number_index.in_(indexes), PatientRequest.id != request.id)
    newest = same.where(PatientRequest.tab == Tab.OPEN).order_by(PatientRequest.id.desc()).limit(MOST_OTHERS)
    for other in session.scalars(newest).all():
        _tell_of(session, line, request, other, "also asked", now)
        _tell_of(session, line, other, request, "asked again, online,", now)


def _tell_of(
    session: Session, line: Line, request: PatientRequest, other: PatientRequest, what: str, now: datetime
) -> None:
    day = f"{line.calendar.today(other.created_at):%A, %B} {line.calendar.today(other.created_at).day}"
    text = f"The same number {what} on {day}: request {other.reference}."
    case = case_of(session, line, request, ONLINE, now)
    case.record(EntryKind.ASKED_AGAIN, AuditAction.CHANGED, f"the same number: request:{other.id}", text=text)
