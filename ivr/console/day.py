"""A member's day, the news that every page asks for, and for leads: handing requests over."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, abort, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ivr import forms
from ivr.config import Config
from ivr.console import words
from ivr.console.access import actor, member, requires
from ivr.console.queue import list_helpers, with_names
from ivr.models import EntryKind, Role
from ivr.services.line import Line
from ivr.services.requests import assigning, days, news
from ivr.services.requests import queue as queue_service
from ivr.services.requests.case import TriageError
from ivr.services.requests.queue import Filters

HANDED_OVER = 100
"""Requests that the page for handing over lists."""

NOBODY = "nobody"
"""What a form sends for nobody; nothing is no choice."""


def add_routes(console: Blueprint, line: Line, config: Config) -> None:
    """Add the day's page, the news, and the page for handing over with its two forms."""

    def facts(now: datetime) -> dict[str, Any]:
        return {**list_helpers(line, now), "default_language": config.languages[0], "words": words, "done": done}

    @console.get("/day")
    @requires(Role.STAFF)
    def my_day() -> ResponseReturnValue:
        """What somebody did today, what comes back, what is theirs; a lead may look at anybody's."""
        now, me = line.clock(), member()
        leads = me.role.includes(Role.LEAD)
        who = forms.whole_number(request.args.get("who")) or me.id
        if who != me.id and not leads:
            abort(403)
        begins, ends = day_of(line, now)
        shares = days.read_shares(line.database, begins, ends) if leads else []
        day = days.read_day(line.database, who, begins, ends)
        shown = with_names(line, config, (*day.put_back, *day.assigned))
        names = {row.id: row.name for row in shown}
        whose = next((one.name for one in shares if one.member_id == who), me.name if who == me.id else None)
        if whose is None:
            abort(404)
        return render_template(
            "console/day.html", day=day, names=names, shares=shares, who=who, whose=whose, leads=leads, **facts(now)
        )

    @console.get("/news")
    @requires(Role.STAFF)
    def news_of_queue() -> ResponseReturnValue:
        """How much is urgent and what is new; pages ask for it in the background."""
        found = news.read_news(line, member().id, line.clock())
        assigned_at = found.assigned_at.isoformat() if found.assigned_at else None
        return jsonify(
            urgent=found.urgent, newest_urgent=found.newest_urgent, assigned=found.assigned, assigned_at=assigned_at
        )

    @console.get("/handover")
    @requires(Role.LEAD)
    def handover() -> ResponseReturnValue:
        """What is to be called now, to be assigned in one go, and how much everybody has."""
        now = line.clock()
        page = queue_service.read_page(line, Filters(), None, now, HANDED_OVER)
        shares = days.read_shares(line.database, *day_of(line, now))
        rows = with_names(line, config, page.rows)
        return render_template("console/handover.html", rows=rows, more=page.after, shares=shares, **facts(now))

    @console.post("/handover/assign")
    @requires(Role.LEAD)
    def assign_chosen() -> ResponseReturnValue:
        """Assign the requests that were chosen."""
        chosen = [one for text in request.form.getlist("request") if (one := forms.whole_number(text))]
        to = _to()
        if not chosen or to is None:
            flash("Choose requests, and whose they are to be.", "warn")
        else:
            _do(lambda: assigning.assign_many(line, chosen, actor(), line.clock(), to=to or None), "assigned")
        return redirect(url_for("console.handover"), 303)

    @console.post("/handover/move")
    @requires(Role.LEAD)
    def move_list() -> ResponseReturnValue:
        """Give everything that is one member's to another."""
        from_, to = forms.whole_number(request.form.get("from")), _to()
        if not from_ or to is None or from_ == to:
            flash("Choose whose list it is, and who is to have it.", "warn")
        else:
            _do(lambda: assigning.move_list(line, actor(), line.clock(), from_=from_, to=to or None), "moved")
        return redirect(url_for("console.handover"), 303)


def done(kind: EntryKind) -> str:
    """What somebody did, where it does not matter to whom."""
    given = {EntryKind.ASSIGNED: "Assigned", EntryKind.REASSIGNED: "Given to somebody"}
    return given.get(kind) or words.history_title(kind, None, None, {})


def day_of(line: Line, now: datetime) -> tuple[datetime, datetime]:
    """The beginning and the end of the clinic's day."""
    begins = now.astimezone(line.calendar.timezone).replace(hour=0, minute=0, second=0, microsecond=0)
    return begins, begins + timedelta(days=1)


def _to() -> int | None:
    """Who was chosen: 0 for nobody, None when nothing was."""
    sent = request.form.get("to", "")
    return 0 if sent == NOBODY else forms.whole_number(sent) or None


def _do(work: Any, done: str) -> None:
    try:
        count = work()
    except TriageError as error:
        flash(str(error), "warn")
    else:
        flash(f"{count} {'request' if count == 1 else 'requests'} {done}.", "good")
