"""Follow-ups at times when the clinic is closed: told in words, with the next opening, and never refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from ivr import forms
from ivr.config import Config
from ivr.console.access import requires
from ivr.console.moments import clock_words
from ivr.forms import FormError
from ivr.models import Role
from ivr.services.calendar import HORIZON_DAYS, Calendar, twelve_hour_clock
from ivr.services.hours.hours import REASONS
from ivr.services.line import Line

MOMENT = timedelta(seconds=1)
"""A clinic that closes at five is open until then: five itself is no follow-up at a closed hour."""


@dataclass(frozen=True, slots=True)
class ClosedThen:
    """Why nobody is at the clinic at some time, in words, and the next opening, None when none is known."""

    words: str
    opens_at: datetime | None


def add_routes(console: Blueprint, line: Line, config: Config) -> None:
    """Add what a form asks while a time is being chosen in it."""

    @console.get("/open-then")
    @requires(Role.STAFF)
    def open_then() -> ResponseReturnValue:
        """Whether the clinic is closed at a time; `next` is the opening to propose, as a field of the form has it."""
        calendar = line.calendar
        try:
            at = forms.moment(request.args.get("at", ""), calendar.timezone, "")
        except FormError:
            at = None
        closed = closed_then(calendar, at, line.clock()) if at else None
        if closed is None:
            return jsonify(words="", next="", named="")
        if closed.opens_at is None:
            return jsonify(words=closed.words, next="", named="")
        opens = closed.opens_at.astimezone(calendar.timezone)
        named = clock_words(opens, line.clock(), calendar.timezone)
        return jsonify(words=closed.words, next=f"{opens:%Y-%m-%dT%H:%M}", named=named)


def closed_then(calendar: Calendar, at: datetime, now: datetime) -> ClosedThen | None:
    """What to say of a follow-up at a time when the clinic is closed; None while it is open."""
    if calendar.is_open(at - MOMENT) or calendar.is_open(at):
        return None
    local, opens = at.astimezone(calendar.timezone), calendar.next_opening(at, HORIZON_DAYS)
    words = f"The clinic is closed {_why(calendar, local)}."
    if opens is None:
        return ClosedThen(f"{words} It is not known when it opens again.", None)
    return ClosedThen(f"{words} It opens next {clock_words(opens, now, calendar.timezone)}.", opens)


def _why(calendar: Calendar, local: datetime) -> str:
    """When, and why if there is more to it than the hour."""
    day = f"on {local:%A, %b} {local.day}"
    if closure := calendar.closure_on(local.date()):
        return f"{day}: {closure.name or REASONS[closure.reason]}"
    if not any(span.weekday == local.weekday() for span in calendar.hours):
        return f"on {local:%A}s"
    return f"{day} at {twelve_hour_clock(local)}"
