"""What tests share: settings, a line on each database, prompts rendered once, and a telephone."""

from __future__ import annotations

import contextlib
import fcntl
import gc
import os
import shutil
import sqlite3
from dataclasses import replace
from datetime import datetime
from functools import cache

import hypothesis
import pytest

from ivr import create_line
from ivr.callflow.tree import build
from ivr.config import PROMPTS, Config
from ivr.db import Database, Vault
from ivr.migrations import is_current, upgrade
from ivr.public.words import read_words
from ivr.services.calls.consulting import consult
from ivr.services.prompts.rendering import render_prompts
from ivr.services.scripts import read_scripts
from ivr.simulator import RecordingStore
from tests.support.carrier_api import serving_recordings
from tests.support.compiled import compiling_once
from tests.support.fast_tier import FastTier
from tests.support.hashes import CHEAP, REAL, hashing
from tests.support.memory import keep_temporary_folders_in_memory
from tests.support.network_guard.loopback import close_other_sockets
from tests.support.second_chance import SecondChance
from tests.support.settings import ACCOUNT_SID, AUTH_TOKEN, BASE_URL, CHILDREN_PATH, DATA_KEY, MONDAY_MORNING
from tests.support.shared_postgres import SharedPostgres
from tests.support.speech import remembering
from tests.support.staff_pages import browser, browsers, launch  # noqa: F401  (fixtures: one browser a process)
from tests.support.telephone import Telephone

LONGEST_FIRST = (
    "phone/test_phone.py",
    "console/test_every_page.py",
    "console/test_absurd_input.py",
    "test_worst_day.py",
    "console/test_forty_callbacks.py",
    "services/requests/test_casefile.py",
    "console/test_casefile_browser.py",
    "serving/test_worker.py",
    "console/test_queue_browser.py",
    "jobs/test_worker.py",
    "doctor/test_proxies.py",
    "console/test_talks.py",
    "test_outage.py",
    "walk/test_walk.py",
    "console/test_day.py",
    "cli/test_commands.py",
    "test_kill.py",
    "studio/test_zips.py",
    "test_recovery.py",
    "test_attacks.py",
    "calls/test_calls.py",
    "console/test_nothing_lost.py",
    "studio/test_studio.py",
    "services/prompts/test_versions.py",
    "calls/test_time_to_task.py",
)
"""The files that take longest begin, so that no process is left alone with them at the end."""

OBJECTS_BETWEEN_LOOKS = 5_000
"""How many more objects there are when Python next looks for garbage; it would at 700."""


def pytest_configure(config):
    """Whatever tests do, it stays on this machine. While they are collected, nothing is garbage."""
    close_other_sockets()
    keep_temporary_folders_in_memory()
    gc.disable()
    slow_machine = hypothesis.settings(deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
    hypothesis.settings.register_profile("slow machine", slow_machine)
    hypothesis.settings.load_profile("slow machine")
    config.pluginmanager.register(FastTier())
    config.pluginmanager.register(SecondChance())


def pytest_collection_finish():
    """What was imported and collected stays: looking through it for garbage again and again took a seventh of a run.

    What tests make is looked through more seldom than Python would: they make much, and keep little.
    """
    gc.freeze()
    gc.set_threshold(OBJECTS_BETWEEN_LOOKS)
    gc.enable()


def pytest_xdist_auto_num_workers():
    """Two more processes than cores: many tests wait for a clock, a browser or a process of their own."""
    return min(6, (os.cpu_count() or 1) + 2)


def pytest_collection_modifyitems(items):
    def place(item):
        path = item.path.as_posix()
        return next((n for n, name in enumerate(LONGEST_FIRST) if path.endswith(f"tests/{name}")), len(LONGEST_FIRST))

    items.sort(key=place)


class Clock:
    """A clock that tests set."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(scope="session", autouse=True)
def children_on_this_machine():
    """The Python processes that tests start stay here too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", CHILDREN_PATH)
        yield


@pytest.fixture(scope="session", autouse=True)
def own_logs():
    """A command that is called in this process must not take the process's logs for good."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ivr.cli.configure_logs", lambda *_: None)
        patch.setattr("ivr.cli.trying.configure_logs", lambda *_: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def once_a_process():
    """What is shipped is read, call trees are built, and SQL is compiled once in a process, not for each of its lines."""
    parsed, words = cache(read_scripts), cache(read_words)

    def read(folder, languages, clinic_name):
        return (parsed if folder == PROMPTS else read_scripts)(folder, tuple(languages), clinic_name)

    def read_pages(folder, languages):
        return (words if folder == PROMPTS / "pages" else read_words)(folder, tuple(languages))

    with pytest.MonkeyPatch.context() as patch, compiling_once():
        patch.setattr("ivr.read_scripts", read)
        patch.setattr("ivr.build", cache(build))
        patch.setattr("ivr.public.pages.read_words", read_pages)
        yield


@pytest.fixture(scope="session", autouse=True)
def cheap_hashes():
    """For all tests but those of hashing itself."""
    with hashing(CHEAP):
        yield


@pytest.fixture
def real_hashes():
    """Passwords and PINs are hashed as where the line is used."""
    with hashing(REAL):
        yield


@pytest.fixture(scope="session", autouse=True)
def only_declared_findings():
    """No answer to a call's question has a finding that the question does not declare."""

    def consulted(session, line, inquiry):
        found = consult(session, line, inquiry)
        assert found.finding in inquiry.question.findings, f"{inquiry.question} found {found.finding!r}"
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ivr.services.calls.turns.consult", consulted)
        yield


@pytest.fixture(autouse=True)
def heard_once(remembered, monkeypatch):
    """The same words are spoken, and the same file is decoded, once in a run; tests/audio/ does everything anew."""
    for name, instead in remembered.items():
        monkeypatch.setattr(name, instead)


@pytest.fixture(scope="session")
def remembered(run_folder):
    with remembering(run_folder) as instead:
        yield instead


@pytest.fixture(scope="session")
def settings(tmp_path_factory):
    return {
        "SECRET_KEY": "s" * 40,
        "DATA_KEYS": DATA_KEY,
        "PUBLIC_BASE_URL": BASE_URL,
        "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
        "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        "DATABASE_URL": f"sqlite:///{tmp_path_factory.mktemp('db')}/line.db",
    }


@pytest.fixture(scope="session")
def config(settings):
    return Config.from_env(settings)


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory):
    """A folder that all processes of this run share."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


@pytest.fixture(scope="session")
def made_once(run_folder, tmp_path_factory):
    """Makes a file that takes long: the first process of this run that needs it does, and the others wait for it."""
    folder = tmp_path_factory.getbasetemp()

    def file(name, make):
        with (run_folder / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (run_folder / name).exists():
                make(folder / name)
                (folder / name).rename(run_folder / name)
        return run_folder / name

    return file


@pytest.fixture(scope="session")
def rendered(made_once, config, remembered, tmp_path_factory):
    """A SQLite file with the whole script rendered; tests copy it."""

    def make(path):
        _render(config, remembered, ["en-US"], path, tmp_path_factory.mktemp("rendering"))

    return made_once("english.db", make)


@pytest.fixture(scope="session")
def bilingual(made_once, config, rendered, remembered, tmp_path_factory):
    """The same with Spanish rendered too."""

    def make(path):
        folder = tmp_path_factory.mktemp("rendering")
        shutil.copy(rendered, folder / "full.db")
        _render(config, remembered, ["en-US", "es-US"], path, folder)

    return made_once("bilingual.db", make)


def _render(config, remembered, languages, path, folder):
    """Render what a database in the folder lacks, and leave it in one file."""
    database = Database(f"sqlite:///{folder}/full.db", Vault(config.data_keys))
    upgrade(database)
    with pytest.MonkeyPatch.context() as patch:
        for name, instead in remembered.items():
            patch.setattr(name, instead)
        render_prompts(database, read_scripts(PROMPTS, languages, config.clinic_name), MONDAY_MORNING)
    database.close()
    _in_one_file(folder / "full.db", path)


def _in_one_file(database, path):
    """A copy that can be copied. It keeps a write-ahead log, as every database of the line does once it was opened."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.execute(f"VACUUM INTO '{path}'")
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")


@pytest.fixture
def migrated():
    """The addresses of this test's databases that were migrated when they were copied: nobody need look again."""
    return set()


@pytest.fixture
def sqlite_url(tmp_path, migrated_sqlite, migrated):
    """A migrated SQLite database of its own for one test."""
    shutil.copy(migrated_sqlite, tmp_path / "ivr.db")
    url = f"sqlite:///{tmp_path}/ivr.db"
    migrated.add(url)
    return url


@pytest.fixture(scope="session")
def postgres(run_folder):
    """The PostgreSQL server of this run; it makes databases."""
    server = SharedPostgres(run_folder)
    yield server
    server.close()


@pytest.fixture(scope="session")
def migrated_sqlite(made_once, tmp_path_factory):
    """A migrated file: copying it is much faster than migrating."""

    def make(path):
        folder = tmp_path_factory.mktemp("migrated")
        database = Database(f"sqlite:///{folder}/full.db", Vault([DATA_KEY]))
        upgrade(database)
        database.close()
        _in_one_file(folder / "full.db", path)

    return made_once("migrated.db", make)


@pytest.fixture
def postgres_url(postgres, request, migrated):
    """A migrated PostgreSQL database of its own for one test."""
    url = postgres.migrated(request.node.nodeid)
    migrated.add(url)
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request, tmp_path):
    """A database without a schema, of each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/empty.db"
    return request.getfixturevalue("postgres").empty(request.node.nodeid)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request):
    """Each database in turn."""
    return request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")


@pytest.fixture
def clock():
    return Clock(MONDAY_MORNING)


@pytest.fixture
def make_line(config, clock, migrated):
    """Lines on a migrated database, closed at the end."""
    opened = []

    def make(url, **changes):
        line = replace(create_line(replace(config, database_url=url, **changes)), clock=clock)
        if url not in migrated and not is_current(line.database):
            upgrade(line.database)
        opened.append(line)
        return line

    yield make
    for line in opened:
        line.database.close()


@pytest.fixture
def line(make_line, database_url):
    """A line without desk numbers, on SQLite and on PostgreSQL."""
    return make_line(database_url)


@pytest.fixture
def rendered_line(make_line, rendered, tmp_path, request, migrated):
    """Makes lines on a copy of the rendered database."""

    def make(**changes):
        path = tmp_path / "rendered.db"
        migrated.add(f"sqlite:///{path}")
        if not path.exists():
            shutil.copy(
                request.getfixturevalue("bilingual") if len(changes.get("languages", ())) > 1 else rendered, path
            )
        return make_line(f"sqlite:///{path}", **changes)

    return make


@pytest.fixture
def recordings():
    """The carrier's recordings, and the address where its API serves them."""
    store = RecordingStore()
    with serving_recordings(store) as url:
        yield store, url


@pytest.fixture
def telephone(config, rendered_line):
    """Makes telephones; settings that tests change are given by name."""

    def make(**changes):
        return Telephone(replace(config, **changes), rendered_line(**changes))

    return make
