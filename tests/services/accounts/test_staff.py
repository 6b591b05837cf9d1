"""Accounts and signing in, on both databases."""

from datetime import timedelta

import pytest
from argon2 import Type, extract_parameters
from sqlalchemy import select

from ivr.models import AuditAction, AuditEntry, Role, StaffMember
from ivr.services import audit
from ivr.services.accounts import by_phone, signing_in, staff
from ivr.services.accounts.attempts import Origin
from ivr.services.accounts.staff import AccountDetails, StaffError
from ivr.services.audit import COMMAND
from tests.support.settings import MONDAY_MORNING

PASSWORD = "a-password-for-tests-only"
NOW = MONDAY_MORNING
SECRET = "s" * 40
CLINIC = "Bay State Pain Associates"
HERE = Origin("192.0.2.7")


@pytest.fixture
def database(line):
    return line.database


def make(database, email="nurse@example.org", role=Role.STAFF, **more):
    return staff.create(database, COMMAND, AccountDetails(email, "A Nurse", role, **more), NOW)


def ready(database, **more):
    member = make(database, **more)
    return staff.set_password(database, COMMAND, member.id, PASSWORD, NOW, CLINIC)


def check(database, password=PASSWORD, email="nurse@example.org", at=NOW, origin=HERE):
    return signing_in.check_password(database, email, password, origin, at).member


def trail(database):
    with database.read() as session:
        return [
            (row.action, row.subject, row.detail) for row in session.scalars(select(AuditEntry).order_by(AuditEntry.id))
        ]


def test_an_account_opens_with_its_password_alone(database, real_hashes):
    member = make(database, email=" Nurse@Example.org ")
    assert member.email == "nurse@example.org"
    assert check(database) is None, "it has no password yet"
    staff.set_password(database, COMMAND, member.id, PASSWORD, NOW, CLINIC)
    assert check(database, email="NURSE@example.org").id == member.id
    assert check(database, "another-password") is None
    with database.read() as session:
        assert session.get(StaffMember, member.id).password.startswith("$argon2id$")


@pytest.mark.parametrize(
    ("details", "words"),
    [
        (AccountDetails("nurse", "A", Role.STAFF), "e-mail"),
        (AccountDetails("a@b", " ", Role.STAFF), "name"),
        (AccountDetails("a@b", "A\nB", Role.STAFF), "name"),
        (AccountDetails("a@b", "A", Role.STAFF, "1"), "extension"),
        (AccountDetails("a@b", "A", Role.STAFF, "20"), "extension"),
        (AccountDetails("a@b", "A", Role.STAFF, "", "911"), "telephone"),
        (AccountDetails("Taken@example.org", "A", Role.STAFF), "address"),
    ],
)
def test_what_an_account_cannot_be(database, details, words):
    make(database, "taken@example.org", extension="20")
    with pytest.raises(StaffError, match=words):
        staff.create(database, COMMAND, details, NOW)
    assert len(staff.everybody(database)) == 1


def test_five_wrong_tries_lock_for_a_quarter_of_an_hour_and_more_do_not_prolong_it(database):
    member = ready(database)
    for _ in range(7):
        assert check(database, "wrong") is None
    assert check(database, at=NOW + timedelta(minutes=14)) is None
    assert check(database, at=NOW + timedelta(minutes=15)).id == member.id
    assert [action for action, *_ in trail(database)].count(AuditAction.LOCKED_OUT) == 1


def test_a_password_alone_does_not_forgive_wrong_codes(database):
    """Who knows the password cannot go on guessing the second factor by giving it again."""
    member = ready(database)
    for _ in range(5):
        assert check(database).id == member.id
        signing_in.count_failure(database, member.email, HERE, NOW, "code")
    assert check(database) is None


def test_signing_in_forgives(database):
    member = ready(database)
    for _ in range(3):
        for _ in range(4):
            check(database, "wrong")
        signing_in.note_sign_in(database, COMMAND, member.id, HERE, NOW)
    assert check(database).id == member.id


def test_unknown_addresses_are_noted_without_naming_them(database):
    check(database, email="who@example.org")
    assert trail(database) == [(AuditAction.SIGN_IN_FAILED, "staff:unknown", "no such account")]


def test_nobody_is_refused_faster_than_somebody(database, real_hashes, monkeypatch):
    """Each try costs one comparison of hashes, whatever the reason."""
    compared = []
    real = staff.HASHER.verify

    class Counting:
        def verify(self, kept, secret):
            compared.append(kept)
            return real(kept, secret)

    ready(database)
    gone = ready(database, email="gone@example.org")
    staff.set_active(database, COMMAND, gone.id, False, NOW)
    make(database, "new@example.org")
    monkeypatch.setattr(staff, "HASHER", Counting())
    for email in ("nurse@example.org", "gone@example.org", "new@example.org", "who@example.org"):
        check(database, "wrong", email=email)
        assert len(compared) == 1
        compared.clear()


def test_the_hash_of_nobody_costs_what_a_real_one_costs_and_opens_nothing(real_hashes):
    real = extract_parameters(staff.hash_password(PASSWORD))
    assert (real.type, real.memory_cost, real.time_cost) == (Type.ID, 19 * 1024, 2), "the least that OWASP recommends"
    assert extract_parameters(staff.NOBODY) == real
    assert not staff.matches(None, "")
    assert not staff.matches(None, PASSWORD)


def test_passwords_are_long_enough_and_however_composed_the_same(database):
    member = make(database)
    with pytest.raises(StaffError, match="12"):
        staff.set_password(database, COMMAND, member.id, "short", NOW, CLINIC)
    staff.set_password(database, COMMAND, member.id, "caf\u00e9 au lait, s.v.p.", NOW, CLINIC)
    assert check(database, "cafe\u0301 au lait, s.v.p.").id == member.id


def test_deactivating_and_changes_of_password_end_sessions(database):
    keys = [ready(database).fs_uniquifier]
    member = staff.find_by_email(database, "nurse@example.org")
    keys.append(staff.set_active(database, COMMAND, member.id, False, NOW).fs_uniquifier)
    assert check(database) is None
    keys.append(staff.set_active(database, COMMAND, member.id, True, NOW).fs_uniquifier)
    keys.append(staff.set_password(database, COMMAND, member.id, PASSWORD, NOW, CLINIC).fs_uniquifier)
    keys.append(staff.reset(database, COMMAND, member.id, NOW).fs_uniquifier)
    assert len(set(keys)) == 5


def test_somebody_stays_administrator(database):
    first = ready(database, role=Role.ADMIN)
    with pytest.raises(StaffError, match="administrator"):
        staff.set_active(database, COMMAND, first.id, False, NOW)
    with pytest.raises(StaffError, match="administrator"):
        staff.change(database, COMMAND, first.id, AccountDetails(first.email, first.name, Role.LEAD), NOW)
    assert staff.find(database, first.id).role is Role.ADMIN
    make(database, "second@example.org", Role.ADMIN)
    staff.change(database, COMMAND, first.id, AccountDetails(first.email, first.name, Role.LEAD), NOW)
    assert trail(database)[-1][2] == "changed: role, now lead"


def test_a_reset_takes_what_was_chosen(database):
    member = ready(database, extension="20")
    staff.set_pin(database, COMMAND, member.id, "402917", NOW)
    signing_in.make_recovery_codes(database, COMMAND, member.id, NOW)
    for _ in range(5):
        check(database, "wrong")
    after = staff.reset(database, COMMAND, member.id, NOW, second_factor=True)
    assert (after.mf_recovery_codes, after.locked_until) == (None, None)
    assert after.password
    assert after.pin_hash
    after = staff.reset(database, COMMAND, member.id, NOW, password=True, pin=True)
    assert (after.password, after.pin_hash) == (None, None)


def test_a_link_chooses_a_password_once(database):
    member = make(database)
    link = signing_in.make_link(SECRET, member, NOW)

    def whose(link, at=NOW, secret=SECRET):
        found = signing_in.member_of_link(database, secret, link, at)
        return found and found.id

    assert whose(link) == member.id
    assert whose(link, NOW + timedelta(hours=24)) is None
    assert whose(link, secret="t" * 40) is None
    assert whose(link[:-1]) is None
    assert whose("nonsense") is None
    staff.set_password(database, COMMAND, member.id, PASSWORD, NOW, CLINIC)
    assert whose(link) is None


def test_a_code_is_accepted_once(database):
    member = make(database)
    assert signing_in.use_code(database, member.id, 100)
    assert not signing_in.use_code(database, member.id, 100)
    assert not signing_in.use_code(database, member.id, 99)
    assert signing_in.use_code(database, member.id, 101)


def test_recovery_codes_work_once_and_are_kept_as_digests(database):
    member = make(database)
    codes = signing_in.make_recovery_codes(database, COMMAND, member.id, NOW)
    assert len(set(codes)) == 8
    assert not set(codes) & set(staff.find(database, member.id).mf_recovery_codes)

    def use(code):
        return signing_in.use_recovery_code(database, member.id, code, HERE, NOW)

    assert use(codes[0].upper().replace("-", " "))
    assert not use(codes[0])
    assert len(staff.find(database, member.id).mf_recovery_codes) == 7
    for _ in range(4):
        assert not use("0000-0000-0000")
    assert not use(codes[1]), "locked by five wrong ones"


def test_a_pin_signs_in_by_phone_and_three_wrong_ones_lock_it(line, real_hashes):
    database = line.database
    member = make(database, extension="207")
    with pytest.raises(StaffError, match="extension"):
        staff.set_pin(database, COMMAND, make(database, "b@example.org").id, "402917", NOW)
    staff.set_pin(database, COMMAND, member.id, "402917", NOW)

    def dial(extension, pin, at=NOW):
        with database.write() as session:
            result = by_phone.check_pin(session, line, extension, pin, at)
            return result.member and result.member.id, result.locked

    assert dial("207", "402917") == (member.id, False)
    assert dial("208", "402917") == (None, False)
    assert [dial("207", "111111") for _ in range(3)] == [(None, False), (None, False), (None, True)]
    assert dial("207", "402917", NOW + timedelta(minutes=14)) == (None, True)
    assert dial("207", "402917", NOW + timedelta(minutes=15)) == (member.id, False)
    assert (AuditAction.LOCKED_OUT, f"staff:{member.id}", "PIN, after 3 failures") in trail(database)
    staff.set_active(database, COMMAND, member.id, False, NOW)
    assert dial("207", "402917", NOW + timedelta(hours=1)) == (None, False)


@pytest.mark.parametrize("pin", ["12345", "1234567", "abcdef", "123456", "987654", "111111", "121212", "٤٠٢٩١٧"])
def test_guessable_and_malformed_pins_are_refused(line, pin):
    member = make(line.database, extension="207")
    with pytest.raises(StaffError):
        staff.set_pin(line.database, COMMAND, member.id, pin, NOW)


def test_the_trail_of_all_this_is_whole(database):
    ready(database)
    check(database, "wrong")
    assert list(audit.trail_faults(database)) == []
    assert "nurse@example.org" not in str(trail(database))
