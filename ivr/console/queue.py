"""The queue: whom to call next. The page refreshes its list by itself; see `static/console/queue-refresh.js`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ivr import forms
from ivr.callflow.answers import BestTime, Kind, Reason, VisitType
from ivr.config import Config
from ivr.console import words
from ivr.console.access import actor, member, requires
from ivr.console.moments import clock_words
from ivr.models import Priority, RequestStatus, Role
from ivr.services.hours.hours import callers_hear
from ivr.services.line import Line
from ivr.services.requests import naming, triage
from ivr.services.requests import queue as queue_service
from ivr.services.requests.case import TriageError
from ivr.services.requests.order import QueueTab
from ivr.services.requests.queue import COUNTED, Counts, Filters, PageCursor, QueueRow
from ivr.services.requests.searching import FOUND, BadSearch, search

NEAR = 0.75
"""The share of the time until somebody should act after which a row warns."""

SECONDS_UNDER = timedelta(minutes=10)
"""Spans shorter than this are told with their seconds."""

LONGEST_TAG, LONGEST_WANTED = 12, 64
"""Characters of a language's tag, and of what is searched for, that are looked at."""

LISTS = ("tab", "kind", "status", "priority", "language", "mine", "overdue", "at")
"""What an address says of the list that a request was opened from, and of the place in it."""

TABS = {
    QueueTab.NOW: "Now",
    QueueTab.LATER: "Later",
    QueueTab.INCOMPLETE: "Incomplete",
    QueueTab.CLOSED: "Closed",
}
STATUSES = {RequestStatus.NEW: "New", RequestStatus.CLAIMED: "Claimed", RequestStatus.FOLLOW_UP: "To be tried again"}


def add_routes(console: Blueprint, line: Line, config: Config) -> None:
    """Add the queue's page, the list that it fetches to refresh itself, the search, and the claim in a row."""
    many_languages = config.languages if len(config.languages) > 1 else ()

    def shown(filters: Filters, now: datetime) -> dict[str, Any]:
        """What the list's template needs; whoever is gone loses their claims first."""
        triage.release_idle(line, now)
        page = queue_service.read_page(line, filters, PageCursor.of(request.args.get("at", "")), now)
        page = replace(page, rows=_named(line, config, page.rows))
        counts = queue_service.count(line, member().id, now)
        return {
            "page": page,
            "counts": counts,
            "filters": filters,
            "state": callers_hear(line, now),
            "is_open": line.calendar.is_open(now),
            "address": _address(filters),
            "here": list_args(request.args),
            "default_language": config.languages[0],
            **list_helpers(line, now),
        }

    @console.get("/")
    @requires(Role.STAFF)
    def queue() -> ResponseReturnValue:
        """The queue, a page of it."""
        filters = filters_of(request.args)
        facts = shown(filters, line.clock())
        _see_names(line, facts["page"].rows)
        lists = {"kinds": Kind, "priorities": Priority, "statuses": STATUSES, "languages": many_languages}
        return render_template("console/queue.html", **lists, **facts)

    @console.get("/queue/list")
    @requires(Role.STAFF)
    def queue_list() -> ResponseReturnValue:
        """The part of the page that changes; 304 when it has not, since times are counted by the page itself."""
        facts = shown(filters_of(request.args), line.clock())
        etag = _digest([facts["page"], facts["counts"], facts["state"], member().id, facts["today"]])
        if request.if_none_match.contains(etag):
            return Response(status=304)
        _see_names(line, facts["page"].rows)
        response = Response(render_template("console/queue_list.html", **facts))
        response.set_etag(etag)
        return response

    @console.post("/queue/search")
    @requires(Role.STAFF)
    def queue_search() -> ResponseReturnValue:
        """Requests by reference or number. The number is sent in the form, so that no address holds it."""
        now = line.clock()
        facts = {
            **list_helpers(line, now),
            "default_language": config.languages[0],
            "at": clock_words(now, now, line.calendar.timezone),
        }
        wanted = forms.short_text(request.form, "wanted", LONGEST_WANTED)
        try:
            rows = with_names(line, config, search(line.database, wanted, actor(), now))
        except BadSearch as error:
            return render_template("console/queue_found.html", rows=[], error=str(error), **facts), 400
        return render_template("console/queue_found.html", rows=rows, most=FOUND, **facts)

    @console.post("/queue/<id:request_id>/claim")
    @requires(Role.STAFF)
    def queue_claim(request_id: int) -> ResponseReturnValue:
        """Claim a request and open it; when somebody was faster, the queue says who."""
        try:
            triage.claim(line, request_id, actor(), line.clock())
        except TriageError as error:
            flash(str(error), "warn")
            return redirect(url_for("console.queue", **list_args(request.args)))
        return redirect(url_for("console.request", request_id=request_id, **list_args(request.args)))


def with_names(line: Line, config: Config, rows: Sequence[QueueRow]) -> tuple[QueueRow, ...]:
    """The rows with the patients' names, where the clinic wants them to be shown; the audit trail notes that."""
    named = _named(line, config, rows)
    _see_names(line, named)
    return named


def _named(line: Line, config: Config, rows: Sequence[QueueRow]) -> tuple[QueueRow, ...]:
    if config.queue_shows != "name":
        return tuple(rows)
    names = naming.names_of(line.database, [row.id for row in rows])
    return tuple(replace(row, name=names.get(row.id)) for row in rows)


def _see_names(line: Line, rows: Sequence[QueueRow]) -> None:
    naming.note_names_seen(line.database, [row.id for row in rows if row.name], actor(), line.clock())


def urgency(row: QueueRow, now: datetime) -> str:
    """How a row's time stands: 'late', 'near' once three quarters of it are gone, or ''."""
    if now >= row.act_by:
        return "late"
    return "near" if now - row.since >= NEAR * (row.act_by - row.since) else ""


def left(row: QueueRow, now: datetime) -> str:
    """How much time is left, in words that tell it apart without colour; `queue-times.js` counts on in the same."""
    match urgency(row, now):
        case "late":
            return f"{length(now - row.act_by)} late"
        case "near":
            return f"only {length(row.act_by - now)} left"
        case _:
            return f"in {length(row.act_by - now)}"


def length(span: timedelta) -> str:
    """A span in its two greatest units: '4 min 5 s', '25 min', '3 h 5 min', '2 days 3 h'."""
    seconds = max(int(span.total_seconds()), 0)
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if span < SECONDS_UNDER:
        return f"{minutes} min {seconds % 60} s" if minutes else f"{seconds} s"
    if not hours:
        return f"{minutes} min"
    if not days:
        return f"{hours} h {minutes % 60} min"
    return f"{days} {'day' if days == 1 else 'days'} {hours % 24} h"


def next_action(row: QueueRow) -> str:
    """What to do about a request, in a few words."""
    if row.status is RequestStatus.CLOSED:
        return words.in_words(row.disposition) or "Closed"
    if not row.has_number:
        what = "Listen: no number was left"
    elif row.attempts:
        what = "Try again"
    elif row.pressed_nothing:
        heard = row.reason is Reason.MESSAGE
        what = "Listen: whoever called pressed nothing" if heard else "They pressed nothing: perhaps a machine"
    elif row.left_incomplete:
        what = "Call: they hung up early"
    elif row.reason is Reason.MESSAGE:
        what = "Listen, then call"
    else:
        what = "Call to schedule" if row.kind is Kind.APPOINTMENT else "Call back"
    best = {BestTime.MORNING: " (mornings)", BestTime.AFTERNOON: " (afternoons)"}
    return what + (best.get(row.best_time, "") if row.best_time and row.has_number else "")


ABOUT: Mapping[StrEnum, str] = {
    Reason.PROCEDURE: "about a treatment",
    Reason.AFTER_PROCEDURE: "after a procedure",
    Reason.BILLING: "bill, insurance or referral",
    Reason.OTHER: "something else",
    Reason.MESSAGE: "left a message",
    Reason.PERSON: "asked for a person",
    VisitType.FRACTURE: "fracture of the spine",
    VisitType.FOLLOW_UP: "follow-up after a procedure",
    VisitType.OTHER_PAIN: "another pain problem",
}
"""What a request is about, in the few words that a list has room for."""


def about(row: QueueRow) -> str:
    """What a request is about, as far as a list may tell."""
    what: StrEnum | None = row.visit_type or row.reason
    return ABOUT[what] if what else ""


def label(value: StrEnum) -> str:
    """A value as a short label."""
    return value.value.replace("_", " ").capitalize()


def capped(number: int) -> str:
    """A count, or '500+' beyond what is counted."""
    return f"{COUNTED}+" if number > COUNTED else str(number)


def _is_closed_then(line: Line, row: QueueRow, now: datetime) -> bool:
    """Whether a follow-up still to come lies on a day or at an hour at which the clinic is closed.

    The moment of closing itself is none: what is proposed may be that.
    """
    waits = row.status is RequestStatus.FOLLOW_UP and row.act_by > now
    return waits and not line.calendar.is_open(row.act_by - timedelta(seconds=1))


def queue_title(counts: Counts) -> str:
    """The title of the queue's page, with what presses most: '(2 urgent) Queue', '(14) Queue'."""
    if counts.urgent:
        return f"({capped(counts.urgent)} urgent) Queue"
    return f"({capped(counts.now)}) Queue" if counts.now else "Queue"


def list_helpers(line: Line, now: datetime) -> dict[str, Any]:
    """What the rows' template calls. A row's version is another one as soon as anything is that it shows."""
    timezone = line.calendar.timezone
    today = now.astimezone(timezone).date()
    helpers = (about, capped, label, left, length, next_action, queue_title, urgency)
    return {
        "now": now,
        "today": today,
        "me_id": member().id,
        "tabs": TABS,
        "language": words.language,
        "span": words.span,
        "closed_then": lambda row: _is_closed_then(line, row, now),
        "by": lambda moment: clock_words(moment, now, timezone),
        "version": lambda row: _digest([row, today])[:12],
        **{one.__name__: one for one in helpers},
    }


def list_args(sent: Mapping[str, str]) -> dict[str, Any]:
    """The list that an address names, to be carried on to the next page and back."""
    return {name: text for name in LISTS if (text := forms.short_text(sent, name, LONGEST_WANTED))}


def filters_of(sent: Mapping[str, str]) -> Filters:
    """Which requests the list shows that an address names."""
    return Filters(
        tab=forms.choice_or_none(QueueTab, sent.get("tab")) or QueueTab.NOW,
        kind=forms.choice_or_none(Kind, sent.get("kind")),
        status=forms.choice_or_none(RequestStatus, sent.get("status")),
        priority=forms.choice_or_none(Priority, sent.get("priority")),
        language=forms.short_text(sent, "language", LONGEST_TAG) or None,
        owner_id=member().id if sent.get("mine") else None,
        assigned_to_id=member().id if sent.get("assigned") else None,
        overdue=bool(sent.get("overdue")),
    )


def _address(filters: Filters) -> dict[str, str]:
    """The filters as an address has them, without the tab and the place."""
    chosen = {name: getattr(filters, name) for name in ("kind", "status", "priority", "language")}
    assigned = filters.assigned_to_id is not None
    switches = {"mine": filters.owner_id is not None, "assigned": assigned, "overdue": filters.overdue}
    return {name: str(value) for name, value in chosen.items() if value} | {n: "1" for n, on in switches.items() if on}


def _digest(values: list[Any]) -> str:
    return hashlib.sha256(repr(values).encode()).hexdigest()
