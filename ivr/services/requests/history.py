"""What staff mend or add: take a step back, reopen, note, edit. History is appended to and never overwritten."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from ivr.callflow.answers import BestTime, Weekday
from ivr.models import (
    AuditAction,
    EntryKind,
    Priority,
    ReferenceNumber,
    RequestEntry,
    RequestStatus,
    TextKind,
)
from ivr.services.audit import Actor
from ivr.services.line import Line
from ivr.services.numbers import dialable, read_number
from ivr.services.requests.case import BadEntry, Case, NotUndoable, changes_of, opened
from ivr.services.requests.references import new_reference
from ivr.services.requests.saving import due_at
from ivr.services.requests.texting import SETTLED, enqueue_text
from ivr.services.requests.undoing import NO_STEP, UndoRule

EDITABLE = frozenset({"callback_number", "best_time", "weekday", "priority", "may_leave_message"})


def undo(line: Line, request_id: int, actor: Actor, now: datetime, *, entry_id: int) -> int:
    """Take back an attempt, a closing or a release of the last 24 hours, by whoever did it or a lead.

    The request is again as it was before, with the owner it had; a further history entry, whose id is returned, says
    so. Later claims and releases, notes and edits are no hindrance, later attempts and closings are.

    Raises:
        NotUndoable: saying why.
        Taken: when somebody else has claimed the request meanwhile.
    """
    with opened(line, request_id, actor, now) as case:
        entry = _undoable(case, entry_id)
        before = changes_of(entry)
        was_closed = case.request.status is RequestStatus.CLOSED
        if case.request.status is RequestStatus.CLAIMED and case.request.owner_id != before.before.get("owner_id"):
            raise case.taken()
        case.restore(before)
        case.request.owner_seen_at = now if case.request.status is RequestStatus.CLAIMED else None
        if was_closed:
            hold_reference(case)
        action = AuditAction.REOPENED if was_closed else AuditAction.CHANGED
        return case.record(EntryKind.UNDONE, action, f"undid entry {entry_id} ({entry.kind})", undoes_id=entry_id)


def _undoable(case: Case, entry_id: int) -> RequestEntry:
    """The entry that is to be taken back, if the rule lets it be."""
    mine = select(RequestEntry).where(RequestEntry.request_id == case.request.id)
    entries = {entry.id: entry for entry in case.session.scalars(mine)}
    if entry_id not in entries:
        raise NotUndoable(NO_STEP)
    rule = UndoRule.of(entries.values())
    if refusal := rule.refusal(entries[entry_id], case.actor.staff_id, case.leads, case.now):
        raise NotUndoable(refusal)
    return entries[entry_id]


def reopen(line: Line, request_id: int, actor: Actor, now: datetime, *, note: str = "") -> int:
    """Put a closed request back into the queue, with a new time to act by; the history entry's id.

    Raises:
        BadEntry: when it is open, or its data was erased.
    """
    with opened(line, request_id, actor, now) as case:
        request = case.request
        if request.status is not RequestStatus.CLOSED:
            raise BadEntry("This request is open.")
        if request.erased_at is not None:
            raise BadEntry("The data of this request was erased, so there is nothing left to work on.")
        case.put_back()
        request.closed_at = request.disposition = None
        request.act_by = line.calendar.due_at(request.priority, now)
        hold_reference(case)
        return case.record(EntryKind.REOPENED, AuditAction.REOPENED, text=note)


def add_note(line: Line, request_id: int, actor: Actor, now: datetime, *, text: str) -> int:
    """Write something down about a request, whoever has it; the history entry's id.

    Raises:
        BadEntry: when nothing is written, or far too much.
    """
    if not text.strip():
        raise BadEntry("Write something first.")
    with opened(line, request_id, actor, now) as case:
        return case.record(EntryKind.NOTED, AuditAction.CHANGED, "note", text=text)


def edit(line: Line, request_id: int, actor: Actor, now: datetime, *, changes: Mapping[str, Any]) -> int | None:
    """Change what the caller keyed, or the triage; the history entry's id, None when nothing is different.

    `changes` may name `callback_number` (as people write it), `best_time`, `weekday`, `priority` and
    `may_leave_message`. Old and new values stay in the history, encrypted. Another best time moves the time to act
    into it; a higher priority brings it forward; what becomes urgent gives notice like a call that was.

    Raises:
        BadEntry: saying which value cannot be right.
        Taken: when somebody else has the request and no lead acts.
        AlreadyClosed: when it is closed.
    """
    read = _read(changes)
    with opened(line, request_id, actor, now) as case:
        case.need_open()
        if case.request.status is RequestStatus.CLAIMED and not case.is_mine and not case.leads:
            raise case.taken()
        different = {name: value for name, value in read.items() if getattr(case.request, name) != value}
        if not different:
            return None
        for name, value in different.items():
            setattr(case.request, name, value)
        if "callback_number" in different:
            case.request.number_index = line.database.vault.index(different["callback_number"])
            case.request.is_caller_id = False
        if "best_time" in different:
            _wait_for(case)
        if "priority" in different:
            _press(case)
        if "best_time" in different:
            enqueue_text(case.session, line, case.request, TextKind.CHANGED, now, delay=SETTLED)
        return case.record(EntryKind.EDITED, AuditAction.CHANGED, f"edited {', '.join(sorted(different))}")


def _wait_for(case: Case) -> None:
    """Act within the time of day that now suits the patient; an urgent request does not wait."""
    request = case.request
    if request.priority is not Priority.URGENT:
        request.act_by = case.line.calendar.within(request.act_by, request.best_time, case.now)


def _press(case: Case) -> None:
    """Act sooner when the new priority calls for it, and tell staff of what became urgent."""
    due = due_at(case.line, case.request.priority, case.now, case.request.best_time)
    case.request.act_by = min(case.request.act_by, due)
    case.alert()


def _read(changes: Mapping[str, Any]) -> dict[str, Any]:
    if unknown := sorted(changes.keys() - EDITABLE):
        raise BadEntry(f"{', '.join(unknown)} cannot be edited.")
    readers = {"callback_number": _number, "best_time": _best_time, "weekday": _weekday, "priority": Priority}
    read = dict(changes)
    for name, reader in readers.items():
        if name in read:
            try:
                read[name] = reader(read[name])
            except ValueError as error:
                words = str(error) if name == "callback_number" else "this is none of the choices"
                raise BadEntry(f"{name.replace('_', ' ').capitalize()}: {words}.") from None
    if read.get("may_leave_message") not in (True, False, None):
        raise BadEntry("May leave message: this is none of the choices.")
    return read


def _number(text: str) -> str:
    """A number to call: a North American one must be one that can be dialled at no extra cost."""
    number = read_number(text)
    if number.startswith("+1") and dialable(number.removeprefix("+1")) is None:
        raise ValueError("nobody has this number, or calling it costs extra")
    return number


def _best_time(value: str | None) -> BestTime | None:
    return BestTime(value) if value else None


def _weekday(value: str | None) -> Weekday | None:
    return Weekday(value) if value else None


def hold_reference(case: Case) -> None:
    """An open request holds its reference; when another one has it by now, it gets a new one."""
    held = select(ReferenceNumber).where(ReferenceNumber.reference == case.request.reference)
    row = case.session.scalars(held.with_for_update()).first()
    if row is not None and row.held_until is not None:
        reference = ReferenceNumber.reference == case.request.reference
        case.session.execute(update(ReferenceNumber).where(reference).values(held_until=None))
    else:
        case.request.reference = new_reference(case.session, case.now)
