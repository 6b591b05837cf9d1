"""The audit trail, for admins: who saw, heard, exported or changed what."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, time, timedelta

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from ivr import forms
from ivr.config import Config
from ivr.console.access import requires
from ivr.forms import FormError
from ivr.models import AuditAction, Role
from ivr.services.audit import Search, last_check, read_trail, staff_names
from ivr.services.line import Line

DONE: Mapping[AuditAction, str] = {
    AuditAction.SIGNED_IN: "Signed in",
    AuditAction.SIGN_IN_FAILED: "Could not sign in",
    AuditAction.SIGNED_OUT: "Signed out",
    AuditAction.LOCKED_OUT: "Was locked out",
    AuditAction.ACCOUNT_CHANGED: "Changed an account",
    AuditAction.SEARCHED: "Searched",
    AuditAction.SEEN: "Saw",
    AuditAction.HEARD: "Listened to",
    AuditAction.EXPORTED: "Exported",
    AuditAction.CLAIMED: "Claimed",
    AuditAction.RELEASED: "Released",
    AuditAction.CHANGED: "Changed",
    AuditAction.CALLED: "Called",
    AuditAction.CLOSED: "Closed",
    AuditAction.REOPENED: "Reopened",
    AuditAction.HOURS_CHANGED: "Changed the hours",
    AuditAction.PROMPT_CHANGED: "Changed a prompt",
    AuditAction.ERASED: "Erased",
    AuditAction.JOB_RETRIED: "Tried a job again",
    AuditAction.KEYS_ROTATED: "Rotated the keys",
}
"""What the page calls each action."""

LONGEST_NAME = 60
"""Characters of who and what, as the trail has them."""


def add_routes(console: Blueprint, line: Line, config: Config) -> None:
    """Add the page."""

    @console.get("/audit")
    @requires(Role.ADMIN)
    def trail() -> ResponseReturnValue:
        """A page of the trail, the newest first; it can be searched by who, what, on what and when."""
        page = read_trail(line.database, _search(line), before=forms.whole_number(request.args.get("before")))
        return render_template(
            "console/trail.html",
            page=page,
            names=staff_names(line.database),
            actions=list(AuditAction),
            done=DONE,
            checked=last_check(line.database),
            asked=request.args,
            older={**_kept(request.args), "before": page.older} if page.older else None,
        )


def _search(line: Line) -> Search:
    """What was asked for; what cannot be is not looked at."""
    sent, since = request.args, None
    with suppress(FormError):
        since = datetime.combine(forms.day(sent.get("day", ""), ""), time(), tzinfo=line.calendar.timezone)
    return Search(
        actor=forms.short_text(sent, "actor", LONGEST_NAME),
        action=forms.choice_or_none(AuditAction, sent.get("action")),
        subject=forms.short_text(sent, "subject", LONGEST_NAME),
        since=since,
        until=since + timedelta(days=1) if since else None,
    )


def _kept(sent: Mapping[str, str]) -> dict[str, str]:
    """The search as the address of another page carries it on."""
    return {name: sent[name] for name in ("actor", "action", "subject", "day") if name in sent}
