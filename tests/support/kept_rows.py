"""The rows of a database, kept to be put back: a test can try one thing after the other on the same beginning."""

from __future__ import annotations

import re
import sqlite3
from contextlib import contextmanager

import sqlalchemy as sa

from ivr.db import Base

WRITES = re.compile(r"\b(?:INSERT INTO|UPDATE|DELETE FROM) (\w+)")


class Rows:
    """The rows of a database, to be put back after what changed them; what nothing has changed is left alone."""

    def __init__(self, database) -> None:
        self._engine, self._tables = database.engine, Base.metadata.sorted_tables
        if database.is_sqlite:
            self._copy = sqlite3.connect(":memory:")
            self._watch = sqlite3.connect(self._engine.url.database)
            with self._live() as live:
                live.backup(self._copy)
            self._version = self._version_now()
        else:
            with self._engine.connect() as connection:
                rows = {table: connection.execute(sa.select(table)).mappings().all() for table in self._tables}
            self._kept = {table: [dict(row) for row in found] for table, found in rows.items() if found}
            self._written: set[str] = set()
            sa.event.listen(self._engine, "before_cursor_execute", self._note)

    def restore(self) -> None:
        """Put them back."""
        if self._engine.dialect.name == "sqlite":
            if self._version_now() != self._version:
                with self._live() as live:
                    self._copy.backup(live)
                self._version = self._version_now()
        elif self._written:
            self._put_back([table for table in self._tables if table.name in self._written])
            self._written.clear()

    def close(self) -> None:
        """Give the copy up."""
        if self._engine.dialect.name == "sqlite":
            self._copy.close()
            self._watch.close()
        else:
            sa.event.remove(self._engine, "before_cursor_execute", self._note)

    def _note(self, connection, cursor, statement, *_) -> None:
        """What a statement writes to; rows that go may take those with them that refer to them."""
        self._written.update(WRITES.findall(statement))
        if "DELETE FROM" in statement:
            self._written.update(table.name for table in self._tables)

    def _put_back(self, tables) -> None:
        """Empty and fill some tables, while no other one is looked at for rows that refer to them."""
        with self._engine.begin() as connection:
            emptied = ";".join(f"DELETE FROM {table.name}" for table in tables)
            connection.exec_driver_sql(f"SET LOCAL session_replication_role = replica;{emptied}")
            for table in tables:
                if table in self._kept:
                    connection.execute(table.insert(), self._kept[table])

    def _version_now(self) -> int:
        """SQLite's number of what other connections have committed."""
        return self._watch.execute("PRAGMA data_version").fetchone()[0]

    @contextmanager
    def _live(self):
        connection = self._engine.raw_connection()
        try:
            yield connection.driver_connection
        finally:
            connection.close()
