"""The database: one engine for SQLite or PostgreSQL, transactions, and column types that encrypt."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from functools import cached_property
from typing import Any, TypeVar, cast
from weakref import WeakSet

from cryptography.fernet import InvalidToken
from dbos import DBOSClient, DBOSPortableJSONSerializer
from sqlalchemy import (
    BigInteger,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Executable,
    Integer,
    LargeBinary,
    MetaData,
    Select,
    String,
    create_engine,
    event,
    make_url,
    text,
)
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.types import TypeDecorator

from ivr.sqlite import sqlite_engine
from ivr.vault import Vault

BUSY_MILLISECONDS = 3000
"""How long a SQLite transaction waits for another writer; a caller should not wait longer for an answer."""

STATEMENT_MILLISECONDS = 3000
"""The same for one PostgreSQL statement, waiting for locks included."""

ANSWER_SECONDS = 3.5
"""How long PostgreSQL may be silent before the connection is given up: a frozen server keeps no time-out of its own."""

CONNECT_SECONDS = 2
"""How long connecting to PostgreSQL may take, the shortest its client knows."""

POOL_SECONDS = 3
"""How long to wait for a connection of the pool."""


POOL_SIZE, POOL_OVERFLOW = 5, 13
"""Connections to PostgreSQL that a process keeps, and more under load: one for each thread that answers requests."""

BUSY_TRIES = 10
"""How often upkeep, which nobody waits for, tries a transaction that found no room."""

T = TypeVar("T")

APPLICATION = "ivr"
"""Under this name our jobs stand in DBOS's tables."""


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: aware datetimes only, stored in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive datetimes, which mean a different moment on each machine."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """SQLite forgets the zone; it was UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class ByValue(TypeDecorator[StrEnum]):
    """A string enum stored as its value, readable in any SQL client."""

    impl = String(24)
    cache_ok = True

    def __init__(self, kind: type[StrEnum]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: StrEnum | None, dialect: Dialect) -> str | None:
        """Only members of the enum."""
        return None if value is None else self.kind(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        """The member."""
        return None if value is None else self.kind(value)


class EncryptedText(TypeDecorator[str]):
    """Text that is only readable with the deployment's data keys."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        """Encrypt with the vault of the engine that this statement runs on."""
        return None if value is None else vault_of(dialect).encrypt(value.encode())

    def process_result_value(self, value: Any | None, dialect: Dialect) -> str | None:
        """Decrypt."""
        return None if value is None else vault_of(dialect).decrypt(bytes(value)).decode()


class EncryptedBytes(TypeDecorator[bytes]):
    """Bytes that are only readable with the deployment's data keys."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        """Encrypt with the vault of the engine that this statement runs on."""
        return None if value is None else vault_of(dialect).encrypt(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> bytes | None:
        """Decrypt."""
        return None if value is None else vault_of(dialect).decrypt(bytes(value))


class EncryptedList(TypeDecorator[list[str]]):
    """A list of texts that is only readable with the deployment's data keys."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: list[str] | None, dialect: Dialect) -> bytes | None:
        """Encrypt with the vault of the engine that this statement runs on."""
        return None if value is None else vault_of(dialect).encrypt(json.dumps(value).encode())

    def process_result_value(self, value: Any | None, dialect: Dialect) -> list[str] | None:
        """Decrypt."""
        return None if value is None else cast(list[str], json.loads(vault_of(dialect).decrypt(bytes(value))))


ENCRYPTED = (EncryptedText, EncryptedBytes, EncryptedList)
"""The column types whose values only the data keys can read."""

BigId = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    """All tables."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Prepared:
    """A statement compiled once for one database, for the few that every key press runs.

    Running it goes straight to the driver: the same SQL and the same column types, without the work that SQLAlchemy
    repeats for each execution, which would be half of what a key press costs.
    """

    def __init__(self, statement: Executable, dialect: Dialect) -> None:
        compiled = cast(SQLCompiler, cast(ClauseElement, statement).compile(dialect=dialect))
        self._sql = str(compiled)
        self._names = compiled.positiontup
        self._binds = {
            name: bind.type.dialect_impl(dialect).bind_processor(dialect) for name, bind in compiled.binds.items()
        }
        columns = statement.selected_columns if isinstance(statement, Select) else ()
        self._results = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns]

    def run(self, connection: Connection, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Run it in the connection's transaction; the rows it selects."""
        bound = {name: process(values[name]) if process else values[name] for name, process in self._binds.items()}
        cursor = connection.connection.cursor()
        try:
            cursor.execute(self._sql, [bound[name] for name in self._names] if self._names else bound)
            return [self._row(row) for row in cursor.fetchall()] if self._results else []
        finally:
            cursor.close()

    def _row(self, row: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(process(value) if process else value for process, value in zip(self._results, row, strict=True))


class Database:
    """One database and how to talk to it: `write` and `read` each give one transaction.

    `engine` begins transactions that may write, `reader` ones that only look.
    """

    def __init__(self, url: str, vault: Vault) -> None:
        self.vault = vault
        self.engine = _engine(url)
        self.engine.dialect.ivr_vault = vault  # type: ignore[attr-defined]
        self.reader = self.engine.execution_options(ivr_reads=True)
        self._prepared: dict[Executable, Prepared] = {}
        _OPEN.add(self)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """The same as `write` without a session's bookkeeping, for the few statements of a key press."""
        with self.engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction that commits when the block ends and rolls back when it raises."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A transaction that only looks; on SQLite it waits for no writer."""
        with Session(self.reader, expire_on_commit=False) as session, session.begin():
            yield session

    def prepared(self, statement: Executable) -> Prepared:
        """A statement, compiled at its first use; keep statements in constants."""
        if statement not in self._prepared:
            self._prepared[statement] = Prepared(statement, self.engine.dialect)
        return self._prepared[statement]

    @cached_property
    def jobs(self) -> DBOSClient:
        """The queue's tables, which stand in this database: made at the first use, connected like everything else."""
        return DBOSClient(
            system_database_engine=self.engine,
            application_name=APPLICATION,
            serializer=DBOSPortableJSONSerializer(),
            lazy=True,
            retry_connection_errors=False,
        )

    @property
    def unavailable(self) -> tuple[type[Exception], ...]:
        """The errors that mean that the database is down, silent, locked or full, rather than a mistake of ours."""
        driver: Any = self.engine.dialect.loaded_dbapi
        return (OperationalError, PoolTimeout, driver.OperationalError)

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the embedded default."""
        return self.engine.dialect.name == "sqlite"

    def close(self) -> None:
        """Close all connections, those in use as soon as they are given back."""
        event.listen(self.engine, "checkin", lambda _, entry: entry.invalidate())
        self.engine.dispose()


class AdvisoryLock(IntEnum):
    """Our numbers among PostgreSQL's advisory locks; SQLite has one writer at a time anyway."""

    WORKER_SLOT = 0x1E55
    AUDIT_TRAIL = 4711
    RELEASES = 4712


def lock_for_transaction(session: Session, lock: AdvisoryLock) -> None:
    """Let nobody else have this lock until the session's transaction is over."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": int(lock)})


@contextmanager
def session_in(connection: Connection) -> Iterator[Session]:
    """A session inside the transaction of a connection: it flushes at the end, the connection's owner commits."""
    with Session(connection, expire_on_commit=False) as session, session.begin():
        yield session


def retry_when_busy(work: Callable[[], T], tries: int = BUSY_TRIES) -> T:
    """Do one transaction of upkeep, again when busy callers left it no room; key presses never wait this long."""
    for left in reversed(range(tries)):
        try:
            return work()
        except (sqlite3.OperationalError, OperationalError):
            if not left:
                raise
    raise ValueError("tries must be one at least")


def vault_of(dialect: Dialect) -> Vault:
    """The vault that `Database` gave to this engine's dialect."""
    vault: Vault = dialect.ivr_vault  # type: ignore[attr-defined]
    return vault


_OPEN: WeakSet[Database] = WeakSet()


def _connect_anew() -> None:
    """A process that was forked makes connections of its own: two on one socket would read each other's answers."""
    for database in tuple(_OPEN):
        database.engine.dispose(close=False)


os.register_at_fork(after_in_child=_connect_anew)


def _engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        options = f"-c statement_timeout={STATEMENT_MILLISECONDS} -c timezone=UTC"
        engine = create_engine(
            parsed,
            hide_parameters=True,
            pool_pre_ping=True,
            pool_size=POOL_SIZE,
            max_overflow=POOL_OVERFLOW,
            pool_timeout=POOL_SECONDS,
            connect_args={"options": options, "connect_timeout": CONNECT_SECONDS},
        )
        event.listen(engine, "connect", _time_out_when_silent)
        event.listen(engine, "checkin", _restore_time_limits)
        return engine
    return sqlite_engine(parsed, busy_milliseconds=BUSY_MILLISECONDS, pool_seconds=POOL_SECONDS)


def without_time_limits(connection: Connection) -> None:
    """Lift the time limits from the current transaction, for work that no caller waits for."""
    if connection.dialect.name == "postgresql":
        connection.connection.driver_connection.ivr_seconds = None  # type: ignore[union-attr]
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")


def _time_out_when_silent(connection: Any, _: ConnectionPoolEntry) -> None:
    """Close a PostgreSQL connection that does not answer: the server's own time-outs need a server that runs."""
    wait = connection.wait
    connection.ivr_seconds = ANSWER_SECONDS

    def limited(generator: Any, *args: Any, **options: Any) -> Any:
        try:
            return wait(generator, *args, **{"timeout": connection.ivr_seconds, **options})
        except connection.OperationalError as error:
            if error.sqlstate is None:
                connection.pgconn.finish()
            raise

    connection.wait = limited


def _restore_time_limits(connection: Any, _: ConnectionPoolEntry) -> None:
    if connection is not None:
        connection.ivr_seconds = ANSWER_SECONDS


__all__ = [
    "APPLICATION",
    "ENCRYPTED",
    "AdvisoryLock",
    "Base",
    "BigId",
    "ByValue",
    "Database",
    "EncryptedBytes",
    "EncryptedList",
    "EncryptedText",
    "InvalidToken",
    "Prepared",
    "UtcDateTime",
    "Vault",
    "lock_for_transaction",
    "retry_when_busy",
    "session_in",
    "vault_of",
    "without_time_limits",
]
