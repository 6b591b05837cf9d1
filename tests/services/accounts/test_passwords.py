"""Which passwords are refused, and with which reason."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.models import Role
from ivr.services.accounts import staff
from ivr.services.accounts.passwords import PasswordOwner, weakness
from ivr.services.accounts.staff import StaffError
from ivr.services.audit import COMMAND
from tests.support.settings import MONDAY_MORNING

OWNER = PasswordOwner("Bay State Pain Associates", "Anna Meyer-Schulz", "anna.ms@springfield.example.org")


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        # common
        ("Password1234", "common"), ("P@ssw0rd1234", "common"), ("iloveyou1234", "common"), ("monkey123456", "common"),
        ("New-password-2", "common"), ("Winter2026!!", "common"), ("qwertyuiop12", "common"),
        # repeated
        ("aaaaaaaaaaaa", "repeats"), ("passwordpassword", "repeats"), ("abcabcabcabc", "repeats"), ("9" * 200, "repeats"),
        # in a row
        ("abcdefghijkl", "row of letters or digits"), ("zyxwvutsrqponm", "row of letters or digits"),
        ("ertyuiopasdfg", "row of neighbouring keys"),
        # the clinic, the owner, the address
        ("BayStatePain2026!", "the clinic's name"), ("bay state pain 4711", "the clinic's name"),
        ("p@1n a$$oc1ates 1", "the clinic's name"), ("Anna-2026-Anna", "your name"), ("meyer.schulz.77", "your name"),
        ("anna.ms@springfield.example.org", "your address"), ("Springfield-11!", "your address"),
        # dates
        ("1984-01-12 1984", "a date"),
    ],
)  # fmt: skip
def test_what_is_easily_guessed_is_refused_with_its_reason(password, reason):
    assert reason in (weakness(password, OWNER) or "nothing")


@pytest.mark.parametrize(
    "password",
    ["correct horse battery staple", "the kettle is on the stove", "x7!kQ2#mZ9@p", "café au lait, s.v.p.",
     "a-password-for-tests-only", "demo-password-only", "Anna waters nine tomatoes daily", "три сестры и вишня",
     "\U0001f9d1\u200d\u2695\ufe0f kettle stove nine"],
)  # fmt: skip
def test_what_is_not_is_accepted(password):
    assert weakness(password, OWNER) is None


def test_an_owner_without_words_is_no_trouble():
    assert weakness("the kettle is on the stove", PasswordOwner("", "", "@")) is None


@given(st.text(min_size=12, max_size=200))
@settings(max_examples=100)
def test_every_text_has_an_answer(password):
    assert weakness(password, OWNER) is None or weakness(password, OWNER).startswith("it ")


@pytest.mark.parametrize("password", ["4@8({[</\\369&#!1/|0$5+7%2" * 8, "1q" * 100, "\u0315a" * 100])
def test_none_costs_seconds(password):
    began = time.thread_time()
    weakness(password, OWNER)
    assert time.thread_time() - began < 3


def test_a_weak_password_is_kept_nowhere(line):
    details = staff.AccountDetails("nurse@example.org", "A Nurse", Role.STAFF)
    member = staff.create(line.database, COMMAND, details, MONDAY_MORNING)
    with pytest.raises(StaffError, match="easily guessed, because it is mostly the clinic's name: choose another"):
        staff.set_password(line.database, COMMAND, member.id, "Cape Spine 12345", MONDAY_MORNING, "Cape Spine Clinic")
    assert staff.find(line.database, member.id).password is None
