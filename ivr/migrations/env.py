"""What Alembic runs: every migration on the connection that `ivr.migrations.upgrade` hands over."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy.types import TypeDecorator

import ivr.models  # noqa: F401  (fills the metadata)
from ivr.db import Base
from ivr.migrations import only_ours


def plain_type(kind: str, item: Any, _: AutogenContext) -> str | Literal[False]:
    """Migrations name the database's own types: our decorators may change, a migration never does."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl!r}"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    render_item=plain_type,
    include_object=only_ours,
)
with context.begin_transaction():
    context.run_migrations()
