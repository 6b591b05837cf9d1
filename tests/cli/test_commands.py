"""Commands as an operator types them, in processes of their own."""

import contextlib
import csv
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

import pytest

from tests.support.processes import free_port, web_server
from tests.support.programs import run_program
from tests.support.settings import CHILDREN_PATH, DEADLINE_SECONDS


@pytest.fixture
def run(line_url, tmp_path):
    """Runs a command on a copy of the rendered database."""
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": CHILDREN_PATH, **line_url}

    def command(*words, stdin="", **changes):
        return run_program("ivr", *words, env={**env, **changes}, cwd=tmp_path, stdin=stdin)

    return command


@pytest.fixture
def line_url(settings, rendered_line, tmp_path):
    """Settings of a line of its own."""
    rendered_line()
    return {**settings, "DATABASE_URL": f"sqlite:///{tmp_path}/rendered.db"}


def test_the_tree_is_printed_and_checked(run):
    assert "offer_message" in run("tree").stdout
    assert run("tree", "--format", "mermaid").stdout.startswith("flowchart TD")
    checked = run("tree", "--check")
    assert (checked.returncode, checked.stdout) == (0, "The tree is sound.\n")


def test_a_tree_without_audio_is_not_sound(run, tmp_path):
    empty = f"sqlite:///{tmp_path}/empty.db"
    assert run("db", "upgrade", DATABASE_URL=empty).returncode == 0
    checked = run("tree", "--check", DATABASE_URL=empty)
    assert checked.returncode == 1
    assert "run python -m ivr prompts render" in checked.stdout


def test_rendering_again_renders_nothing(run):
    again = run("prompts", "render")
    assert (again.returncode, again.stdout) == (0, "All prompts are rendered already.\n")


def test_another_clinic_name_renders_only_what_names_it(run):
    renamed = run("prompts", "render", "--table", CLINIC_NAME="Cape Spine Clinic")
    assert renamed.returncode == 0, renamed.stderr
    rows = renamed.stdout.splitlines()[1:]
    fresh = [row.split()[0] for row in rows if not row.endswith("kept")]
    assert "emergency" in fresh
    assert len(fresh) < 6
    assert len(rows) > 300, "what was rendered before is in the table too"
    assert "dBov" in renamed.stdout
    assert "wpm" in renamed.stdout


NEED_THE_DATABASE = [
    ("worker",), ("jobs",), ("jobs", "retry", "x"), ("requests", "export"), ("prompts", "render"), ("tree", "--check"),
    ("erase", "--number", "+16175550142", "--yes"), ("hold", "123455", "on"), ("keys", "rotate"), ("keys", "rotate", "--check"),
    ("audit", "verify"), ("staff", "list"), ("staff", "add", "a@example.org", "--name", "A"), ("staff", "deactivate", "a@example.org"),
    ("staff", "reset", "a@example.org"),
]  # fmt: skip


@pytest.mark.parametrize("words", NEED_THE_DATABASE, ids=" ".join)
def test_a_database_that_was_never_migrated_is_named_in_a_sentence(command, words, empty_url):
    ended = command(*words, DATABASE_URL=empty_url)
    assert (ended.exit_code, ended.stderr) == (
        1,
        "Error: The database's schema is not current; run: python -m ivr db upgrade\n",
    )


@pytest.mark.parametrize("words", NEED_THE_DATABASE, ids=" ".join)
def test_a_database_that_is_away_is_named_in_a_sentence(command, words):
    ended = command(*words, DATABASE_URL=f"postgresql://ivr:very-secret@127.0.0.1:{free_port()}/ivr")
    assert ended.exit_code == 1
    assert (
        ended.stderr == "Error: The database does not answer (OperationalError); check DATABASE_URL and that it runs.\n"
    )


def test_a_worker_whose_queue_is_missing_says_so(run, rendered_line):
    with rendered_line().database.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE dbos_migrations")
    ended = run("worker")
    assert (ended.returncode, ended.stderr) == (
        1,
        "Error: The database's schema is not current; run: python -m ivr db upgrade\n",
    )


@pytest.mark.parametrize("empty_url", ["sqlite"], indirect=True)
def test_the_doctor_and_a_backup_find_it_too(command, empty_url, tmp_path):
    nobody = f"http://127.0.0.1:{free_port()}"
    examined = command("doctor", DATABASE_URL=empty_url, PUBLIC_BASE_URL=nobody, TWILIO_API_URL=nobody)
    assert "Run python -m ivr db upgrade." in examined.stdout
    ended = command("backup", "copy.db", DATABASE_URL=empty_url)
    assert (ended.exit_code, ended.stderr.count("\n")) == (1, 1)
    assert "not of this line: it lacks alembic_version" in ended.stderr
    assert not (tmp_path / "copy.db").exists()


def test_a_new_key_is_a_key(run):
    assert len(run("keys", "new").stdout.strip()) == 44


def test_calls_and_the_export(run, line_url):
    with web_server(line_url) as (_, address):
        calling = ["call", "--base-url", address]
        scripted = run(*calling, "--keys", "2 1 4 3 1 2")
        assert scripted.returncode == 0, scripted.stderr
        assert "Your request is saved" in scripted.stdout
        checked = run(*calling, "--keys", "9 h")
        assert checked.returncode == 0, checked.stderr
        assert "\nKey 9 was understood. The line answered: " in checked.stdout
        typed = run(*calling, "--fast", "--from", "anonymous", stdin="2\n6175550199\n1\n4\n3\n1\n2\n")
        assert typed.returncode == 0, typed.stderr
        assert "Your request is saved" in typed.stdout
        refused = run(*calling, "--keys", "1", TWILIO_AUTH_TOKEN="wrong")
        assert refused.returncode == 1
        assert "signature" in refused.stderr
    rows = [json.loads(row) for row in run("requests", "export").stdout.splitlines()]
    assert [row["callback_number"] for row in rows] == ["+16175550142", "+16175550199"]
    table = list(csv.DictReader(io.StringIO(run("requests", "export", "--format", "csv").stdout)))
    assert [row["reference"] for row in table] == [row["reference"] for row in rows]
    assert list(table[0]) == list(rows[0])


def test_a_call_to_nobody_says_what_to_do(run):
    ended = run("call", "--base-url", f"http://127.0.0.1:{free_port()}", "--keys", "1")
    assert ended.returncode == 1
    assert "Is the line's server running" in ended.stderr
    assert "Traceback" not in ended.stderr


def two_free_ports():
    """The first of two neighbours: the demo's carrier is beside its line."""
    while True:
        port = free_port()
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port + 1)):
            return port


def heed_control_c():
    """A run of tests in the background ignores ctrl-C, and processes that it starts would inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_the_demo_starts_answers_and_stops(rendered, tmp_path):
    """What it renders at its first start is there already: `.ci/run` waits for that."""
    port = two_free_ports()
    (tmp_path / "var").mkdir()
    shutil.copy(rendered, tmp_path / "var/demo.db")
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": CHILDREN_PATH}
    command = [sys.executable, "-m", "ivr", "demo", "--port", str(port)]
    with (tmp_path / "log").open("w+") as log:
        demo = subprocess.Popen(
            command, env=env, cwd=tmp_path, stdout=log, stderr=log,
            start_new_session=True, preexec_fn=heed_control_c,
        )  # fmt: skip
        try:
            while "The line is answering" not in (tmp_path / "log").read_text():
                assert demo.poll() is None, (tmp_path / "log").read_text()
                time.sleep(0.2)
            called = run_program("ivr", "call", "--keys", "2 1 1 2 1 1 r3 2 1", env=env, cwd=tmp_path)
            assert called.returncode == 0, called.stderr
            assert "Your request is saved" in called.stdout
            assert "We cannot play it back" not in called.stdout
            second = run_program("ivr", "demo", "--port", str(port), env=env, cwd=tmp_path)
            assert second.returncode == 1
            assert f"Port {port} is taken" in second.stderr
            demo.send_signal(signal.SIGINT)
            assert demo.wait(DEADLINE_SECONDS) == 0, (tmp_path / "log").read_text()
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(demo.pid, signal.SIGKILL)
            demo.wait()
    exported = run_program("ivr", "requests", "export", env=env, cwd=tmp_path)
    *week, called = map(json.loads, exported.stdout.splitlines())
    assert called["callback_number"] == "+16175550142"
    assert len(week) > 15, "the demo's week"
    assert "SECRET_KEY" in (tmp_path / "var/demo.env").read_text()
    assert (tmp_path / "var/demo.env").stat().st_mode & 0o077 == 0
