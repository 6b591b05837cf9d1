"""Opening hours as admins keep them: weekly hours, closures, and what callers hear now."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from ivr.config import WEEKDAYS, OpenSpan, overlapping
from ivr.models import AuditAction, Closure, ClosureReason, PromptVersion, WeeklyHours
from ivr.services.audit import Actor, add_audit_entry
from ivr.services.calendar import (
    HORIZON_DAYS,
    MIDNIGHT,
    Calendar,
    Change,
    ChangedDay,
    ClosedDays,
    closed_days,
    twelve_hour_clock,
)
from ivr.services.jobs import Job, enqueue
from ivr.services.line import Line

QUARTER = 15
"""Minutes: as finely as the line says a time."""

A_WEEK = 7
MOST_SPANS = 2
"""Openings of one weekday: before and after a break."""

LONGEST_CLOSURE = 60
FURTHEST_DAYS = 730
"""Days that one closure may last, and how far ahead it may begin."""

OPENS_LATE = "Opens late"
"""What staff read of a day that was made to open late with one click."""

LONGEST_NAME = 80
GREETING_SECONDS = 15.0
"""An own greeting may last so long: callers wait for the menu behind it."""

WORDS_A_MINUTE = 130
SOUND = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*|\d")
"""A word, or a digit, which takes about as long."""

REASONS = {
    ClosureReason.HOLIDAY: "a holiday",
    ClosureReason.WEATHER: "bad weather",
    ClosureReason.OTHER: "another reason",
}
"""The reasons in words for staff."""


class HoursError(ValueError):
    """Hours or a closure that cannot be; the message says in a sentence what to change."""


@dataclass(frozen=True, slots=True)
class ClosureRow:
    """A closure in a list; `id` is None for holidays of the settings' calendar, which nobody can lift."""

    id: int | None
    days: ClosedDays


def weekly_hours(line: Line) -> tuple[tuple[OpenSpan, ...], bool]:
    """The openings of a week, and whether they come from the settings because nobody has set any."""
    with line.database.read() as session:
        rows = session.scalars(select(WeeklyHours).order_by(WeeklyHours.weekday, WeeklyHours.opens))
        spans = tuple(OpenSpan(row.weekday, row.opens, row.closes) for row in rows)
    return spans or line.calendars.settings.hours, not spans


def replace_weekly(line: Line, actor: Actor, spans: Sequence[OpenSpan], now: datetime) -> None:
    """Set the openings of a week.

    Raises:
        HoursError: there is none, one runs backwards, two overlap, or a day has more than two.
    """
    wanted = sorted(spans, key=lambda span: (span.weekday, span.opens))
    _check_spans(wanted)
    with line.database.write() as session:
        session.execute(delete(WeeklyHours))
        session.add_all(WeeklyHours(weekday=s.weekday, opens=s.opens, closes=s.closes) for s in wanted)
        add_audit_entry(
            session, actor, AuditAction.HOURS_CHANGED, "hours", now, f"weekly hours: {in_short(wanted)}"[:200]
        )
    line.calendars.forget()


def closures(line: Line, now: datetime) -> list[ClosureRow]:
    """The closures that are not over, by their first day."""
    today = line.calendar.today(now)
    with line.database.read() as session:
        rows = session.scalars(
            select(Closure)
            .where(Closure.last_day >= today, Closure.lifted_at.is_(None))
            .order_by(Closure.first_day, Closure.id)
        )
        return [ClosureRow(row.id, closed_days(row)) for row in rows]


def holidays_ahead(line: Line, now: datetime, days: int = 365) -> list[ClosureRow]:
    """The holidays of the settings' calendar within so many days."""
    calendar = line.calendars.settings
    today = calendar.today(now)
    found = (calendar.closure_on(today + timedelta(days=ahead)) for ahead in range(days))
    return [ClosureRow(None, closure) for closure in found if closure]


def greeting_seconds(line: Line, sha256: str) -> float | None:
    """How long a greeting of the clinic's own lasts, as it was measured."""
    with line.database.read() as session:
        return session.scalar(select(func.max(PromptVersion.seconds)).where(PromptVersion.audio_sha256 == sha256))


def estimated_seconds(greeting: str) -> float:
    """About how long a voice takes for these words."""
    return len(SOUND.findall(greeting)) * 60 / WORDS_A_MINUTE


def add_closure(line: Line, actor: Actor, wanted: ClosedDays, now: datetime) -> int:
    """Close on these days, or for some hours of them; the closure's id. The same closure again is the first one.

    An own greeting is made by the worker; until then callers hear the standard sentence.

    Raises:
        HoursError: when the days are over or too many, the hours are none in which the clinic is open, or the greeting
            is too long or cannot be spoken.
    """
    wanted = _checked(wanted, line.calendar.today(now))
    if not wanted.is_whole:
        _check_hours(wanted, line.calendar, now)
    with line.database.write() as session:
        closure = _store_closure_in(session, line, actor, wanted, now)
    line.calendars.forget()
    return closure.id


def close_days(line: Line, actor: Actor, reason: ClosureReason, days: int, name: str, now: datetime) -> None:
    """Close at once for the rest of today, and for the days after it up to so many in all; closed ones stay closed."""
    with line.database.write() as session:
        close_days_in(session, line, actor, reason, days, name, now)
    line.calendars.forget()


def close_days_in(
    session: Session, line: Line, actor: Actor, reason: ClosureReason, days: int, name: str, now: datetime
) -> None:
    """The same in a transaction under way."""
    calendar = line.calendars.read_in(session)
    today = calendar.today(now)
    for day in (today + timedelta(days=ahead) for ahead in range(days)):
        if calendar.closure_on(day) is None:
            _store_closure_in(session, line, actor, ClosedDays(day, day, reason, name), now)


def open_late(line: Line, actor: Actor, ends: int, now: datetime) -> None:
    """Open today at so many minutes after midnight; an earlier word about when today begins is taken back.

    Raises:
        HoursError: the clinic is not open before that time anyway, or callers cannot hear it.
    """
    today = line.calendar.today(now)
    wanted = ClosedDays(today, today, ClosureReason.OTHER, OPENS_LATE, ends=ends)
    _check_hours(wanted, line.calendar, now)
    with line.database.write() as session:
        change_hours_in(session, line, actor, wanted, now)
    line.calendars.forget()


def change_hours_in(session: Session, line: Line, actor: Actor, wanted: ClosedDays, now: datetime) -> None:
    """Let one day open late or close early, in a transaction under way; what was set before for that is taken back."""
    begins, ends = Closure.begins, Closure.ends
    edge = (begins == 0, ends < MIDNIGHT) if wanted.begins == 0 else (begins > 0, ends == MIDNIGHT)
    day = wanted.first_day
    this_day = (Closure.first_day == day, Closure.last_day == day, Closure.lifted_at.is_(None))
    for closure in session.scalars(select(Closure).where(*this_day, *edge).with_for_update()):
        _lift(session, actor, closure, now)
    _store_closure_in(session, line, actor, wanted, now)


def lift_closure(line: Line, actor: Actor, closure_id: int, now: datetime) -> None:
    """Take a closure back; the clinic goes by its weekly hours again.

    Raises:
        HoursError: there is no such closure, or it was lifted already.
    """
    with line.database.write() as session:
        closure = session.get(Closure, closure_id, with_for_update=True)
        if closure is None or closure.lifted_at is not None:
            raise HoursError("That closure was lifted already.")
        _lift(session, actor, closure, now)
    line.calendars.forget()


def lift_days_in(session: Session, line: Line, actor: Actor, days: int, now: datetime) -> None:
    """Lift every closure that touches today or the days after it, up to so many in all; holidays stay."""
    today = line.calendars.settings.today(now)
    touching = select(Closure).where(
        Closure.lifted_at.is_(None),
        Closure.last_day >= today,
        Closure.first_day < today + timedelta(days=days),
    )
    for closure in session.scalars(touching.with_for_update()):
        _lift(session, actor, closure, now)


def callers_hear(line: Line, now: datetime) -> str:
    """What callers hear now and where key 0 leads them, in a sentence or two for staff."""
    calendar = line.calendar
    local = now.astimezone(calendar.timezone)
    zero = "0 rings the desk" if line.desk_numbers else "0 takes a message, as there are no desk numbers"
    closes, changed = calendar.closes_at(now), calendar.changed_day(now)
    if closes is not None:
        until = twelve_hour_clock(closes.astimezone(calendar.timezone))
        heard = _changed_heard(line, changed) if changed else "the usual greeting"
        return f"Open now until {until} today. Callers now hear: {heard}; {zero}."
    closure = calendar.closure_on(local.date())
    state = f"Closed today ({closure.name or REASONS[closure.reason]})" if closure else "Closed now"
    heard = _greeting_heard(line, closure) if closure else "the usual greeting"
    if changed:
        heard = _changed_heard(line, changed)
    opens = _next_opening(calendar, now, local.date())
    return f"{state}. Callers now hear: {heard}; 0 takes a message. {opens}"


def in_short(spans: Sequence[OpenSpan]) -> str:
    """Openings in few words: 'Mon 8:30 AM to 5 PM; …'."""
    return "; ".join(f"{WEEKDAYS[s.weekday][:3]} {minutes(s.opens)} to {minutes(s.closes)}" for s in spans)


def part_of_day(closed: ClosedDays) -> str:
    """Which part of its days a closure takes: 'all day', 'opens at 11:00 AM', 'closes at 2:00 PM'."""
    if closed.is_whole:
        return "all day"
    begins, ends = minutes(closed.begins), minutes(closed.ends)
    if closed.begins == 0:
        return f"opens at {ends}"
    return f"closes at {begins}" if closed.ends == MIDNIGHT else f"closed from {begins} to {ends}"


def minutes(after_midnight: int) -> str:
    """A time of day: '8:30 AM', 'midnight'."""
    if after_midnight == MIDNIGHT:
        return "midnight"
    hour, minute = divmod(after_midnight, 60)
    return twelve_hour_clock(datetime(2000, 1, 1, hour, minute))


def _check_spans(spans: Sequence[OpenSpan]) -> None:
    if not spans:
        raise HoursError("The clinic must be open at least once a week. To close for some days, add a closure.")
    for span in spans:
        day = WEEKDAYS[span.weekday]
        if not 0 <= span.opens < span.closes <= MIDNIGHT:
            raise HoursError(f"{day}: the clinic must close after it opens. Check the times.")
        if sum(1 for other in spans if other.weekday == span.weekday) > MOST_SPANS:
            raise HoursError(f"{day}: two openings a day at most.")
    for weekday in overlapping(spans):
        raise HoursError(f"{WEEKDAYS[weekday]}: the two openings overlap. Let the second begin after the first ends.")


def _checked(wanted: ClosedDays, today: date) -> ClosedDays:
    """The closure in its final form."""
    if wanted.last_day < wanted.first_day:
        raise HoursError("The last day lies before the first one. Check the dates.")
    if wanted.last_day < today:
        raise HoursError("These days are over. Check the dates.")
    if (wanted.last_day - wanted.first_day).days >= LONGEST_CLOSURE:
        raise HoursError(f"A closure lasts {LONGEST_CLOSURE} days at most. For longer ones, change the weekly hours.")
    if (wanted.first_day - today).days > FURTHEST_DAYS:
        raise HoursError("The first day is more than two years ahead. Check the year.")
    name = " ".join(wanted.name.split())
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise HoursError(f"The name has {LONGEST_NAME} letters at most, without special characters.")
    greeting = " ".join((wanted.greeting or "").split()) or None
    if greeting:
        _check_greeting(greeting)
    return replace(wanted, name=name, greeting=greeting)


def _check_hours(wanted: ClosedDays, calendar: Calendar, now: datetime) -> None:
    if wanted.begins >= wanted.ends:
        raise HoursError("The clinic must be closed until a later time than from. Check the times.")
    if wanted.begins % QUARTER or wanted.ends % QUARTER:
        raise HoursError("Callers hear times in quarters of an hour. Choose one, such as 11:00 or 11:15.")
    days = (wanted.last_day - wanted.first_day).days + 1
    ahead = (wanted.first_day + timedelta(days=n) for n in range(days))
    if not any(_takes_from(calendar, day, wanted, now) for day in ahead):
        raise HoursError("The clinic is not open in these hours anyway. Check the days and the times.")


def _takes_from(calendar: Calendar, day: date, wanted: ClosedDays, now: datetime) -> bool:
    """Whether a closure of some hours takes anything from the weekly hours of a day that is still ahead."""
    closed_from, closed_until = calendar.span_on(day, wanted.begins, wanted.ends)
    return any(
        max(opens, closed_from, now) < min(closes, closed_until) for opens, closes in calendar.weekly_hours_on(day)
    )


def _check_greeting(greeting: str) -> None:
    if not greeting.isprintable() or not SOUND.search(greeting):
        raise HoursError("The greeting has nothing that a voice could say, or characters that it cannot.")
    seconds = estimated_seconds(greeting)
    if seconds > GREETING_SECONDS:
        too_long = f"The greeting would last about {seconds:.0f} seconds, {GREETING_SECONDS:.0f} are the most."
        raise HoursError(f"{too_long} Shorten it: callers wait for the menu.")


def _store_closure_in(session: Session, line: Line, actor: Actor, wanted: ClosedDays, now: datetime) -> Closure:
    """Store a closure that was checked, in a transaction under way; one that is there already is that one."""
    same = select(Closure).where(
        Closure.first_day == wanted.first_day,
        Closure.last_day == wanted.last_day,
        Closure.begins == wanted.begins,
        Closure.ends == wanted.ends,
        Closure.reason == wanted.reason,
        Closure.name == wanted.name,
        Closure.greeting == wanted.greeting if wanted.greeting else Closure.greeting.is_(None),
        Closure.lifted_at.is_(None),
    )
    if found := session.scalars(same).first():
        return found
    closure = Closure(
        first_day=wanted.first_day,
        last_day=wanted.last_day,
        begins=wanted.begins,
        ends=wanted.ends,
        reason=wanted.reason,
        name=wanted.name,
        greeting=wanted.greeting,
        created_at=now,
        created_by=actor.staff_id,
    )
    session.add(closure)
    session.flush()
    own = ", own greeting" if wanted.greeting else ""
    detail = f"closed {_days(wanted)}: {REASONS[wanted.reason]}{own}"
    add_audit_entry(session, actor, AuditAction.HOURS_CHANGED, f"closure:{closure.id}", now, detail)
    if wanted.greeting:
        enqueue(line.database, session.connection(), Job.MAKE_GREETING, closure.id, key=f"greeting-{closure.id}")
    return closure


def _lift(session: Session, actor: Actor, closure: Closure, now: datetime) -> None:
    closure.lifted_at = now
    detail = f"lifted: {_days(closed_days(closure))}"
    add_audit_entry(session, actor, AuditAction.HOURS_CHANGED, f"closure:{closure.id}", now, detail)


def _days(closed: ClosedDays) -> str:
    first, last = closed.first_day, closed.last_day
    days = f"{first:%Y-%m-%d}" if first == last else f"{first:%Y-%m-%d} to {last:%Y-%m-%d}"
    return days if closed.is_whole else f"{days}, {part_of_day(closed)}"


def _greeting_heard(line: Line, closure: ClosedDays) -> str:
    return _own_or(line, closure, f"the standard sentence for {REASONS[closure.reason]}")


def _changed_heard(line: Line, changed: ChangedDay) -> str:
    time = minutes(60 * changed.spoken[0] + changed.spoken[1])
    standard = {
        Change.OPENS_LATE: f"that we open late, at {time}",
        Change.OPENS_AGAIN: f"that we open again at {time}",
        Change.CLOSES_EARLY: f"that we close early, at {time}",
        Change.CLOSED_EARLY: "that we closed early",
    }[changed.change]
    return _own_or(line, changed.closure, standard)


def _own_or(line: Line, closure: ClosedDays | None, standard: str) -> str:
    """A closure's own greeting where callers hear it, else what is heard in its place."""
    if closure is None or closure.greeting is None:
        return standard
    if closure.greeting_sha256 is None and not line.speaks:
        return f"{standard}, until your own greeting is ready"
    return f"“{closure.greeting}”"


def _next_opening(calendar: Calendar, now: datetime, today: date) -> str:
    opens = calendar.next_opening(now, HORIZON_DAYS)
    if opens is None:
        return f"There is no opening in the next {HORIZON_DAYS} days."
    local = opens.astimezone(calendar.timezone)
    ahead = (local.date() - today).days
    near = {0: "today", 1: "tomorrow"}
    later = f"{local:%A}" if ahead < A_WEEK else f"{local:%A, %B} {local.day},"
    return f"Next opening: {near.get(ahead, later)} {twelve_hour_clock(local)}."
