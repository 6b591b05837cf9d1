"""Ways in which a database fails: stopped, frozen, locked, read-only, full, gone or damaged."""

import contextlib
import os
import sqlite3

import psutil
import sqlalchemy as sa
from sqlalchemy import event


@contextlib.contextmanager
def admin(server, url=None):
    engine = sa.create_engine(url or server.url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


@contextlib.contextmanager
def lock(path, how="IMMEDIATE"):
    """Somebody else's transaction on a SQLite file."""
    holder = sqlite3.connect(path, isolation_level=None)
    try:
        holder.execute(f"BEGIN {how}")
        yield
        holder.execute("ROLLBACK")
    finally:
        holder.close()


class Troubles:
    """Ways in which a line's database fails; each is a context manager."""

    def __init__(self, line, server):
        self.line, self.server = line, server

    @contextlib.contextmanager
    def stopped(self):
        self.server.stop()
        try:
            yield
        finally:
            self.server.start()

    @contextlib.contextmanager
    def frozen(self):
        processes = self.server.processes()
        for process in processes:
            process.suspend()
        try:
            yield
        finally:
            for process in processes:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.resume()

    @contextlib.contextmanager
    def locked(self):
        if self.line.database.is_sqlite:
            with lock(self.line.database.engine.url.database):
                yield
            return
        engine = sa.create_engine(self.line.database.engine.url)
        try:
            with engine.connect() as connection:
                connection.execute(sa.text("LOCK TABLE calls IN ACCESS EXCLUSIVE MODE"))
                yield
        finally:
            engine.dispose()

    @contextlib.contextmanager
    def read_only(self):
        engine = self.line.database.engine
        if self.line.database.is_sqlite:
            with self._pragma("query_only = ON"):
                yield
            return
        with admin(self.server) as connection:
            connection.execute(sa.text(f"ALTER DATABASE {engine.url.database} SET default_transaction_read_only = on"))
        engine.dispose()
        yield

    @contextlib.contextmanager
    def full(self):
        with self._pragma("max_page_count = 1"):
            row = "INSERT INTO calls (sid, language, turn, progress, started_at) VALUES (hex(randomblob(8)), '', 0, '', '')"
            with contextlib.suppress(sa.exc.OperationalError):
                while True:
                    with self.line.database.write() as session:
                        session.execute(sa.text(row))
            yield

    @contextlib.contextmanager
    def gone(self):
        self.line.database.close()
        path = self.line.database.engine.url.database
        for end in ("", "-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path + end)
        yield

    @contextlib.contextmanager
    def damaged(self):
        self.line.database.close()
        path = self.line.database.engine.url.database
        with open(path, "r+b") as file:
            file.write(os.urandom(4096))
        yield

    @contextlib.contextmanager
    def _pragma(self, words):
        def set_it(connection, _):
            connection.execute(f"PRAGMA {words}")

        engine = self.line.database.engine
        engine.dispose()
        event.listen(engine, "connect", set_it)
        yield
        event.remove(engine, "connect", set_it)
        engine.dispose()
