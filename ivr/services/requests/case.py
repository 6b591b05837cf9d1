"""A request in the hands of somebody of the staff: locked, with rights checked, and every change written down."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, update
from sqlalchemy.orm import Session

from ivr.callflow.facts import Handling
from ivr.db import ByValue, UtcDateTime
from ivr.models import (
    AuditAction,
    Disposition,
    EntryKind,
    Outcome,
    PatientRequest,
    ReferenceNumber,
    RequestEntry,
    RequestStatus,
    Role,
    StaffMember,
)
from ivr.services.audit import SYSTEM, Actor, add_audit_entry
from ivr.services.line import Line
from ivr.services.requests import notices
from ivr.services.requests.references import HELD_AFTER_CLOSING

LONGEST_TALK = timedelta(hours=1)
"""How long a call with a patient holds the claim at most, and lasts where the line connects it."""

LONGEST_NOTE = 4000

KEPT = (
    "status",
    "priority",
    "act_by",
    "owner_id",
    "claimed_at",
    "assigned_to_id",
    "assigned_at",
    "attempts",
    "first_attempt_at",
    "reached_at",
    "disposition",
    "closed_at",
    "callback_number",
    "is_caller_id",
    "may_leave_message",
    "best_time",
    "weekday",
    "patient_name",
    "record_number",
)
"""The fields whose old and new values an entry keeps when it changes them."""


class TriageError(Exception):
    """What was asked cannot be done; the message is a plain sentence for staff."""


class NoSuchRequest(TriageError):
    """There is no request with this id."""


class NotAllowed(TriageError):
    """Somebody's role does not go so far."""


class Taken(TriageError):
    """Somebody else has claimed the request: `owner` is their name, `since` when they did."""

    def __init__(self, owner: str, since: datetime | None) -> None:
        super().__init__(f"{owner} is working on this request.")
        self.owner, self.since = owner, since


class AlreadyClosed(TriageError):
    """The request is closed."""


class NotUndoable(TriageError):
    """An entry cannot be taken back (any more); the message says why."""


class BadEntry(TriageError):
    """Something that was entered cannot be right; the message says what."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What an entry changed, by field: plain JSON values, moments in ISO format."""

    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)


def changes_of(entry: RequestEntry) -> Changes:
    """What an entry changed; nothing once that was erased."""
    return Changes(**json.loads(entry.changes)) if entry.changes else Changes()


@dataclass(slots=True)
class Case:
    """One use case on one request, inside its transaction. `seen` is the request as the last entry left it."""

    session: Session
    line: Line
    request: PatientRequest
    actor: Actor
    member: StaffMember | None
    now: datetime
    seen: dict[str, Any]

    @property
    def leads(self) -> bool:
        """Whether a lead acts."""
        return self.member is not None and self.member.role.includes(Role.LEAD)

    @property
    def is_mine(self) -> bool:
        """Whether the one who acts has claimed the request."""
        claimed = self.request.status is RequestStatus.CLAIMED
        return claimed and self.actor.staff_id is not None and self.request.owner_id == self.actor.staff_id

    def need_open(self) -> None:
        """Refuse to work on what is closed.

        Raises:
            AlreadyClosed: when it is.
        """
        if self.request.status is RequestStatus.CLOSED:
            raise AlreadyClosed("This request is closed. Reopen it first.")

    def need_lead(self, what: str) -> None:
        """Refuse what only leads may do: `what`, such as 'take over a request'.

        Raises:
            NotAllowed: when no lead acts.
        """
        if not self.leads:
            raise NotAllowed(f"Only a lead can {what}.")

    def need_hold(self) -> None:
        """Make sure that the one who acts may: the owner, or a lead; what nobody has claimed is claimed by it.

        Raises:
            AlreadyClosed: when the request is closed.
            Taken: when somebody else has it.
        """
        self.need_open()
        if self.request.status is not RequestStatus.CLAIMED:
            self.give_to(self.actor.staff_id)
            self.record(EntryKind.CLAIMED, AuditAction.CLAIMED)
        elif self.is_mine:
            self.request.owner_seen_at = self.now
        elif not self.leads:
            raise self.taken()

    def taken(self) -> Taken:
        """The error that names the owner."""
        owner = self.session.get(StaffMember, self.request.owner_id or 0)
        return Taken(owner.name if owner else "Somebody on call", self.request.claimed_at)

    def give_to(self, staff_id: int | None) -> None:
        """Make somebody the owner."""
        self.request.status = RequestStatus.CLAIMED
        self.request.owner_id = staff_id
        self.request.claimed_at = self.request.owner_seen_at = self.now
        self.request.talking_until = None

    def put_back(self, alert_after: timedelta | None = notices.REPEAT) -> None:
        """Let the request wait without an owner, in the list where it belongs; urgent notices go on."""
        if self.request.attempts:
            self.request.status = RequestStatus.FOLLOW_UP
        else:
            left = self.request.left_incomplete
            self.request.status = RequestStatus.INCOMPLETE if left else RequestStatus.NEW
        self.request.owner_id = self.request.claimed_at = self.request.owner_seen_at = None
        self.request.talking_until = None
        self.alert(alert_after)

    def alert(self, after: timedelta | None = None) -> None:
        """Take up the urgent notices of a request that waits, at once or after a while."""
        connection = self.session.connection()
        notices.resume_alerts(self.line.database, connection, self.request, self.now, after)

    def record(
        self,
        kind: EntryKind,
        action: AuditAction,
        detail: str = "",
        *,
        text: str = "",
        outcome: Outcome | None = None,
        disposition: Disposition | None = None,
        follow_up_at: datetime | None = None,
        undoes_id: int | None = None,
    ) -> int:
        """Append an entry of all that changed since the last one, and a row of the audit trail; the entry's id.

        Raises:
            BadEntry: when the text is far too long.
        """
        if len(text) > LONGEST_NOTE:
            raise BadEntry(f"Write at most {LONGEST_NOTE} characters.")
        now_is = _plain(self.request)
        changed = [name for name in KEPT if now_is[name] != self.seen[name]]
        changes = {
            "before": {name: self.seen[name] for name in changed},
            "after": {name: now_is[name] for name in changed},
        }
        entry = RequestEntry(
            request_id=self.request.id,
            at=self.now,
            kind=kind,
            staff_id=self.actor.staff_id,
            outcome=outcome,
            disposition=disposition,
            follow_up_at=follow_up_at,
            note=text.strip() or None,
            changes=json.dumps(changes, separators=(",", ":")) if changed else None,
            undoes_id=undoes_id,
        )
        self.session.add(entry)
        add_audit_entry(self.session, self.actor, action, f"request:{self.request.id}", self.now, detail)
        self.seen = now_is
        return entry.id

    def restore(self, changes: Changes) -> None:
        """Set the fields that an entry changed to what they were before it."""
        columns = PatientRequest.__table__.c
        for name, value in changes.before.items():
            setattr(self.request, name, _moulded(columns[name].type, value))


@contextmanager
def opened(line: Line, request_id: int, actor: Actor, now: datetime, within: Session | None = None) -> Iterator[Case]:
    """A request, locked in one transaction, for an active member of the staff; a claim gone idle is released first.

    `within` is a transaction under way that it is to be part of; otherwise it has one of its own.

    Raises:
        NoSuchRequest: when there is none.
        NotAllowed: when the actor is nobody of the staff, or no longer active.
    """
    with nullcontext(within) if within else line.database.write() as session:
        member = session.get(StaffMember, actor.staff_id or 0)
        if member is None or not member.active:
            raise NotAllowed("This account is not active.")
        request = session.get(PatientRequest, request_id, with_for_update=True, populate_existing=True)
        if request is None:
            raise NoSuchRequest(f"There is no request number {request_id}.")
        if is_idle(request, now, line.idle.claim) and request.owner_id != member.id:
            release_unattended(session, line, request, now)
        yield Case(session, line, request, actor, member, now, _plain(request))


def handling_of(request: PatientRequest) -> Handling:
    """What staff have done about an open request, as far as its patient may be told."""
    if request.status is RequestStatus.CLAIMED:
        return Handling.CLAIMED
    return Handling.TRIED if request.attempts and request.reached_at is None else Handling.UNTOUCHED


def case_of(session: Session, line: Line, request: PatientRequest, actor: Actor, now: datetime) -> Case:
    """A request locked in the session's transaction, in the hands of nobody of the staff: the caller or the line."""
    return Case(session, line, request, actor, None, now, _plain(request))


def is_idle(request: PatientRequest, now: datetime, limit: timedelta) -> bool:
    """Whether a request's owner has not been seen at work for so long (`limit`) that others may have it."""
    ends_at = claim_ends_at(request, limit)
    return request.status is RequestStatus.CLAIMED and (ends_at is None or ends_at <= now)


def claim_ends_at(request: PatientRequest, limit: timedelta) -> datetime | None:
    """When a claim ends by itself unless its owner is seen at work, `limit` after the last time; None: it has ended.

    A call with the patient holds it for longer.
    """
    seen = request.owner_seen_at and request.owner_seen_at + limit
    return max(filter(None, (seen, request.talking_until)), default=None)


def idle_claims(now: datetime, limit: timedelta) -> ColumnElement[bool]:
    """The claims that `is_idle` finds, as a condition for a query."""
    unseen = or_(PatientRequest.owner_seen_at.is_(None), PatientRequest.owner_seen_at <= now - limit)
    silent = or_(PatientRequest.talking_until.is_(None), PatientRequest.talking_until <= now)
    return and_(PatientRequest.status == RequestStatus.CLAIMED, unseen, silent)


def minutes(limit: timedelta) -> str:
    """A limit in words, such as '10 minutes'."""
    return f"{limit // timedelta(minutes=1)} minutes"


def release_unattended(session: Session, line: Line, request: PatientRequest, now: datetime) -> None:
    """Put a locked request back whose owner is gone. Commits nothing."""
    case = case_of(session, line, request, SYSTEM, now)
    owner = request.owner_id
    case.put_back(alert_after=None)
    case.record(EntryKind.RELEASED, AuditAction.RELEASED, f"staff:{owner} was away for {minutes(line.idle.claim)}")


def put_away(session: Session, request: PatientRequest, disposition: Disposition, now: datetime) -> None:
    """Close a request; its owner stays for the reports, its reference is free again a year later. Commits nothing."""
    request.status = RequestStatus.CLOSED
    request.talking_until = None
    request.disposition = disposition
    request.closed_at = now
    held = update(ReferenceNumber).where(ReferenceNumber.reference == request.reference)
    session.execute(held.values(held_until=now + HELD_AFTER_CLOSING))


def _plain(request: PatientRequest) -> dict[str, Any]:
    values = {name: getattr(request, name) for name in KEPT}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}


def _moulded(kind: Any, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(kind, UtcDateTime):
        return datetime.fromisoformat(value)
    return kind.kind(value) if isinstance(kind, ByValue) else value
