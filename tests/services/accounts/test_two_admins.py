"""Two administrators change accounts at the same moment: one after the other, and the second one is told why not."""

import threading

import pytest

from ivr.models import Role
from ivr.services.accounts import staff
from ivr.services.accounts.staff import AccountDetails, StaffError
from ivr.services.audit import COMMAND
from tests.support.settings import DEADLINE_SECONDS
from tests.support.settings import MONDAY_MORNING as NOW

WAITING_SECONDS = 0.5
"""Until the second one waits for the first one's transaction."""


@pytest.fixture
def at_once(monkeypatch):
    """Does one thing, and another one while the first is not committed yet; returns why the second was refused."""
    note = staff.add_audit_entry

    def both(first, second):
        refused = []

        def work():
            try:
                second()
            except Exception as error:
                refused.append(error)

        other = threading.Thread(target=work)

        def noted(*args):
            if not other.ident:
                other.start()
                other.join(WAITING_SECONDS)
            note(*args)

        monkeypatch.setattr(staff, "add_audit_entry", noted)
        first()
        other.join(DEADLINE_SECONDS)
        monkeypatch.setattr(staff, "add_audit_entry", note)
        return [(type(error), str(error)) for error in refused]

    return both


def details(email, role=Role.ADMIN, **more):
    return AccountDetails(email, "Somebody", role, **more)


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (details("new@example.org"), "Another account has this address"),
        (details("another@example.org", extension="41"), "Another account has this extension"),
    ],
    ids=["address", "extension"],
)
def test_an_address_and_an_extension_are_one_accounts(line, at_once, other, why):
    refused = at_once(
        lambda: staff.create(line.database, COMMAND, details("new@example.org", extension="41"), NOW),
        lambda: staff.create(line.database, COMMAND, other, NOW),
    )
    assert refused == [(StaffError, why)]
    assert [one.email for one in staff.everybody(line.database)] == ["new@example.org"]


def deactivate(line, member):
    staff.set_active(line.database, COMMAND, member.id, False, NOW)


def demote(line, member):
    staff.change(line.database, COMMAND, member.id, details(member.email, Role.STAFF), NOW)


@pytest.mark.parametrize("first", [deactivate, demote])
@pytest.mark.parametrize("second", [deactivate, demote])
def test_two_who_leave_do_not_leave_the_clinic_without_an_administrator(line, at_once, first, second):
    ann, bob = (staff.create(line.database, COMMAND, details(email), NOW) for email in ("a@example.org", "b@b.org"))
    (refusal,) = at_once(lambda: first(line, ann), lambda: second(line, bob))
    assert refusal[0] is StaffError
    assert staff.find(line.database, bob.id).active
    assert staff.find(line.database, bob.id).role is Role.ADMIN
