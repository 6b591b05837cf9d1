"""Reference numbers: checkable, unique while they matter, never exhausted without a word."""

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text

from ivr.callflow.entries import is_reference, luhn_digit
from ivr.db import without_time_limits
from ivr.models import ReferenceNumber
from ivr.services.requests import references
from ivr.services.requests.references import ReferencesExhausted, new_reference


@pytest.mark.parametrize(("digits", "check"), [("7992739871", "3"), ("12345", "5"), ("00000", "0")])
def test_luhn(digits, check):
    assert luhn_digit(digits) == check


@given(st.integers(0, 99_999).map("{:05d}".format), st.integers(0, 5), st.integers(1, 9))
def test_one_wrong_digit_is_noticed(digits, place, step):
    reference = digits + luhn_digit(digits)
    assert is_reference(reference)
    wrong = str((int(reference[place]) + step) % 10)
    assert not is_reference(reference[:place] + wrong + reference[place + 1 :])


@pytest.mark.parametrize("keys", ["", "12345", "1234555", "12345a", "１２３４５５", "123450"])
def test_what_is_no_reference(keys):
    assert not is_reference(keys)


def test_references_are_unique(line):
    with line.database.write() as session:
        made = [new_reference(session, line.clock()) for _ in range(300)]
    assert len(set(made)) == 300
    assert all(map(is_reference, made))


def test_a_reference_is_free_again_a_year_after_closing(line, monkeypatch):
    monkeypatch.setattr(references.secrets, "randbelow", lambda _: 12345)
    now = line.clock()
    with line.database.write() as session:
        assert new_reference(session, now) == "123455"
    with line.database.write() as session:
        assert new_reference(session, now) != "123455"
    with line.database.write() as session:
        session.get_one(ReferenceNumber, "123455").held_until = now + timedelta(days=365)
    with line.database.write() as session:
        assert new_reference(session, now + timedelta(days=364)) != "123455"
        assert new_reference(session, now + timedelta(days=366)) == "123455"


def test_when_all_are_held_the_longest_closed_one_is_used_or_it_is_said(line):
    now = line.clock()
    every = [digits + luhn_digit(digits) for digits in (f"{n:05d}" for n in range(100_000))]
    rows = "SELECT value FROM json_each(:every)"
    if not line.database.is_sqlite:
        rows = "SELECT json_array_elements_text(CAST(:every AS json))"
    with line.database.write() as session:
        without_time_limits(session.connection())
        session.execute(text(f"INSERT INTO reference_numbers (reference) {rows}"), {"every": json.dumps(every)})
    with line.database.write() as session, pytest.raises(ReferencesExhausted, match="close requests"):
        new_reference(session, now)
    with line.database.write() as session:
        session.get_one(ReferenceNumber, "123455").held_until = now + timedelta(days=9)
        session.get_one(ReferenceNumber, "000000").held_until = now + timedelta(days=19)
    with line.database.write() as session:
        assert new_reference(session, now) == "123455"
        assert session.scalar(select(ReferenceNumber.held_until).where(ReferenceNumber.reference == "123455")) is None
