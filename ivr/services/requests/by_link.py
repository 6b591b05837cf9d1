"""What a patient sees and may do by the link in a text: kind, promise and state; another time, a sentence, cancelling.

Whoever holds the telephone can open a link, so it tells what the line tells a caller and no more: no name, no number,
no birth date, no reason. Each use is written down; looking at whether a link leads anywhere is none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.callflow.answers import BestTime, Kind
from ivr.callflow.facts import Handling, Promise
from ivr.models import (
    AuditAction,
    Disposition,
    EntryKind,
    PatientRequest,
    RequestEntry,
    Tab,
    TextKind,
)
from ivr.services.audit import Actor
from ivr.services.line import Line
from ivr.services.requests import on_call
from ivr.services.requests.attention import call_attention
from ivr.services.requests.case import Case, case_of, handling_of, put_away
from ivr.services.requests.links import request_behind
from ivr.services.requests.saving import follow_best_time
from ivr.services.requests.texting import enqueue_text

BY_LINK = Actor("caller", "link")
LONGEST = 500
"""Letters of a sentence, as in a request online."""

_UNPRINTABLE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Behind:
    """A request as its link shows it. `promise` is None when there is none to give (any more).

    `handling` is what staff have done; `is_open` False: it is done with, or cancelled (`is_cancelled`).
    """

    language: str
    reference: str
    kind: Kind
    is_open: bool
    is_cancelled: bool
    handling: Handling
    promise: Promise | None
    best_time: BestTime | None


def leads_to(line: Line, secret: str, now: datetime) -> str | None:
    """The language of the request behind a link; None where it leads nowhere. Reads only."""
    with line.database.read() as session:
        request = request_behind(session, secret, now)
        return request.language if request else None


def look(line: Line, secret: str, now: datetime) -> Behind | None:
    """Show a request; that is written down. None where the link leads nowhere."""
    with line.database.write() as session:
        case = _case(session, line, secret, now)
        if case is None:
            return None
        case.record(EntryKind.LINK_USED, AuditAction.SEEN, "state shown by link")
        return _behind(case)


def change_time(line: Line, secret: str, now: datetime, best_time: BestTime) -> Behind | None:
    """Note another time of day to call; the promise follows it. The same once more changes nothing."""
    with line.database.write() as session:
        case = _case(session, line, secret, now)
        if case is None:
            return None
        if _is_open(case.request) and case.request.best_time is not best_time:
            case.request.best_time = best_time
            follow_best_time(case.request, line, now)
            enqueue_text(session, line, case.request, TextKind.CHANGED, now)
            case.record(EntryKind.CHANGED_BY_LINK, AuditAction.CHANGED, "best time, by link")
        return _behind(case)


def add_sentence(line: Line, secret: str, now: datetime, text: str, once: str) -> Behind | None:
    """Put a sentence into the history, and bring the request back to the notice of staff.

    `once` is the key of the form: sent again because the answer was lost, it adds nothing.
    """
    with line.database.write() as session:
        case = _case(session, line, secret, now)
        if case is None:
            return None
        words = _UNPRINTABLE.sub("", text.replace("\r\n", "\n")).strip()[:LONGEST]
        known = select(RequestEntry.id).where(RequestEntry.request_id == case.request.id, RequestEntry.once == once)
        if words and _is_open(case.request) and session.scalar(known.limit(1)) is None:
            call_attention(case)
            entry = case.record(EntryKind.MESSAGE_BY_LINK, AuditAction.CHANGED, "sentence added, by link", text=words)
            session.get_one(RequestEntry, entry).once = once
        return _behind(case)


def cancel(line: Line, secret: str, now: datetime) -> Behind | None:
    """Close a request by its patient's wish, also when staff have claimed it. Once more changes nothing."""
    with line.database.write() as session:
        case = _case(session, line, secret, now)
        if case is None:
            return None
        if _is_open(case.request):
            put_away(session, case.request, Disposition.CANCELLED, now)
            enqueue_text(session, line, case.request, TextKind.CANCELLED, now)
            kind, detail = EntryKind.CANCELLED_BY_LINK, "cancelled by link"
            case.record(kind, AuditAction.CLOSED, detail, disposition=Disposition.CANCELLED)
        return _behind(case)


def _case(session: Session, line: Line, secret: str, now: datetime) -> Case | None:
    request = request_behind(session, secret, now, lock=True)
    return case_of(session, line, request, BY_LINK, now) if request else None


def _is_open(request: PatientRequest) -> bool:
    return request.tab is not Tab.CLOSED


def _behind(case: Case) -> Behind:
    request, line = case.request, case.line
    return Behind(
        language=request.language,
        reference=request.reference,
        kind=request.kind,
        is_open=_is_open(request),
        is_cancelled=request.disposition is Disposition.CANCELLED,
        handling=handling_of(request),
        promise=on_call.promise_left(case.session, line, request, case.now) if _is_open(request) else None,
        best_time=request.best_time,
    )
