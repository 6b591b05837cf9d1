"""Texts to patients: a request whose patient agreed to them, and what became of the texts."""

from sqlalchemy import select

from ivr.models import PatientRequest, RequestEntry, TextKind, TextMessage
from ivr.services.requests import consent
from ivr.services.requests.texting import enqueue_text
from tests.support.triage import leave

PATIENT = "+16175550142"


def agree(line, request_id=1, language="en-US", kind=TextKind.SAVED):
    """Let the patient of a request agree, as if asked in the call; the first text is due."""
    with line.database.write() as session:
        request = session.get_one(PatientRequest, request_id)
        request.language = language
        consent.agree(request, "phone en-US 0123456789ab", line.clock())
        if kind:
            enqueue_text(session, line, request, kind, line.clock())


def agreed(line, **options):
    """A callback request whose patient agreed to texts."""
    leave(line)
    agree(line, **options)
    return line


def texts(line):
    """Kind and status of every text, in order, and the carrier's error where there was one."""
    with line.database.read() as session:
        rows = session.scalars(select(TextMessage).order_by(TextMessage.id))
        return [(row.kind, row.status, *([row.error] if row.error else [])) for row in rows]


def history(line, kind):
    """The notes of a request's entries of one kind."""
    with line.database.read() as session:
        rows = select(RequestEntry).where(RequestEntry.kind == kind).order_by(RequestEntry.id)
        return [row.note for row in session.scalars(rows)]
