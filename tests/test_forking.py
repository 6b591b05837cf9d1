"""Web workers are forked from a server that has read the application: no two of them may share a connection."""

import os
from contextlib import contextmanager
from dataclasses import replace

import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import Engine

from ivr import create_app
from ivr.db import Database, Vault
from tests.support.settings import DATA_KEY


@contextmanager
def connections_counted():
    made = []

    def count(*_):
        made.append(1)

    event.listen(Engine, "connect", count)
    yield made
    event.remove(Engine, "connect", count)


def test_reading_the_application_opens_no_connection(config, database_url):
    with connections_counted() as made:
        create_app(replace(config, database_url=database_url))
    assert made == []


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_process_has_a_connection_of_its_own(postgres_url):
    database = Database(postgres_url, Vault([DATA_KEY]))
    mine = backend(database)
    assert backend(database) == mine
    assert in_a_fork(lambda: backend(database)) != mine
    assert backend(database) == mine, "the parent's connection goes on"
    database.close()


def backend(database):
    with database.read() as session:
        return session.scalar(text("select pg_backend_pid()"))


def in_a_fork(work):
    """What a forked process finds."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(write, str(work()).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(write)
    with os.fdopen(read) as answer:
        return int(answer.read())
