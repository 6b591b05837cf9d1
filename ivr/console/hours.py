"""The page of the hours: when the clinic is open or closed, what callers hear of it now, and the clinic's name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ivr import forms
from ivr.config import WEEKDAYS, Config, OpenSpan
from ivr.console.access import actor, member, requires
from ivr.forms import FormError
from ivr.models import ClosureReason, Role
from ivr.services.calendar import MIDNIGHT, ClosedDays
from ivr.services.hours import hours
from ivr.services.hours.hours import HoursError
from ivr.services.line import Line
from ivr.services.prompts.clinic_name import LONGEST_NAME, ClinicNameRefused, choose_name, to_record_anew

LONGEST_FIELD = 200
"""Characters that the field for the clinic's name is read to, so that what is too long is told by its length."""


@dataclass(frozen=True, slots=True)
class SpanFields:
    """Two fields of the form for weekly hours, as they stand there: '08:30' and '17:00', or nothing."""

    name: str
    opens: str = ""
    closes: str = ""


@dataclass(frozen=True, slots=True)
class DayFields:
    """The openings of a weekday in the form."""

    label: str
    spans: tuple[SpanFields, ...]


def add_routes(console: Blueprint, line: Line, config: Config) -> None:
    """Add the page and its forms."""
    show = partial(_page, line)

    @console.get("/hours")
    @requires(Role.STAFF)
    def opening_hours() -> str:
        """Everything about the hours; staff may read it."""
        return show()

    @console.post("/hours/weekly")
    @requires(Role.ADMIN)
    def weekly_hours() -> ResponseReturnValue:
        """New openings of a week."""
        try:
            spans = [span for number in range(7) for span in _spans_of(number, request.form)]
            hours.replace_weekly(line, actor(), spans, line.clock())
        except HoursError as error:
            return show(weekly_error=str(error), entered=request.form), 400
        flash("The weekly hours are saved. Calls go by them within a few seconds.", "good")
        return redirect(url_for("console.opening_hours"))

    @console.post("/hours/clinic")
    @requires(Role.ADMIN)
    def clinic_name() -> ResponseReturnValue:
        """Another name for the clinic."""
        try:
            choose_name(line, actor(), forms.short_text(request.form, "clinic", LONGEST_FIELD), line.clock())
        except (ClinicNameRefused, FormError) as error:
            return show(clinic_error=str(error), entered=request.form), 400
        flash("The name is saved. Callers hear it as soon as the machine has said it, within a minute.", "good")
        return redirect(url_for("console.opening_hours"))

    @console.post("/hours/closures")
    @requires(Role.ADMIN)
    def add_closure() -> ResponseReturnValue:
        """A new closure."""
        try:
            wanted = _closure_of(request.form)
            hours.add_closure(line, actor(), wanted, line.clock())
        except (HoursError, FormError) as error:
            return show(closure_error=str(error), entered=request.form), 400
        flash("The closure is saved. Calls go by it within a few seconds.", "good")
        return redirect(url_for("console.opening_hours"))

    @console.post("/hours/open-late")
    @requires(Role.ADMIN)
    def open_late() -> ResponseReturnValue:
        """Open later today than in other weeks; the time that was set last holds."""
        try:
            ends = forms.time_of_day(request.form.get("open_late", "").strip())
            hours.open_late(line, actor(), ends, line.clock())
        except (HoursError, FormError) as error:
            return show(late_error=f"Opens today at: {error}", entered=request.form), 400
        flash(f"Today opens at {hours.minutes(ends)}. Calls go by it within a few seconds.", "good")
        return redirect(url_for("console.opening_hours"))

    @console.post("/hours/close-now")
    @requires(Role.ADMIN)
    def close_now() -> ResponseReturnValue:
        """Close for the rest of today, with one click."""
        try:
            reason = _reason_of(request.form)
        except FormError as error:
            return show(closure_error=str(error)), 400
        hours.close_days(line, actor(), reason, 1, "Closed at short notice", line.clock())
        flash("The clinic is closed for the rest of today. Callers hear it within a few seconds.", "good")
        return redirect(url_for("console.opening_hours"))

    @console.post("/hours/closures/<id:closure_id>/lift")
    @requires(Role.ADMIN)
    def lift_closure(closure_id: int) -> ResponseReturnValue:
        """Take a closure back."""
        try:
            hours.lift_closure(line, actor(), closure_id, line.clock())
            flash("The closure is lifted. The weekly hours hold again within a few seconds.", "good")
        except HoursError as error:
            flash(str(error), "warn")
        return redirect(url_for("console.opening_hours"))


def _page(
    line: Line,
    weekly_error: str = "",
    closure_error: str = "",
    clinic_error: str = "",
    late_error: str = "",
    entered: Mapping[str, str] | None = None,
) -> str:
    """The page; after a refused form, with what was entered there and why it was refused."""
    now, script = line.clock(), line.scripts[line.tree.languages[0]]
    line.calendars.forget()  # another process may have changed it a moment ago
    calendar = line.calendar
    spans, from_settings = hours.weekly_hours(line)
    return render_template(
        "console/hours.html",
        may_change=member().role.includes(Role.ADMIN),
        is_open=calendar.is_open(now),
        hear=hours.callers_hear(line, now),
        today=calendar.today(now),
        is_closed_today=calendar.closure_on(calendar.today(now)) is not None,
        may_open_late=any(closes > now for _, closes in calendar.hours_on(calendar.today(now))),
        part_of_day=hours.part_of_day,
        midnight=MIDNIGHT,
        days=_form_of(spans) if not weekly_error else _entered_days(entered or {}),
        week=_week(spans),
        from_settings=from_settings,
        closures=hours.closures(line, now),
        holidays=hours.holidays_ahead(line, now),
        seconds_of=partial(hours.greeting_seconds, line),
        reasons={reason: words.capitalize() for reason, words in hours.REASONS.items()},
        sentences={reason: script.prompts[f"closure_{reason}"].text for reason in ClosureReason},
        clinic=line.clinic,
        from_settings_alone=line.calendars.settings.clinic,
        longest_name=LONGEST_NAME,
        to_record=to_record_anew(line) if member().role.includes(Role.ADMIN) else (),
        speaks=line.speaks,
        weekly_error=weekly_error,
        closure_error=closure_error,
        clinic_error=clinic_error,
        late_error=late_error,
        entered=entered or {},
        most_seconds=int(hours.GREETING_SECONDS),
        words_a_minute=hours.WORDS_A_MINUTE,
    )


def _week(spans: tuple[OpenSpan, ...]) -> list[tuple[str, str]]:
    """Each weekday with its openings in words."""
    return [(day, _in_words([span for span in spans if span.weekday == n])) for n, day in enumerate(WEEKDAYS)]


def _in_words(spans: list[OpenSpan]) -> str:
    return ", ".join(f"{hours.minutes(s.opens)} to {hours.minutes(s.closes)}" for s in spans) or "closed"


def _form_of(spans: tuple[OpenSpan, ...]) -> list[DayFields]:
    """The form filled in with these openings."""
    times: dict[str, str] = {}
    for weekday in range(7):
        for place, span in enumerate(span for span in spans if span.weekday == weekday):
            times[f"opens_{weekday}_{place}"] = forms.time_field(span.opens)
            times[f"closes_{weekday}_{place}"] = forms.time_field(span.closes)
    return _entered_days(times)


def _entered_days(times: Mapping[str, str]) -> list[DayFields]:
    """The form as it was entered."""
    return [
        DayFields(
            label,
            tuple(
                SpanFields(
                    f"{weekday}_{place}",
                    times.get(f"opens_{weekday}_{place}", ""),
                    times.get(f"closes_{weekday}_{place}", ""),
                )
                for place in range(hours.MOST_SPANS)
            ),
        )
        for weekday, label in enumerate(WEEKDAYS)
    ]


def _spans_of(weekday: int, form: Mapping[str, str]) -> list[OpenSpan]:
    """The openings that were entered for a weekday."""
    spans = []
    for place in range(hours.MOST_SPANS):
        opens, closes = (form.get(f"{which}_{weekday}_{place}", "").strip() for which in ("opens", "closes"))
        if bool(opens) != bool(closes):
            raise HoursError(f"{WEEKDAYS[weekday]}: one of two times is missing. Fill in both or neither.")
        if opens:
            end = _minutes(closes, weekday)
            spans.append(OpenSpan(weekday, _minutes(opens, weekday), end or MIDNIGHT))
    return spans


def _minutes(text: str, weekday: int) -> int:
    try:
        return forms.time_of_day(text)
    except FormError as error:
        raise HoursError(f"{WEEKDAYS[weekday]}: {error}") from None


def _closure_of(form: Mapping[str, str]) -> ClosedDays:
    first = forms.day(form.get("first_day", ""), "Enter the first day.")
    last = forms.day(form.get("last_day", "") or form.get("first_day", ""), "Enter the last day.")
    begins, ends = (_time_or(form.get(f"closed_{which}", ""), which) for which in ("from", "until"))
    return ClosedDays(
        first,
        last,
        _reason_of(form),
        form.get("name", ""),
        form.get("greeting", ""),
        begins=begins or 0,
        ends=ends or MIDNIGHT,
    )


def _time_or(text: str, which: str) -> int | None:
    """A time that may be left out; then the closure begins or ends with the day."""
    try:
        return forms.time_of_day(text.strip()) if text.strip() else None
    except FormError as error:
        raise HoursError(f"Closed {which}: {error}") from None


def _reason_of(form: Mapping[str, str]) -> ClosureReason:
    return forms.choice(ClosureReason, form.get("reason"), "Choose a reason.")
