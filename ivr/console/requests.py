"""One request's page, and what staff do there. Every action is a form; what cannot be done is said beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import Blueprint, abort, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ivr import forms
from ivr.callflow.answers import BestTime, Weekday
from ivr.config import Config
from ivr.console import text_words, words
from ivr.console.access import actor, member, requires, wants_json
from ivr.console.follow_ups import closed_then
from ivr.console.moments import clock_words
from ivr.console.paths import path_words
from ivr.console.queue import filters_of, list_args
from ivr.forms import FormError
from ivr.models import Disposition, Outcome, Priority, Role
from ivr.services.line import Line
from ivr.services.requests import assigning, drafts, history, naming, triage
from ivr.services.requests.case import NoSuchRequest, TriageError, minutes
from ivr.services.requests.casefile import CaseFile, open_case, ownership
from ivr.services.requests.following import last_before, next_after
from ivr.services.requests.queue import PageCursor
from ivr.services.requests.results import FITTING, SETTLES, ChangedMeanwhile, Result, save_result

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

DISPOSITIONS = tuple(one for one in Disposition if one in FITTING[None])
"""How staff close a request; cancelling is the caller's."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a form was not accepted, and what had been typed into it.

    `meanwhile` tells what was done since it was made, up to the entry `newest`, which it knows of from now on.
    """

    form: str
    words: str
    typed: Mapping[str, str]
    meanwhile: list[str] = field(default_factory=list)
    newest: int | None = None


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
    """Add the page, the form's address for each action, and the way to the next request of the same list."""

    def page(request_id: int, problem: Problem | None = None) -> ResponseReturnValue:
        now = line.clock()
        try:
            case = open_case(line, request_id, actor(), now)
        except NoSuchRequest:
            abort(404)
        shown = render_template("console/request.html", problem=problem, **_facts(line, case, now, problem))
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
            now = ownership(line, request_id, actor())
        except NoSuchRequest:
            abort(404)
        left = int((now.ends_at - line.clock()).total_seconds()) if now.ends_at and now.is_mine else None
        return jsonify(version=now.version, mine=now.is_mine, owner=now.owner, seconds_left=left)

    @console.get("/requests/<id:request_id>/next", endpoint="request_next")
    @requires(Role.STAFF)
    def go_on(request_id: int) -> ResponseReturnValue:
        """The next request of the same list, or with `back` the one before; the list itself when there is no other."""
        back = request.args.get("back") == "1"
        return redirect(_next_page(following(request_id, back=back)), 303)

    def following(request_id: int, *, back: bool = False) -> int | None:
        find, filters = (last_before if back else next_after), filters_of(list_args(request.args))
        start = PageCursor.of(request.args.get("at", ""))
        return find(line, filters, request_id, member().id, line.clock(), start=start)

    @console.post("/requests/<id:request_id>/draft", endpoint="request_draft")
    @requires(Role.STAFF)
    def keep(request_id: int) -> ResponseReturnValue:
        """Keep what is being typed; a page does this by itself, again and again."""
        now, sent = line.clock(), request.form
        made_from, revision = (forms.whole_number(sent.get(name)) or 0 for name in ("made_from", "revision"))
        try:
            kept = drafts.keep_draft(
                line, request_id, actor(), now, content=sent, made_from=made_from, revision=revision
            )
        except NoSuchRequest:
            abort(404)
        except drafts.OtherDraft as error:
            return jsonify(note=error.draft.content.get("note", ""), revision=error.draft.revision), 409
        except TriageError as error:
            return jsonify(problem=str(error)), 400
        return jsonify(revision=kept, at=clock_words(now, now, line.calendar.timezone))

    @console.route("/requests/<id:request_id>/save", endpoint="request_save", methods=["GET", "POST"])
    @requires(Role.STAFF)
    def save(request_id: int) -> ResponseReturnValue:
        """Save what came of it, and go on to the next request of the same list if that is wished."""
        if request.method == "GET":
            return redirect(_page_of(request_id))
        goes_on = request.form.get("go") == "next"
        after = following(request_id) if goes_on else None
        made_from, once = forms.whole_number(request.form.get("made_from")) or 0, request.form.get("once", "")[:32]
        try:
            result = read_result(line, request.form)
            reference = save_result(
                line, request_id, actor(), line.clock(), result=result, made_from=made_from, once=once
            )
        except NoSuchRequest:
            abort(404)
        except (TriageError, FormError) as error:
            if not wants_json():
                keep_refused(request_id, made_from)
            return refused(request_id, Problem("work", str(error), request.form, *_meanwhile(line, error)))
        flash(done_words(reference, result), "good")
        if result.follow_up_at and (closed := closed_then(line.calendar, result.follow_up_at, line.clock())):
            flash(closed.words, "warn")
        return answer(_next_page(after) if goes_on else _page_of(request_id))

    def keep_refused(request_id: int, made_from: int) -> None:
        """Without a script nothing was kept before: the text of a refused form is there when the page is opened."""
        revision = forms.whole_number(request.form.get("revision")) or 0
        with suppress(TriageError):
            drafts.keep_draft(
                line,
                request_id,
                actor(),
                line.clock(),
                content=request.form,
                made_from=made_from,
                revision=revision,
            )

    def refused(request_id: int, problem: Problem) -> ResponseReturnValue:
        """Say why, in the page that asked or in a new one; what was typed is kept either way."""
        if wants_json():
            told = {"problem": problem.words, "form": problem.form, "meanwhile": problem.meanwhile}
            return jsonify(**told, made_from=problem.newest), 409
        return page(request_id, problem)

    def answer(address: str) -> ResponseReturnValue:
        return jsonify(next=address) if wants_json() else redirect(address, 303)

    def add(action: RequestAction) -> None:
        @console.route(
            f"/requests/<id:request_id>/{action.name}", endpoint=f"request_{action.name}", methods=["GET", "POST"]
        )
        @requires(action.role)
        def act(request_id: int) -> ResponseReturnValue:
            """Do it, or say why it was not done; a page that is loaded again from here is the request's own."""
            if request.method == "GET":
                return redirect(_page_of(request_id))
            try:
                action.use_case(line, request_id, actor(), line.clock(), **action.read(line, request.form))
            except NoSuchRequest:
                abort(404)
            except (TriageError, FormError) as error:
                return refused(request_id, Problem(action.form, str(error), request.form))
            flash(action.done, "good")
            return answer(_page_of(request_id))

    for action in REQUEST_ACTIONS:
        add(action)


def _page_of(request_id: int) -> str:
    """A request's page, as one of the list that this address names."""
    return url_for("console.request", request_id=request_id, **list_args(request.args))


def _next_page(following: int | None) -> str:
    """The page of the request that follows; at the end of a list, the list."""
    if following is None:
        flash("That was the last one of this list.", "good")
        return url_for("console.queue", **list_args(request.args))
    return _page_of(following)


def _facts(line: Line, case: CaseFile, now: datetime, problem: Problem | None) -> dict[str, Any]:
    """What the page needs beside the case itself."""
    timezone = line.calendar.timezone
    proposals = {
        outcome: triage.default_follow_up(line.calendar, case.request.priority, outcome, now).astimezone(timezone)
        for outcome in Outcome
    }
    return {
        "case": case,
        "words": words,
        "text_words": text_words,
        "now": now,
        "claim_idle": minutes(line.idle.claim),
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
        "fits": {one: [how.value for how in Outcome if one in FITTING[how]] for one in DISPOSITIONS},
        "settles": SETTLES,
        "dispositions": DISPOSITIONS,
        "here": list_args(request.args),
        "typed_work": _typed_work(problem, case),
        "did": path_words(line.on_air().tree, case),
        "priorities": tuple(Priority),
        "best_times": tuple(BestTime),
        "weekdays": tuple(Weekday),
    }


def _typed_work(problem: Problem | None, case: CaseFile) -> Mapping[str, str]:
    """What stands in the form: what was refused just now, or what was typed before and not sent."""
    if problem is not None and problem.form == "work":
        return problem.typed
    return case.draft.content if case.draft else {}


def _locked(case: CaseFile) -> str:
    """Why its forms are closed to whoever looks; '' when they are not."""
    if case.request.erased_at is not None:
        return "The data of this request was erased."
    if case.request.closed_at is not None:
        return "This request is closed."
    return "" if case.is_free or case.is_mine else f"{case.owner or 'Somebody on call'} is working on this request."


def read_result(line: Line, sent: Mapping[str, str]) -> Result:
    """What the form says came of it; without a time of its own, the follow-up is when it is proposed.

    Raises:
        FormError: saying what is to be chosen.
    """
    outcome = forms.choice(Outcome, sent["outcome"], "Choose how the call went.") if sent.get("outcome") else None
    disposition, follow_up_at = None, None
    match sent.get("then"):
        case "settled":
            disposition = forms.choice(Disposition, sent.get("disposition"), "Choose how it was settled.")
        case "again" if outcome is None:
            raise FormError("Choose how the call went.")
    if disposition is None:
        follow_up_at = forms.moment(
            sent.get("follow_up_at", ""), line.calendar.timezone, "Write the follow-up as a date and a time."
        )
    return Result(outcome, disposition, follow_up_at, sent.get("note", ""))


def _assignee(sent: Mapping[str, str]) -> int | None:
    """Who was chosen; nothing chosen is nobody."""
    return forms.whole_number(sent.get("to")) or NOBODY if sent.get("to") else None


def done_words(reference: str, result: Result) -> str:
    """What was saved, for whoever did it and has the next request before them by now."""
    if result.disposition is not None:
        return f"Request {reference} is closed. This can be undone for 24 hours."
    if result.outcome is not None:
        return f"Request {reference} is saved. It comes back at its follow-up time."
    return f"The note on request {reference} is saved."


def _meanwhile(line: Line, error: Exception) -> tuple[list[str], int | None]:
    """What was done since a form was made, a line each, and the entry up to which it is told."""
    if not isinstance(error, ChangedMeanwhile):
        return [], None
    told = []
    for one in error.entries:
        what = words.history_title(one.kind, one.staff, None, {})
        how = words.in_words(one.how).lower()
        who = "You" if one.is_mine else one.staff or "The line"
        at = clock_words(one.at, line.clock(), line.calendar.timezone)
        told.append(f"{who}, {at}: {what}{': ' if how else ''}{how}")
    return told, error.newest


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
    RequestAction("reopen", "claim", history.reopen, "Reopened: it is back in the queue."),
    RequestAction(
        "undo",
        "history",
        history.undo,
        "Undone. The request is as it was before.",
        lambda _, sent: {"entry_id": forms.whole_number(sent.get("entry")) or NOBODY},
    ),
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
