"""How the pages say a time: the clinic's clock, with the weekday or the date where it is not today."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Flask
from markupsafe import Markup, escape

from ivr.services.calendar import twelve_hour_clock
from ivr.services.line import Line

WEEK = timedelta(days=6)


def clock_words(moment: datetime, now: datetime, timezone: ZoneInfo) -> str:
    """A moment in words, such as '2:30 PM', 'Friday 2:30 PM' or 'Nov 2, 2026, 2:30 PM'."""
    there, today = moment.astimezone(timezone), now.astimezone(timezone).date()
    clock = twelve_hour_clock(there)
    if there.date() == today:
        return clock
    if abs(there.date() - today) <= WEEK:
        return f"{there:%A} {clock}"
    return f"{there:%b} {there.day}, {there.year}, {clock}"


def add_filters(app: Flask, line: Line) -> None:
    """Let templates write `{{ moment | time }}`: a time element, or a dash for None."""
    timezone = line.calendars.settings.timezone

    def time(moment: datetime | None) -> Markup:
        if moment is None:
            return Markup("&ndash;")
        words = clock_words(moment, line.clock(), timezone)
        return Markup('<time datetime="{}">{}</time>').format(moment.isoformat(timespec="seconds"), escape(words))

    app.template_filter("time")(time)
