"""Triage by phone: what a member of the staff hears and does on a call, under the same locks as in the browser.

What answers a question of the call does so in its turn's transaction. The call's facts hold ids and categories only:
who signed in, which request is under way and which were passed over. The PIN is in none of them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from ivr.callflow.answers import Kind
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
    Priority,
    Recording,
    RecordingStatus,
    RequestStatus,
    StaffMember,
    Tab,
)
from ivr.services.accounts.by_phone import check_pin
from ivr.services.audit import Actor, add_audit_entry
from ivr.services.inquiry import Inquiry
from ivr.services.line import Line
from ivr.services.recordings.recordings import FETCHABLE
from ivr.services.requests import triage
from ivr.services.requests.bridging import LONGEST_TALK, DialTarget, caller_id_for
from ivr.services.requests.case import IDLE, TriageError, opened

WRONG_TRIES = 3
"""Wrong sign-ins after which a call takes no more, whichever extensions they were for."""

MINUTES_SAID, HOURS_SAID = timedelta(minutes=90), timedelta(hours=48)
"""Up to these ages a request's age is told in minutes, and in hours."""


def find_extension(session: Session, line: Line, inquiry: Inquiry) -> Found:
    """Remember an extension until the PIN comes. One nobody has is not kept: it may be a PIN keyed too early."""
    facts = inquiry.state.facts
    known = select(StaffMember.extension).where(StaffMember.extension == inquiry.state.entered)
    return Found("kept", {"extension": session.scalar(known) or "", "tries": facts.get("tries", 0)})


def sign_in(session: Session, line: Line, inquiry: Inquiry) -> Found:
    """Check extension and PIN; wrong ones are counted by account, and by call."""
    facts, now = inquiry.state.facts, inquiry.now
    result = check_pin(session, line, facts.get("extension", ""), inquiry.state.entered, now)
    if result.member is not None:
        return Found("signed_in", {"staff_id": result.member.id, "role": result.member.role.value})
    tries = facts.get("tries", 0) + 1
    return Found("locked" if result.locked or tries >= WRONG_TRIES else "wrong", {"tries": tries})


def find_first(session: Session, line: Line, inquiry: Inquiry) -> Found:
    """The most pressing request that nobody has claimed."""
    facts, now = inquiry.state.facts, inquiry.now
    return _read(session, line, facts, [], now)


def find_next(session: Session, line: Line, inquiry: Inquiry) -> Found:
    """The most pressing one that this call has not read out yet."""
    facts, now = inquiry.state.facts, inquiry.now
    passed = [*facts.get("passed", ()), *([facts["request_id"]] if "request_id" in facts else [])]
    return _read(session, line, facts, passed, now)


def claim(session: Session, line: Line, inquiry: Inquiry) -> Found:
    """Claim the request, and note that its patient is called now."""
    facts, now = inquiry.state.facts, inquiry.now
    try:
        with opened(line, facts["request_id"], _actor(facts), now, within=session) as case:
            if case.request.status is RequestStatus.CLAIMED and not case.is_mine:
                raise case.taken()
            if not case.request.callback_number or not caller_id_for(session, line, case.request):
                return Found("no_number")
            case.need_hold()
            case.record(EntryKind.CALLED, AuditAction.CALLED, "by phone")
            case.request.owner_seen_at = now + LONGEST_TALK
    except TriageError:
        return Found("taken")
    return Found("claimed")


def note_attempt(session: Session, line: Line, inquiry: Inquiry) -> Found:
    """Note how the call went, and put the request back until its follow-up."""
    facts, now = inquiry.state.facts, inquiry.now
    try:
        outcome = Outcome(facts["outcome"])
        triage.record_attempt(line, facts["request_id"], _actor(facts), now, outcome=outcome, within=session)
    except TriageError:
        return Found("taken")
    return Found("kept")


def close(session: Session, line: Line, inquiry: Inquiry) -> Found:
    """Close the request; after a call in which the patient was reached, that is noted as well."""
    facts, now = inquiry.state.facts, inquiry.now
    request_id, actor = facts["request_id"], _actor(facts)
    try:
        if facts.get("outcome"):
            outcome = Outcome(facts["outcome"])
            triage.record_attempt(line, request_id, actor, now, outcome=outcome, within=session)
        disposition = Disposition(facts["disposition"])
        triage.close(line, request_id, actor, now, disposition=disposition, within=session)
    except TriageError:
        return Found("taken")
    return Found("closed")


def pass_on(session: Session, line: Line, inquiry: Inquiry) -> Found:
    """Leave the request to the desk: it waits in the queue and is read out on the phone no more."""
    facts, now = inquiry.state.facts, inquiry.now
    try:
        with opened(line, facts["request_id"], _actor(facts), now, within=session) as case:
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
        request = session.get(PatientRequest, state.facts.get("request_id", 0))
        if request is None or request.owner_id != state.facts.get("staff_id") or not request.callback_number:
            return None
        return DialTarget(request.callback_number, caller_id_for(session, line, request))


def leave(session: Session, facts: Mapping[str, Any], now: datetime) -> None:
    """The staff's call is over: what it has claimed is held as long as any claim. Commits nothing."""
    request = session.get(PatientRequest, facts.get("request_id", 0), with_for_update=True)
    if request is not None and request.status is RequestStatus.CLAIMED and request.owner_id == facts.get("staff_id"):
        request.owner_seen_at = min(request.owner_seen_at or now, now)


def _actor(facts: Mapping[str, Any]) -> Actor:
    return Actor(f"staff:{facts['staff_id']}", "phone", facts["staff_id"])


def _read(session: Session, line: Line, facts: Mapping[str, Any], passed: list[int], now: datetime) -> Found:
    """The next request as facts to be read out; that counts as having seen it."""
    who = {"staff_id": facts.get("staff_id"), "role": facts.get("role")}
    member = session.get(StaffMember, who["staff_id"] or 0)
    if member is None or not member.active:
        return Found("signed_out", {})
    request = _most_pressing(session, passed, now)
    if request is None:
        return Found("end" if passed else "nothing", {**who, "passed": []})
    add_audit_entry(
        session, Actor.of(member, "phone"), AuditAction.SEEN, f"request:{request.id}", now, "read out by phone"
    )
    reading = _reading(session, line, request, now)
    return Found("found", {**who, "passed": passed, "request_id": request.id, "reading": reading})


def _most_pressing(session: Session, passed: list[int], now: datetime) -> PatientRequest | None:
    """What nobody has claimed and somebody should act on now: open requests, and urgent ones left unfinished."""
    unclaimed = or_(
        PatientRequest.status == RequestStatus.NEW,
        and_(PatientRequest.status == RequestStatus.FOLLOW_UP, PatientRequest.act_by <= now),
        and_(PatientRequest.status == RequestStatus.CLAIMED, PatientRequest.owner_seen_at <= now - IDLE),
    )
    left = and_(PatientRequest.status == RequestStatus.INCOMPLETE, PatientRequest.priority == Priority.URGENT)
    found = [
        session.scalars(
            select(PatientRequest)
            .where(
                PatientRequest.tab == tab,
                wanted,
                PatientRequest.for_desk.is_(False),
                PatientRequest.erased_at.is_(None),
                PatientRequest.id.not_in(passed),
            )
            .order_by(PatientRequest.rank, PatientRequest.act_by, PatientRequest.id)
            .limit(1)
        ).first()
        for tab, wanted in ((Tab.OPEN, unclaimed), (Tab.INCOMPLETE, left))
    ]
    return min(filter(None, found), key=lambda one: (one.rank, one.act_by, one.id), default=None)


def _reading(session: Session, line: Line, request: PatientRequest, now: datetime) -> dict[str, Any]:
    promise = line.calendar.promise(now, request.act_by)
    is_callback = request.kind is Kind.CALLBACK
    recordings = select(Recording.id, Recording.status).where(
        Recording.request_id == request.id, Recording.erased_at.is_(None)
    )
    kept = session.execute(recordings.order_by(Recording.id)).all()
    return {
        "kind": request.kind.value,
        "priority": request.priority.value,
        "reason": request.reason.value if request.reason and is_callback else None,
        "visit": request.visit_type.value if request.visit_type and not is_callback else None,
        "age": _age(now - request.created_at),
        "tried": request.attempts > 0,
        "best_time": request.best_time.value if request.best_time else None,
        "language": request.language if request.language != line.tree.languages[0] else None,
        "promise": [promise.by.isoformat(), promise.days_ahead] if request.act_by > now else None,
        "messages": [one.id for one in kept if one.status is RecordingStatus.STORED],
        "coming": any(one.status in FETCHABLE for one in kept),
    }


def _age(age: timedelta) -> list[object]:
    if age < MINUTES_SAID:
        return [max(1, age // timedelta(minutes=1)), "minute"]
    if age < HOURS_SAID:
        return [age // timedelta(hours=1), "hour"]
    return [age.days, "day"]
