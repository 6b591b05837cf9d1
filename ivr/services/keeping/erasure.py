"""Erasing at a patient's wish: everything kept of one telephone number, and the legal hold that forbids it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.orm import Session

from ivr.db import Database
from ivr.models import AuditAction, Call, NumberCode, PatientRequest, RequestStatus, Tab
from ivr.services.audit import COMMAND, add_audit_entry
from ivr.services.keeping.retention import blank_calls, erase_calls, erase_requests
from ivr.services.numbers import is_of

LONGEST_CALL = timedelta(hours=4)
"""The carrier's limit: a call whose end was never reported is over by then."""

PAGE = 500
"""Calls whose caller ID is decrypted at a time."""


class HeldError(Exception):
    """Something of this patient is under legal hold; `references` names the requests."""

    def __init__(self, references: Sequence[str]) -> None:
        super().__init__(f"request {', '.join(references)} is under legal hold, so nothing was erased")
        self.references = tuple(references)


class NothingToHoldError(Exception):
    """No request that could be held has this reference; the message says why."""


@dataclass(frozen=True, slots=True)
class Trace:
    """What is kept of one number.

    References of requests that name it (`closed`; `open` ones are still to be worked on), of requests made from it
    that name another number (`others`), how many calls can be erased, and how many of its calls are going on.
    """

    closed: tuple[str, ...]
    open: tuple[str, ...]
    others: tuple[str, ...]
    held: tuple[str, ...]
    calls: int
    going_on: int


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased of one number: references of requests, how many recordings and calls; and what was left."""

    requests: tuple[str, ...]
    recordings: int
    calls: int
    left: Trace


def trace_number(database: Database, number: str, now: datetime) -> Trace:
    """What is kept of a number (E.164), under whichever key it was indexed, or indexed not at all."""
    unindexed = _unindexed_calls(database, number)
    with database.read() as session:
        return _Patient(session, database.vault.indexes(number), unindexed, now).trace()


def erase_number(database: Database, number: str, now: datetime, *, include_open: bool) -> Erased:
    """Erase what is kept of a number (E.164), in one transaction; open requests, if included, are closed by it.

    Calls that are going on are left alone with their requests, and so are requests that name another number.

    Raises:
        HeldError: when any of it is under legal hold; nothing is erased then.
    """
    unindexed = _unindexed_calls(database, number)
    with database.write() as session:
        patient = _Patient(session, database.vault.indexes(number), unindexed, now, lock=True)
        trace = patient.trace()
        if trace.held:
            raise HeldError(trace.held)
        rows = [row for row in patient.requests if include_open or row.status == RequestStatus.CLOSED]
        ids = [row.id for row in rows]
        recordings = erase_requests(session, ids, now)
        session.execute(delete(NumberCode).where(NumberCode.number_index.in_(database.vault.indexes(number))))
        _close(session, [row.id for row in rows if row.status != RequestStatus.CLOSED], now)
        cleared = patient.cleared()
        recordings += erase_calls(session, cleared, now)
        blank_calls(session, patient.without_mine())
        left = patient.trace()
        counted = f"{len(ids)} requests, {recordings} recordings, {len(cleared)} calls of one number"
        add_audit_entry(session, COMMAND, AuditAction.ERASED, "requests", now, counted)
        for request_id in ids:
            add_audit_entry(session, COMMAND, AuditAction.ERASED, f"request:{request_id}", now, "at the patient's wish")
        return Erased(tuple(row.reference for row in rows), recordings, len(cleared), left)


def set_hold(database: Database, reference: str, on: bool, now: datetime) -> None:
    """Put a request under legal hold, or lift that; of equal references the newest is meant.

    Raises:
        NothingToHoldError: when there is no such request, or nothing of it is left to hold.
    """
    with database.write() as session:
        named = select(PatientRequest.id, PatientRequest.erased_at).where(PatientRequest.reference == reference)
        found = session.execute(named.order_by(PatientRequest.id.desc()).limit(1).with_for_update()).first()
        if found is None:
            raise NothingToHoldError(f"no request has the reference {reference}")
        if on and found.erased_at is not None:
            raise NothingToHoldError(
                f"request {reference} was erased on {found.erased_at:%Y-%m-%d}: nothing is left to hold"
            )
        session.execute(update(PatientRequest).where(PatientRequest.id == found.id).values(legal_hold=on))
        add_audit_entry(
            session, COMMAND, AuditAction.CHANGED, f"request:{found.id}", now, f"legal hold {'on' if on else 'off'}"
        )


def _unindexed_calls(database: Database, number: str) -> list[int]:
    """Calls from a number that cannot be called back, which is why it has no index: foreign, or in a SIP address.

    Each such caller ID is decrypted, a page at a time and outside any transaction that callers would wait for.
    """
    found: list[int] = []
    after = 0
    unindexed = select(Call.id, Call.from_number).where(Call.from_index.is_(None), Call.from_number.is_not(None))
    while True:
        with database.read() as session:
            page = session.execute(unindexed.where(Call.id > after).order_by(Call.id).limit(PAGE)).all()
        if not page:
            return found
        found += [call.id for call in page if is_of(call.from_number or "", number)]
        after = page[-1].id


@dataclass(frozen=True, slots=True)
class _Row:
    """One request, without its personal fields."""

    id: int
    reference: str
    call_id: int | None
    status: RequestStatus
    legal_hold: bool
    number_index: str | None


class _Patient:
    """The calls and requests of one number, as one transaction sees them."""

    def __init__(
        self, session: Session, indexes: Sequence[str], unindexed: Sequence[int], now: datetime, *, lock: bool = False
    ) -> None:
        self._session, self._indexes, self._lock = session, indexes, lock
        naming = select(PatientRequest.call_id).where(PatientRequest.number_index.in_(indexes))
        mine = select(Call.id, Call.from_index, Call.ended_at, Call.started_at)
        chosen = or_(Call.from_index.in_(indexes), Call.id.in_(naming), Call.id.in_(unindexed))
        mine = mine.where(chosen).order_by(Call.id)
        calls = session.execute(mine.with_for_update() if lock else mine).all()
        live = {call.id for call in calls if call.ended_at is None and call.started_at > now - LONGEST_CALL}
        self._going_on = len(live)
        self._calls = [call.id for call in calls if call.id not in live]
        by_name = set(unindexed)
        self._from_here = {call.id for call in calls if call.from_index in indexes or call.id in by_name}
        self._all = self._kept()

    @property
    def requests(self) -> list[_Row]:
        """Requests that are this patient's: they name the number, or none at all on a call from it."""
        return [row for row in self._all if self._is_mine(row)]

    def trace(self) -> Trace:
        """What there is."""
        self._all = self._kept()
        mine = self.requests
        others = [row for row in self._all if not self._is_mine(row) and row.call_id in self._from_here]
        return Trace(
            closed=tuple(row.reference for row in mine if row.status == RequestStatus.CLOSED),
            open=tuple(row.reference for row in mine if row.status != RequestStatus.CLOSED),
            others=tuple(row.reference for row in others),
            held=tuple(row.reference for row in self._all if row.legal_hold),
            calls=len(self._uncleared()),
            going_on=self._going_on,
        )

    def cleared(self) -> list[int]:
        """Calls that no request of this patient needs any more, nor, when they came from elsewhere, anyone's."""
        self._all = self._kept()
        needed = {row.call_id for row in self._all if self._is_mine(row) or row.call_id not in self._from_here}
        return [call for call in self._uncleared() if call not in needed]

    def without_mine(self) -> list[int]:
        """Calls that keep somebody else's request, but none of this patient any more."""
        needed = {row.call_id for row in self._all if self._is_mine(row)}
        return [call for call in self._calls if call not in needed]

    def _uncleared(self) -> list[int]:
        known = select(Call.id).where(Call.id.in_(self._calls), Call.from_number.is_not(None))
        return list(self._session.scalars(known.order_by(Call.id)))

    def _is_mine(self, row: _Row) -> bool:
        return row.number_index in self._indexes or (row.number_index is None and row.call_id in self._from_here)

    @property
    def _are_its(self) -> ColumnElement[bool]:
        """Requests of its calls, and those that came online and name the number."""
        online = and_(PatientRequest.call_id.is_(None), PatientRequest.number_index.in_(self._indexes))
        return or_(PatientRequest.call_id.in_(self._calls), online)

    def _kept(self) -> list[_Row]:
        kept = select(
            PatientRequest.id,
            PatientRequest.reference,
            PatientRequest.call_id,
            PatientRequest.status,
            PatientRequest.legal_hold,
            PatientRequest.number_index,
        ).where(self._are_its, PatientRequest.erased_at.is_(None))
        kept = kept.order_by(PatientRequest.id)
        return [_Row(*row) for row in self._session.execute(kept.with_for_update() if self._lock else kept)]


def _close(session: Session, ids: Sequence[int], now: datetime) -> None:
    closed = {"status": RequestStatus.CLOSED, "tab": Tab.CLOSED, "closed_at": now}
    session.execute(update(PatientRequest).where(PatientRequest.id.in_(ids)).values(closed))
