"""Calling patients back: the staff's phone rings, 1 accepts, then the patient's does, as the clinic's number.

The web worker only writes a row and a job; the worker asks the carrier, once. A call that may have been placed is never
asked for again: a row left in `ASKED` says that nobody knows, and the carrier's webhooks still move it on.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ivr.models import (
    AuditAction,
    BridgeCall,
    BridgeOutcome,
    BridgeStatus,
    EntryKind,
    PatientRequest,
    RequestEntry,
    RequestStatus,
    StaffMember,
    TextKind,
)
from ivr.services.accounts import devices
from ivr.services.audit import Actor
from ivr.services.jobs import Job, enqueue
from ivr.services.line import Line
from ivr.services.requests import on_call, triage
from ivr.services.requests.case import LONGEST_TALK, TriageError, opened
from ivr.services.requests.dialling import DialTarget, caller_id_for
from ivr.services.requests.notices import REPEAT
from ivr.services.requests.texting import enqueue_text

TOO_LATE = timedelta(seconds=60)
"""How long somebody waits for their phone to ring: later, it is not rung any more."""

UNANSWERED = timedelta(seconds=75)
"""After so long without a word of the carrier, nobody should wait for one."""

FINISHED = {
    "completed": BridgeOutcome.TALKED,
    "answered": BridgeOutcome.TALKED,
    "busy": BridgeOutcome.BUSY,
    "no-answer": BridgeOutcome.NO_ANSWER,
    "failed": BridgeOutcome.FAILED,
    "canceled": BridgeOutcome.HUNG_UP,
}
"""What the carrier's words for the end of the patient's leg mean."""

NOT_RUNG = {
    "completed": BridgeOutcome.NOT_ACCEPTED,
    "busy": BridgeOutcome.STAFF_BUSY,
    "no-answer": BridgeOutcome.STAFF_NO_ANSWER,
    "failed": BridgeOutcome.STAFF_FAILED,
    "canceled": BridgeOutcome.STAFF_FAILED,
}
"""The same for the staff's leg, while it was not accepted."""


class CannotBridge(TriageError):
    """The carrier cannot connect the two; the message says why, in words for staff."""


@dataclass(frozen=True, slots=True)
class Ring:
    """A call to ask the carrier for: the staff's phone, and as whom (both E.164)."""

    to: str
    caller_id: str


@dataclass(frozen=True, slots=True)
class StaffWhisper:
    """What the staff hear before they accept."""

    reference: str
    priority: str
    on_call: bool = False


@dataclass(frozen=True, slots=True)
class Briefing:
    """What whoever has taken a request on call hears before the patient is rung: `language` is the caller's."""

    reference: str
    warned: bool
    language: str


@dataclass(frozen=True, slots=True)
class BridgeProgress:
    """A bridged call as its page shows it; `stale` when no word of it has come for so long that none will."""

    status: BridgeStatus
    outcome: BridgeOutcome | None
    stale: bool

    @property
    def is_over(self) -> bool:
        """Whether there is nothing more to wait for."""
        return self.stale or self.status is BridgeStatus.ENDED


def begin(line: Line, request_id: int, actor: Actor, now: datetime) -> int:
    """Claim a request and have the staff's phone rung; the bridged call's id. Asked twice, it is the same call.

    Raises:
        CannotBridge: when there is no number to ring, or to ring as.
        Taken: when somebody else has claimed the request.
    """
    with line.database.write() as session:
        triage.claim(line, request_id, actor, now, within=session)
        request = session.get_one(PatientRequest, request_id)
        member = session.get_one(StaffMember, actor.staff_id)
        if not member.phone_number:
            raise CannotBridge("Your account has no phone number to ring.")
        if not request.callback_number or not caller_id_for(session, line, request):
            raise CannotBridge("There is no number to call.")
        latest = _latest(session, request_id)
        if latest and latest.staff_id == member.id and not _progress(latest, now).is_over:
            return latest.id
        bridge = BridgeCall(request_id=request_id, staff_id=member.id, status=BridgeStatus.WAITING, created_at=now)
        session.add(bridge)
        session.flush()
        enqueue(line.database, session.connection(), Job.PLACE_CALL, bridge.id, key=f"bridge-{bridge.id}")
        enqueue_text(session, line, request, TextKind.CALLING, now)
        return bridge.id


def progress_of(line: Line, bridge_id: int, staff_id: int, now: datetime) -> BridgeProgress | None:
    """How a bridged call of a member of the staff fares; None when it is not theirs."""
    with line.database.read() as session:
        bridge = session.get(BridgeCall, bridge_id)
        return _progress(bridge, now) if bridge and bridge.staff_id == staff_id else None


def dial_alone(line: Line, request_id: int, actor: Actor, now: datetime) -> None:
    """Claim a request whose patient is called from a phone that is not ours, and note that call.

    Nobody tells when such a call ends: it holds the claim until its outcome is saved, or another patient is dialled,
    for `LONGEST_TALK` at most. Asked again meanwhile, it is the same call.

    Raises:
        CannotBridge: when there is no number to dial.
        Taken: when somebody else has claimed the request.
    """
    with opened(line, request_id, actor, now) as case:
        if case.request.status is RequestStatus.CLAIMED and not case.is_mine:
            raise case.taken()
        if not case.request.callback_number:
            raise CannotBridge("There is no number to call.")
        case.need_hold()
        if case.request.talking_until is not None and case.request.talking_until > now:
            return
        _end_other_talks(case.session, actor.staff_id, now)
        case.request.talking_until = now + LONGEST_TALK
        case.record(EntryKind.DIALLED, AuditAction.CALLED, "from their own phone")
        enqueue_text(case.session, line, case.request, TextKind.DIALLING, now)


def dialled_at(line: Line, request_id: int, staff_id: int, now: datetime) -> datetime | None:
    """When a member of the staff dialled the patient of a request by themselves, while that call holds the claim."""
    with line.database.read() as session:
        until = select(PatientRequest.talking_until).where(
            PatientRequest.id == request_id, PatientRequest.owner_id == staff_id, PatientRequest.talking_until > now
        )
        talking_until = session.scalar(until)
        if talking_until is None:
            return None
        dialled = select(RequestEntry.at).where(
            RequestEntry.request_id == request_id,
            RequestEntry.staff_id == staff_id,
            RequestEntry.kind == EntryKind.DIALLED,
            RequestEntry.at >= talking_until - LONGEST_TALK,
        )
        return session.scalar(dialled.order_by(RequestEntry.id.desc()).limit(1))


def _end_other_talks(session: Session, staff_id: int | None, now: datetime) -> None:
    """Nobody speaks with two patients at once: the claims of those before last as long as any from now on."""
    mine = update(PatientRequest).where(
        PatientRequest.status == RequestStatus.CLAIMED,
        PatientRequest.owner_id == staff_id,
        PatientRequest.talking_until.is_not(None),
    )
    session.execute(mine.values(talking_until=None, owner_seen_at=now))


def running(line: Line, request_id: int, staff_id: int, now: datetime) -> int | None:
    """The bridged call of a request that a member of the staff has going on, if there is one."""
    with line.database.read() as session:
        bridge = _latest(session, request_id)
        if bridge is None or bridge.staff_id != staff_id or _progress(bridge, now).is_over:
            return None
        return bridge.id


def ask_for(line: Line, bridge_id: int, now: datetime) -> Ring | None:
    """Note that the carrier is being asked for a call; None when it must not be (again)."""
    with _locked(line, bridge_id) as (session, bridge):
        if bridge is None or bridge.status is not BridgeStatus.WAITING:
            return None
        if now - bridge.created_at > (REPEAT if bridge.on_call_number else TOO_LATE):
            _end(session, line, bridge, BridgeOutcome.TOO_LATE, now)
            return None
        request = session.get_one(PatientRequest, bridge.request_id)
        if bridge.on_call_number and not on_call.rings(session, line, request, now):
            _end(session, line, bridge, BridgeOutcome.TAKEN, now)
            return None
        number, caller_id = _staff_phone(session, bridge), caller_id_for(session, line, request)
        if not number or not caller_id:
            _end(session, line, bridge, BridgeOutcome.REFUSED, now)
            return None
        bridge.status, bridge.asked_at = BridgeStatus.ASKED, now
        if bridge.on_call_number:
            on_call.note(session, line, bridge, "rung", now)
        return Ring(number, caller_id)


def _staff_phone(session: Session, bridge: BridgeCall) -> str | None:
    """The telephone that is rung first: the one on call, or the member's own."""
    return bridge.on_call_number or session.get_one(StaffMember, bridge.staff_id).phone_number


def unmark_asked(line: Line, bridge_id: int) -> None:
    """The carrier was certainly not asked: another attempt may ask it."""
    with _locked(line, bridge_id) as (_, bridge):
        if bridge is not None and bridge.status is BridgeStatus.ASKED:
            bridge.status = BridgeStatus.WAITING


def note_placed(line: Line, bridge_id: int, call_sid: str) -> None:
    """The carrier rings the staff's phone, as this call; its webhooks may have told so before."""
    with _locked(line, bridge_id) as (_, bridge):
        if bridge is not None:
            _rings(bridge, call_sid)


def note_refused(line: Line, bridge_id: int, now: datetime) -> None:
    """The carrier will not place the call."""
    with _locked(line, bridge_id) as (session, bridge):
        if bridge is not None:
            _end(session, line, bridge, BridgeOutcome.REFUSED, now)


def answer(line: Line, bridge_id: int, call_sid: str) -> StaffWhisper | None:
    """The staff's phone was picked up: what to say; None when this call is not (or no longer) wanted."""
    with _locked(line, bridge_id) as (session, bridge):
        if bridge is None or bridge.status is BridgeStatus.ENDED or not _rings(bridge, call_sid):
            return None
        request = session.get_one(PatientRequest, bridge.request_id)
        return StaffWhisper(request.reference, request.priority.value, bridge.on_call_number is not None)


def accept(line: Line, bridge_id: int, call_sid: str, accepted: bool, now: datetime) -> DialTarget | None:
    """Key 1 was pressed, or not: whom to ring, the same when told twice. The request must still be claimed by them."""
    with _locked(line, bridge_id) as (session, bridge):
        if bridge is None or bridge.status is BridgeStatus.ENDED or not _rings(bridge, call_sid):
            return None
        if bridge.status is BridgeStatus.RINGING:
            if not accepted:
                _end(session, line, bridge, BridgeOutcome.NOT_ACCEPTED, now)
                return None
            theirs = on_call.take if bridge.on_call_number else _still_theirs
            if not theirs(session, line, bridge, now):
                _end(session, line, bridge, BridgeOutcome.TAKEN, now)
                return None
            bridge.status, bridge.accepted_at = BridgeStatus.ACCEPTED, now
        request = session.get_one(PatientRequest, bridge.request_id)
        if not request.callback_number:
            _end(session, line, bridge, BridgeOutcome.REFUSED, now)
            return None
        return DialTarget(request.callback_number, caller_id_for(session, line, request))


def briefing_of(line: Line, bridge_id: int) -> Briefing | None:
    """What to tell whoever has just taken a request on call; None for a call that a member of the staff asked for."""
    with line.database.read() as session:
        bridge = session.get(BridgeCall, bridge_id)
        if bridge is None or bridge.on_call_number is None:
            return None
        request = session.get_one(PatientRequest, bridge.request_id)
        return Briefing(request.reference, request.red_flags, request.language)


def note_patient(line: Line, bridge_id: int, call_sid: str, carrier_status: str, now: datetime) -> None:
    """What the carrier tells of the patient's leg; it may come late, twice or not at all."""
    with _locked(line, bridge_id) as (_, bridge):
        if bridge is None or bridge.accepted_at is None:
            return
        bridge.patient_call_sid = bridge.patient_call_sid or call_sid
        if carrier_status != "in-progress" or bridge.connected_at is not None:
            return
        bridge.connected_at = now
        if bridge.status is BridgeStatus.ACCEPTED:
            bridge.status = BridgeStatus.CONNECTED
        elif bridge.outcome is BridgeOutcome.HUNG_UP:
            bridge.outcome = BridgeOutcome.TALKED


def note_talked(line: Line, bridge_id: int, carrier_status: str, seconds: int | None, now: datetime) -> None:
    """The patient's leg is over: the carrier's last word of it, which holds whatever came before."""
    with _locked(line, bridge_id) as (session, bridge):
        if bridge is not None and bridge.accepted_at is not None:
            _end(session, line, bridge, FINISHED.get(carrier_status, BridgeOutcome.FAILED), now, sure=True)
            bridge.seconds = seconds if seconds is not None else bridge.seconds


def note_staff(line: Line, bridge_id: int, call_sid: str, carrier_status: str, now: datetime) -> None:
    """What the carrier tells of the staff's leg; its end is the end of all."""
    with _locked(line, bridge_id) as (session, bridge):
        if bridge is None or not _rings(bridge, call_sid) or carrier_status not in NOT_RUNG:
            return
        if bridge.accepted_at is None:
            _end(session, line, bridge, NOT_RUNG[carrier_status], now)
        else:
            _end(session, line, bridge, BridgeOutcome.TALKED if bridge.connected_at else BridgeOutcome.HUNG_UP, now)


@contextmanager
def _locked(line: Line, bridge_id: int) -> Iterator[tuple[Session, BridgeCall | None]]:
    with line.database.write() as session:
        yield session, session.get(BridgeCall, bridge_id, with_for_update=True)


def _latest(session: Session, request_id: int) -> BridgeCall | None:
    latest = select(BridgeCall).where(BridgeCall.request_id == request_id).order_by(BridgeCall.id.desc())
    return session.scalars(latest.limit(1)).first()


def _progress(bridge: BridgeCall, now: datetime) -> BridgeProgress:
    waited = now - (bridge.asked_at or bridge.created_at)
    unheard = bridge.status in (BridgeStatus.WAITING, BridgeStatus.ASKED)
    longest = UNANSWERED if unheard else LONGEST_TALK + UNANSWERED
    return BridgeProgress(bridge.status, bridge.outcome, stale=waited > longest)


def _rings(bridge: BridgeCall, call_sid: str) -> bool:
    """Take the carrier's word that the staff's phone rings as this call; False when it is another one's."""
    if bridge.staff_call_sid is None:
        bridge.staff_call_sid = call_sid
    if bridge.staff_call_sid != call_sid:
        return False
    if bridge.status in (BridgeStatus.WAITING, BridgeStatus.ASKED):
        bridge.status = BridgeStatus.RINGING
    return True


def _still_theirs(session: Session, line: Line, bridge: BridgeCall, now: datetime) -> bool:
    """Whether the request is still claimed by who asked for the call; then it is noted that the patient is called."""
    actor = Actor(f"staff:{bridge.staff_id}", "phone", bridge.staff_id)
    try:
        with opened(line, bridge.request_id, actor, now, within=session) as case:
            if not case.is_mine:
                return False
            case.record(EntryKind.CALLED, AuditAction.CALLED, "bridged")
            case.request.talking_until = now + LONGEST_TALK + UNANSWERED
            return True
    except TriageError:
        return False


def _end(
    session: Session, line: Line, bridge: BridgeCall, outcome: BridgeOutcome, now: datetime, *, sure: bool = False
) -> None:
    """End a bridged call; the claim is from now on held as long as any. What is `sure` replaces an earlier guess."""
    if bridge.status is BridgeStatus.ENDED:
        bridge.outcome = outcome if sure else bridge.outcome
        return
    bridge.status, bridge.outcome, bridge.ended_at = BridgeStatus.ENDED, outcome, now
    request = session.get(PatientRequest, bridge.request_id, with_for_update=True)
    if bridge.staff_id is not None:
        devices.shorten_hold(session, bridge.staff_id, now + line.idle.session)
    is_theirs = request and request.status is RequestStatus.CLAIMED and request.owner_id == bridge.staff_id
    if bridge.on_call_number:
        on_call.note(session, line, bridge, on_call.ENDINGS[outcome], now)
        if bridge.accepted_at is None:
            on_call.ring_next(session, line, bridge, now)
        elif request and is_theirs:
            request.talking_until = None
            on_call.hold(line, request, now)
    elif request and is_theirs:
        request.owner_seen_at, request.talking_until = now, None
