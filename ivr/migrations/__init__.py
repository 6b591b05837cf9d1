"""The database's schema, step by step. `upgrade` brings any database to the newest step."""

from __future__ import annotations

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from ivr.db import Database, unhurried


def alembic_config(connection: Connection | None = None) -> AlembicConfig:
    """Alembic's settings, made here so that there is no ini file to keep."""
    settings = AlembicConfig()
    settings.set_main_option("script_location", "ivr:migrations")
    settings.set_main_option("path_separator", "os")
    settings.attributes["connection"] = connection
    return settings


def upgrade(database: Database) -> None:
    """Bring the schema to the newest step, in one transaction."""
    with database.engine.begin() as connection:
        unhurried(connection)
        command.upgrade(alembic_config(connection), "head")


def is_current(database: Database) -> bool:
    """Whether the schema is at the newest step."""
    newest = ScriptDirectory.from_config(alembic_config()).get_current_head()
    with database.read() as session:
        return MigrationContext.configure(session.connection()).get_current_revision() == newest
