"""That somebody is there to call back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from ivr.doctor.findings import CheckResult, fault, fine
from ivr.services.line import Line

DAYS_AHEAD = 14


def check_hours(line: Line, now: datetime) -> Iterator[CheckResult]:
    """Whether the clinic is open, and if not, when it will be."""
    calendar = line.calendar
    closes, opens = calendar.closes_at(now), calendar.next_opening(now, DAYS_AHEAD)
    if closes is not None:
        closing = f"{closes.astimezone(calendar.timezone):%H:%M} ({calendar.timezone})"
        changed = calendar.changed_day(now)
        yield fine("hours", f"Open now until {closing}." + (" Today it closes early." if changed else ""))
    elif opens is None:
        yield fault(
            "hours", f"The clinic does not open within {DAYS_AHEAD} days.",
            "Check CLINIC_HOURS and CLINIC_HOLIDAYS, and the hours and closed days at /console/hours.",
        )  # fmt: skip
    else:
        local = opens.astimezone(calendar.timezone)
        late = calendar.changed_day(opens - timedelta(seconds=1))
        next_time = f"{local:%A, %B %d at %H:%M} ({calendar.timezone})"
        yield fine("hours", f"Open next on {next_time}." + (" That day opens late." if late else ""))
