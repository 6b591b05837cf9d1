"""The commands for accounts, as an operator types them."""

import re

import pytest

from ivr.cli import staff as commands
from ivr.db import Database, Vault
from ivr.demo import running
from ivr.services.accounts import signing_in, staff
from ivr.services.accounts.attempts import Origin
from ivr.services.audit import COMMAND
from ivr.services.line import utc_now
from tests.support.settings import DATA_KEY

PASSWORD = "a-password-for-tests-only"


@pytest.fixture
def database(sqlite_url):
    database = Database(sqlite_url, Vault([DATA_KEY]))
    yield database
    database.close()


@pytest.fixture
def accounts(command, sqlite_url):
    return lambda *words, stdin=None: command("staff", *words, stdin=stdin, DATABASE_URL=sqlite_url)


def test_the_first_administrator_is_made_by_command_and_gets_a_link(accounts, database):
    made = accounts("add", "Boss@Example.org", "--name", "The Boss", "--role", "admin", "--extension", "207")
    assert made.exit_code == 0, made.stderr
    address = re.search(r"https://line\.example\.org/console/welcome/(\S+)", made.stdout)
    found = signing_in.member_of_link(database, "s" * 40, address[1], utc_now())
    assert (found.email, found.role.value, found.extension, found.password) == (
        "boss@example.org",
        "admin",
        "207",
        None,
    )
    assert "boss@example.org  admin  has no password yet  no second factor  never seen" in accounts("list").stdout


def test_a_list_of_nobody_says_how_to_make_the_first_account(accounts):
    listed = accounts("list")
    assert listed.exit_code == 0
    assert "There are no accounts yet." in listed.stdout
    command = listed.stdout.splitlines()[-1].removeprefix("python -m ivr staff ")
    words = command.replace("EMAIL", "boss@example.org").replace("NAME", "Boss").split()
    assert accounts(*words).exit_code == 0
    assert accounts("list").stdout.startswith("boss@example.org  admin")


def test_a_password_and_a_pin_can_be_typed_instead(accounts, database):
    typed = f"{PASSWORD}\n{PASSWORD}\n402917\n402917\n"
    made = accounts(
        "add", "n@example.org", "--name", "N", "--extension", "207", "--ask-password", "--ask-pin", stdin=typed
    )
    assert made.exit_code == 0, made.stderr
    assert PASSWORD not in made.stdout
    assert "welcome" not in made.stdout
    assert signing_in.check_password(database, "n@example.org", PASSWORD, Origin(""), utc_now()).member
    assert staff.find_by_email(database, "n@example.org").pin_hash


@pytest.mark.parametrize(
    "words",
    [
        ("add", "no-address", "--name", "N"),
        ("add", "n@example.org", "--name", "N", "--extension", "x"),
        ("deactivate", "nobody@example.org"),
        ("reset", "nobody@example.org"),
    ],
)
def test_mistakes_are_told_in_a_sentence(accounts, words):
    answer = accounts(*words)
    assert answer.exit_code == 1
    assert answer.stderr.startswith("Error: ")
    assert "Traceback" not in answer.stderr


def test_a_short_password_makes_no_account(accounts, database):
    assert accounts("add", "n@example.org", "--name", "N", "--ask-password", stdin="short\nshort\n").exit_code == 1
    assert not staff.everybody(database)


def test_deactivating_reactivating_and_resetting(accounts, database):
    accounts("add", "n@example.org", "--name", "N", "--ask-password", stdin=f"{PASSWORD}\n{PASSWORD}\n")
    assert accounts("deactivate", "n@example.org").exit_code == 0
    assert signing_in.check_password(database, "n@example.org", PASSWORD, Origin(""), utc_now()).member is None
    assert accounts("reactivate", "n@example.org").exit_code == 0
    assert signing_in.check_password(database, "n@example.org", PASSWORD, Origin(""), utc_now()).member
    kept = accounts("reset", "n@example.org", "--second-factor", "--pin")
    assert "welcome" not in kept.stdout
    assert signing_in.check_password(database, "n@example.org", PASSWORD, Origin(""), utc_now()).member
    assert "welcome" in accounts("reset", "n@example.org").stdout
    assert signing_in.check_password(database, "n@example.org", PASSWORD, Origin(""), utc_now()).member is None


def test_the_demo_has_an_account_of_each_role_and_makes_them_once(database):
    commands.make_demo_accounts(database)
    boss = staff.find_by_email(database, "admin@example.org")
    staff.set_password(database, COMMAND, boss.id, PASSWORD, utc_now(), "A clinic")
    commands.make_demo_accounts(database)
    assert [member.role.value for member in staff.everybody(database)] == ["admin", "lead", "staff"]
    assert signing_in.check_password(
        database, "staff@example.org", commands.DEMO_PASSWORD, Origin(""), utc_now()
    ).member
    assert signing_in.check_password(database, "admin@example.org", PASSWORD, Origin(""), utc_now()).member
    assert commands.DEMO_PASSWORD in running.NEXT_STEPS
    assert commands.DEMO_PIN in running.NEXT_STEPS
