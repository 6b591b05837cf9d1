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
    """As whom a patient is rung: the clinic's number, or the one this patient had called; '' when neither is one."""
    if line.clinic_number:
        return line.clinic_number
    called = session.scalar(select(Call.to_number).where(Call.id == request.call_id)) or ""
    return called if E164.fullmatch(called) else ""
