"""One request's page, and what staff do there. Every action is a form; what cannot be done is said beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, abort, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ivr import forms
from ivr.callflow.answers import BestTime, Weekday
from ivr.config import Config
from ivr.console import words
from ivr.console.access import actor, member, requires
from ivr.forms import FormError
from ivr.models import Disposition, Outcome, Priority, Role
from ivr.services.line import Line
from ivr.services.requests import assigning, history, naming, triage
from ivr.services.requests.case import NoSuchRequest, TriageError
from ivr.services.requests.casefile import CaseFile, open_case, ownership

NOTE_TEMPLATES = (
    "Spoke with the patient.",
    "Spoke with a family member.",
    "Left a message with the clinic's number.",
    "Needs an interpreter.",
    "Insurance still to be checked.",
    "Records asked for.",
    "Passed on to the physician.",
)
"""Phrases that a button puts into a note."""

NOBODY = 0
"""An id that no row has: the use case says that there is none such."""

DISPOSITIONS = tuple(one for one in Disposition if one is not Disposition.CANCELLED)
"""How staff close a request; cancelling is the caller's."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a form was not accepted, and what had been typed into it."""

    form: str
    words: str
    typed: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RequestAction:
    """Something staff do with a request: a form's address and `role`, the use case, what is said when it is `done`.

    `form` is where the page says what went wrong; `read` takes the use case's values from what was sent.
    """

    name: str
    form: str
    use_case: Callable[..., object]
    done: str
    read: Callable[[Line, Mapping[str, str]], Mapping[str, Any]] = lambda line, sent: {}
    role: Role = Role.STAFF


def add_routes(console: Blueprint, line: Line, config: Config) -> None:
    """Add the page and a form's address for each action."""

    def page(request_id: int, problem: Problem | None = None) -> ResponseReturnValue:
        now = line.clock()
        try:
            case = open_case(line.database, request_id, actor(), now)
        except NoSuchRequest:
            abort(404)
        shown = render_template("console/request.html", problem=problem, **_facts(line, case, now))
        return shown, 409 if problem else 200

    @console.get("/requests/<id:request_id>", endpoint="request")
    @requires(Role.STAFF)
    def show(request_id: int) -> ResponseReturnValue:
        """Everything about a request; opening it leaves a row in the audit trail."""
        return page(request_id)

    @console.post("/requests/<id:request_id>/standing", endpoint="request_standing")
    @requires(Role.STAFF)
    def stand(request_id: int) -> ResponseReturnValue:
        """Who has it now, for a page that is open; `active` says that somebody is working there."""
        if request.form.get("active") == "1":
            triage.touch(line, request_id, actor(), line.clock())
        try:
            now = ownership(line.database, request_id, actor())
        except NoSuchRequest:
            abort(404)
        return jsonify(version=now.version, mine=now.is_mine, owner=now.owner)

    def add(action: RequestAction) -> None:
        @console.post(f"/requests/<id:request_id>/{action.name}", endpoint=f"request_{action.name}")
        @requires(action.role)
        def act(request_id: int) -> ResponseReturnValue:
            """Do it, or show the page again with what was typed and why it was not done."""
            try:
                action.use_case(line, request_id, actor(), line.clock(), **action.read(line, request.form))
            except NoSuchRequest:
                abort(404)
            except (TriageError, FormError) as error:
                return page(request_id, Problem(action.form, str(error), request.form))
            flash(action.done, "good")
            return redirect(url_for("console.request", request_id=request_id), 303)

    for action in REQUEST_ACTIONS:
        add(action)


def _facts(line: Line, case: CaseFile, now: datetime) -> dict[str, Any]:
    """What the page needs beside the case itself."""
    timezone = line.calendar.timezone
    proposals = {
        outcome: triage.default_follow_up(line.calendar, case.request.priority, outcome, now).astimezone(timezone)
        for outcome in Outcome
    }
    return {
        "case": case,
        "words": words,
        "now": now,
        "timezone": timezone,
        "today": line.calendar.today(now),
        "proposals": {outcome: f"{at:%Y-%m-%dT%H:%M}" for outcome, at in proposals.items()},
        "earliest": f"{now.astimezone(timezone):%Y-%m-%dT%H:%M}",
        "due": words.due(case.request.act_by, case.request.attempts, now, timezone),
        "is_late": case.request.act_by < now,
        "locked": _locked(case),
        "me_id": member().id,
        "leads": member().role.includes(Role.LEAD),
        "templates": NOTE_TEMPLATES,
        "outcomes": tuple(Outcome),
        "dispositions": DISPOSITIONS,
        "priorities": tuple(Priority),
        "best_times": tuple(BestTime),
        "weekdays": tuple(Weekday),
    }


def _locked(case: CaseFile) -> str:
    """Why its forms are closed to whoever looks; '' when they are not."""
    if case.request.erased_at is not None:
        return "The data of this request was erased."
    if case.request.closed_at is not None:
        return "This request is closed."
    return "" if case.is_free or case.is_mine else f"{case.owner or 'Somebody on call'} is working on this request."


def _attempted(line: Line, sent: Mapping[str, str]) -> Mapping[str, Any]:
    """Without a time of their own, the follow-up is when it is proposed."""
    return {
        "outcome": forms.choice(Outcome, sent.get("outcome"), "Choose how the call went."),
        "follow_up_at": forms.moment(
            sent.get("follow_up_at", ""), line.calendar.timezone, "Write the follow-up as a date and a time."
        ),
        "note": sent.get("note", ""),
    }


def _assignee(sent: Mapping[str, str]) -> int | None:
    """Who was chosen; nothing chosen is nobody."""
    return forms.whole_number(sent.get("to")) or NOBODY if sent.get("to") else None


def _closed(_: Line, sent: Mapping[str, str]) -> Mapping[str, Any]:
    disposition = forms.choice(Disposition, sent.get("disposition"), "Choose how it was settled.")
    return {"disposition": disposition, "note": sent.get("note", "")}


def _edited(_: Line, sent: Mapping[str, str]) -> Mapping[str, Any]:
    """The fields that were sent; an empty number is left alone."""
    changes: dict[str, Any] = {name: sent[name] for name in ("best_time", "weekday", "priority") if name in sent}
    if sent.get("callback_number", "").strip():
        changes["callback_number"] = sent["callback_number"].strip()
    if "may_leave_message" in sent:
        changes["may_leave_message"] = {"yes": True, "no": False}.get(sent["may_leave_message"])
    return {"changes": changes}


REQUEST_ACTIONS = (
    RequestAction("claim", "claim", triage.claim, "It is yours."),
    RequestAction("release", "claim", triage.release, "Released: others can take it now."),
    RequestAction("take-over", "claim", triage.take_over, "It is yours.", role=Role.LEAD),
    RequestAction(
        "reassign",
        "claim",
        triage.reassign,
        "Given to somebody else.",
        lambda _, sent: {"to": forms.whole_number(sent.get("to")) or NOBODY},
        role=Role.LEAD,
    ),
    RequestAction(
        "attempt", "attempt", triage.record_attempt, "Saved. It comes back at its follow-up time.", _attempted
    ),
    RequestAction("close", "close", triage.close, "Closed. This can be undone for 24 hours.", _closed),
    RequestAction("reopen", "claim", history.reopen, "Reopened: it is back in the queue."),
    RequestAction(
        "undo",
        "history",
        history.undo,
        "Undone. The request is as it was before.",
        lambda _, sent: {"entry_id": forms.whole_number(sent.get("entry")) or NOBODY},
    ),
    RequestAction("note", "note", history.add_note, "Noted.", lambda _, sent: {"text": sent.get("note", "")}),
    RequestAction(
        "assign",
        "assign",
        assigning.assign,
        "Saved. An assignment lasts until the request is done.",
        lambda _, sent: {"to": _assignee(sent), "note": sent.get("note", "")},
    ),
    RequestAction(
        "name",
        "name",
        naming.set_name,
        "Saved.",
        lambda _, sent: {"name": sent.get("name", ""), "record_number": sent.get("record_number", "")},
    ),
    RequestAction("edit", "edit", history.edit, "Changed. The history keeps what was there before.", _edited),
)
