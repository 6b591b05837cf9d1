"""Closing and opening by telephone, for admins who have signed in there; `callflow/tree_hours` asks."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from ivr.callflow.inputs import Found
from ivr.models import ClosureReason
from ivr.services.accounts.by_phone import admin_of
from ivr.services.audit import Actor
from ivr.services.hours.hours import close_days_in, lift_days_in
from ivr.services.inquiry import Inquiry
from ivr.services.line import Line

NAME = "Closed by phone"
REACH = 2
"""Days that the telephone opens and closes: today and tomorrow."""


def hear(session: Session, line: Line, inquiry: Inquiry) -> Found:
    """Whether the clinic is open now, and tomorrow."""
    if admin_of(session, inquiry) is None:
        return Found("not_allowed")
    return Found(_state(session, line, inquiry.now))


def close_today(session: Session, line: Line, inquiry: Inquiry) -> Found:
    """Close for the rest of today, because of the weather."""
    return _close(session, line, inquiry, days=1)


def close_tomorrow(session: Session, line: Line, inquiry: Inquiry) -> Found:
    """Close for the rest of today, and tomorrow."""
    return _close(session, line, inquiry, days=REACH)


def lift(session: Session, line: Line, inquiry: Inquiry) -> Found:
    """Take back every closure of today and tomorrow; holidays stay."""
    admin = admin_of(session, inquiry)
    if admin is None:
        return Found("not_allowed")
    lift_days_in(session, line, Actor.of(admin, "phone"), REACH, inquiry.now)
    session.flush()
    return Found(_state(session, line, inquiry.now))


def _close(session: Session, line: Line, inquiry: Inquiry, days: int) -> Found:
    admin = admin_of(session, inquiry)
    if admin is None:
        return Found("not_allowed")
    close_days_in(session, line, Actor.of(admin, "phone"), ClosureReason.WEATHER, days, NAME, inquiry.now)
    return Found(_state(session, line, inquiry.now))


def _state(session: Session, line: Line, now: datetime) -> str:
    calendar = line.calendars.read_in(session)
    today = calendar.today(now)
    today_off, tomorrow_off = (calendar.closure_on(today + timedelta(days=ahead)) for ahead in range(REACH))
    if today_off:
        return "closed_both_days" if tomorrow_off else "closed_today"
    return ("open" if calendar.is_open(now) else "closed") + ("_then_closed" if tomorrow_off else "")
