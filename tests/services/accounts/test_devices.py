"""Sessions by device, and wrong tries counted by account and source, on both databases."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from ivr.models import AuditAction, AuditEntry, FailedSignIns, Role, StaffDevice
from ivr.services.accounts import devices, signing_in, staff
from ivr.services.accounts.attempts import ALL_UNKNOWN, FAILURES_OF_ALL, Origin, network_of
from ivr.services.audit import COMMAND, trail_faults
from tests.support.settings import MONDAY_MORNING

PASSWORD = "a-password-for-tests-only"
NOW = MONDAY_MORNING
NURSE, NOBODY = "nurse@example.org", "nobody@example.org"
STRANGER, WARD = Origin("203.0.113.9"), Origin("192.0.2.7")


@pytest.fixture
def database(line):
    return line.database


@pytest.fixture
def nurse(database):
    member = staff.create(database, COMMAND, staff.AccountDetails(NURSE, "A Nurse", Role.STAFF), NOW)
    return staff.set_password(database, COMMAND, member.id, PASSWORD, NOW, "A clinic")


def check(database, password=PASSWORD, origin=WARD, email=NURSE, at=NOW):
    return signing_in.check_password(database, email, password, origin, at)


def signed_in(database, member, address="192.0.2.7", at=NOW):
    """A device in which somebody signed in, and the session in it."""
    here = Origin(address, devices.new_device())
    return here, signing_in.note_sign_in(database, COMMAND, member.id, here, at)


def test_a_strangers_wrong_passwords_do_not_lock_out_the_owner(database, nurse):
    tried = [check(database, "wrong", STRANGER).locked_until for _ in range(6)]
    assert tried == [None] * 4 + [NOW + timedelta(minutes=15)] * 2
    assert check(database, PASSWORD, STRANGER).member is None
    assert check(database).member.id == nurse.id


def test_a_device_that_signed_in_before_has_a_count_of_its_own(database, nurse):
    """Behind one address, as all of a clinic are, and with all unknown devices locked."""
    known, _ = signed_in(database, nurse)
    for _ in range(5):
        check(database, "wrong", WARD)
    assert check(database).locked_until
    assert check(database, origin=known).member.id == nurse.id
    for _ in range(5):
        check(database, "wrong", known)
    assert check(database, origin=known).locked_until
    other, _ = signed_in(database, nurse)
    assert check(database, origin=other).member.id == nurse.id


def test_another_accounts_device_is_unknown_to_this_one(database, nurse):
    other = staff.create(database, COMMAND, staff.AccountDetails("other@example.org", "O", Role.STAFF), NOW)
    thiefs, _ = signed_in(database, other)
    for _ in range(5):
        check(database, "wrong", Origin("203.0.113.9", thiefs.device))
    assert check(database, origin=STRANGER).locked_until, "it counts for the network"


def test_whoever_has_many_addresses_finds_a_larger_limit(database, nurse):
    known, _ = signed_in(database, nurse)
    for n in range(FAILURES_OF_ALL):
        check(database, "wrong", Origin(f"2001:db8:0:{n:x}::1"))
    assert check(database, origin=Origin("198.51.100.1")).locked_until == NOW + timedelta(minutes=15)
    assert check(database, origin=known).member.id == nurse.id
    assert check(database, at=NOW + timedelta(minutes=15)).member.id == nurse.id


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8::1:2:3:4", "2001:db8::/64"),
        ("", ""),
        ("unix:", "unix:"),
        ("x" * 99, "x" * 64),
    ],
)
def test_hosts_of_an_ipv6_network_are_one_source(address, source):
    assert network_of(address) == source


def test_wrong_codes_count_for_all_unknown_devices_together(database, nurse):
    """Who gives one knows the password: many addresses must not guess more codes."""
    known, _ = signed_in(database, nurse)
    for n in range(5):
        signing_in.count_failure(database, NURSE, Origin(f"203.0.113.{n}"), NOW, "code")
    nurse = staff.find(database, nurse.id)
    assert signing_in.codes_locked_until(database, nurse, WARD, NOW) == NOW + timedelta(minutes=15)
    assert signing_in.codes_locked_until(database, nurse, known, NOW) is None
    assert signing_in.codes_locked_until(database, nurse, WARD, NOW + timedelta(minutes=15)) is None
    for _ in range(5):
        signing_in.count_failure(database, NURSE, known, NOW, "code")
    assert signing_in.codes_locked_until(database, nurse, known, NOW) == NOW + timedelta(minutes=15)


def test_an_address_without_an_account_is_counted_and_locked_alike(database, nurse):
    told = {email: [check(database, "wrong", email=email).locked_until for _ in range(7)] for email in (NURSE, NOBODY)}
    assert told[NURSE] == told[NOBODY]
    assert check(database, email=f" {NOBODY.upper()} ").locked_until
    with database.read() as session:
        trail = session.execute(select(AuditEntry.action, AuditEntry.subject)).all()
        counted = session.execute(select(FailedSignIns.address_index, FailedSignIns.source)).all()
    assert {subject for action, subject in trail if action is AuditAction.LOCKED_OUT} == {
        f"staff:{nurse.id}",
        "staff:unknown",
    }
    assert NOBODY not in str(counted)
    assert {source for _, source in counted} == {"192.0.2.7", ALL_UNKNOWN}
    assert list(trail_faults(database)) == []


def test_a_no_costs_the_same_statements_with_and_without_an_account(database, nurse, monkeypatch):
    """Time tells nothing: the same questions are asked, and the same rows are written."""
    from sqlalchemy import event

    def statements(email):
        asked = []
        for engine in {database.engine, database.reader}:
            event.listen(engine, "before_cursor_execute", lambda *a, kept=asked: kept.append(a[2]))
        check(database, "wrong", email=email)
        return asked

    for _ in range(6):
        counts = [len(statements(email)) for email in (NURSE, NOBODY)]
        assert counts[0] == counts[1]


def test_tries_are_forgotten_after_a_day_and_when_an_administrator_unlocks(database, nurse):
    for _ in range(5):
        check(database, "wrong")
    staff.reset(database, COMMAND, nurse.id, NOW)
    assert check(database).member.id == nurse.id
    for email in ("a@example.org", "b@example.org"):
        check(database, "wrong", email=email)
    check(database, "wrong", at=NOW + timedelta(days=2))
    with database.read() as session:
        assert session.scalar(select(func.count(FailedSignIns.id))) == 2


def test_each_device_has_a_session_of_its_own(database, nurse):
    ward, office = signed_in(database, nurse), signed_in(database, nurse)
    signing_in.end_session(database, COMMAND, nurse.id, ward[1], NOW)
    assert devices.find(database, nurse.id, ward[1]) is None
    assert devices.find(database, nurse.id, office[1])
    assert devices.find(database, nurse.id + 1, office[1]) is None
    assert devices.find(database, nurse.id, "") is None


def test_signing_in_again_replaces_the_session_of_the_device(database, nurse):
    here, first = signed_in(database, nurse)
    second = signing_in.note_sign_in(database, COMMAND, nurse.id, here, NOW)
    assert devices.find(database, nurse.id, first) is None
    assert devices.find(database, nurse.id, second)
    signing_in.end_session(database, COMMAND, nurse.id, first, NOW)
    assert devices.find(database, nurse.id, second), "an old cookie ends nothing"


def test_secrets_are_kept_as_digests_and_devices_for_a_year_and_a_month(database, nurse):
    here, secret = signed_in(database, nurse)
    with database.read() as session:
        [row] = session.scalars(select(StaffDevice)).all()
    assert len(row.digest) == len(row.session_digest) == 64
    assert {here.device, secret}.isdisjoint({row.digest, row.session_digest})
    signed_in(database, nurse, at=NOW + devices.KEPT + timedelta(days=1))
    with database.read() as session:
        assert session.scalar(select(func.count(StaffDevice.id))) == 1


def test_a_reset_makes_every_device_unknown(database, nurse):
    known, _ = signed_in(database, nurse)
    staff.reset(database, COMMAND, nurse.id, NOW)
    for _ in range(5):
        check(database, "wrong", known)
    assert check(database, origin=WARD).locked_until
