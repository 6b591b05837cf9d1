"""Triage by phone: what a member of the staff hears and does on a call, under the same locks as in the browser.

What answers a question of the call does so in its turn's transaction. The call's state holds ids and categories only:
who signed in, which request is under way and which were passed over. The PIN is in none of them.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from ivr.callflow.answers import Kind
from ivr.callflow.facts import AgeUnit, Reading, StaffFacts
from ivr.callflow.inputs import Found
from ivr.callflow.nodes import Outgoing
from ivr.callflow.state import from_plain
from ivr.models import (
    AuditAction,
    Call,
    Disposition,
    EntryKind,
    Outcome,
    PatientRequest,
    Recording,
    RecordingStatus,
    RequestStatus,
    StaffMember,
    TextKind,
)
from ivr.services.accounts.by_phone import check_pin
from ivr.services.audit import Actor, add_audit_entry
from ivr.services.inquiry import Inquiry
from ivr.services.line import Line
from ivr.services.recordings.recordings import FETCHABLE
from ivr.services.requests import triage
from ivr.services.requests.case import LONGEST_TALK, TriageError, idle_claims, opened
from ivr.services.requests.dialling import DialTarget, caller_id_for
from ivr.services.requests.order import QueueTab, first_of, in_order
from ivr.services.requests.queue import moment_of
from ivr.services.requests.texting import enqueue_text

WRONG_TRIES = 3
"""Wrong sign-ins after which a call takes no more, whichever extensions they were for."""

TOLD_IN_MINUTES, TOLD_IN_HOURS = timedelta(minutes=90), timedelta(hours=48)
"""Up to these ages a request's age is told in minutes, and in hours."""


def find_extension(session: Session, line: Line, inquiry: Inquiry) -> Found:
    """Remember an extension until the PIN comes. One nobody has is not kept: it may be a PIN keyed too early."""
    known = select(StaffMember.extension).where(StaffMember.extension == inquiry.state.entered)
    return Found("kept", StaffFacts(extension=session.scalar(known) or "", tries=inquiry.state.staff.tries))


def sign_in(session: Session, line: Line, inquiry: Inquiry) -> Found:
    """Check extension and PIN; wrong ones are counted by account, and by call."""
    known = inquiry.state.staff
    result = check_pin(session, line, known.extension, inquiry.state.entered, inquiry.now)
    if result.member is not None:
        return Found("signed_in", StaffFacts(staff_id=result.member.id))
    tries = known.tries + 1
    return Found("locked" if result.locked or tries >= WRONG_TRIES else "wrong", StaffFacts(tries=tries))


def find_first(session: Session, line: Line, inquiry: Inquiry) -> Found:
    """The most pressing request that nobody has claimed."""
    return _read(session, line, inquiry, passed=())


def find_next(session: Session, line: Line, inquiry: Inquiry) -> Found:
    """The most pressing one that this call has not read out yet."""
    known = inquiry.state.staff
    return _read(session, line, inquiry, passed=(*known.passed, *([known.request_id] if known.request_id else [])))


def claim(session: Session, line: Line, inquiry: Inquiry) -> Found:
    """Claim the request, and note that its patient is called now."""
    known, now = inquiry.state.staff, inquiry.now
    try:
        with opened(line, known.request_id, _actor(known), now, within=session) as case:
            if case.request.status is RequestStatus.CLAIMED and not case.is_mine:
                raise case.taken()
            if not case.request.callback_number or not caller_id_for(session, line, case.request):
                return Found("no_number")
            case.need_hold()
            case.record(EntryKind.CALLED, AuditAction.CALLED, "by phone")
            case.request.talking_until = now + LONGEST_TALK
            enqueue_text(session, line, case.request, TextKind.CALLING, now)
    except TriageError:
        return Found("taken")
    return Found("claimed")


def note_attempt(session: Session, line: Line, inquiry: Inquiry) -> Found:
    """Note how the call went, and put the request back until its follow-up."""
    known, now = inquiry.state.staff, inquiry.now
    try:
        outcome = Outcome(known.outcome)
        triage.record_attempt(line, known.request_id, _actor(known), now, outcome=outcome, within=session)
    except TriageError:
        return Found("taken")
    return Found("kept")


def close(session: Session, line: Line, inquiry: Inquiry) -> Found:
    """Close the request; after a call in which the patient was reached, that is noted as well."""
    known, now = inquiry.state.staff, inquiry.now
    request_id, actor = known.request_id, _actor(known)
    try:
        if known.outcome:
            outcome = Outcome(known.outcome)
            triage.record_attempt(line, request_id, actor, now, outcome=outcome, within=session)
        disposition = Disposition(known.disposition)
        triage.close(line, request_id, actor, now, disposition=disposition, within=session)
    except TriageError:
        return Found("taken")
    return Found("closed")


def pass_on(session: Session, line: Line, inquiry: Inquiry) -> Found:
    """Leave the request to the desk: it waits in the queue and is read out on the phone no more."""
    known, now = inquiry.state.staff, inquiry.now
    try:
        with opened(line, known.request_id, _actor(known), now, within=session) as case:
            case.need_open()
            if case.request.status is RequestStatus.CLAIMED and not case.is_mine:
                raise case.taken()
            if case.is_mine:
                case.put_back()
            case.request.for_desk = True
            case.record(
                EntryKind.REASSIGNED, AuditAction.CHANGED, "passed on to the desk by phone", text="For the desk"
            )
    except TriageError:
        return Found("taken")
    return Found("passed_on")


def dial_claimed(line: Line, call_sid: str) -> DialTarget | None:
    """Whom to ring for a staff call that has just claimed a request; None when it has none (any more)."""
    with line.database.read() as session:
        call = session.scalars(select(Call).where(Call.sid == call_sid)).first()
        if call is None:
            return None
        state = from_plain(json.loads(call.progress)["state"])
        if not isinstance(line.tree.nodes.get(state.node), Outgoing):
            return None
        request = session.get(PatientRequest, state.staff.request_id)
        if request is None or request.owner_id != state.staff.staff_id or not request.callback_number:
            return None
        return DialTarget(request.callback_number, caller_id_for(session, line, request))


def leave(session: Session, known: StaffFacts, now: datetime) -> None:
    """The staff's call is over: what it has claimed is held as long as any claim. Commits nothing."""
    request = session.get(PatientRequest, known.request_id, with_for_update=True)
    if request is not None and request.status is RequestStatus.CLAIMED and request.owner_id == known.staff_id:
        request.owner_seen_at, request.talking_until = now, None


def _actor(known: StaffFacts) -> Actor:
    return Actor(f"staff:{known.staff_id}", "phone", known.staff_id)


def _read(session: Session, line: Line, inquiry: Inquiry, passed: tuple[int, ...]) -> Found:
    """The next request as facts to be read out; that counts as having seen it."""
    staff_id, now = inquiry.state.staff.staff_id, inquiry.now
    member = session.get(StaffMember, staff_id or 0)
    if member is None or not member.active:
        return Found("signed_out", StaffFacts())
    request = _most_pressing(session, line, passed, now)
    if request is None:
        return Found("end" if passed else "nothing", StaffFacts(staff_id=staff_id))
    add_audit_entry(
        session, Actor.of(member, "phone"), AuditAction.SEEN, f"request:{request.id}", now, "read out by phone"
    )
    reading = _reading(session, line, request, now)
    return Found("found", StaffFacts(staff_id=staff_id, request_id=request.id, passed=passed, reading=reading))


def _most_pressing(session: Session, line: Line, passed: tuple[int, ...], now: datetime) -> PatientRequest | None:
    """The first of the queue's list that nobody is working on and that was not passed over or on to the desk."""
    unclaimed = or_(PatientRequest.status != RequestStatus.CLAIMED, idle_claims(now, line.idle.claim))
    wanted = (
        unclaimed,
        PatientRequest.for_desk.is_(False),
        PatientRequest.erased_at.is_(None),
        PatientRequest.id.not_in(passed),
    )
    listed = first_of(QueueTab.NOW, moment_of(line, now), 1, wanted)
    first = select(PatientRequest).join(listed, listed.c.id == PatientRequest.id).order_by(*in_order(listed))
    return session.scalars(first.limit(1)).first()


def _reading(session: Session, line: Line, request: PatientRequest, now: datetime) -> Reading:
    is_callback = request.kind is Kind.CALLBACK
    recordings = select(Recording.id, Recording.status).where(
        Recording.request_id == request.id, Recording.erased_at.is_(None)
    )
    kept = session.execute(recordings.order_by(Recording.id)).all()
    age, unit = _age(now - request.created_at)
    return Reading(
        kind=request.kind,
        priority=request.priority.value,
        age=age,
        age_unit=unit,
        reference=request.reference,
        red_flags=request.red_flags,
        left_incomplete=request.left_incomplete,
        reason=request.reason if is_callback else None,
        visit=None if is_callback else request.visit_type,
        tried=request.attempts > 0,
        best_time=request.best_time,
        language=request.language if request.language in line.tree.languages[1:] else None,
        promise=line.calendar.promise(now, request.act_by) if request.act_by > now else None,
        messages=tuple(one.id for one in kept if one.status is RecordingStatus.STORED),
        coming=any(one.status in FETCHABLE for one in kept),
    )


def _age(age: timedelta) -> tuple[int, AgeUnit]:
    if age < TOLD_IN_MINUTES:
        return max(1, age // timedelta(minutes=1)), AgeUnit.MINUTE
    if age < TOLD_IN_HOURS:
        return age // timedelta(hours=1), AgeUnit.HOUR
    return age.days, AgeUnit.DAY
