"""Text messages to patients: which are due, what they say, and that each is sent at most once.

Only who has agreed is texted, or who asks for a code just now; nobody who has said STOP is. That is looked at when the
worker is about to send, so a message that has been waiting since before counts too. The row is committed as `ASKED`
before the carrier is asked: a worker that dies in between leaves a text unsent, never sent twice. No text says why
somebody asked, or for what.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.callflow.speaking import promised
from ivr.config import E164
from ivr.models import (
    AuditAction,
    Disposition,
    EntryKind,
    PatientRequest,
    RequestStatus,
    TextKind,
    TextMessage,
    TextStatus,
)
from ivr.services.audit import SYSTEM
from ivr.services.jobs import Job, enqueue
from ivr.services.line import Line
from ivr.services.numbers import written as as_people_write
from ivr.services.requests import codes, consent, on_call
from ivr.services.requests.case import case_of
from ivr.services.requests.dialling import caller_id_for
from ivr.services.requests.links import new_link
from ivr.services.texts.words import Texting, written, written_day

CALLING = frozenset({TextKind.CALLING, TextKind.DIALLING})
OUTDATED = {
    TextKind.CALLING: timedelta(minutes=2),
    TextKind.DIALLING: timedelta(minutes=2),
    TextKind.CODE: codes.VALID,
}
LONGEST_WAIT = timedelta(hours=12)
"""A text that could not leave for so long is news no more; one about a call, or with a code, after `OUTDATED`."""

AGAIN_AFTER = timedelta(minutes=10)
"""Calls that follow each other more closely are announced once."""

SETTLED = timedelta(minutes=2)
"""How long a text waits that a slip of the staff's hand would send: they may take the step back."""

HIDDEN = "…"
"""What stands for the secret of a link, or for a code, wherever a text is kept or shown."""

PLACE = "\0"
"""Where the secret goes while a text is put together: no setting and no words have such a letter."""

STOPPED_AT_CARRIER = "21610"
"""The carrier's error for a number that has told it STOP."""

REPORTED = {
    "sent": TextStatus.SENT,
    "delivered": TextStatus.DELIVERED,
    "read": TextStatus.DELIVERED,
    "undelivered": TextStatus.UNDELIVERED,
    "failed": TextStatus.UNDELIVERED,
}
"""What the carrier's words for the state of a message mean; the others say that it is on its way."""

FINAL = frozenset({TextStatus.DELIVERED, TextStatus.UNDELIVERED, TextStatus.REFUSED, TextStatus.DROPPED})


@dataclass(frozen=True, slots=True)
class TextToSend:
    """A text message to ask the carrier for: the patient's number (E.164), and the words."""

    to: str
    body: str


def enqueue_text(
    session: Session,
    line: Line,
    request: PatientRequest,
    kind: TextKind,
    now: datetime,
    delay: timedelta | None = None,
) -> None:
    """Let a text be sent about a request, where its patient agreed to them. Commits nothing."""
    if line.texts is None or not request.may_text or not request.callback_number:
        return
    if not _is_told(session, request.id, kind, now):
        put_in_queue(session, line, request, kind, now, delay)


def put_in_queue(
    session: Session,
    line: Line,
    request: PatientRequest,
    kind: TextKind,
    now: datetime,
    delay: timedelta | None = None,
) -> int:
    """Let the worker send a text, if it is allowed and true by then; the text's id. Commits nothing."""
    text = TextMessage(request_id=request.id, kind=kind, status=TextStatus.WAITING, created_at=now)
    session.add(text)
    session.flush()
    enqueue(line.database, session.connection(), Job.SEND_TEXT, text.id, key=f"text-{text.id}", delay=delay)
    return text.id


def _is_told(session: Session, request_id: int, kind: TextKind, now: datetime) -> bool:
    """Whether the same is on its way, or a call was announced a moment ago."""
    kinds = CALLING if kind in CALLING else {kind}
    mine = select(TextMessage).where(TextMessage.request_id == request_id, TextMessage.kind.in_(kinds))
    last = session.scalars(mine.order_by(TextMessage.id.desc()).limit(1)).first()
    if last is None:
        return False
    recent = kind in CALLING and last.created_at > now - AGAIN_AFTER
    return recent or last.status is TextStatus.WAITING


def ask_for(line: Line, text_id: int, now: datetime) -> TextToSend | None:
    """Note that the carrier is being asked to send a text; None when it must not be (again)."""
    with _locked(line, text_id) as (session, text):
        if text is None or text.status is not TextStatus.WAITING or line.texts is None:
            return None
        request = session.get_one(PatientRequest, text.request_id, with_for_update=True)
        if not _is_wanted(session, request, text, now) or request.callback_number is None:
            text.status = TextStatus.DROPPED
            return None
        text.status, text.asked_at = TextStatus.ASKED, now
        words = _words(session, line, line.texts, request, text.kind, now)
        text.words = words.replace(PLACE, HIDDEN)
        return TextToSend(request.callback_number, words.replace(PLACE, _secret(session, line, text, now)))


def _secret(session: Session, line: Line, text: TextMessage, now: datetime) -> str:
    """A new secret for a text that has one: of a link, or a code; '' for any other."""
    if text.kind is TextKind.CODE:
        return codes.new_code(session, line.database.vault, text.id, now)
    return new_link(session, text.request_id, now) if text.kind in (TextKind.SAVED, TextKind.CHANGED) else ""


def unmark_asked(line: Line, text_id: int) -> None:
    """The carrier was certainly not asked: another attempt may ask it."""
    with _locked(line, text_id) as (_, text):
        if text is not None and text.status is TextStatus.ASKED:
            text.status = TextStatus.WAITING


def note_sent(line: Line, text_id: int, sid: str) -> None:
    """The carrier has taken the text, by this name; what it tells of it may have come before."""
    with _locked(line, text_id) as (_, text):
        if text is not None:
            text.sid = text.sid or sid or None
            if text.status is TextStatus.ASKED:
                text.status = TextStatus.SENT


def note_refused(line: Line, text_id: int, error: str, now: datetime) -> None:
    """The carrier will not send the text; `error` is its number for why."""
    with _locked(line, text_id) as (session, text):
        if text is not None and text.status is TextStatus.ASKED:
            _fail(session, line, text, TextStatus.REFUSED, error, now)


def note_delivery(line: Line, text_id: int, sid: str, reported: str, error: str, now: datetime) -> None:
    """What the carrier tells of a text; it may come late, twice, out of order or not at all."""
    status = REPORTED.get(reported)
    with _locked(line, text_id) as (session, text):
        if text is None or status is None or text.status is TextStatus.WAITING or text.sid not in (None, sid):
            return
        text.sid = sid
        if text.status in FINAL:
            return
        if status is TextStatus.UNDELIVERED:
            _fail(session, line, text, status, error, now)
        else:
            text.status, text.told_at = status, now


def _fail(session: Session, line: Line, text: TextMessage, status: TextStatus, error: str, now: datetime) -> None:
    """Tell staff in the history; a number that has told the carrier STOP is texted no more by us either."""
    text.status, text.error, text.told_at = status, error[:8] or None, now
    request = session.get_one(PatientRequest, text.request_id, with_for_update=True)
    case = case_of(session, line, request, SYSTEM, now)
    if error == STOPPED_AT_CARRIER and request.callback_number:
        consent.stop(session, request.callback_number, now)
        case.record(EntryKind.TEXTS_STOPPED, AuditAction.CHANGED, "texts stopped: the carrier was told STOP")
    case.record(EntryKind.TEXT_FAILED, AuditAction.CHANGED, f"text not delivered, error {error or 'unknown'}")


def _is_wanted(session: Session, request: PatientRequest, text: TextMessage, now: datetime) -> bool:
    """Whether a text that has been waiting is still allowed, and still true."""
    if request.erased_at is not None or not _agrees(request, text.kind) or not request.callback_number:
        return False
    if now - text.created_at > OUTDATED.get(text.kind, LONGEST_WAIT):
        return False
    if text.kind is TextKind.CANCELLED:
        fits = request.disposition is Disposition.CANCELLED and request.status is RequestStatus.CLOSED
    else:
        fits = request.status is not RequestStatus.CLOSED
    return fits and not consent.is_stopped(session, request.callback_number)


def _agrees(request: PatientRequest, kind: TextKind) -> bool:
    """Whether the patient agreed; to a code that is asked for just now, it is enough that they did not say no."""
    return request.may_text is not False if kind is TextKind.CODE else bool(request.may_text)


def first_text(line: Line, request_id: int, now: datetime) -> str:
    """The text that the patient of a request gets first, without the link's secret; '' where none is sent."""
    with line.database.read() as session:
        request = session.get(PatientRequest, request_id)
        if line.texts is None or request is None or not request.may_text:
            return ""
        return _words(session, line, line.texts, request, TextKind.SAVED, now).replace(PLACE, HIDDEN)


def _words(session: Session, line: Line, texts: Texting, request: PatientRequest, kind: TextKind, now: datetime) -> str:
    """A text with `PLACE` where its secret goes."""
    script = line.scripts.get(request.language) or line.scripts[line.tree.languages[0]]
    text_script = texts.script(script.language)
    promise = on_call.promise_left(session, line, request, now)
    return text_script.filled(
        kind,
        name=texts.name,
        reference=request.reference,
        promise=written(promised(promise), script, text_script) if promise else "",
        link=f"{texts.link_base}/r/{PLACE}",
        number=number_to_call(session, line, request),
        day=written_day(line.calendar.today(request.created_at), line.calendar.today(now), script, text_script),
        code=PLACE,
    )


def number_to_call(session: Session, line: Line, request: PatientRequest | None) -> str:
    """The clinic's telephone as a text names it: what a call to this patient shows, or what else there is."""
    shown = caller_id_for(session, line, request) if request else line.clinic_number
    sender = line.texts.sender if line.texts else ""
    known = [number for number in (shown, sender, *line.desk_numbers) if E164.fullmatch(number)]
    return as_people_write(known[0]) if known else ""


@contextmanager
def _locked(line: Line, text_id: int) -> Iterator[tuple[Session, TextMessage | None]]:
    with line.database.write() as session:
        yield session, session.get(TextMessage, text_id, with_for_update=True)
