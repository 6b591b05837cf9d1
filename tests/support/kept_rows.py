"""The rows of a database, kept to be put back: a test can try one thing after the other on the same beginning."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager

import sqlalchemy as sa

from ivr.db import Base


class Rows:
    """The rows of a database, to be put back after what changed them."""

    def __init__(self, database) -> None:
        self._engine, self._tables = database.engine, Base.metadata.sorted_tables
        if database.is_sqlite:
            self._copy = sqlite3.connect(":memory:")
            with self._live() as live:
                live.backup(self._copy)
        else:
            with self._engine.connect() as connection:
                rows = {table: connection.execute(sa.select(table)).mappings().all() for table in self._tables}
            self._kept = {table: [dict(row) for row in found] for table, found in rows.items() if found}

    def restore(self) -> None:
        """Put them back."""
        if self._engine.dialect.name == "sqlite":
            with self._live() as live:
                self._copy.backup(live)
            return
        with self._engine.begin() as connection:
            connection.exec_driver_sql(";".join(f"DELETE FROM {table.name}" for table in reversed(self._tables)))
            for table, rows in self._kept.items():
                connection.execute(table.insert(), rows)

    def close(self) -> None:
        """Give the copy up."""
        if self._engine.dialect.name == "sqlite":
            self._copy.close()

    @contextmanager
    def _live(self):
        connection = self._engine.raw_connection()
        try:
            yield connection.driver_connection
        finally:
            connection.close()
