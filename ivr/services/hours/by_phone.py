"""Closing and opening by telephone, for admins who have signed in there; `callflow/tree_hours` asks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from ivr.callflow.entries import hour_and_minutes
from ivr.callflow.facts import HoursEdge, HoursFacts, HoursTold
from ivr.callflow.inputs import Found
from ivr.models import ClosureReason
from ivr.services.accounts.by_phone import admin_of
from ivr.services.audit import Actor
from ivr.services.calendar import MIDNIGHT, Calendar, ClosedDays
from ivr.services.hours.hours import change_hours_in, close_days_in, lift_days_in
from ivr.services.inquiry import Inquiry
from ivr.services.line import Line

NAME = "Closed by phone"
MOVED = "Set by phone"
NOON = 12
"""The hour up to which a time may be in the morning or in the afternoon."""

REACH = 2
"""Days that the telephone opens and closes: today and tomorrow."""


def hear(session: Session, line: Line, inquiry: Inquiry) -> Found:
    """Whether the clinic is open now, and tomorrow."""
    if admin_of(session, inquiry) is None:
        return Found("not_allowed")
    return _found(session, line, inquiry.now)


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
    return _found(session, line, inquiry.now)


def set_hours(session: Session, line: Line, inquiry: Inquiry) -> Found:
    """Let today or tomorrow open later, or close earlier, than in other weeks; what was set before is forgotten."""
    admin, wanted = admin_of(session, inquiry), inquiry.state.hours
    if admin is None:
        return Found("not_allowed")
    calendar = line.calendars.read_in(session)
    day = calendar.today(inquiry.now) + timedelta(days=int(wanted.tomorrow))
    minute = _minute_of(calendar, day, wanted, inquiry.now)
    if minute is None:
        return Found("no_such_time")
    begins, ends = (0, minute) if wanted.edge is HoursEdge.OPENS else (minute, MIDNIGHT)
    closed = ClosedDays(day, day, ClosureReason.WEATHER, MOVED, begins=begins, ends=ends)
    change_hours_in(session, line, Actor.of(admin, "phone"), closed, inquiry.now)
    return Found("set")


def _minute_of(calendar: Calendar, day: date, wanted: HoursFacts, now: datetime) -> int | None:
    """The time that was keyed, in minutes after midnight: morning or afternoon, whichever the clinic has hours at.

    Where it has them at both, it opens in the morning and closes in the afternoon. None when it has them at neither, or
    that is over.
    """
    hour, minute = hour_and_minutes(wanted.time)
    usual = calendar.weekly_hours_on(day)
    if not usual:
        return None
    begin, end = max(usual[0][0], now), usual[-1][1]
    hours = (hour,) if hour > NOON else (hour % NOON, hour % NOON + NOON)
    minutes = [60 * one + minute for one in hours]
    fitting = [one for one in minutes if begin < calendar.span_on(day, one, one)[0] < end]
    return (min if wanted.edge is HoursEdge.OPENS else max)(fitting, default=None)


def _close(session: Session, line: Line, inquiry: Inquiry, days: int) -> Found:
    admin = admin_of(session, inquiry)
    if admin is None:
        return Found("not_allowed")
    close_days_in(session, line, Actor.of(admin, "phone"), ClosureReason.WEATHER, days, NAME, inquiry.now)
    return _found(session, line, inquiry.now)


def _found(session: Session, line: Line, now: datetime) -> Found:
    calendar = line.calendars.read_in(session)
    return Found(_state(calendar, now), HoursFacts(told=tuple(_told(calendar, calendar.today(now)))))


def _told(calendar: Calendar, today: date) -> Iterator[HoursTold]:
    """The ends of today's and tomorrow's hours that were moved."""
    for ahead in range(REACH):
        day = today + timedelta(days=ahead)
        usual, kept = calendar.weekly_hours_on(day), calendar.hours_on(day)
        if kept and kept[0][0] > usual[0][0]:
            yield HoursTold(HoursEdge.OPENS, ahead == 1, *calendar.spoken_time(kept[0][0], later=True))
        if kept and kept[-1][1] < usual[-1][1]:
            yield HoursTold(HoursEdge.CLOSES, ahead == 1, *calendar.spoken_time(kept[-1][1], later=False))


def _state(calendar: Calendar, now: datetime) -> str:
    today = calendar.today(now)
    today_off, tomorrow_off = (calendar.closure_on(today + timedelta(days=ahead)) for ahead in range(REACH))
    if today_off:
        return "closed_both_days" if tomorrow_off else "closed_today"
    return ("open" if calendar.is_open(now) else "closed") + ("_then_closed" if tomorrow_off else "")
