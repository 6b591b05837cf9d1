"""The doctor: each finding as a row, and the whole command against a real server and a simulated account."""

import json
import os
import subprocess
import sys
import threading
from dataclasses import replace

import pytest
import sqlalchemy as sa
from flask import Flask, redirect
from werkzeug.serving import make_server

from ivr import create_app
from ivr.config import PROMPTS, Config
from ivr.db import Database, Vault
from ivr.doctor import local as checks
from ivr.doctor import network as doctor
from ivr.doctor.local import Severity
from ivr.migrations import is_current
from ivr.services.calendar import Calendars
from ivr.services.scripts import read_scripts
from ivr.simulator import PhoneNumber, RecordingStore, create_rest_app, parse
from tests.support.processes import free_port, web_server
from tests.support.settings import (
    ACCOUNT_SID,
    AUTH_TOKEN,
    BASE_URL,
    CHILDREN_PATH,
    DATA_KEY,
    DEADLINE_SECONDS,
    MONDAY_MORNING,
)

NUMBER = PhoneNumber.calling("+16175550100", BASE_URL)
GOOD = {"CLINIC_NAME": "Cape Spine Clinic", "CLINIC_HOURS": "Mon-Fri 09:00-17:00", "DESK_NUMBERS": "+16175550111",
        "NOTIFY_EMAILS": "nurse@example.org"}  # fmt: skip


class Serve:
    """Applications on ports of their own, until the test ends."""

    def __init__(self):
        self.servers = []

    def __call__(self, app):
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        self.servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}"

    def stop(self):
        for server, thread in self.servers:
            server.shutdown()
            thread.join()
            server.server_close()


@pytest.fixture
def serve():
    serve = Serve()
    yield serve
    serve.stop()


@pytest.fixture
def account(serve):
    """Serves an account with these numbers, and gives the settings that use it."""

    def make(*numbers, token=AUTH_TOKEN):
        return serve(create_rest_app(RecordingStore(), ACCOUNT_SID, token, numbers=numbers))

    return make


def bad(findings):
    """What is not fine: level, check and the words."""
    return [(f.level, f.check, f"{f.found} {f.fix}") for f in findings if f.level is not Severity.FINE]


def one(findings):
    (found,) = bad(findings)
    return found


class TestSettings:
    """Well-formed, and still worth a look."""

    def test_good_settings_are_fine(self, settings):
        assert bad(checks.check_settings(Config.from_env({**settings, **GOOD}))) == []

    @pytest.mark.parametrize(
        ("changes", "check", "words"),
        [
            ({"PUBLIC_BASE_URL": "http://line.example.org"}, "base URL", "Put a TLS proxy in front"),
            ({"TWILIO_API_URL": "http://127.0.0.1:1"}, "Twilio API", "Remove it"),
            ({"CLINIC_NAME": ""}, "clinic name", "Set CLINIC_NAME"),
            ({"CLINIC_HOURS": ""}, "hours", "Set CLINIC_HOURS"),
            ({"DESK_NUMBERS": ""}, "desk", "Set DESK_NUMBERS"),
            ({"NOTIFY_EMAILS": ""}, "notices", "Set NOTIFY_EMAILS"),
        ],
    )
    def test_each_warning(self, settings, changes, check, words):
        level, name, text = one(checks.check_settings(Config.from_env({**settings, **GOOD, **changes})))
        assert (level, name) == (Severity.WARNING, check)
        assert words in text


class TestDatabase:
    """Reachable, current, durable."""

    def test_a_good_one_is_fine(self, line):
        findings = list(checks.check_database(line.database, is_current))
        assert bad(findings) == []
        assert {finding.check for finding in findings} == {"database", "durability"}

    @pytest.mark.parametrize(
        "old", ["alembic_version SET version_num = '0001'", "{queue}dbos_migrations SET version = 1"]
    )
    def test_an_old_schema(self, line, old):
        with line.database.engine.begin() as connection:
            connection.execute(sa.text("UPDATE " + old.format(queue="" if line.database.is_sqlite else "dbos.")))
        assert one(checks.check_database(line.database, is_current))[2].endswith("Run python -m ivr db upgrade.")

    def test_none_at_all(self):
        database = Database(f"postgresql+psycopg://u:secret-word@127.0.0.1:{free_port()}/none", Vault([DATA_KEY]))
        level, name, text = one(checks.check_database(database, is_current))
        assert (level, name) == (Severity.FAULT, "database")
        assert "secret-word" not in text
        database.close()

    def test_a_database_that_forgets(self, make_line, sqlite_url, postgres_url):
        lite, post = make_line(sqlite_url), make_line(postgres_url)
        sa.event.listen(lite.database.engine, "connect", lambda driver, _: driver.execute("PRAGMA synchronous = OFF"))
        sa.event.listen(
            post.database.engine, "connect", lambda driver, _: driver.execute("SET synchronous_commit = off")
        )
        for line in (lite, post):
            line.database.engine.dispose()
            assert one(checks.check_database(line.database, is_current))[:2] == (Severity.FAULT, "durability")

    def test_little_room(self, make_line, sqlite_url, monkeypatch):
        monkeypatch.setattr(checks, "LEAST_FREE_BYTES", 1 << 60)
        assert one(checks.check_database(make_line(sqlite_url).database, is_current))[:2] == (Severity.WARNING, "disk")


class TestPromptsAndHours:
    """Something to say, and somebody to call back."""

    @pytest.fixture
    def scripts(self, config):
        return read_scripts(PROMPTS, config.languages, config.clinic_name)

    def test_rendered_prompts_are_fine(self, rendered_line, scripts):
        assert bad(checks.check_prompts(rendered_line(), scripts, speaks=False)) == []

    def test_the_carriers_voice_needs_none(self, make_line, sqlite_url, scripts):
        assert bad(checks.check_prompts(make_line(sqlite_url), scripts, speaks=True)) == []
        assert one(checks.check_prompts(make_line(sqlite_url), scripts, speaks=False))[:2] == (
            Severity.FAULT,
            "prompts",
        )

    def test_a_prompt_missing_from_a_script(self, make_line, sqlite_url, scripts):
        poor = {
            "en-US": replace(
                scripts["en-US"], prompts={k: p for k, p in scripts["en-US"].prompts.items() if k != "goodbye"}
            )
        }
        assert "goodbye" in one(checks.check_prompts(make_line(sqlite_url), poor, speaks=True))[2]

    def test_hours(self, make_line, sqlite_url):
        line = make_line(sqlite_url)
        (found,) = checks.check_hours(line, MONDAY_MORNING)
        assert (found.level, found.found) == (
            Severity.FINE,
            "Open next on Monday, November 23 at 10:00 (America/New_York).",
        )
        never = replace(line, calendars=Calendars(line.database, replace(line.calendar, hours=())))
        assert one(checks.check_hours(never, MONDAY_MORNING))[:2] == (Severity.FAULT, "hours")


class TestAddress:
    """The public address, asked as the carrier asks it."""

    @pytest.fixture
    def here(self, config, make_line, sqlite_url, serve):
        """A running line, and the settings that name its address."""
        port = free_port()
        here = replace(config, public_base_url=f"http://127.0.0.1:{port}")
        server = make_server("127.0.0.1", port, create_app(here, make_line(sqlite_url)), threaded=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield here
        server.shutdown()
        thread.join()
        server.server_close()

    def test_a_running_line_is_fine(self, here):
        findings = list(doctor.check_address(here))
        assert bad(findings) == []
        assert len(findings) == 2

    def test_another_token_or_address_is_refused(self, here):
        other_token = replace(here, twilio_auth_token="another")
        other_name = replace(here, public_base_url=here.public_base_url.replace("127.0.0.1", "localhost"))
        for wrong in (other_token, other_name):
            assert "TWILIO_AUTH_TOKEN or PUBLIC_BASE_URL" in one(doctor.check_address(wrong))[2]

    def test_nobody_there(self, config):
        nobody = replace(config, public_base_url=f"http://127.0.0.1:{free_port()}")
        assert "cannot be reached" in one(doctor.check_address(nobody))[2]

    def test_no_tls_there(self, here):
        assert (
            "certificate"
            in one(doctor.check_address(replace(here, public_base_url=here.public_base_url.replace("http", "https"))))[
                2
            ]
        )

    @pytest.mark.parametrize(
        ("answer", "words"),
        [
            (lambda: redirect("/elsewhere"), ["redirects (302)"]),
            (lambda: ("", 404), ["answered with 404"]),
            (lambda: ("", 502), ["answered with 502"]),
            (lambda: "hello", ["answered with 200 instead of 403"]),
        ],
    )
    def test_something_else_there(self, config, serve, answer, words):
        app = Flask("else")
        app.add_url_rule("/voice/desk", view_func=answer, endpoint="x", methods=["POST"])
        found = bad(doctor.check_address(replace(config, public_base_url=serve(app))))
        assert [word in text for word, (_, _, text) in zip(words, found, strict=True)] == [True]


class TestAccount:
    """What the carrier knows."""

    def findings(self, config, address):
        return doctor.check_account(replace(config, twilio_api_url=address))

    def test_a_good_account_is_fine(self, config, account):
        assert bad(self.findings(config, account(NUMBER, PhoneNumber("+16175550177")))) == []

    def test_wrong_credentials(self, config, account):
        assert "refuses the credentials (401)" in one(self.findings(config, account(NUMBER, token="another")))[2]

    def test_the_carrier_is_not_reached(self, config):
        assert "(not reached)" in one(self.findings(config, f"http://127.0.0.1:{free_port()}"))[2]

    def test_no_number_calls_this_line(self, config, account):
        assert (
            "None of the account's 1 number(s)"
            in one(self.findings(config, account(PhoneNumber("+16175550177", "https://x.org"))))[2]
        )

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"voice_application_sid": "AP1"}, "voice_application_sid overrides"),
            ({"trunk_sid": "TK1"}, "trunk_sid overrides"),
            ({"voice_url": ""}, "voice_url is not set"),
            ({"voice_url": f"{BASE_URL}/voice/incoming/"}, "voice_url is https"),
            ({"voice_method": "GET"}, "voice_method is GET"),
            ({"voice_fallback_url": ""}, "voice_fallback_url is not set"),
            ({"voice_fallback_method": "GET"}, "voice_fallback_method is GET"),
            ({"status_callback": ""}, "status_callback is not set"),
            ({"status_callback": "https://old.example.org/status"}, "status_callback is https://old"),
            ({"voice_caller_id_lookup": True}, "lookup is on"),
        ],
    )
    def test_each_wrong_setting_of_a_number(self, config, account, changes, words):
        _, name, text = one(self.findings(config, account(replace(NUMBER, **changes))))
        assert name == "number +16175550100"
        assert words in text

    def test_a_fallback_elsewhere_and_a_connection_override_are_fine(self, config, account):
        number = replace(
            NUMBER, voice_fallback_url="https://handler.twilio.com/twiml/EH1", voice_url=f"{NUMBER.voice_url}#ct=2000"
        )
        assert bad(self.findings(config, account(number))) == []

    @pytest.mark.parametrize(
        ("facts", "level"),
        [({"status": "suspended"}, Severity.FAULT), ({"status": "active", "type": "Trial"}, Severity.WARNING)],
    )
    def test_an_account_in_trouble(self, config, serve, facts, level):
        app = Flask("account")
        base = f"/2010-04-01/Accounts/{ACCOUNT_SID}"
        numbers = {"incoming_phone_numbers": [], "next_page_uri": None}
        app.add_url_rule(f"{base}.json", view_func=lambda: facts, endpoint="account")
        app.add_url_rule(f"{base}/IncomingPhoneNumbers.json", view_func=lambda: numbers, endpoint="numbers")
        assert bad(self.findings(config, serve(app)))[0][:2] == (level, "account")

    def test_a_failing_carrier(self, config, serve):
        assert (
            "status 500"
            in one(self.findings(config, serve(lambda environ, start: (start("500 X", []), [b"{}"])[1])))[2]
        )


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
        return subprocess.run([sys.executable, "-m", "ivr", "doctor", *words], env={**env, **changes}, cwd=tmp_path,
                              capture_output=True, text=True, timeout=DEADLINE_SECONDS)  # fmt: skip

    command.env = env
    return command


def test_the_command_on_a_deployment(run, account, settings):
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    changes = {"PUBLIC_BASE_URL": base, "TWILIO_API_URL": account(PhoneNumber.calling("+16175550100", base))}
    with web_server({**run.env, **changes}, workers=1, port=port):
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
