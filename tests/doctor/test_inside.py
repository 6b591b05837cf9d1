"""What is in the database: data that the keys read, a worker that runs, somebody who administers."""

import time
from dataclasses import replace

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet

from ivr.db import Database, Vault
from ivr.doctor.findings import Severity
from ivr.doctor.keys import check_keys
from ivr.doctor.staff import check_administrators, check_on_call
from ivr.doctor.workers import check_workers
from ivr.jobs.slots import held_places, slots_of
from ivr.models import Call, Role, StaffMember
from ivr.services.accounts import staff as service
from ivr.services.audit import COMMAND
from ivr.services.keeping import keys
from ivr.services.keeping.key_notes import note_keys, noted_keys
from ivr.services.line import OnCall
from tests.support.findings import bad, one
from tests.support.jobs import until
from tests.support.kept_requests import put_requests
from tests.support.processes import worker_process
from tests.support.settings import DATA_KEY, MONDAY_MORNING

NEW_KEY = Fernet.generate_key().decode()


def kept_request(line):
    """A request with a number, and the call that left it."""
    put_requests(line, {}, now=MONDAY_MORNING)


@pytest.fixture
def opened():
    """Opens the line's database with other keys."""
    databases = []

    def make(line, *data_keys):
        url = line.database.engine.url.render_as_string(hide_password=False)
        databases.append(Database(url, Vault(data_keys)))
        return databases[-1]

    yield make
    for database in databases:
        database.close()


class TestKeys:
    """DATA_KEYS and what is stored under them, on both databases."""

    def test_keys_that_read_everything_are_fine(self, line, opened):
        assert bad(check_keys(line.database)) == []
        kept_request(line)
        assert bad(check_keys(line.database)) == []
        assert bad(check_keys(opened(line, NEW_KEY, DATA_KEY))) == []

    def test_a_missing_key_is_named(self, line, opened):
        note_keys(line.database, MONDAY_MORNING)
        kept_request(line)
        wrong = opened(line, NEW_KEY)
        note_keys(wrong, MONDAY_MORNING)
        level, name, text = one(check_keys(wrong))
        assert (level, name) == (Severity.FAULT, "data keys")
        assert f"the key {line.database.vault.fingerprints[0]} is missing" in text
        assert f"there is only {wrong.vault.fingerprints[0]}" in text
        assert "patient_requests" in text
        assert DATA_KEY not in text

    def test_one_that_nobody_noted_is_missed_all_the_same(self, line, opened):
        kept_request(line)
        assert "a key is missing" in one(check_keys(opened(line, NEW_KEY)))[2]

    def test_old_rows_are_tried_too(self, line, opened):
        """The newest are readable: somebody has gone on with another key."""
        kept_request(line)
        both = replace(line, database=opened(line, NEW_KEY, DATA_KEY))
        put_requests(both, *[{}] * (keys.SAMPLE + 1), now=MONDAY_MORNING)
        with both.database.write() as session:
            session.execute(sa.update(Call).values(progress="{}"))
        assert bad(check_keys(both.database)) == []
        assert "1 of" in one(check_keys(opened(line, NEW_KEY)))[2]

    def test_a_rotation_forgets_the_keys_that_nothing_needs(self, line, opened):
        kept_request(line)
        note_keys(line.database, MONDAY_MORNING)
        both = opened(line, NEW_KEY, DATA_KEY)
        note_keys(both, MONDAY_MORNING)
        assert set(noted_keys(both)) == set(both.vault.fingerprints)
        assert keys.rotate(both, MONDAY_MORNING).survey.is_done
        assert noted_keys(both) == both.vault.fingerprints[:1]
        assert bad(check_keys(opened(line, NEW_KEY))) == []


class TestWorkers:
    """A worker's place is held by a lock that ends with its process."""

    def test_none_runs(self, line):
        level, name, text = one(check_workers(line.database))
        assert (level, name) == (Severity.FAULT, "worker")
        assert "python -m ivr worker" in text

    def test_places_that_are_held_and_left(self, line):
        slots = slots_of(line.database.engine.url)
        assert slots.take(1)
        assert slots.take(3)
        assert held_places(line.database) == [1, 3]
        assert bad(check_workers(line.database)) == []
        slots.give_back(1)
        assert held_places(line.database) == [3]
        slots.close()
        until(lambda: held_places(line.database) == [])  # PostgreSQL notices in a moment

    def test_a_worker_that_runs_and_is_killed(self, line, settings):
        url = line.database.engine.url.render_as_string(hide_password=False)
        with worker_process({**settings, "DATABASE_URL": url}) as process:
            while not held_places(line.database):
                assert process.poll() is None
                time.sleep(0.05)
            (found,) = check_workers(line.database)
            assert found.found == "1 job worker runs."
            process.kill()
            process.wait()
        until(lambda: not held_places(line.database))  # PostgreSQL notices in a moment


class TestAdministrators:
    """Somebody who is active and can sign in."""

    def made(self, line, email, role=Role.ADMIN, password="a password for tests only"):
        member = service.create(line.database, COMMAND, service.AccountDetails(email, "N", role), line.clock())
        if password:
            service.set_password(line.database, COMMAND, member.id, password, line.clock(), "A clinic")
        return member

    def test_nobody(self, line):
        self.made(line, "lead@example.org", Role.LEAD)
        level, name, text = one(check_administrators(line.database))
        assert (level, name) == (Severity.FAULT, "administrators")
        assert "python -m ivr staff add EMAIL --name NAME --role admin" in text

    def test_one_who_has_not_signed_in_yet(self, line):
        self.made(line, "boss@example.org", password="")
        assert "has chosen a password yet" in one(check_administrators(line.database))[2]

    def test_one_who_has_left(self, line):
        member = self.made(line, "boss@example.org")
        assert bad(check_administrators(line.database)) == []
        with line.database.write() as session:
            session.get_one(StaffMember, member.id).active = False
        assert "is deactivated" in one(check_administrators(line.database))[2]


class TestOnCall:
    """Whoever takes a request at night should have a name; the check tells places, never numbers."""

    def test_nobody_is_on_call(self, line):
        assert list(check_on_call(line.database, OnCall())) == []

    def test_a_telephone_of_nobody_is_told_by_its_place(self, line):
        nurse, other = "+16175550161", "+16175550162"
        member = service.create(
            line.database, COMMAND, service.AccountDetails("n@example.org", "N", Role.STAFF), line.clock()
        )
        service.set_phone_number(line.database, COMMAND, member.id, nurse, line.clock())
        level, name, text = one(check_on_call(line.database, OnCall((nurse, other))))
        assert (level, name) == (Severity.WARNING, "on call accounts")
        assert "Number 2 of ON_CALL_NUMBERS is no account's" in text
        assert "617" not in text
        assert bad(check_on_call(line.database, OnCall((nurse,)))) == []
        with line.database.write() as session:
            session.get_one(StaffMember, member.id).active = False
        assert "Number 1 of" in one(check_on_call(line.database, OnCall((nurse,))))[2]
