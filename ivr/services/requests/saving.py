"""Patients' requests: how one comes to be, complete or not, and what makes it urgent."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ivr.callflow.answers import BestTime, Draft, Flow, Kind, Reason, VisitType
from ivr.callflow.inputs import RequestSaved
from ivr.models import PatientRequest, Priority, Recording, RequestStatus, Source
from ivr.services.line import Line
from ivr.services.requests import on_call
from ivr.services.requests.notices import enqueue_notices
from ivr.services.requests.references import new_reference


def priority_of(draft: Draft) -> Priority:
    """The triage a caller's own answers give.

    A warning sign is urgent. What follows a procedure, and a message nobody has listened to yet, should not wait a
    day. Everything else is routine.
    """
    if draft.red_flags:
        return Priority.URGENT
    after_procedure = draft.reason is Reason.AFTER_PROCEDURE or draft.visit_type is VisitType.FOLLOW_UP
    if after_procedure or draft.reason is Reason.MESSAGE or draft.voicemail_sid:
        return Priority.SOON
    return Priority.ROUTINE


def save_request(
    session: Session,
    line: Line,
    *,
    call_id: int | None,
    language: str,
    draft: Draft,
    now: datetime,
    in_outage: bool = False,
    is_human: bool = True,
) -> RequestSaved:
    """Store a request, completing what the same call may have left incomplete. Commits nothing.

    Nothing is promised to a caller who never pressed a key (`is_human` False), and it stays incomplete. What came
    online has no call.
    """
    request = _of_draft(session, line, call_id, language, draft, now)
    request.left_in_outage = in_outage
    if not is_human:
        _doubt(request)
        return RequestSaved(request.reference, None, request.id)
    request.left_incomplete = False
    if request.status is RequestStatus.INCOMPLETE:
        request.status = RequestStatus.NEW
    enqueue_notices(line, session.connection(), request)
    return told(session, line, request, now)


def told(session: Session, line: Line, request: PatientRequest, now: datetime) -> RequestSaved:
    """What its caller may hear of a saved request: nothing is promised to who has left no number."""
    promise = on_call.promise(session, line, request, request.due_at, now) if request.callback_number else None
    return RequestSaved(request.reference, promise, request.id)


def _doubt(request: PatientRequest) -> None:
    """Whoever has pressed nothing may be a machine: nothing about it is pressing."""
    request.pressed_nothing = True
    request.priority = Priority.ROUTINE


def due_at(line: Line, priority: Priority, since: datetime, best_time: BestTime | None) -> datetime:
    """The latest moment of a first reply, within the time of day that the caller asked for."""
    due = line.calendar.due_at(priority, since)
    return due if priority is Priority.URGENT else line.calendar.within(due, best_time, since)


def follow_best_time(request: PatientRequest, line: Line, since: datetime) -> None:
    """Let a request be due within the time of day that its caller asks for, from a moment on; urgent ones are due.

    A time to act by that is not the due one, as after an attempt, moves in the same way.
    """
    if request.priority is Priority.URGENT:
        return
    due, act_by = request.due_at, request.act_by
    if not request.attempts:
        base = line.calendar.due_at(request.priority, request.created_at)
        request.due_at = line.calendar.within(base, request.best_time, since)
    if act_by != due:
        request.act_by = line.calendar.within(act_by, request.best_time, since)


def keep_incomplete(
    session: Session,
    line: Line,
    *,
    call_id: int,
    language: str,
    draft: Draft,
    now: datetime,
    is_human: bool = True,
) -> None:
    """Keep what a caller who hung up had told us. Commits nothing; doing it again changes nothing."""
    request = _of_draft(session, line, call_id, language, draft, now)
    if is_human:
        enqueue_notices(line, session.connection(), request)
    else:
        _doubt(request)


def add_message(session: Session, line: Line, *, call_id: int, recording: Recording, now: datetime) -> bool:
    """Add a message, left in an outage, to the open request of the same call; False when there is none.

    What the caller had told stays as it was, but a message that nobody has listened to yet should not wait a day.
    Commits nothing.
    """
    of_call = select(PatientRequest).where(
        PatientRequest.call_id == call_id,
        PatientRequest.status != RequestStatus.CLOSED,
        PatientRequest.erased_at.is_(None),
    )
    request = session.scalars(of_call.order_by(PatientRequest.id.desc()).limit(1)).first()
    if request is None:
        return False
    if request.status is RequestStatus.INCOMPLETE:
        request.status = RequestStatus.NEW
    if request.priority is Priority.ROUTINE:
        request.priority = Priority.SOON
        request.due_at = min(request.due_at, due_at(line, Priority.SOON, now, request.best_time))
    request.left_in_outage = True
    recording.request_id = request.id
    session.flush()
    enqueue_notices(line, session.connection(), request)
    return True


def _of_draft(
    session: Session, line: Line, call_id: int | None, language: str, draft: Draft, now: datetime
) -> PatientRequest:
    left = select(PatientRequest).where(PatientRequest.call_id == call_id, PatientRequest.left_incomplete.is_(True))
    request = session.scalars(left.limit(1).with_for_update()).first() if call_id else None
    if request is None:
        request = PatientRequest(
            reference=new_reference(session, now),
            call_id=call_id,
            source=Source.PHONE if call_id else Source.WEB,
            status=RequestStatus.INCOMPLETE,
            left_incomplete=True,
            created_at=now,
        )
        session.add(request)
    _fill(request, draft, line)
    request.language = language
    request.due_at = due_at(line, request.priority, request.created_at, request.best_time)
    session.flush()
    if call_id:
        link(session, request, call_id, draft.recording_sid, draft.voicemail_sid)
    return request


def link(session: Session, request: PatientRequest, call_id: int, *sids: str | None) -> None:
    """Tie what was recorded in its call to a request."""
    if made := [sid for sid in sids if sid]:
        linked = update(Recording).where(Recording.sid.in_(made), Recording.call_id == call_id)
        session.execute(linked.values(request_id=request.id))


def _fill(request: PatientRequest, draft: Draft, line: Line) -> None:
    """Copy the answers that belong to this kind of request; what an abandoned other kind asked is left out."""
    is_appointment = draft.flow is Flow.APPOINTMENT
    number = draft.callback_number
    request.kind = draft.kind or Kind.CALLBACK
    request.priority = priority_of(draft)
    request.callback_number = number
    request.number_index = line.database.vault.index(number) if number else None
    request.is_caller_id = draft.is_caller_id
    request.may_leave_message = draft.may_leave_message
    request.may_text = draft.may_text
    request.reason = None if is_appointment else draft.reason
    request.patient_type = draft.patient_type
    request.visit_type = draft.visit_type
    request.birth_date = draft.birth_date
    request.weekday = draft.weekday
    request.best_time = draft.best_time
    request.visit_time = draft.visit_time
    request.red_flags = draft.red_flags
