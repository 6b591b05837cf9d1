"""An import on its way: a zip arrives in pieces, and the worker makes drafts of its files while a page shows how far.

Web workers only pass the pieces on. Nothing holds more of the zip in memory than one piece, and one file of it.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO, Any

from sqlalchemy import delete, func, select

from ivr.db import Database
from ivr.models import ImportState, PromptImport, PromptImportPart, PromptState, PromptVersion
from ivr.services.audit import Actor
from ivr.services.jobs import Job, enqueue
from ivr.services.line import Line
from ivr.services.prompts.exchange import LARGEST_ZIP, NO_MANIFEST, DeliveredZip, import_language
from ivr.services.prompts.versions import VersionError
from ivr.services.prompts.waiting import WaitingVersions, waiting

PIECE = 1 << 20
"""Bytes of a piece; a transaction is no longer than one takes."""

ZIP = b"PK"
LATEST = 5
ABANDONED = timedelta(days=1)


def receive(line: Line, actor: Actor, language: str, stream: IO[bytes], now: datetime) -> int:
    """Keep a zip as it arrives, and let the worker take it in; the import's id.

    Raises:
        VersionError: there is no such language, another import of it is under way, or this is no zip or too large.
    """
    first = stream.read(PIECE)
    if language not in line.scripts:
        raise VersionError("There is no such language.")
    if not first.startswith(ZIP):
        raise VersionError(NO_MANIFEST)
    with line.database.write() as session:
        busy = select(PromptImport.id).where(
            PromptImport.language == language, PromptImport.state == ImportState.WAITING
        )
        if session.scalar(busy.limit(1)) is not None:
            raise VersionError("Another zip of this language is being taken in. Wait until it is done.")
        kept = PromptImport(language=language, author_id=actor.staff_id, created_at=now)
        session.add(kept)
        session.flush()
        import_id = kept.id
    size = number = 0
    piece = first
    while piece:
        size += len(piece)
        if size > LARGEST_ZIP:
            _forget(line.database, import_id)
            raise VersionError(f"This zip is too large: {LARGEST_ZIP // 1_000_000} MB is the most.")
        with line.database.write() as session:
            session.add(PromptImportPart(import_id=import_id, number=number, data=piece))
        piece, number = stream.read(PIECE), number + 1
    with line.database.write() as session:
        kept = session.get_one(PromptImport, import_id)
        kept.size, kept.state = size, ImportState.WAITING
        enqueue(line.database, session.connection(), Job.IMPORT_PROMPTS, import_id, key=f"import-prompts-{import_id}")
    return import_id


def take_in(line: Line, import_id: int, now: datetime) -> ImportState | None:
    """Make drafts of a zip's files, and say what became of each; its state now, None when there was nothing to do."""
    with line.database.read() as session:
        kept = session.get(PromptImport, import_id)
        if kept is None or kept.state is not ImportState.WAITING:
            return None
        session.expunge_all()
    actor = Actor(f"staff:{kept.author_id}", "import", kept.author_id)
    told: list[str] = []
    problem = None
    try:
        file = io.BufferedReader(_Pieces(line.database, import_id, kept.size))
        told = import_language(
            line,
            actor,
            kept.language,
            DeliveredZip(file, kept.size, import_id),
            now,
            lambda looked_at, files: _note(line, import_id, looked_at, files),
        )
    except VersionError as error:
        problem = str(error)
    with line.database.write() as session:
        done = session.get_one(PromptImport, import_id, with_for_update=True)
        done.told, done.problem = told, problem
        done.state = ImportState.REFUSED if problem else ImportState.DONE
        session.execute(delete(PromptImportPart).where(PromptImportPart.import_id == import_id))
        return done.state


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """An import, and how far its versions are: how many there are, are being made, and were refused.

    `recordings` and `wordings` are what it made.
    """

    kept: PromptImport
    recordings: int
    wordings: int
    being_made: int
    refused: int

    @property
    def is_under_way(self) -> bool:
        """Whether the page changes by itself."""
        return self.kept.state in (ImportState.ARRIVING, ImportState.WAITING) or self.being_made > 0


def progress_of(line: Line, import_id: int) -> ImportProgress | None:
    """How far an import is."""
    with line.database.read() as session:
        kept = session.get(PromptImport, import_id)
        if kept is None:
            return None
        columns = PromptVersion.source, PromptVersion.state, PromptVersion.problem.is_not(None)
        counted = select(*columns, func.count()).where(PromptVersion.import_id == import_id).group_by(*columns)
        found: Counter[str] = Counter()
        for source, state, is_refused, count in session.execute(counted):
            found["recordings" if source.is_human else "wordings"] += count
            found["refused" if is_refused else "made" if state is not PromptState.DRAFT else "being_made"] += count
        session.expunge_all()
    return ImportProgress(kept, found["recordings"], found["wordings"], found["being_made"], found["refused"])


def of_import(line: Line, import_id: int) -> WaitingVersions:
    """What waits of an import."""
    found = waiting(line)

    def chosen(versions: Iterable[PromptVersion]) -> list[PromptVersion]:
        return [one for one in versions if one.import_id == import_id]

    return WaitingVersions(
        to_approve=chosen(found.to_approve),
        ready=chosen(found.ready),
        scheduled=chosen(found.scheduled),
        others=chosen(found.others),
        names=found.names,
    )


def latest_imports(line: Line) -> list[PromptImport]:
    """The latest ones, the newest first."""
    with line.database.read() as session:
        found = list(session.scalars(select(PromptImport).order_by(PromptImport.id.desc()).limit(LATEST)))
        session.expunge_all()
        return found


def forget_unfinished(database: Database, now: datetime) -> None:
    """Delete zips of which the end never came."""
    with database.write() as session:
        old = PromptImport.state == ImportState.ARRIVING, PromptImport.created_at < now - ABANDONED
        ids = list(session.scalars(select(PromptImport.id).where(*old)))
    for import_id in ids:
        _forget(database, import_id)


def _forget(database: Database, import_id: int) -> None:
    with database.write() as session:
        session.execute(delete(PromptImportPart).where(PromptImportPart.import_id == import_id))
        session.execute(delete(PromptImport).where(PromptImport.id == import_id))


def _note(line: Line, import_id: int, looked_at: int, files: int) -> None:
    with line.database.write() as session:
        kept = session.get_one(PromptImport, import_id)
        kept.looked_at, kept.files = looked_at, files


class _Pieces(io.RawIOBase):
    """A zip in the database as a file: wherever it is read, one piece of it is in memory."""

    def __init__(self, database: Database, import_id: int, size: int) -> None:
        self._database, self._import_id, self._size = database, import_id, size
        self._at, self._number, self._piece = 0, -1, b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise OSError("before the beginning of the file")
        self._at = base + offset
        return self._at

    def readinto(self, buffer: Any) -> int:
        room = memoryview(buffer)
        number, start = divmod(self._at, PIECE)
        if number != self._number:
            self._piece, self._number = self._read(number), number
        part = self._piece[start : start + len(room)]
        room[: len(part)] = part
        self._at += len(part)
        return len(part)

    def _read(self, number: int) -> bytes:
        with self._database.read() as session:
            piece = session.get(PromptImportPart, (self._import_id, number))
            return piece.data if piece else b""
