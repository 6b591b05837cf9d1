"""The keys that encrypt patients' data: which of them is still needed, and moving everything under the first one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ivr.db import ENCRYPTED, Base, Database, EncryptedBytes, InvalidToken, Vault, retry_when_busy
from ivr.models import AuditAction, Call, FailedSignIns, NameWord, NumberCode, PatientRequest, TextStop
from ivr.services.audit import COMMAND, add_audit_entry, reseal
from ivr.services.keeping.key_notes import forget_other_keys

PAGE = 100
"""Rows read, and then written, in one transaction."""

PAGE_OF_BYTES = 5
"""The same where rows hold audio, which is about a megabyte each."""

SAMPLE = 20
"""Rows of a table that are tried of the newest, and again of all, for a look at some."""

SAMPLE_OF_BYTES = 3

PASSES = 3
"""How often rows that changed meanwhile, or were written with an older key, are tried again."""

INDEXES: Mapping[str, Mapping[str, str]] = {
    Call.__tablename__: {"from_number": "from_index"},
    PatientRequest.__tablename__: {"callback_number": "number_index"},
    NameWord.__tablename__: {"word": "word_index"},
    TextStop.__tablename__: {"number": "number_index"},
    NumberCode.__tablename__: {"number": "number_index"},
}
"""Blind indexes: by table, the encrypted column and the column that holds its index."""

NOT_MADE_ANEW = frozenset({(FailedSignIns.__tablename__, "address_index")})
"""Blind indexes of rows that last a day and keep nothing to make them of: without the old key, counts begin anew."""

RowValues = sa.RowMapping
Show = Callable[[str, int], None]
"""Told of progress: a table's name, and how many more of its rows are done."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A table with encrypted columns: its primary key, those columns, and their blind indexes by column."""

    name: str
    key: tuple[str, ...]
    tokens: tuple[str, ...]
    indexes: Mapping[str, str]
    page: int
    raw: sa.TableClause
    """The table without our column types: tokens are read and written as they are stored."""


@dataclass(frozen=True, slots=True)
class Survey:
    """How many stored values each key reads (in the order of the keys), how many none does, and stale indexes."""

    by_key: tuple[int, ...]
    unreadable: int
    stale_indexes: int

    @property
    def stale(self) -> int:
        """How much is left to do."""
        return sum(self.by_key[1:]) + self.stale_indexes

    @property
    def is_done(self) -> bool:
        """Whether the first key reads everything, so that the others can go."""
        return not self.stale and not self.unreadable


@dataclass(frozen=True, slots=True)
class Look:
    """How many values were tried, how many of them no key reads, and in which tables those are."""

    values: int
    unreadable: int
    tables: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rotated:
    """How many rows were written again, and what a last look found."""

    rows: int
    survey: Survey


def sealed_tables() -> list[Sealed]:
    """Every table that has an encrypted column, found by the columns' types."""
    return [sealed for table in Base.metadata.sorted_tables if (sealed := _sealed(table)).tokens]


def count_rows(database: Database) -> dict[str, int]:
    """How many rows of each table there are to look at."""
    with database.read() as session:
        return {t.name: session.scalar(sa.select(sa.func.count()).select_from(t.raw)) or 0 for t in sealed_tables()}


def survey(database: Database, show: Show = lambda table, rows: None) -> Survey:
    """Read everything once and count which key it needs; changes nothing."""
    vault = database.vault
    by_key, unreadable, stale = [0] * len(vault.fingerprints), 0, 0
    for table in sealed_tables():
        for page in _pages(database, table):
            for row in page:
                for column in _filled(table, row):
                    try:
                        by_key[vault.reader_of(row[column])] += 1
                    except InvalidToken:
                        unreadable += 1
                        continue
                    stale += bool(_new_index(vault, table, row, column))
            show(table.name, len(page))
    return Survey(tuple(by_key), unreadable, stale)


def look_at_some(database: Database) -> Look:
    """Try the newest rows of each table and some from its whole length: cheap, however much is stored."""
    values, unreadable, tables = 0, 0, []
    for table in sealed_tables():
        tokens = [row[column] for row in _some_rows(database, table) for column in _filled(table, row)]
        failed = sum(not _is_readable(database.vault, token) for token in tokens)
        values, unreadable = values + len(tokens), unreadable + failed
        if failed:
            tables.append(table.name)
    return Look(values, unreadable, tuple(tables))


def rotate(database: Database, now: datetime, show: Show = lambda table, rows: None) -> Rotated:
    """Bring everything under the first key, a page at a time, beside a running line.

    Each page is written in a short transaction of its own, and only over rows that still are as they were read: a
    row that a call changed meanwhile is read again in the next pass. Broken off, it goes on where it was, since what
    the first key reads is left alone.
    """
    rows = 0
    for _ in range(PASSES):
        for table in sealed_tables():
            for page in _pages(database, table):
                rows += _rotate_page(database, table, page)
                show(table.name, len(page))
        found = survey(database)
        if not found.stale:
            break
    with database.write() as session:
        reseal(session)
        if found.is_done:
            forget_other_keys(session, database.vault)
        add_audit_entry(session, COMMAND, AuditAction.KEYS_ROTATED, "keys", now, f"{rows} rows written again")
    return Rotated(rows, found)


def _sealed(table: sa.Table) -> Sealed:
    tokens = tuple(c.name for c in table.columns if isinstance(c.type, ENCRYPTED))
    is_large = any(isinstance(c.type, EncryptedBytes) for c in table.columns)
    raw = sa.table(
        table.name,
        *(sa.column(c.name, sa.LargeBinary() if c.name in tokens else c.type) for c in table.columns),
    )
    key = tuple(c.name for c in table.primary_key.columns)
    return Sealed(table.name, key, tokens, INDEXES.get(table.name, {}), PAGE_OF_BYTES if is_large else PAGE, raw)


def _pages(database: Database, table: Sealed) -> Iterator[Sequence[RowValues]]:
    """All rows in the order of their key, as they are stored; each page is read in a transaction of its own."""
    key = [table.raw.c[name] for name in table.key]
    columns = [table.raw.c[name] for name in (*table.key, *table.tokens, *table.indexes.values())]
    page = sa.select(*columns).order_by(*key).limit(table.page)
    after: sa.Select[Any] = page
    while True:
        with database.read() as session:
            rows = session.execute(after).mappings().all()
        if not rows:
            return
        yield rows
        last = [sa.literal(rows[-1][column.name], column.type) for column in key]
        after = page.where(sa.tuple_(*key) > sa.tuple_(*last))


def _some_rows(database: Database, table: Sealed) -> list[RowValues]:
    """The newest rows that hold anything encrypted, and others at even distances; the key is a number."""
    (key,) = (table.raw.c[name] for name in table.key)
    tokens = [table.raw.c[name] for name in table.tokens]
    columns, most = sa.select(key, *tokens), SAMPLE_OF_BYTES if table.page == PAGE_OF_BYTES else SAMPLE
    with database.read() as session:
        newest = columns.where(sa.or_(*(token.is_not(None) for token in tokens))).order_by(key.desc()).limit(most)
        rows = list(session.execute(newest).mappings())
        first, last = session.execute(sa.select(sa.func.min(key), sa.func.max(key))).one()
        for step in range(most if rows else 0):
            there = columns.where(key >= first + (last - first) * step // most).order_by(key).limit(1)
            rows += session.execute(there).mappings()
    return rows


def _is_readable(vault: Vault, token: bytes) -> bool:
    try:
        vault.reader_of(token)
    except InvalidToken:
        return False
    return True


def _rotate_page(database: Database, table: Sealed, page: Sequence[RowValues]) -> int:
    """Write a page's stale rows again; returns how many were still as they had been read."""
    changes = [(row, changed) for row in page if (changed := _changed(database.vault, table, row))]
    if not changes:
        return 0

    def write() -> int:
        with database.transaction() as connection:
            return sum(connection.execute(_unless_changed(table, row, changed)).rowcount for row, changed in changes)

    return retry_when_busy(write)


def _changed(vault: Vault, table: Sealed, row: RowValues) -> dict[str, bytes | str]:
    """The row's tokens and indexes as the first key gives them, where they differ; unreadable ones are left alone."""
    changed: dict[str, bytes | str] = {}
    for column in _filled(table, row):
        try:
            if not vault.is_current(row[column]):
                changed[column] = vault.rotate(row[column])
        except InvalidToken:
            continue
        if index := _new_index(vault, table, row, column):
            changed[table.indexes[column]] = index
    return changed


def _unless_changed(table: Sealed, row: RowValues, changed: Mapping[str, bytes | str]) -> sa.Update:
    """Compare and set: what a call or a colleague wrote since the row was read is never overwritten."""
    rests_on = [column for column in table.tokens if column in changed or table.indexes.get(column) in changed]
    same = [table.raw.c[column] == row[column] for column in (*table.key, *rests_on)]
    return sa.update(table.raw).where(*same).values(changed)


def _filled(table: Sealed, row: RowValues) -> list[str]:
    return [column for column in table.tokens if row[column] is not None]


def _new_index(vault: Vault, table: Sealed, row: RowValues, column: str) -> str | None:
    """The first key's index of a value that is indexed, or None when it is stored already."""
    stored = row[table.indexes[column]] if column in table.indexes else None
    if stored is None:
        return None
    index = vault.index(vault.decrypt(row[column]).decode())
    return None if index == stored else index
