"""SQL compiled once for each kind of database in a process: compiling took two fifths of a test's time.

SQLAlchemy keeps what it compiled for an engine, and each test has engines of its own. Here all engines share it: to the
cache, dialects of a kind with the same data keys are the same one.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

import ivr.db

DIALECTS = (PGDialect_psycopg, SQLiteDialect_pysqlite)
MOST_STATEMENTS = 2000


@contextmanager
def compiling_once() -> Iterator[None]:
    """Let every database of the line use what was compiled for the first of its kind."""
    compiled, make_engine = LRUCache(MOST_STATEMENTS), ivr.db._engine

    def engine(url):
        made = make_engine(url)
        made.update_execution_options(compiled_cache=compiled)
        return made

    with pytest.MonkeyPatch.context() as patch:
        for dialect in DIALECTS:
            patch.setattr(dialect, "__hash__", lambda self: hash(type(self)))
            patch.setattr(dialect, "__eq__", _is_alike)
        patch.setattr("ivr.db._engine", engine)
        yield


def _is_alike(one, other):
    return type(one) is type(other) and _keys_of(one) == _keys_of(other)


def _keys_of(dialect):
    vault = getattr(dialect, "ivr_vault", None)
    return vault and vault.fingerprints
