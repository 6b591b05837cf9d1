"""INSERTs that tell what to do if the row is there: another process may add it after one has looked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from ivr.db import Base


def insert_into(table: type[Base], dialect: Dialect) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that takes `on_conflict_do_nothing` or `on_conflict_do_update`, on either database."""
    return (sqlite.insert if dialect.name == "sqlite" else postgresql.insert)(table)


def upsert(session: Session, table: type[Base], keys: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Add a row, or give the one with these unique `keys` other values. Commits nothing."""
    row = insert_into(table, session.get_bind().dialect).values(**keys, **values)
    session.execute(row.on_conflict_do_update(index_elements=list(keys), set_=dict(values)))
