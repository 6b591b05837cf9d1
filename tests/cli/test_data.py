"""Erasing, holding and changing keys as an operator does it, in processes of their own."""

import json
import os
import signal
import time

import pytest
from click.testing import CliRunner
from cryptography.fernet import Fernet
from sqlalchemy import delete, insert, select

from ivr.cli import main
from ivr.db import Database, Vault
from ivr.models import AuditEntry, Call, PatientRequest
from ivr.services.audit import Search, read_trail
from ivr.services.keeping.key_notes import note_keys, noted_keys
from ivr.services.keeping.keys import survey
from tests.support.patient_data import call, close, personal
from tests.support.programs import Program
from tests.support.settings import CHILDREN_PATH, DATA_KEY, DEADLINE_SECONDS

NEW_KEY = Fernet.generate_key().decode()


class Ended:
    """What a command that ran in this process said, in the words of subprocess."""

    def __init__(self, result):
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        self.returncode, self.stdout, self.stderr = result.exit_code, result.stdout, result.stderr


@pytest.fixture
def run(make_line, sqlite_url, settings, tmp_path, monkeypatch):
    """A line with two requests of one number, and how to run commands on it."""
    line = make_line(sqlite_url)
    for sid in ("CA1", "CA2"):
        call(line, sid)

    monkeypatch.chdir(tmp_path)

    def command(*words, **options):
        stdin = options.pop("stdin", "")
        return Ended(
            CliRunner(env={**settings, "DATABASE_URL": sqlite_url, **options}).invoke(main, words, input=stdin)
        )

    command.line = line
    with line.database.read() as session:
        command.references = list(session.scalars(select(PatientRequest.reference).order_by(PatientRequest.id)))
    return command


@pytest.mark.parametrize("written", ["+16175550142", "617-555-0142", "(617) 555-0142", "1 617 555 0142"])
def test_erasing_a_number(run, written):
    first, second = run.references
    close(run.line, 1, 1)
    closed_only = run("erase", "--number", written, "--yes")
    assert closed_only.returncode == 1
    assert f"request {first}" in closed_only.stdout
    assert f"left: request {second}. To erase and close them, add --open." in closed_only.stderr
    everything = run("erase", "--number", written, "--open", "--yes")
    assert (everything.returncode, everything.stdout) == (
        0, f"Erased of …42: request {second}, 0 recordings and 1 calls.\n",
    )  # fmt: skip
    assert personal(run.line) == []
    assert run("erase", "--number", written).stdout == "Nothing that can be erased is kept of …42.\n"


def test_erasing_a_foreign_number(run):
    call(run.line, "CA3", "2 6175550199 1 4 3 1 2", "+442071838750")
    erased = run("erase", "--number", "+44 20 7183 8750", "--yes")
    assert erased.stdout == "Erased of …50: no requests, 0 recordings and 1 calls.\n"
    assert "They name another number" in erased.stderr


def test_erasing_asks_first(run):
    close(run.line, 1, 1)
    refused = run("erase", "--number", "+16175550142", stdin="n\n")
    assert refused.returncode == 1
    assert "for ever? [y/N]" in refused.stdout
    assert "5550142" not in refused.stdout + refused.stderr
    assert personal(run.line) != []


@pytest.mark.parametrize(
    ("number", "fault"),
    [
        ("hello", "no telephone number"),
        ("617555", "nobody has"),
        ("+4420", "nobody has"),
        ("617-555-0142 ext 7", "nobody has"),
    ],
)
def test_a_wrong_number_is_said_to_be(run, number, fault):
    refused = run("erase", "--number", number, "--yes")
    assert refused.returncode == 2
    assert fault in " ".join(refused.stderr.split())


def test_hold(run):
    first, _ = run.references
    assert run("hold", first, "on").stdout == f"Request {first} is under legal hold.\n"
    held = run("erase", "--number", "+16175550142", "--open", "--yes")
    assert (held.returncode, held.stderr) == (1, f"Error: request {first} is under legal hold, so nothing was erased\n")
    assert run("hold", first, "off").returncode == 0
    assert run("erase", "--number", "+16175550142", "--open", "--yes").returncode == 0
    assert "nothing is left to hold" in run("hold", first, "on").stderr
    assert "no request has" in run("hold", "000000", "on").stderr
    assert "no reference" in run("hold", "123456", "on").stderr


def test_changing_the_key(run):
    keys = f"{NEW_KEY},{DATA_KEY}"
    checked = run("keys", "rotate", "--check", DATA_KEYS=keys)
    assert checked.returncode == 1
    assert "keep it" in checked.stderr
    rotated = run("keys", "rotate", DATA_KEYS=keys)
    assert rotated.returncode == 0, rotated.stderr
    old = Vault([DATA_KEY]).fingerprints[0]
    assert f"Nothing that is stored needs an older key: {old}." in rotated.stdout
    assert "can be removed from DATA_KEYS only when no process still writes under it: first restart" in rotated.stdout
    alone = run("keys", "rotate", "--check", DATA_KEYS=NEW_KEY)
    assert alone.returncode == 0
    exported = run("requests", "export", DATA_KEYS=NEW_KEY).stdout.splitlines()
    assert [json.loads(row)["reference"] for row in exported] == run.references
    without = run("keys", "rotate", "--check", DATA_KEYS=DATA_KEY)
    assert without.returncode == 1
    assert "a key is missing from DATA_KEYS" in without.stderr


def test_an_export_with_a_missing_key_names_the_key(run):
    note_keys(run.line.database, run.line.clock())
    ended = run("requests", "export", DATA_KEYS=NEW_KEY)
    assert ended.returncode == 1
    assert f"lacks the key with the fingerprint {run.line.database.vault.fingerprints[0]}" in ended.stderr


def test_a_process_that_still_writes_under_the_old_key_is_noticed(run, settings, sqlite_url):
    keys = f"{NEW_KEY},{DATA_KEY}"
    assert run("keys", "rotate", DATA_KEYS=keys).returncode == 0
    call(run.line, "CA9")
    again = run("keys", "rotate", "--check", DATA_KEYS=keys)
    assert again.returncode == 1
    assert "can be removed" not in again.stdout
    assert "a process still runs with the old order of keys: restart it" in again.stderr


def test_a_new_schema_notes_which_keys_its_data_needs(run):
    assert run("db", "upgrade", DATA_KEYS=f"{NEW_KEY},{DATA_KEY}").returncode == 0
    assert set(noted_keys(run.line.database)) == set(Vault([NEW_KEY, DATA_KEY]).fingerprints)
    assert run("keys", "rotate", DATA_KEYS=f"{NEW_KEY},{DATA_KEY}").returncode == 0
    assert noted_keys(run.line.database) == Vault([NEW_KEY]).fingerprints


def test_a_killed_rotation_goes_on(run, settings, sqlite_url, tmp_path):
    with run.line.database.write() as session:
        then = run.line.clock()
        rows = [
            {"sid": f"CA-{n}", "from_number": "+16175550142", "from_index": "", "language": "en-US", "turn": 0, "progress": "{}" * 500, "started_at": then}
            for n in range(4000)
        ]  # fmt: skip
        session.execute(insert(Call), rows)
    keys = [NEW_KEY, DATA_KEY]
    env = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": CHILDREN_PATH,
        **settings,
        "DATABASE_URL": sqlite_url,
        "DATA_KEYS": ",".join(keys),
    }
    both = Database(sqlite_url, Vault(keys))
    with (tmp_path / "output").open("w") as log:
        process = Program("ivr", "keys", "rotate", env=env, cwd=tmp_path, stdout=log, stderr=log)
    first = select(Call.sid).where(Call.from_index == both.vault.index("+16175550142")).limit(1)
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        with both.read() as session:
            if session.scalar(first):
                break
        assert time.monotonic() < deadline
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    assert process.wait(DEADLINE_SECONDS) == -signal.SIGKILL
    found = survey(both)
    both.close()
    assert found.by_key[0] > 0
    assert found.stale > 0
    rotated = run("keys", "rotate", DATA_KEYS=",".join(keys))
    assert rotated.returncode == 0, rotated.stderr
    assert run("keys", "rotate", "--check", DATA_KEYS=NEW_KEY).returncode == 0


def test_the_audit_trail_is_verified_and_names_what_commands_did(run):
    assert run("hold", run.references[0], "on").returncode == 0
    assert run("keys", "rotate").returncode == 0
    assert run("requests", "export").returncode == 0
    told = read_trail(run.line.database, Search(actor="command")).entries
    assert [(row.action.value, row.subject) for row in told] == [
        ("exported", "report:requests-all-json"), ("keys_rotated", "keys"), ("changed", "request:1"),
    ]  # fmt: skip
    whole = run("audit", "verify")
    assert (whole.returncode, whole.stdout) == (0, "The trail is whole.\n")
    with run.line.database.write() as session:
        session.execute(delete(AuditEntry).where(AuditEntry.id == 2))
    broken = run("audit", "verify")
    assert (broken.returncode, broken.stdout) == (1, "Row 2 is missing.\nThe trail is broken.\n")
