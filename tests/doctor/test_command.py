"""The command as an operator types it, against a real server and a simulated account."""

import contextlib
import json
import os
import time

import pytest

from ivr.cli.staff import make_demo_accounts
from ivr.db import Database, Vault
from ivr.jobs.slots import held_places
from ivr.simulator import PhoneNumber, parse
from tests.support.processes import free_port, web_server, worker_process
from tests.support.programs import run_program
from tests.support.settings import AUTH_TOKEN, CHILDREN_PATH, DATA_KEY


@contextlib.contextmanager
def opened(url):
    database = Database(url, Vault([DATA_KEY]))
    yield database
    database.close()


@pytest.fixture
def run(settings, rendered_line, tmp_path):
    """Runs the command on a rendered database."""
    rendered_line()
    env = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": CHILDREN_PATH,
        **settings,
        "DATABASE_URL": f"sqlite:///{tmp_path}/rendered.db",
    }

    def command(*words, **changes):
        return run_program("ivr", "doctor", *words, env={**env, **changes}, cwd=tmp_path)

    command.env = env
    return command


def test_the_command_on_a_deployment(run, account, settings):
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    changes = {"PUBLIC_BASE_URL": base, "TWILIO_API_URL": account(PhoneNumber.calling("+16175550100", base))}
    env = {**run.env, **changes}
    with web_server(env, workers=1, port=port), worker_process(env) as worker, opened(env["DATABASE_URL"]) as database:
        make_demo_accounts(database)
        while not held_places(database):
            assert worker.poll() is None
            time.sleep(0.05)
        good = run(**changes)
        bad = run("--json", **{**changes, "TWILIO_AUTH_TOKEN": "another"})
    assert good.returncode == 0, good.stdout
    assert "warning   base URL" in good.stdout
    assert "fine      number +16175550100" in good.stdout
    assert bad.returncode == 1
    rows = [json.loads(row) for row in bad.stdout.splitlines()]
    assert [row["check"] for row in rows if row["level"] == "fault"] == ["address", "account"]
    assert all(row["fix"] for row in rows if row["level"] != "fine")
    for secret in (AUTH_TOKEN, settings["SECRET_KEY"], DATA_KEY):
        assert secret not in good.stdout + good.stderr + bad.stdout + bad.stderr


def test_without_settings_it_says_which(run):
    ended = run(SECRET_KEY="")
    assert ended.returncode == 2
    assert "SECRET_KEY is missing" in ended.stderr


def test_the_document_for_a_host_outside(run):
    alone = run("--twiml-bin", DESK_NUMBERS="+16175550111")
    assert alone.returncode == 0
    assert parse(alone.stdout.strip())
    assert "takes no message" in alone.stderr
    both = run("--twiml-bin", "--thanks-url", "https://handler.twilio.com/twiml/EH1", DESK_NUMBERS="+16175550111")
    assert 'action="https://handler.twilio.com/twiml/EH1"' in both.stdout
    assert both.stderr == ""
