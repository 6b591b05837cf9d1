"""All that is known of one request, in one read that leaves its row in the audit trail."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session, defer

from ivr.callflow.answers import Kind, Reason, VisitType
from ivr.db import Database
from ivr.models import (
    AuditAction,
    Call,
    CallTurn,
    Disposition,
    EntryKind,
    PatientRequest,
    Priority,
    Recording,
    RequestEntry,
    RequestStatus,
    Role,
    StaffMember,
    Tab,
    TextMessage,
)
from ivr.services.audit import Actor, add_audit_entry
from ivr.services.line import Line
from ivr.services.requests.case import Changes, NoSuchRequest, changes_of, claim_ends_at, is_idle
from ivr.services.requests.consent import is_stopped
from ivr.services.requests.drafts import KeptDraft, read_draft
from ivr.services.requests.results import TELLING
from ivr.services.requests.undoing import UndoRule

MOST_OF_SAME_NUMBER = 12

_SECRET = (
    PatientRequest.callback_number,
    PatientRequest.birth_date,
    PatientRequest.patient_name,
    PatientRequest.record_number,
    PatientRequest.told,
    PatientRequest.interpreter_language,
)


@dataclass(frozen=True, slots=True)
class CallStep:
    """One turn of the call: so long `after` it began; what the caller gave (an input's name) at which node.

    `events` are rows of an event's name and its fields, see `callflow/events`.
    """

    after: timedelta
    given: str
    at_node: str
    events: tuple[tuple[object, ...], ...]


@dataclass(frozen=True, slots=True)
class CallPath:
    """The call that a request came from; `caller_id` as it was announced, None once that was erased.

    `stir_verstat` is the carrier's word for how far it vouches for it, '' for none.
    """

    caller_id: str | None
    stir_verstat: str
    started_at: datetime
    ended_at: datetime | None
    seconds: int | None
    steps: tuple[CallStep, ...]


@dataclass(frozen=True, slots=True)
class HistoryItem:
    """An entry of the history. `staff` is a name, `undone_by` that of whoever took it back; None: nobody of the staff.

    `may_undo`: whoever looks may take it back now.
    """

    entry: RequestEntry
    changes: Changes
    staff: str | None
    given_to: str | None
    undone: RequestEntry | None
    undone_by: str | None
    may_undo: bool


@dataclass(frozen=True, slots=True)
class Sibling:
    """Another request that names the same number, as far as one line tells it."""

    id: int
    reference: str
    kind: Kind
    reason: Reason | None
    visit_type: VisitType | None
    priority: Priority
    status: RequestStatus
    tab: Tab
    disposition: Disposition | None
    created_at: datetime
    closed_at: datetime | None
    act_by: datetime
    attempts: int
    owner_id: int | None


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A request and everything around it; the history is newest first, requests of the same number open ones first.

    `call` is None for what came online. `owner` has claimed it, and until it is done it is `assigned_to`; both are
    names. `is_free`: whoever wants may claim it. `staff` are the names of active members by id. `version` is another
    word after every change; `newest` is the id of the newest entry, 0 for none. `draft` is what whoever looks has typed
    and not sent, `since_draft` what was done since then. `texts` are the text messages about it, the newest first;
    `wants_no_texts`: the number has said STOP.
    """

    request: PatientRequest
    call: CallPath | None
    recordings: tuple[Recording, ...]
    history: tuple[HistoryItem, ...]
    same_number: tuple[Sibling, ...]
    owner: str | None
    is_mine: bool
    is_free: bool
    staff: Mapping[int, str]
    assigned_to: str | None
    version: str
    newest: int
    draft: KeptDraft | None
    since_draft: tuple[HistoryItem, ...]
    texts: tuple[TextMessage, ...]
    wants_no_texts: bool


@dataclass(frozen=True, slots=True)
class Ownership:
    """Who has a request, and its version: what an open page asks for again and again.

    `ends_at` is when the claim ends by itself, None when nobody has it; `newest` is the id of the newest entry.
    """

    version: str
    is_mine: bool
    owner: str | None
    ends_at: datetime | None
    newest: int


def open_case(line: Line, request_id: int, actor: Actor, now: datetime) -> CaseFile:
    """Read a request for somebody of the staff. Its owner counts as being at work on it.

    Raises:
        NoSuchRequest: when there is none.
    """
    with line.database.write() as session:
        request = session.get(PatientRequest, request_id)
        if request is None:
            raise NoSuchRequest(f"There is no request number {request_id}.")
        is_mine = _is_mine(request, actor)
        if is_mine:
            request.owner_seen_at = now
        members = {member.id: member for member in session.scalars(select(StaffMember).order_by(StaffMember.name))}
        recordings = _recordings(session, request_id)
        entries = _entries(session, request_id)
        same = _same_number(session, line.database, request)
        shown = f"with requests {', '.join(str(one.id) for one in same)} of the same number" if same else ""
        add_audit_entry(session, actor, AuditAction.SEEN, f"request:{request_id}", now, shown)
        draft = read_draft(session, request_id, actor.staff_id)
        items = _history(entries, members, actor, now)
        return CaseFile(
            request=request,
            call=_call(session, request),
            recordings=recordings,
            history=tuple(items),
            same_number=same,
            owner=_owner(request, members),
            is_mine=is_mine,
            is_free=_is_free(request, line, now),
            staff={member.id: member.name for member in members.values() if member.active},
            assigned_to=_name(members, request.assigned_to_id),
            version=_version(request, [entry.id for entry in entries], recordings),
            newest=max((entry.id for entry in entries), default=0),
            draft=draft,
            since_draft=tuple(one for one in items if draft and _is_told_since(one.entry, draft.made_from)),
            texts=_texts(session, request_id),
            wants_no_texts=bool(request.callback_number) and is_stopped(session, request.callback_number or ""),
        )


def ownership(line: Line, request_id: int, actor: Actor) -> Ownership:
    """Who has a request now. It shows nothing of the patient and leaves no trace.

    Raises:
        NoSuchRequest: when there is none.
    """
    with line.database.read() as session:
        request = session.get(PatientRequest, request_id, options=[defer(column) for column in _SECRET])
        if request is None:
            raise NoSuchRequest(f"There is no request number {request_id}.")
        newest = session.scalar(select(func.max(RequestEntry.id)).where(RequestEntry.request_id == request_id))
        owner = session.get(StaffMember, request.owner_id or 0)
        version = _version(request, [newest or 0], _recordings(session, request_id))
        claimed = request.status is RequestStatus.CLAIMED
        ends_at = claim_ends_at(request, line.idle.claim) if claimed else None
        name = owner.name if owner and claimed else None
        return Ownership(version, _is_mine(request, actor), name, ends_at, newest or 0)


def _is_mine(request: PatientRequest, actor: Actor) -> bool:
    claimed = request.status is RequestStatus.CLAIMED
    return claimed and actor.staff_id is not None and request.owner_id == actor.staff_id


def _is_told_since(entry: RequestEntry, made_from: int) -> bool:
    return entry.id > made_from and entry.kind in TELLING


def _is_free(request: PatientRequest, line: Line, now: datetime) -> bool:
    waits = request.status not in {RequestStatus.CLAIMED, RequestStatus.CLOSED}
    return waits or is_idle(request, now, line.idle.claim)


def _owner(request: PatientRequest, members: Mapping[int, StaffMember]) -> str | None:
    owner = members.get(request.owner_id or 0)
    return owner.name if owner and request.status is RequestStatus.CLAIMED else None


def _version(request: PatientRequest, entry_ids: Sequence[int], recordings: Sequence[Recording]) -> str:
    sound = ",".join(f"{one.status}{'-' if one.erased_at else ''}" for one in recordings)
    return f"{max(entry_ids, default=0)}.{request.status}.{request.owner_id or 0}.{sound}"


def _recordings(session: Session, request_id: int) -> tuple[Recording, ...]:
    mine = select(Recording).where(Recording.request_id == request_id)
    return tuple(session.scalars(mine.order_by(Recording.id)))


def _entries(session: Session, request_id: int) -> list[RequestEntry]:
    mine = select(RequestEntry).where(RequestEntry.request_id == request_id)
    return list(session.scalars(mine.order_by(RequestEntry.id.desc())))


def _texts(session: Session, request_id: int) -> tuple[TextMessage, ...]:
    mine = select(TextMessage).where(TextMessage.request_id == request_id)
    return tuple(session.scalars(mine.order_by(TextMessage.id.desc())))


def _call(session: Session, request: PatientRequest) -> CallPath | None:
    if request.call_id is None:
        return None
    known = select(Call.from_number, Call.stir_verstat, Call.started_at, Call.ended_at, Call.duration_seconds)
    call = session.execute(known.where(Call.id == request.call_id)).one()
    turns = session.scalars(select(CallTurn).where(CallTurn.call_id == request.call_id).order_by(CallTurn.number))
    steps, node = [], ""
    for turn in turns:
        events = tuple(tuple(event) for event in json.loads(turn.events))
        steps.append(CallStep(turn.at - call.started_at, turn.input, node, events))
        node = turn.node
    caller_id = None if request.erased_at else call.from_number
    return CallPath(
        caller_id, call.stir_verstat or "", call.started_at, call.ended_at, call.duration_seconds, tuple(steps)
    )


def _same_number(session: Session, database: Database, request: PatientRequest) -> tuple[Sibling, ...]:
    if not request.callback_number:
        return ()
    columns = [getattr(PatientRequest, name) for name in Sibling.__slots__]
    same = select(*columns).where(
        PatientRequest.number_index.in_(database.vault.indexes(request.callback_number)),
        PatientRequest.id != request.id,
    )
    open_first = same.order_by(PatientRequest.tab == Tab.CLOSED, PatientRequest.id.desc())
    return tuple(Sibling(*row) for row in session.execute(open_first.limit(MOST_OF_SAME_NUMBER)))


def _history(
    entries: Sequence[RequestEntry], members: Mapping[int, StaffMember], actor: Actor, now: datetime
) -> list[HistoryItem]:
    """The entries with names, and whether whoever looks may take them back.

    A release, which later claims do not make final, is offered only while it is the last thing that happened.
    """
    undoing = {entry.undoes_id: entry for entry in entries if entry.undoes_id}
    looking = members.get(actor.staff_id or 0)
    leads = looking is not None and looking.role.includes(Role.LEAD)
    rule, items = UndoRule.of(entries), []
    for place, entry in enumerate(entries):
        changes, undone = changes_of(entry), undoing.get(entry.id)
        is_final = place > 0 and entry.kind is EntryKind.RELEASED
        items.append(
            HistoryItem(
                entry=entry,
                changes=changes,
                staff=_name(members, entry.staff_id),
                given_to=_name(members, _given_to(entry, changes)),
                undone=undone,
                undone_by=_name(members, undone.staff_id) if undone else None,
                may_undo=not is_final and not rule.refusal(entry, actor.staff_id, leads, now),
            )
        )
    return items


def _given_to(entry: RequestEntry, changes: Changes) -> int | None:
    """Whom an entry gave the request to, for now or until it is done; with only a note, it was theirs already."""
    match entry.kind:
        case EntryKind.REASSIGNED:
            return changes.after.get("owner_id")
        case EntryKind.ASSIGNED:
            return changes.after.get("assigned_to_id")
    return None


def _name(members: Mapping[int, StaffMember], staff_id: int | None) -> str | None:
    member = members.get(staff_id or 0)
    return member.name if member else None
