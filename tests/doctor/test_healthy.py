"""Whole deployments in which nothing is wrong: the doctor warns of nothing but what is true of them."""

import contextlib
import json
import os
import shutil
import time

import pytest
import sqlalchemy as sa
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink

from ivr.db import Database, Vault
from ivr.jobs.slots import held_places
from ivr.models import Role
from ivr.services.accounts import staff
from ivr.services.audit import COMMAND
from ivr.services.line import utc_now
from ivr.simulator import PhoneNumber
from tests.support.certificates import make_certificate
from tests.support.processes import free_port, web_server, worker_process
from tests.support.programs import run_program
from tests.support.proxies import nginx, nginx_site
from tests.support.settings import CHILDREN_PATH, DATA_KEY

CLINIC = {
    "CLINIC_NAME": "Cape Spine Clinic",
    "CLINIC_HOURS": "Mon-Fri 09:00-17:00",
    "DESK_NUMBERS": "+16175550111",
    "NOTIFY_EMAILS": "nurse@example.org",
    "MAIL_FROM": "line@example.org",
}

CHECKS = {
    *("settings", "database", "durability", "data keys", "prompts", "worker", "administrators", "hours", "mail"),
    *("address", "signature", "query", "request body", "trusted proxies", "events", "upload size", "slow bodies"),
    *("clock", "account", "number +16175550100", "on call"),
}
"""What is looked at in every deployment; "media" too where clips are rendered."""


@pytest.fixture
def mail():
    """A real mail server that forgets what it takes."""
    controller = Controller(Sink(), "127.0.0.1", free_port(), ready_timeout=20)
    controller.start()
    yield f"smtp://127.0.0.1:{controller.port}"
    controller.stop()


@pytest.fixture
def findings(settings, account, mail, tmp_path):
    """What the command finds of a deployment with a worker and an administrator, while a block runs it."""

    def examine(base_url, database_url, running, **changes):
        given = {**settings, **CLINIC, "SMTP_URL": mail, "PUBLIC_BASE_URL": base_url, "DATABASE_URL": database_url}
        given |= {"TWILIO_API_URL": account(PhoneNumber.calling("+16175550100", base_url)), **changes}
        address = sa.make_url(database_url).render_as_string(hide_password=False)
        with contextlib.ExitStack() as opened:
            database = opened.enter_context(contextlib.closing(Database(address, Vault([DATA_KEY]))))
            boss = staff.create(database, COMMAND, staff.AccountDetails("boss@example.org", "B", Role.ADMIN), utc_now())
            staff.set_password(database, COMMAND, boss.id, "a password for tests only", utc_now(), "A clinic")
            opened.enter_context(running(given))
            worker = opened.enter_context(worker_process(given))
            while not held_places(database):
                assert worker.poll() is None
                time.sleep(0.05)
            return _found(given, tmp_path)

    return examine


def _found(given, folder):
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": CHILDREN_PATH, **given}
    ended = run_program("ivr", "doctor", "--json", env=env, cwd=folder)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    rows = [json.loads(row) for row in ended.stdout.splitlines()]
    return {row["check"] for row in rows}, {row["check"] for row in rows if row["level"] != "fine"}


def test_behind_nginx_on_sqlite(findings, rendered, tmp_path, monkeypatch):
    """The clinic has the default name, under which its prompts are rendered; that is told."""
    shutil.copy(rendered, tmp_path / "line.db")
    certificate, port, upstream = make_certificate(tmp_path, "localhost"), free_port(), free_port()

    def running(given):
        return web_server(given, workers=2, port=upstream)

    trusted = {
        "CLINIC_NAME": "Bay State Pain Associates",
        "REQUESTS_CA_BUNDLE": str(certificate),
        "SSL_CERT_FILE": str(certificate),
        "TRUSTED_PROXIES": "127.0.0.1",
    }
    with nginx(tmp_path / "nginx", nginx_site(port, f"127.0.0.1:{upstream}", certificate), port):
        checks, bad = findings(f"https://localhost:{port}", f"sqlite:///{tmp_path}/line.db", running, **trusted)
    assert bad == {"Twilio API", "clinic name"}
    assert checks == {*CHECKS, "media", "Twilio API", "clinic name"}


def test_without_a_proxy_on_postgresql(findings, postgres_url):
    """Plain HTTP, which is told, and the carrier's own voice."""
    port = free_port()

    def running(given):
        return web_server(given, workers=2, port=port)

    checks, bad = findings(f"http://127.0.0.1:{port}", postgres_url, running, IVR_VOICE="say")
    assert bad == {"Twilio API", "base URL"}
    assert checks == {*CHECKS, "Twilio API", "base URL"}
