"""Requests as a list to take away: one line each, as JSON or as CSV that no spreadsheet runs."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from io import StringIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.db import Database
from ivr.models import Call, EntryKind, Outcome, PatientRequest, RequestEntry, StaffMember

EXPORT_PAGE = 500


FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet take a cell for a formula."""


@dataclass(frozen=True, slots=True)
class ExportedRequest:
    """A request as one line of the export; every value is plain text, a number, a boolean or None.

    `last_outcome` is how the last attempt went, `settled_by` the name of whoever closed it. `may_text` is the patient's
    answer about texts, `text_wording` the door, the language and a digest of the words that a yes was given to.
    """

    reference: str
    kind: str
    status: str
    priority: str
    callback_number: str | None
    is_caller_id: bool
    may_leave_message: bool | None
    reason: str | None
    patient_type: str | None
    visit_type: str | None
    birth_date: str | None
    patient_name: str | None
    record_number: str | None
    weekday: str | None
    best_time: str | None
    visit_time: str | None
    source: str
    pressed_nothing: bool
    language: str
    told: str | None
    for_someone_else: bool | None
    needs_interpreter: bool | None
    interpreter_language: str | None
    may_text: bool | None
    text_agreed_at: str | None
    text_wording: str | None
    call_sid: str | None
    created_at: str
    due_at: str
    act_by: str
    attempts: int
    last_outcome: str | None
    owner: str | None
    disposition: str | None
    closed_at: str | None
    settled_by: str | None


def defused(value: object) -> object:
    """A value for a spreadsheet: text that would be taken for a formula gets an apostrophe before it."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_SIGNS) else value


def export_requests(database: Database, since: datetime | None = None) -> Iterator[ExportedRequest]:
    """All requests, or those since a moment, oldest first; read a page at a time, so that it needs little memory."""
    last = 0
    while True:
        page = (
            select(PatientRequest, Call.sid, StaffMember.name)
            .join(Call, PatientRequest.call_id == Call.id, isouter=True)
            .join(StaffMember, StaffMember.id == PatientRequest.owner_id, isouter=True)
            .where(PatientRequest.id > last, *([PatientRequest.created_at >= since] if since else []))
            .order_by(PatientRequest.id)
            .limit(EXPORT_PAGE)
        )
        with database.read() as session:
            found = session.execute(page).all()
            done = _done(session, [request.id for request, _, _ in found])
            rows = [_exported(request, sid, owner, done.get(request.id, _Done())) for request, sid, owner in found]
        if not found:
            return
        yield from rows
        last = found[-1][0].id


@dataclass(frozen=True, slots=True)
class _Done:
    """What staff did last: an attempt's outcome, and who closed the request."""

    outcome: Outcome | None = None
    settled_by: str | None = None


def _done(session: Session, ids: Sequence[int]) -> Mapping[int, _Done]:
    """By request, without what was taken back."""
    of_page = select(RequestEntry.undoes_id).where(
        RequestEntry.request_id.in_(ids), RequestEntry.undoes_id.is_not(None)
    )
    undone = set(session.scalars(of_page))
    steps = (
        select(RequestEntry.id, RequestEntry.request_id, RequestEntry.kind, RequestEntry.outcome, StaffMember.name)
        .join(StaffMember, StaffMember.id == RequestEntry.staff_id, isouter=True)
        .where(RequestEntry.request_id.in_(ids), RequestEntry.kind.in_((EntryKind.ATTEMPTED, EntryKind.CLOSED)))
        .order_by(RequestEntry.id)
    )
    done: dict[int, _Done] = {}
    for entry_id, request_id, kind, outcome, name in session.execute(steps):
        if entry_id not in undone:
            known = done.get(request_id, _Done())
            is_attempt = kind is EntryKind.ATTEMPTED
            done[request_id] = replace(known, outcome=outcome) if is_attempt else replace(known, settled_by=name)
    return done


def csv_lines(requests: Iterable[ExportedRequest]) -> Iterator[str]:
    """Requests as lines of CSV, a head first, that no spreadsheet takes for formulas."""
    names = [field.name for field in fields(ExportedRequest)]
    yield csv_line(names)
    for one in requests:
        yield csv_line([getattr(one, name) for name in names])


def csv_line(cells: Iterable[object]) -> str:
    """One line of CSV, defused."""
    line = StringIO()
    csv.writer(line).writerow([defused(cell) for cell in cells])
    return line.getvalue()


def _exported(request: PatientRequest, call_sid: str | None, owner: str | None, done: _Done) -> ExportedRequest:
    is_closed = request.closed_at is not None
    return ExportedRequest(
        reference=request.reference,
        kind=request.kind,
        status=request.status,
        priority=request.priority,
        callback_number=request.callback_number,
        is_caller_id=request.is_caller_id,
        may_leave_message=request.may_leave_message,
        reason=request.reason,
        patient_type=request.patient_type,
        visit_type=request.visit_type,
        birth_date=request.birth_date,
        patient_name=request.patient_name,
        record_number=request.record_number,
        weekday=request.weekday,
        best_time=request.best_time,
        visit_time=request.visit_time,
        source=request.source,
        pressed_nothing=request.pressed_nothing,
        language=request.language,
        told=request.told,
        for_someone_else=request.for_someone_else,
        needs_interpreter=request.needs_interpreter,
        interpreter_language=request.interpreter_language,
        may_text=request.may_text,
        text_agreed_at=_moment(request.text_agreed_at),
        text_wording=request.text_wording,
        call_sid=call_sid,
        created_at=request.created_at.isoformat(timespec="seconds"),
        due_at=request.due_at.isoformat(timespec="seconds"),
        act_by=request.act_by.isoformat(timespec="seconds"),
        attempts=request.attempts,
        last_outcome=done.outcome,
        owner=owner,
        disposition=request.disposition,
        closed_at=_moment(request.closed_at),
        settled_by=done.settled_by if is_closed else None,
    )


def _moment(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None
