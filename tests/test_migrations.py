"""Migrations make exactly what the models say, on both databases."""

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from ivr.db import Base, Database, Vault
from ivr.migrations import alembic_config, is_current, newest_step, only_ours, upgrade
from tests.support.settings import DATA_KEY


def test_the_newest_step_is_the_last_of_one_line():
    """Files are named by their steps, so that asking needs no Alembic."""
    assert ScriptDirectory.from_config(alembic_config()).get_heads() == [newest_step()]


def test_migrations_equal_models_and_can_be_undone(empty_url):
    database = Database(empty_url, Vault([DATA_KEY]))
    assert not is_current(database)
    upgrade(database)
    upgrade(database)
    assert is_current(database)
    with database.engine.connect() as connection:
        differences = compare_metadata(
            MigrationContext.configure(connection, opts={"compare_type": True, "include_object": only_ours}),
            Base.metadata,
        )
    assert differences == []
    with database.engine.begin() as connection:
        command.downgrade(alembic_config(connection), "base")
    upgrade(database)
    database.close()


def test_the_queues_tables_are_part_of_the_schema(line):
    """A queue that is missing, or of an older version of DBOS, takes no jobs."""
    table = "dbos_migrations" if line.database.is_sqlite else "dbos.dbos_migrations"
    with line.database.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE {table} SET version = version - 1")
    assert not is_current(line.database)
    with line.database.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE {table} SET version = version + 2")
    assert is_current(line.database), "of a newer version, which an older one can use"
    with line.database.engine.begin() as connection:
        connection.exec_driver_sql(f"DROP TABLE {table}")
    assert not is_current(line.database)
