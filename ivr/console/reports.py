"""Reports for leads: figures, pictures with a table beside each, and exports; and the calendar of follow-ups."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, abort, render_template, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue

from ivr import forms
from ivr.config import WEEKDAYS, Config
from ivr.console import words
from ivr.console.access import actor, member, requires
from ivr.console.pictures import PALETTES, tree_of_leaving, week
from ivr.console.queue import length
from ivr.models import Role, Source
from ivr.services.line import Line
from ivr.services.requests.calendar_feed import calendar_of_follow_ups, renew_address
from ivr.services.requests.exporting import ExportedRequest, csv_line, csv_lines, export_requests
from ivr.services.requests.reports import (
    FINISHED,
    PERIODS,
    Door,
    Report,
    ends_by_node,
    note_export,
    read_report,
    requests_by_hour,
)

DOORS = {Source.PHONE: "by phone", Source.WEB: "online"}

MOST_NODES = 12
"""Nodes named in the table; the picture has them all."""


def add_routes(console: Blueprint, line: Line, config: Config) -> None:
    """Add the page, its pictures, the exports and the calendar."""

    def chosen_days() -> int:
        days = forms.whole_number(request.args.get("days"))
        return days if days in PERIODS else PERIODS[1]

    def current() -> tuple[int, Report]:
        days = chosen_days()
        return days, read_report(line, days, line.clock())

    @console.get("/reports")
    @requires(Role.LEAD)
    def reports() -> ResponseReturnValue:
        """The figures of a period."""
        days, report = current()
        return render_template(
            "console/reports.html",
            report=report,
            days=days,
            periods=PERIODS,
            weekdays=WEEKDAYS,
            hours=sorted({hour for _, hour in report.by_hour}),
            gave_up=[one for one in report.left if one.ended and one.node not in FINISHED][:MOST_NODES],
            share=share,
            length=length,
            doors=DOORS,
            node_words=words.node,
        )

    @console.get("/reports/<any(week, tree):name>-<any(light, dark):scheme>.svg")
    @requires(Role.LEAD)
    def report_picture(name: str, scheme: str) -> ResponseReturnValue:
        """A picture of the period, in light or dark."""
        asked, palette = (line, chosen_days(), line.clock()), PALETTES[scheme]
        if name == "week":
            drawn = week(requests_by_hour(*asked), palette)
        else:
            drawn = tree_of_leaving(line.on_air().tree, ends_by_node(*asked), palette)
        return Response(drawn, mimetype="image/svg+xml")

    @console.get("/reports/figures.<any(csv, json):form>")
    @requires(Role.LEAD)
    def report_figures(form: str) -> ResponseReturnValue:
        """The figures for another program; nothing personal is in them."""
        days, report = current()
        note_export(line.database, actor(), f"figures-{days}-{form}", line.clock())
        if form == "json":
            return Response(json.dumps(figures(report), indent=1), mimetype="application/json")
        response = Response("".join(map(csv_line, [("figure", "value"), *flat(figures(report))])), mimetype="text/csv")
        response.headers["Content-Disposition"] = f"attachment; filename=figures-{days}-days.csv"
        return response

    @console.post("/reports/requests.<any(csv, json):form>")
    @requires(Role.LEAD)
    def report_requests(form: str) -> ResponseReturnValue:
        """The requests of the period with all their fields, for whoever answers for it."""
        days, now = chosen_days(), line.clock()
        note_export(line.database, actor(), f"requests-{days}-{form}", now)
        exported = export_requests(line.database, now - timedelta(days=days))
        lines = csv_lines(exported) if form == "csv" else as_json(exported)
        response = Response(stream_with_context(lines), mimetype="text/csv" if form == "csv" else "application/json")
        response.headers["Content-Disposition"] = f"attachment; filename=requests-{days}-days.{form}"
        return response

    @console.route("/calendar", methods=["GET", "POST"])
    @requires(Role.STAFF)
    def calendar() -> ResponseReturnValue:
        """Where somebody gets the secret address of their calendar; it is shown once."""
        address = None
        if request.method == "POST":
            token = renew_address(line.database, actor(), member().id, line.clock())
            address = config.public_base_url + url_for("console.calendar_feed", token=token)
        has_one = address is not None or member().calendar_digest is not None
        return render_template("console/calendar.html", address=address, has_one=has_one)

    @console.get("/calendar/<token>.ics")
    def calendar_feed(token: str) -> ResponseReturnValue:
        """The calendar, for a program that cannot sign in."""
        document = calendar_of_follow_ups(line.database, token, line.clock(), f"{config.public_base_url}/console/")
        if document is None:
            abort(404)
        return Response(document, mimetype="text/calendar")


def _door(door: Door) -> dict[str, int]:
    counted = asdict(door)
    del counted["source"]
    return counted


def share(part: int, whole: int) -> str:
    """A share in words: '83 %', or 'none' when there is nothing to share."""
    return f"{part * 100 / whole:.0f} %" if whole else "none"


def figures(report: Report) -> dict[str, Any]:
    """A report as plain JSON."""
    return {
        "since": report.since.isoformat(),
        "until": report.until.isoformat(),
        "requests": report.requests,
        "doors": {one.source.value: _door(one) for one in report.doors},
        "calls": report.calls,
        "promises": {one.priority.value: {"due": one.due, "kept": one.kept} for one in report.promises},
        "tried": report.tried,
        "reached": report.reached,
        "reached_within_three_attempts": report.reached_soon,
        "closed_as_not_a_patient": report.not_patients,
        "oldest_open": report.oldest_open and report.oldest_open.isoformat(),
        "by_weekday_and_hour": [
            {"weekday": WEEKDAYS[day], "hour": hour, "requests": count}
            for (day, hour), count in sorted(report.by_hour.items())
        ],
        "callers": report.callers,
        "repeat_callers": report.repeat_callers,
        "nodes": [{"place": words.node(one.node), **asdict(one)} for one in report.left],
    }


def flat(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Nested figures as names and values: `("promises.urgent.due", 3)`; entries of a list are numbered from 1."""
    if isinstance(value, Mapping):
        inner: Iterable[tuple[Any, Any]] = value.items()
    elif isinstance(value, list):
        inner = enumerate(value, start=1)
    else:
        yield name, value
        return
    for key, part in inner:
        yield from flat(part, f"{name}.{key}" if name else str(key))


def as_json(requests: Iterable[ExportedRequest]) -> Iterator[str]:
    """Requests as one JSON list."""
    before = "["
    for one in requests:
        yield before + json.dumps(asdict(one))
        before = ",\n"
    yield "]\n" if before != "[" else "[]\n"
