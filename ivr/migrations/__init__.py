"""The database's schema, step by step. `upgrade` brings any database to the newest step."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dbos import DBOS
from dbos._migration import get_migration_versions, get_sqlite_migration_versions
from sqlalchemy import Connection, inspect, text

from ivr.db import Database, without_time_limits

if TYPE_CHECKING:
    from alembic.config import Config as AlembicConfig

STEPS = Path(__file__).parent / "versions"
"""One file a step, whose name begins with the step's number."""

QUEUE_TABLES = frozenset(
    {
        "application_versions",
        "dbos_migrations",
        "notifications",
        "operation_outputs",
        "queues",
        "streams",
        "workflow_events",
        "workflow_events_history",
        "workflow_input",
        "workflow_output",
        "workflow_schedules",
        "workflow_status",
    }
)
"""DBOS's own tables. On SQLite they stand among ours, on PostgreSQL in the schema `dbos`; DBOS migrates them."""


QUEUE_SCHEMA = "dbos"


def alembic_config(connection: Connection | None = None) -> AlembicConfig:
    """Alembic's settings, made here so that there is no ini file to keep.

    Alembic is imported where it works: web workers only ask whether the schema is current, and stay 10 MB smaller.
    """
    from alembic.config import Config as AlembicConfig

    settings = AlembicConfig()
    settings.set_main_option("script_location", "ivr:migrations")
    settings.set_main_option("path_separator", "os")
    settings.attributes["connection"] = connection
    return settings


def only_ours(item: Any, name: str | None, kind: str, reflected: bool, _: Any) -> bool:
    """What Alembic compares with the models: everything but the queue's tables."""
    return not (kind == "table" and reflected and name in QUEUE_TABLES)


def upgrade(database: Database) -> None:
    """Bring the schema to the newest step, in one transaction, and then the tables that DBOS keeps its queue in."""
    from alembic import command

    with database.engine.begin() as connection:
        without_time_limits(connection)
        command.upgrade(alembic_config(connection), "head")
    DBOS.migrate(database.engine.url.render_as_string(hide_password=False))


def is_current(database: Database) -> bool:
    """Whether the schema is at the newest step, and the queue's tables are at least at the one that DBOS needs."""
    if _step(database) != newest_step():
        return False
    if database.is_sqlite:
        current, needed = get_sqlite_migration_versions(database.reader)
    else:
        current, needed = get_migration_versions(database.reader, QUEUE_SCHEMA, use_listen_notify=True)
    return current >= needed


def newest_step() -> str:
    """The number of the newest step."""
    return max(file.name.partition("_")[0] for file in STEPS.glob("[0-9]*.py"))


def _step(database: Database) -> str | None:
    """The step a database is at; None before the first one."""
    with database.read() as session:
        if not inspect(session.connection()).has_table("alembic_version"):
            return None
        step: str | None = session.scalar(text("SELECT version_num FROM alembic_version"))
        return step
