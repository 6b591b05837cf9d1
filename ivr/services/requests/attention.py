"""Bringing an open request back to the notice of staff, because its patient has said something more."""

from __future__ import annotations

from ivr.models import Priority, RequestStatus
from ivr.services.requests.case import Case
from ivr.services.requests.notices import renew_notices, resume_alerts
from ivr.services.requests.saving import due_at


def call_attention(case: Case) -> None:
    """Let a request be news again: what nobody has heard or read can wait no longer than any message.

    Commits nothing.
    """
    request, session, line = case.request, case.session, case.line
    if request.priority is Priority.ROUTINE:
        request.priority = Priority.SOON
    request.act_by = min(request.act_by, due_at(line, request.priority, case.now, request.best_time))
    if request.status is RequestStatus.FOLLOW_UP:
        request.status = RequestStatus.NEW
    session.flush()
    renew_notices(session.connection(), request.id)
    resume_alerts(line.database, session.connection(), request, case.now)
