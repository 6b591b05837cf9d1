"""Retention: personal data goes when its days are over, or when a patient asks; what reports count stays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import ColumnElement, UpdateBase, and_, delete, exists, or_, select, update
from sqlalchemy.orm import Session, aliased

from ivr.db import Database, retry_when_busy
from ivr.models import (
    AuditAction,
    Call,
    EntryDraft,
    NameWord,
    NumberCode,
    PatientLink,
    PatientRequest,
    Recording,
    RecordingStatus,
    ReferenceNumber,
    RequestEntry,
    RequestStatus,
    TextMessage,
)
from ivr.services.audit import SYSTEM, add_audit_entry
from ivr.services.calls.turns import blank_progress
from ivr.services.recordings.recordings import erase_recordings
from ivr.services.requests.codes import forget_codes
from ivr.services.requests.references import HELD_AFTER_CLOSING

PAGE = 50
"""Calls in one transaction: short enough that no caller notices."""

PERSONAL: Mapping[str, frozenset[str]] = {
    "calls": frozenset({"from_number", "from_index", "progress"}),
    "name_words": frozenset({"word", "word_index"}),
    "patient_requests": frozenset(
        {
            *("callback_number", "number_index", "birth_date", "patient_name", "record_number", "told"),
            *("interpreter_language", "submission"),
        }
    ),
    "recording_audio": frozenset({"data"}),
    "request_entries": frozenset({"note", "changes"}),
    "entry_drafts": frozenset({"content"}),
    "text_messages": frozenset({"words"}),
    "number_codes": frozenset({"number", "number_index", "digest"}),
}
"""The columns that erasing empties, or deletes with their rows, by table.

A test holds that every encrypted column of patients' is among them.
"""


@dataclass(frozen=True, slots=True)
class Purged:
    """What one run erased, and the SIDs of all erased recordings whose copy at the carrier is still to be deleted."""

    requests: int
    recordings: int
    calls: int
    at_carrier: tuple[str, ...]


def purge(database: Database, now: datetime, days: int) -> Purged:
    """Erase what was closed so many days ago, and what as long ago led to nothing that staff could close.

    Takes a few calls at a time, each group in a transaction of its own, so that it can run beside the line, be
    broken off and be started again. Requests under legal hold, and their calls, are passed over.
    """
    cutoff = now - timedelta(days=days)
    requests = recordings = calls = after = 0
    while ids := _due_calls(database, cutoff, after):
        done = retry_when_busy(partial(_purge_calls, database, ids, cutoff, now))
        requests, recordings, calls = requests + done[0], recordings + done[1], calls + done[2]
        after = ids[-1]
    while ids := _due_online(database, cutoff):
        requests += retry_when_busy(partial(_purge_online, database, ids, cutoff, now))
    with database.write() as session:
        forget_codes(session, now)
    return Purged(requests, recordings, calls, erased_at_carrier(database))


def _purge_calls(database: Database, ids: Sequence[int], cutoff: datetime, now: datetime) -> tuple[int, int, int]:
    """One transaction of `purge`: how many requests, recordings and calls it erased."""
    with database.write() as session:
        due = _lock(session, ids, _is_due(cutoff))
        recordings = erase_requests(session, due, now)
        over = _unneeded(session, and_(Call.id.in_(ids), Call.started_at <= cutoff))
        recordings += erase_calls(session, over, now)
        if due or over:
            counted = f"{len(due)} requests, {recordings} recordings, {len(over)} calls: their days were over"
            add_audit_entry(session, SYSTEM, AuditAction.ERASED, "requests", now, counted)
        return len(due), recordings, len(over)


def _due_online(database: Database, cutoff: datetime) -> list[int]:
    """Requests whose days are over and that have no call which would bring them: they came online."""
    due = select(PatientRequest.id).where(PatientRequest.call_id.is_(None), _is_due(cutoff))
    with database.read() as session:
        return list(session.scalars(due.order_by(PatientRequest.id).limit(PAGE)))


def _purge_online(database: Database, ids: Sequence[int], cutoff: datetime, now: datetime) -> int:
    """One transaction of `purge` for requests without a call: how many it erased."""
    with database.write() as session:
        still = select(PatientRequest.id).where(PatientRequest.id.in_(ids), _is_due(cutoff))
        due = list(session.scalars(still.order_by(PatientRequest.id).with_for_update()))
        erase_requests(session, due, now)
        if due:
            counted = f"{len(due)} requests that came online: their days were over"
            add_audit_entry(session, SYSTEM, AuditAction.ERASED, "requests", now, counted)
        return len(due)


def erased_at_carrier(database: Database) -> tuple[str, ...]:
    """The SIDs of recordings that were erased here while the carrier may still have a copy."""
    left = select(Recording.sid).where(
        Recording.erased_at.is_not(None), Recording.deleted_at.is_(None), Recording.status != RecordingStatus.ABSENT
    )
    with database.read() as session:
        return tuple(session.scalars(left.order_by(Recording.id)))


def _is_due(cutoff: datetime) -> ColumnElement[bool]:
    closed = and_(PatientRequest.status == RequestStatus.CLOSED, PatientRequest.closed_at <= cutoff)
    left = and_(PatientRequest.status == RequestStatus.INCOMPLETE, PatientRequest.created_at <= cutoff)
    return and_(PatientRequest.erased_at.is_(None), PatientRequest.legal_hold.is_(False), or_(closed, left))


def _is_unneeded() -> ColumnElement[bool]:
    """A call with something to erase and no request that keeps it; an erased call has no caller's number at all."""
    needing = exists().where(PatientRequest.call_id == Call.id, PatientRequest.erased_at.is_(None))
    return and_(Call.from_number.is_not(None), ~needing)


def _due_calls(database: Database, cutoff: datetime, after: int) -> list[int]:
    with_due_request = Call.id.in_(select(PatientRequest.call_id).where(_is_due(cutoff)))
    over = and_(Call.started_at <= cutoff, _is_unneeded())
    due = select(Call.id).where(Call.id > after, or_(with_due_request, over)).order_by(Call.id).limit(PAGE)
    with database.read() as session:
        return list(session.scalars(due))


def _lock(session: Session, call_ids: Sequence[int], condition: ColumnElement[bool]) -> list[int]:
    """Lock calls, then their requests that still meet the condition: the order in which calls lock them, too."""
    calls = select(Call.id).where(Call.id.in_(call_ids)).order_by(Call.id)
    session.execute(calls.with_for_update()).all()
    requests = select(PatientRequest.id).where(PatientRequest.call_id.in_(call_ids), condition)
    return list(session.scalars(requests.order_by(PatientRequest.id).with_for_update()))


def _unneeded(session: Session, among: ColumnElement[bool]) -> list[int]:
    return list(session.scalars(select(Call.id).where(among, _is_unneeded()).order_by(Call.id)))


def erase_requests(session: Session, ids: Sequence[int], now: datetime) -> int:
    """Empty requests and erase their recordings; returns how many recordings."""
    recordings = erase_recordings(session, Recording.request_id.in_(ids), now)
    emptied = dict.fromkeys(PERSONAL[PatientRequest.__tablename__]) | {"erased_at": now}
    _run(session, delete(NameWord).where(NameWord.request_id.in_(ids)))
    _run(session, update(PatientRequest).where(PatientRequest.id.in_(ids)).values(emptied))
    _run(session, update(RequestEntry).where(RequestEntry.request_id.in_(ids)).values(note=None, changes=None))
    _run(session, delete(EntryDraft).where(EntryDraft.request_id.in_(ids)))
    _run(session, update(TextMessage).where(TextMessage.request_id.in_(ids)).values(words=None))
    _run(session, delete(PatientLink).where(PatientLink.request_id.in_(ids)))
    _run(session, delete(NumberCode).where(NumberCode.request_id.in_(ids)))
    _free_references(session, ids, now)
    return recordings


def erase_calls(session: Session, ids: Sequence[int], now: datetime) -> int:
    """Empty calls and erase the recordings no request has kept; returns how many recordings."""
    kept = exists().where(PatientRequest.id == Recording.request_id, PatientRequest.erased_at.is_(None))
    recordings = erase_recordings(session, and_(Recording.call_id.in_(ids), ~kept), now)
    blank_calls(session, ids, from_number=None, from_index=None)
    return recordings


def blank_calls(session: Session, ids: Sequence[int], **values: None) -> None:
    """Forget what was said and keyed in calls, but not their language; `values` are columns to empty as well."""
    chosen = Call.id.in_(ids)
    for language in session.scalars(select(Call.language).where(chosen).distinct()).all():
        blank = (
            update(Call).where(chosen, Call.language == language).values(progress=blank_progress(language), **values)
        )
        _run(session, blank)


def _free_references(session: Session, ids: Sequence[int], now: datetime) -> None:
    """Let references end a year from now that nothing else would end, unless a newer request has them again."""
    erased, other = select(PatientRequest.reference).where(PatientRequest.id.in_(ids)), aliased(PatientRequest)
    again = exists().where(
        other.reference == ReferenceNumber.reference, other.id.not_in(ids), other.status != RequestStatus.CLOSED
    )
    endless = and_(ReferenceNumber.reference.in_(erased), ReferenceNumber.held_until.is_(None), ~again)
    _run(session, update(ReferenceNumber).where(endless).values(held_until=now + HELD_AFTER_CLOSING))


def _run(session: Session, statement: UpdateBase) -> None:
    """Change rows in the database only: none of them is loaded."""
    session.execute(statement, execution_options={"synchronize_session": False})
