"""Answers added to a saved request, one by one, while its caller is still on the line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from ivr.callflow.answers import Draft
from ivr.callflow.inputs import Found, RequestSaved
from ivr.models import AuditAction, EntryKind, PatientRequest, Priority, RequestEntry, RequestStatus, TextKind
from ivr.services.audit import CALLER
from ivr.services.inquiry import Inquiry
from ivr.services.line import Line
from ivr.services.requests.case import Case, case_of
from ivr.services.requests.consent import agree, wording_by_phone
from ivr.services.requests.history import hold_reference
from ivr.services.requests.notices import enqueue_notices
from ivr.services.requests.saving import due_at, follow_best_time, link, priority_of, told
from ivr.services.requests.texting import enqueue_text

ANSWERS = (
    "reason", "patient_type", "visit_type", "birth_date", "weekday", "best_time", "visit_time", "may_leave_message",
    "may_text", "red_flags",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class KeyedAnswers:
    """What a call has told about a request that it saved, now and before its last key."""

    request_id: int
    call_id: int
    draft: Draft
    before: Draft


def add_answers(session: Session, line: Line, answers: KeyedAnswers, now: datetime) -> RequestSaved | None:
    """Add what a caller has just answered; what is promised now, or None when the request is there no more.

    What staff have done meanwhile stays: a value that they changed, a priority that they raised, who works on it. A
    closed request keeps its values, and its history tells what was answered; a warning sign opens it again, and so does
    a voicemail. Commits nothing.
    """
    draft, before = answers.draft, answers.before
    request = session.get(PatientRequest, answers.request_id, with_for_update=True, populate_existing=True)
    if request is None or request.erased_at is not None:
        return None
    given = _given(draft, before)
    fresh = [sid for sid in (draft.recording_sid, draft.voicemail_sid) if sid not in _recorded(before)]
    link(session, request, answers.call_id, *fresh)
    warned, spoke = bool(given.get("red_flags")), draft.voicemail_sid in fresh
    case = case_of(session, line, request, CALLER, now)
    if warned or spoke:
        _bring_back(case)
    if given:
        _note(session, request, given, before, now)
    if request.status is not RequestStatus.CLOSED:
        for name, value in given.items():
            if getattr(request, name) in (None, getattr(before, name)):
                setattr(request, name, value)
        _bring_forward(request, line, answers, now, warned=warned, spoke=spoke)
        if spoke:
            case.record(EntryKind.MESSAGE_ADDED, AuditAction.CHANGED, "message added, in the call that saved it")
        session.flush()
        if warned:
            enqueue_notices(line, session.connection(), request)
        if request.may_text and "may_text" in given:
            agree(request, wording_by_phone(session, line, answers.call_id, request.language), now)
            enqueue_text(session, line, request, TextKind.SAVED, now)
    return told(session, line, request, now)


def standing(session: Session, line: Line, inquiry: Inquiry) -> Found:
    """Whether the request that this call has saved is still open, and what is promised about it now."""
    saved = inquiry.state.saved
    if saved is None or not saved.id:
        return Found("open")
    request = session.get(PatientRequest, saved.id)
    if request is None or request.erased_at is not None or request.status is RequestStatus.CLOSED:
        return Found("closed")
    return Found("open", told(session, line, request, inquiry.now))


def _recorded(draft: Draft) -> set[str | None]:
    return {None, draft.recording_sid, draft.voicemail_sid}


def _given(draft: Draft, before: Draft) -> Mapping[str, Any]:
    """The answers that are new or different; nothing takes an answer away."""
    found = {name: getattr(draft, name) for name in ANSWERS if getattr(draft, name) != getattr(before, name)}
    return {name: value for name, value in found.items() if value is not None and (value or name != "red_flags")}


def _bring_back(case: Case) -> None:
    """Let a request that was closed, or that waits for another attempt, be as new: somebody has to hear of it now."""
    request = case.request
    if request.status is RequestStatus.CLOSED:
        case.put_back()
        request.closed_at = request.disposition = None
        hold_reference(case)
    if request.status is RequestStatus.FOLLOW_UP:
        request.status = RequestStatus.NEW


def _note(session: Session, request: PatientRequest, given: Mapping[str, Any], before: Draft, now: datetime) -> None:
    """An entry of the history, as callers make it: what was answered, and what before that."""
    changes = {"before": {name: getattr(before, name) for name in given}, "after": dict(given)}
    text = json.dumps(changes, separators=(",", ":"))
    session.add(RequestEntry(request_id=request.id, at=now, kind=EntryKind.ANSWER_ADDED, changes=text))


def _bring_forward(
    request: PatientRequest, line: Line, answers: KeyedAnswers, now: datetime, *, warned: bool, spoke: bool
) -> None:
    """Let the request be due as its answers want it: never later than it was because of its priority.

    Only an answer that calls for a higher priority than those before it raises it: staff may have lowered it.
    """
    priority, best_time = priority_of(answers.draft), answers.draft.best_time
    raised = priority.rank < min(request.priority.rank, priority_of(answers.before).rank)
    if raised:
        request.priority = priority
    if warned or spoke:
        due = due_at(line, Priority.URGENT if warned else Priority.SOON, now, request.best_time)
        sooner = min(request.act_by, due)
        request.due_at = request.due_at if request.attempts else min(request.due_at, due)
        request.act_by = sooner
    elif (raised or best_time is not answers.before.best_time) and not request.attempts:
        follow_best_time(request, line, request.created_at)
