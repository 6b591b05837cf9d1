"""Requests as a list to take away: one line each, as JSON or as CSV that no spreadsheet runs."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import datetime
from io import StringIO

from sqlalchemy import select

from ivr.db import Database
from ivr.models import Call, PatientRequest

EXPORT_PAGE = 500


FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet take a cell for a formula."""


@dataclass(frozen=True, slots=True)
class ExportedRequest:
    """A request as one line of the export; every value is plain text, a boolean or None."""

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
    weekday: str | None
    best_time: str | None
    visit_time: str | None
    source: str
    pressed_nothing: bool
    language: str
    call_sid: str
    created_at: str
    due_at: str


def defused(value: object) -> object:
    """A value for a spreadsheet: text that would be taken for a formula gets an apostrophe before it."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_SIGNS) else value


def export_requests(database: Database, since: datetime | None = None) -> Iterator[ExportedRequest]:
    """All requests, or those since a moment, oldest first; read a page at a time, so that it needs little memory."""
    last = 0
    while True:
        page = (
            select(PatientRequest, Call.sid)
            .join(Call, PatientRequest.call_id == Call.id)
            .where(PatientRequest.id > last, *([PatientRequest.created_at >= since] if since else []))
            .order_by(PatientRequest.id)
            .limit(EXPORT_PAGE)
        )
        with database.read() as session:
            rows = [(request.id, _exported(request, sid)) for request, sid in session.execute(page)]
        if not rows:
            return
        yield from (exported for _, exported in rows)
        last = rows[-1][0]


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


def _exported(request: PatientRequest, call_sid: str) -> ExportedRequest:
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
        weekday=request.weekday,
        best_time=request.best_time,
        visit_time=request.visit_time,
        source=request.source,
        pressed_nothing=request.pressed_nothing,
        language=request.language,
        call_sid=call_sid,
        created_at=request.created_at.isoformat(timespec="seconds"),
        due_at=request.due_at.isoformat(timespec="seconds"),
    )
