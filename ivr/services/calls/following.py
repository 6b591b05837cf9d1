"""A call in progress, seen from outside: where it stands and what it has saved. No patient's data is read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, select

from ivr.callflow.answers import Kind
from ivr.db import Database
from ivr.models import Call, CallTurn, PatientRequest, Priority, RequestStatus


@dataclass(frozen=True, slots=True)
class SavedRequest:
    """A request that the call left, as far as it says nothing about the patient."""

    id: int
    reference: str
    kind: Kind
    status: RequestStatus
    priority: Priority
    due_at: datetime


@dataclass(frozen=True, slots=True)
class CallProgress:
    """The node that the call is at, the turns it has taken, and the requests it left so far, oldest first."""

    node: str
    turns: int
    saved: tuple[SavedRequest, ...]


@dataclass(frozen=True, slots=True)
class DeskWhisper:
    """What the desk hears of a call before it takes it: its language, and whether a warning sign was named."""

    language: str = ""
    warned: bool = False


def whisper_of(database: Database, call_sid: str) -> DeskWhisper:
    """What to tell the desk of a call; nothing of one that is not known."""
    with database.read() as session:
        call = session.execute(select(Call.id, Call.language).where(Call.sid == call_sid)).first()
        if call is None:
            return DeskWhisper()
        warned = exists().where(PatientRequest.call_id == call.id, PatientRequest.red_flags.is_(True))
        return DeskWhisper(call.language, bool(session.scalar(select(warned))))


def follow(database: Database, call_sid: str) -> CallProgress | None:
    """Where a call stands now; None when there is no such call."""
    with database.read() as session:
        call = session.scalar(select(Call).where(Call.sid == call_sid))
        if call is None:
            return None
        turn = session.scalar(
            select(CallTurn).where(CallTurn.call_id == call.id).order_by(CallTurn.number.desc()).limit(1)
        )
        requests = session.scalars(
            select(PatientRequest)
            .where(PatientRequest.call_id == call.id, PatientRequest.erased_at.is_(None))
            .order_by(PatientRequest.id)
        )
        saved = tuple(
            SavedRequest(one.id, one.reference, one.kind, one.status, one.priority, one.due_at) for one in requests
        )
        return CallProgress(turn.node if turn else "", call.turn, saved)
