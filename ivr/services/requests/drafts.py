"""What somebody has typed about a request and not sent yet: kept while they type, so that it outlasts their page.

There is one draft for each request and person. It lives until it is sent or thrown away, or the request is erased. Only
its owner reads it, with the request itself, which leaves the row in the audit trail.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from ivr.models import EntryDraft, PatientRequest
from ivr.services.audit import Actor
from ivr.services.line import Line
from ivr.services.requests.case import LONGEST_NOTE, BadEntry, NoSuchRequest

FIELDS = ("outcome", "then", "disposition", "follow_up_at", "note")
"""The fields of the form that are kept; each is text as it was typed, however wrong it may be."""

LONGEST_FIELD = 64
"""Characters kept of any field but the note."""


@dataclass(frozen=True, slots=True)
class KeptDraft:
    """A draft as its owner gets it back; `made_from` is the newest entry of the history that they had before them."""

    content: Mapping[str, str]
    made_from: int
    revision: int
    saved_at: datetime


class OtherDraft(BadEntry):
    """The draft was kept from another window meanwhile: `draft` is what that one has."""

    def __init__(self, draft: KeptDraft) -> None:
        super().__init__("You typed something else about this request in another window.")
        self.draft = draft


def keep_draft(
    line: Line,
    request_id: int,
    actor: Actor,
    now: datetime,
    *,
    content: Mapping[str, str],
    made_from: int,
    revision: int,
) -> int:
    """Keep what has been typed so far; its new revision, 0 when there is nothing left to keep.

    Of `content` the `FIELDS` are kept. `made_from` is the newest entry of the history on the page, `revision` the one
    that the page knows, 0 for none.

    Raises:
        NoSuchRequest: when there is none, or its data was erased.
        OtherDraft: when another window has kept something else since; nothing is written over.
        BadEntry: when the note is far too long.
    """
    wanted = {name: content[name] for name in FIELDS if content.get(name)}
    if any(len(text) > (LONGEST_NOTE if name == "note" else LONGEST_FIELD) for name, text in wanted.items()):
        raise BadEntry(f"Write at most {LONGEST_NOTE} characters.")
    with line.database.write() as session:
        known = select(PatientRequest.id).where(PatientRequest.id == request_id, PatientRequest.erased_at.is_(None))
        if actor.staff_id is None or session.scalar(known.with_for_update()) is None:
            raise NoSuchRequest(f"There is no request number {request_id}.")
        draft = _draft_of(session, request_id, actor.staff_id)
        if draft is not None and draft.revision != revision and json.loads(draft.content) != wanted:
            raise OtherDraft(_kept(draft))
        if not wanted:
            drop_draft(session, request_id, actor.staff_id)
            return 0
        if draft is None:
            draft = EntryDraft(request_id=request_id, staff_id=actor.staff_id, revision=revision)
            session.add(draft)
        draft.content, draft.made_from, draft.saved_at = json.dumps(wanted), made_from, now
        draft.revision += 1
        return draft.revision


def read_draft(session: Session, request_id: int, staff_id: int | None) -> KeptDraft | None:
    """What a member of the staff has typed about a request, if anything is kept."""
    draft = _draft_of(session, request_id, staff_id) if staff_id is not None else None
    return _kept(draft) if draft else None


def drop_draft(session: Session, request_id: int, staff_id: int | None) -> None:
    """It was sent, or thrown away. Commits nothing."""
    mine = EntryDraft.request_id == request_id, EntryDraft.staff_id == staff_id
    session.execute(delete(EntryDraft).where(*mine))


def _draft_of(session: Session, request_id: int, staff_id: int) -> EntryDraft | None:
    mine = EntryDraft.request_id == request_id, EntryDraft.staff_id == staff_id
    return session.scalars(select(EntryDraft).where(*mine)).first()


def _kept(draft: EntryDraft) -> KeptDraft:
    return KeptDraft(json.loads(draft.content), draft.made_from, draft.revision, draft.saved_at)
