"""Ringing a patient: the number, and as whom."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.config import E164
from ivr.models import Call, PatientRequest
from ivr.services.line import Line


@dataclass(frozen=True, slots=True)
class DialTarget:
    """The patient's phone, and as whom it is rung (both E.164; no caller ID: the carrier's default)."""

    number: str
    caller_id: str


def caller_id_for(session: Session, line: Line, request: PatientRequest) -> str:
    """As whom a patient is rung: the clinic's number, or the one this patient had called; '' when neither is one.

    Who asked online has called none: then it is the number that was called last, which is the line's.
    """
    if line.clinic_number:
        return line.clinic_number
    numbers = select(Call.to_number)
    of_call = (
        numbers.where(Call.id == request.call_id) if request.call_id else numbers.order_by(Call.id.desc()).limit(1)
    )
    called = session.scalar(of_call) or ""
    return called if E164.fullmatch(called) else ""
