"""Who is on call: while the clinic is closed, an urgent request rings them, one telephone after the other.

A round begins with each notice of the request, so every ten minutes until somebody has claimed it. Whoever presses 1
has claimed it. Each ring is a bridged call, asked of the carrier once; `bridging` carries it on.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.callflow.facts import Promise
from ivr.callflow.inputs import Found
from ivr.models import (
    AuditAction,
    BridgeCall,
    BridgeOutcome,
    BridgeStatus,
    EntryKind,
    PatientRequest,
    Priority,
    StaffMember,
)
from ivr.services.audit import SYSTEM, Actor
from ivr.services.inquiry import Inquiry
from ivr.services.jobs import Job, enqueue
from ivr.services.line import Line
from ivr.services.requests.case import case_of
from ivr.services.requests.dialling import caller_id_for
from ivr.services.requests.notices import WAITING

GIVEN_UP = timedelta(seconds=75)
"""After so long without anybody who takes it, the next telephone is rung, whatever the carrier has told."""

LONGEST_CLOSED = 14
"""Days: for so long at most who has taken a request at night keeps it, until the clinic opens."""

ON_CALL = Actor("on call", "phone")
"""Who takes a request on a telephone that is no account's."""

ENDINGS = {
    BridgeOutcome.NOT_ACCEPTED: "nobody pressed 1",
    BridgeOutcome.STAFF_NO_ANSWER: "no answer",
    BridgeOutcome.STAFF_BUSY: "busy",
    BridgeOutcome.STAFF_FAILED: "it could not be rung",
    BridgeOutcome.TAKEN: "somebody else has it, or it is closed",
    BridgeOutcome.TOO_LATE: "it could not be rung in time",
    BridgeOutcome.REFUSED: "the carrier does not place this call",
    BridgeOutcome.TALKED: "connected with the patient",
    BridgeOutcome.NO_ANSWER: "the patient did not answer",
    BridgeOutcome.BUSY: "the patient's line was busy",
    BridgeOutcome.FAILED: "the patient's number could not be reached",
    BridgeOutcome.HUNG_UP: "hung up before the patient answered",
}
"""How a ring ended, as the history tells it."""


def urgent_help(session: Session, line: Line, inquiry: Inquiry) -> Found:
    """Who hears of a warning sign now."""
    if line.calendar.is_open(inquiry.now):
        return Found("open")
    saved = inquiry.state.saved
    request = session.get(PatientRequest, saved.id) if saved else None
    return Found("on_call" if request and rings(session, line, request, inquiry.now) else "closed")


def rings(session: Session, line: Line, request: PatientRequest, now: datetime) -> bool:
    """Whether somebody on call is being rung for a request: an urgent one that waits, with a number to call."""
    if request.priority is not Priority.URGENT or request.status not in WAITING or not request.callback_number:
        return False
    return bool(line.on_call_at(now) and caller_id_for(session, line, request))


def promise(session: Session, line: Line, request: PatientRequest, by: datetime, now: datetime) -> Promise:
    """What the caller of a request is promised: a call by a moment, or that somebody on call is being rung."""
    promised = line.calendar.promise(now, by, request.best_time)
    return replace(promised, on_call=rings(session, line, request, now))


def promise_left(session: Session, line: Line, request: PatientRequest, now: datetime) -> Promise | None:
    """What can still be promised for a request; None when its moment is past, and nobody on call is being rung."""
    left = promise(session, line, request, request.act_by, now)
    return None if request.act_by <= now and not left.on_call else left


def begin_round(line: Line, request_id: int, number: int, now: datetime) -> None:
    """Ring the first telephone, unless this round has begun before or one is ringing now."""
    with line.database.write() as session:
        request = session.get(PatientRequest, request_id, with_for_update=True)
        if request is None or not rings(session, line, request, now):
            return
        under_way = select(BridgeCall.id).where(
            BridgeCall.request_id == request_id,
            BridgeCall.on_call_place.is_not(None),
            BridgeCall.status != BridgeStatus.ENDED,
            BridgeCall.created_at > now - GIVEN_UP,
        )
        if session.scalar(under_way.limit(1)) is None:
            _ring(session, line, request, number, 0, now)


def go_on(line: Line, bridge_id: int, now: datetime) -> None:
    """Ring the next telephone when nobody has taken this call: no word of the carrier has to come for that."""
    with line.database.write() as session:
        bridge = session.get(BridgeCall, bridge_id, with_for_update=True)
        if bridge is not None and bridge.accepted_at is None:
            ring_next(session, line, bridge, now)


def ring_next(session: Session, line: Line, bridge: BridgeCall, now: datetime) -> None:
    """Ring the telephone after this one, if the request still waits and there is one. Commits nothing."""
    request = session.get(PatientRequest, bridge.request_id, with_for_update=True, populate_existing=True)
    if request is None or bridge.on_call_place is None or bridge.on_call_round is None:
        return
    if rings(session, line, request, now):
        _ring(session, line, request, bridge.on_call_round, bridge.on_call_place + 1, now)


def note(session: Session, line: Line, bridge: BridgeCall, what: str, now: datetime) -> None:
    """Write a step down in the request's history; a telephone is told by its last two digits."""
    request = session.get(PatientRequest, bridge.request_id, with_for_update=True)
    if request is not None:
        text = f"Telephone on call ending in {(bridge.on_call_number or '')[-2:]}: {what}"
        case = case_of(session, line, request, SYSTEM, now)
        case.record(EntryKind.ON_CALL, AuditAction.CALLED, f"on call: {what}", text=text)


def take(session: Session, line: Line, bridge: BridgeCall, now: datetime) -> bool:
    """Claim the request for whoever has pressed 1; False when it no longer waits. Commits nothing."""
    request = session.get(PatientRequest, bridge.request_id, with_for_update=True, populate_existing=True)
    if request is None or request.status not in WAITING:
        return False
    member = member_at(session, bridge.on_call_number)
    bridge.staff_id = member.id if member else None
    case = case_of(session, line, request, Actor.of(member, "phone") if member else ON_CALL, now)
    case.give_to(bridge.staff_id)
    hold(line, request, now)
    ending = (bridge.on_call_number or "")[-2:]
    case.record(EntryKind.CLAIMED, AuditAction.CLAIMED, "on call", text=f"On the telephone on call ending in {ending}")
    case.record(EntryKind.CALLED, AuditAction.CALLED, "bridged, on call")
    return True


def hold(line: Line, request: PatientRequest, now: datetime) -> None:
    """Who has taken a request at night keeps it until the clinic opens: nobody else is there to be given it."""
    request.owner_seen_at = line.calendar.next_opening(now, LONGEST_CLOSED) or now


def _ring(session: Session, line: Line, request: PatientRequest, number: int, place: int, now: datetime) -> None:
    numbers = line.on_call_at(now)
    ours = (BridgeCall.request_id == request.id, BridgeCall.on_call_round == number, BridgeCall.on_call_place == place)
    if place >= len(numbers) or session.scalar(select(BridgeCall.id).where(*ours)) is not None:
        return
    bridge = BridgeCall(request_id=request.id, status=BridgeStatus.WAITING, created_at=now)
    bridge.on_call_number, bridge.on_call_round, bridge.on_call_place = numbers[place], number, place
    session.add(bridge)
    session.flush()
    connection = session.connection()
    enqueue(line.database, connection, Job.PLACE_CALL, bridge.id, key=f"bridge-{bridge.id}")
    enqueue(line.database, connection, Job.NEXT_ON_CALL, bridge.id, key=f"on-call-{bridge.id}", delay=GIVEN_UP)


def member_at(session: Session, number: str | None) -> StaffMember | None:
    """The active account with this telephone; numbers are encrypted, so each one is looked at."""
    with_phone = select(StaffMember).where(StaffMember.active.is_(True), StaffMember.phone_number.is_not(None))
    members = session.scalars(with_phone.order_by(StaffMember.id))
    return next((member for member in members if member.phone_number == number), None)
