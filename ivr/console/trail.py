"""The audit trail, for admins: who saw, heard, exported or changed what."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from ivr.config import Config
from ivr.console.access import requires
from ivr.models import Action, Role
from ivr.services.audit import Search, read_trail, staff_names
from ivr.services.line import Line


def add_routes(console: Blueprint, line: Line, config: Config) -> None:
    """Add the page."""

    @console.get("/audit")
    @requires(Role.ADMIN)
    def trail() -> ResponseReturnValue:
        """A page of the trail, the newest first; it can be searched by who, what, on what and when."""
        page = read_trail(line.database, _search(line), before=request.args.get("before", type=int))
        return render_template(
            "console/trail.html",
            page=page,
            names=staff_names(line.database),
            actions=list(Action),
            asked=request.args,
            older={**request.args, "before": page.older} if page.older else None,
        )


def _search(line: Line) -> Search:
    action, day = request.args.get("action", ""), request.args.get("day", "")
    since = None
    if day:
        try:
            since = datetime.combine(datetime.fromisoformat(day).date(), time(), tzinfo=line.calendar.timezone)
        except ValueError:
            since = None
    return Search(
        actor=request.args.get("actor", "").strip(),
        action=Action(action) if action in set(Action) else None,
        subject=request.args.get("subject", "").strip(),
        since=since,
        until=since + timedelta(days=1) if since else None,
    )
