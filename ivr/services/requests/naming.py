"""The patient's name and record number, which staff write into a request, and the words by which they are found."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from ivr.db import Database, Vault
from ivr.models import AuditAction, EntryKind, NameWord, PatientRequest
from ivr.services.audit import Actor, add_audit_entry
from ivr.services.line import Line
from ivr.services.requests.case import BadEntry, opened

LONGEST_NAME, LONGEST_RECORD_NUMBER = 120, 40
MOST_WORDS = 12
"""Words of a name that can be searched for."""

_WORD = re.compile(r"[^\W_]+")


def set_name(
    line: Line, request_id: int, actor: Actor, now: datetime, *, name: str, record_number: str = ""
) -> int | None:
    """Write down who the patient is, whoever has the request; the history entry's id, None when nothing is different.

    An empty text takes away what was there. Old and new values stay in the history, encrypted.

    Raises:
        BadEntry: when something is too long, or the data of the request was erased.
    """
    told = {"patient_name": " ".join(name.split()) or None, "record_number": " ".join(record_number.split()) or None}
    for text, most in zip(told.values(), (LONGEST_NAME, LONGEST_RECORD_NUMBER), strict=True):
        if text and len(text) > most:
            raise BadEntry(f"Write at most {most} characters.")
    with opened(line, request_id, actor, now) as case:
        request = case.request
        if request.erased_at is not None:
            raise BadEntry("The data of this request was erased.")
        different = [field for field, value in told.items() if getattr(request, field) != value]
        if not different:
            return None
        request.patient_name, request.record_number = told["patient_name"], told["record_number"]
        index_name(case.session, line.database.vault, request)
        edited = ", ".join(different)
        return case.record(EntryKind.EDITED, AuditAction.CHANGED, f"edited {edited}")


def names_of(database: Database, request_ids: Collection[int]) -> Mapping[int, str]:
    """The patients' names of requests, where there are any. Whoever shows them also calls `note_names_seen`."""
    named = select(PatientRequest.id, PatientRequest.patient_name).where(
        PatientRequest.id.in_(request_ids), PatientRequest.patient_name.is_not(None)
    )
    with database.read() as session:
        return {request_id: name for request_id, name in session.execute(named) if name}


def note_names_seen(database: Database, request_ids: Collection[int], actor: Actor, now: datetime) -> None:
    """Note in the audit trail that somebody is shown the names of requests in a list; nothing when there are none."""
    if request_ids:
        told = ", ".join(str(one) for one in sorted(request_ids))
        with database.write() as session:
            add_audit_entry(session, actor, AuditAction.SEEN, "queue", now, f"names of requests {told}")


def normalised(text: str) -> Sequence[str]:
    """The words of a text as they are compared: without accents, capitals and punctuation; each once, in order."""
    bare = "".join(one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one))
    return tuple(dict.fromkeys(_WORD.findall(bare.casefold())))


def find_named(session: Session, vault: Vault, text: str, most: int) -> set[int]:
    """The newest requests, so many of each at most, whose name has all words of a text or whose record number it is.

    Only the words' own table is asked: asked for the newest of all requests that have a word, PostgreSQL looks through
    all requests while few have a name.
    """
    words = normalised(text)[:MOST_WORDS]
    if not words:
        return set()
    first, *others = (_with_word(vault, word) for word in words)
    for other in others:
        first = first.where(NameWord.request_id.in_(other))
    found = (first, _with_word(vault, _record_word(text)))
    return {one for ids in found for one in session.scalars(ids.order_by(NameWord.request_id.desc()).limit(most))}


def _with_word(vault: Vault, word: str) -> Select[int]:
    return select(NameWord.request_id).where(NameWord.word_index.in_(vault.indexes(word)))


def _record_word(text: str) -> str:
    """A record number as one word, which no word of a name is: '#mrn0042' of 'MRN 0042'."""
    return "#" + "".join(normalised(text))


def index_name(session: Session, vault: Vault, request: PatientRequest) -> None:
    """Write the words by which a request is found anew. Commits nothing."""
    words = list(normalised(request.patient_name or "")[:MOST_WORDS])
    if request.record_number and normalised(request.record_number):
        words.append(_record_word(request.record_number))
    session.execute(delete(NameWord).where(NameWord.request_id == request.id))
    session.add_all(NameWord(request_id=request.id, word=word, word_index=vault.index(word)) for word in words)
