"""What a caller hears of a request left in an earlier call, and may do about it: the answers to a call's consults.

Each takes part in the transaction of the call's turn and commits nothing. Whoever has the caller ID of a request, or
its reference and what proves it, is taken for its caller; since a caller ID can be forged, the history says by what
the caller was known, and the facts that go back to the call name nobody.
"""

from __future__ import annotations

import hmac
from dataclasses import replace
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from ivr.callflow.answers import Draft, Flow, Kind, Reason
from ivr.callflow.facts import Heard, RequestFacts, RequestSummary
from ivr.callflow.inputs import Found
from ivr.models import (
    AuditAction,
    Call,
    Disposition,
    EntryKind,
    PatientRequest,
    RequestStatus,
    Tab,
    TextKind,
)
from ivr.services.audit import CALLER, add_audit_entry
from ivr.services.inquiry import Inquiry
from ivr.services.line import Line
from ivr.services.requests import on_call
from ivr.services.requests.attention import call_attention
from ivr.services.requests.case import Case, case_of, handling_of, put_away
from ivr.services.requests.saving import follow_best_time, link, save_request
from ivr.services.requests.texting import enqueue_text

REQUESTS = PatientRequest.metadata.tables["patient_requests"]
NEWEST = (
    select(REQUESTS.c.id)
    .where(REQUESTS.c.number_index == bindparam("number_index"), REQUESTS.c.tab == bindparam("tab"))
    .order_by(REQUESTS.c.id.desc())
)
"""The open requests of a number: few, and mostly none."""

BY_CALLER_ID = "known by caller ID"
BY_NUMBER = "known by reference and phone number"
BY_BIRTH_DATE = "known by reference and birth date"


def find_by_caller(session: Session, line: Line, inquiry: Inquiry) -> Found:
    """The newest open request of the caller's number; or that one was made from here to call another number."""
    found = _newest(session, line, inquiry)
    if found.finding == "none" and _called(session, line, inquiry):
        return Found("called", RequestFacts())
    return found


def find_open(session: Session, line: Line, inquiry: Inquiry) -> Found:
    """The newest open request of a caller who is about to leave another one."""
    return _newest(session, line, inquiry, heard=Heard.CALLBACK)


def find_next(session: Session, line: Line, inquiry: Inquiry) -> Found:
    """The open request of the caller's number before the one just told."""
    return _newest(session, line, inquiry, before=_request_id(inquiry))


def find_by_reference(session: Session, line: Line, inquiry: Inquiry) -> Found:
    """The request with the reference that was keyed, if what was keyed after it proves who is calling.

    Whatever does not fit is `wrong` alike, so that nobody learns which references there are.
    """
    named = select(PatientRequest).where(
        PatientRequest.reference == inquiry.state.request.reference,
        PatientRequest.status != RequestStatus.INCOMPLETE,
    )
    request = session.scalars(named.order_by(PatientRequest.id.desc()).limit(1)).first()
    known_by = _proof(request, inquiry.state.entered)
    if request is None or known_by is None:
        return Found("wrong")
    if request.tab is not Tab.OPEN:
        add_audit_entry(
            session,
            CALLER,
            AuditAction.SEEN,
            f"request:{request.id}",
            inquiry.now,
            f"told that it is closed, {known_by}",
        )
        return Found("closed", RequestFacts())
    return _found(session, line, inquiry.now, request, known_by, heard=Heard.LAST)


def change_number(session: Session, line: Line, inquiry: Inquiry) -> Found:
    """Let staff call the number that was keyed and read back."""
    case = _opened(session, line, inquiry)
    number = inquiry.state.entered
    if case is None or not number:
        return Found("closed", RequestFacts())
    case.request.callback_number = number
    case.request.number_index = line.database.vault.index(number)
    case.request.is_caller_id = number == inquiry.state.caller_number
    case.request.may_leave_message = inquiry.state.request.may_leave_message
    return _changed(case, inquiry, EntryKind.CHANGED_BY_CALLER, "number")


def change_time(session: Session, line: Line, inquiry: Inquiry) -> Found:
    """Note another time of day that suits the caller; the promise follows it."""
    case = _opened(session, line, inquiry)
    if case is None:
        return Found("closed", RequestFacts())
    case.request.best_time = inquiry.state.request.best_time
    follow_best_time(case.request, line, inquiry.now)
    enqueue_text(session, line, case.request, TextKind.CHANGED, inquiry.now)
    return _changed(case, inquiry, EntryKind.CHANGED_BY_CALLER, "best time")


def cancel(session: Session, line: Line, inquiry: Inquiry) -> Found:
    """Close a request by its caller's wish, also when staff have claimed it: its owner sees it in the history."""
    case = _opened(session, line, inquiry)
    if case is None:
        return Found("closed", RequestFacts())
    put_away(session, case.request, Disposition.CANCELLED, inquiry.now)
    enqueue_text(session, line, case.request, TextKind.CANCELLED, inquiry.now)
    known_by = _known_by(inquiry)
    kind, detail = EntryKind.CANCELLED_BY_CALLER, f"cancelled by the caller, {known_by}"
    case.record(kind, AuditAction.CLOSED, detail, text=known_by, disposition=Disposition.CANCELLED)
    return Found("done", RequestFacts())


def add_message(session: Session, line: Line, inquiry: Inquiry) -> Found:
    """Attach what was just recorded, and bring the request back to the notice of staff.

    Nobody has listened to it yet, so it can wait no longer than any message. When staff have closed the request in
    the meantime, the message becomes one of its own.
    """
    sid = inquiry.state.request.message_sid
    case = _opened(session, line, inquiry)
    if case is None:
        _save_as_new(session, line, inquiry, sid)
        return Found("done", RequestFacts())
    link(session, case.request, inquiry.call_id, sid)
    call_attention(case)
    return _changed(case, inquiry, EntryKind.MESSAGE_ADDED, "message added")


def _newest(
    session: Session, line: Line, inquiry: Inquiry, *, before: int | None = None, heard: Heard | None = None
) -> Found:
    number = inquiry.state.caller_number
    if number is None:
        return Found("none", RequestFacts())
    newest, connection = line.database.prepared(NEWEST), session.connection()
    rows = (
        newest.run(connection, {"number_index": one, "tab": Tab.OPEN}) for one in line.database.vault.indexes(number)
    )
    ids = sorted((id_ for found in rows for (id_,) in found if before is None or id_ < before), reverse=True)
    request = session.get(PatientRequest, ids[0]) if ids else None
    if request is None:
        return Found("none", RequestFacts())
    told_as = heard or (Heard.MORE if len(ids) > 1 else Heard.LAST)
    return _found(session, line, inquiry.now, request, BY_CALLER_ID, told_as)


def _called(session: Session, line: Line, inquiry: Inquiry) -> bool:
    """Whether somebody has called from here for an open request of another number, as a daughter does."""
    number = inquiry.state.caller_number
    if number is None:
        return False
    made = select(PatientRequest.id).join(Call, Call.id == PatientRequest.call_id)
    open_ones = made.where(Call.from_index.in_(line.database.vault.indexes(number)), PatientRequest.tab == Tab.OPEN)
    return session.scalar(open_ones.limit(1)) is not None


def _found(session: Session, line: Line, now: datetime, request: PatientRequest, known_by: str, heard: Heard) -> Found:
    add_audit_entry(session, CALLER, AuditAction.SEEN, f"request:{request.id}", now, f"state told, {known_by}")
    return Found("found", RequestFacts(request.id, known_by, heard, _summary(session, line, request, now)))


def _summary(session: Session, line: Line, request: PatientRequest, now: datetime) -> RequestSummary:
    """What may be told of a request: `callflow/speaking` puts it into words."""
    return RequestSummary(
        asked=Flow.MESSAGE if request.reason is Reason.MESSAGE else Flow(request.kind),
        left=line.calendar.today(request.created_at),
        handling=handling_of(request),
        promise=on_call.promise_left(session, line, request, now),
    )


def _proof(request: PatientRequest | None, keyed: str) -> str | None:
    """By what the caller of a request is known, if what was keyed is its number or birth date."""
    number = request.callback_number if request else None
    birth_date = request.birth_date if request else None
    if hmac.compare_digest(keyed.encode(), (number or "no number").encode()):
        return BY_NUMBER
    return BY_BIRTH_DATE if hmac.compare_digest(keyed.encode(), (birth_date or "no date").encode()) else None


def _request_id(inquiry: Inquiry) -> int:
    return inquiry.state.request.id


def _known_by(inquiry: Inquiry) -> str:
    return inquiry.state.request.known_by or BY_CALLER_ID


def _opened(session: Session, line: Line, inquiry: Inquiry) -> Case | None:
    """The request the caller was told of, locked; None when it is no longer open."""
    request = session.get(PatientRequest, _request_id(inquiry), with_for_update=True)
    if request is None or request.tab is not Tab.OPEN:
        return None
    return case_of(session, line, request, CALLER, inquiry.now)


def _changed(case: Case, inquiry: Inquiry, kind: EntryKind, detail: str) -> Found:
    """Write down what the caller changed, and tell when staff will call now."""
    known_by = _known_by(inquiry)
    case.record(kind, AuditAction.CHANGED, f"{detail}, {known_by}", text=known_by)
    return Found(
        "done", replace(inquiry.state.request, summary=_summary(case.session, case.line, case.request, inquiry.now))
    )


def _save_as_new(session: Session, line: Line, inquiry: Inquiry, recording_sid: str) -> None:
    number = inquiry.state.caller_number
    draft = Draft(Kind.CALLBACK, number, number is not None, Reason.MESSAGE, recording_sid=recording_sid)
    language = inquiry.state.language
    save_request(session, line, call_id=inquiry.call_id, language=language, draft=draft, now=inquiry.now)
