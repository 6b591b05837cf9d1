"""Migrations make exactly what the models say, on both databases."""

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from ivr.db import Base, Database, Vault
from ivr.migrations import alembic_config, is_current, only_ours, upgrade
from tests.conftest import DATA_KEY


def test_migrations_equal_models_and_can_be_undone(empty_url):
    database = Database(empty_url, Vault([DATA_KEY]))
    assert not is_current(database)
    upgrade(database)
    upgrade(database)
    assert is_current(database)
    with database.engine.connect() as connection:
        differences = compare_metadata(
            MigrationContext.configure(connection, opts={"compare_type": True, "include_object": only_ours}), Base.metadata
        )
    assert differences == []
    with database.engine.begin() as connection:
        command.downgrade(alembic_config(connection), "base")
    upgrade(database)
    database.close()
