"""Asking about texts online: once the request is saved, in a question of its own, as the call does."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.models import AuditAction, EntryKind, PatientRequest, Tab, TextKind
from ivr.services.line import Line
from ivr.services.requests import consent
from ivr.services.requests.case import case_of
from ivr.services.requests.online import ONLINE, submission_of
from ivr.services.requests.texting import enqueue_text


@dataclass(frozen=True)
class TextsQuestion:
    """Whether the question about texts is still to be asked, and what was answered, if that still holds."""

    is_asked: bool = False
    answered: bool | None = None


def question_about(line: Line, token: str) -> TextsQuestion:
    """What became of the question for the patient who has sent a form.

    It is not asked a second time, nor after a warning sign.
    """
    if line.texts is None:
        return TextsQuestion()
    with line.database.read() as session:
        request = _request(session, token)
        if request is None:
            return TextsQuestion()
        if _can_be_asked(session, request):
            return TextsQuestion(is_asked=True)
        holds = not request.may_text or consent.can_take(session, request.callback_number)
        return TextsQuestion(answered=request.may_text if holds else None)


def answer(line: Line, token: str, agrees: bool, asked: str, language: str, now: datetime) -> None:
    """Keep the answer to the question; `asked` are its words. An answer that was given stays.

    Where the form is unknown, or the question was not to be asked, nothing happens.
    """
    if line.texts is None:
        return
    with line.database.write() as session:
        request = _request(session, token, lock=True)
        if request is None or not _can_be_asked(session, request):
            return
        case = case_of(session, line, request, ONLINE, now)
        request.may_text = agrees
        if agrees:
            digest = hashlib.sha256(asked.encode()).hexdigest()
            consent.agree(request, f"online {language} {digest[:12]}", now)
            enqueue_text(session, line, request, TextKind.SAVED, now)
        words = "May we text: yes" if agrees else "May we text: no"
        case.record(EntryKind.ANSWER_ADDED, AuditAction.CHANGED, "answered about texts, online", text=words)


def _request(session: Session, token: str, *, lock: bool = False) -> PatientRequest | None:
    sent = select(PatientRequest).where(PatientRequest.submission == submission_of(token))
    return session.scalars(sent.with_for_update() if lock else sent).first()


def _can_be_asked(session: Session, request: PatientRequest) -> bool:
    is_open = request.tab is not Tab.CLOSED and request.erased_at is None and not request.red_flags
    return is_open and request.may_text is None and consent.can_take(session, request.callback_number)
