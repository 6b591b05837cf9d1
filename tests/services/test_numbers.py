"""Which numbers can be called back."""

import pytest

from ivr.services.numbers import caller_number, dialable, masked


@pytest.mark.parametrize(
    ("digits", "number"),
    [
        ("6175550199", "+16175550199"), ("2125551234", "+12125551234"), ("8005550199", "+18005550199"),
        ("0175550199", None), ("1175550199", None), ("6170550199", None), ("617555019", None), ("9005551234", None),
        ("", None), ("617555019a", None), ("６１７５５５０１９９", None), ("61755501990", None),
    ],
)  # fmt: skip
def test_dialable(digits, number):
    assert dialable(digits) == number


def test_a_caller_id_is_used_only_when_it_can_be_dialled():
    assert caller_number("+16175550142") == "+16175550142"
    assert caller_number("+266696687") is None


def test_masked_numbers_show_two_digits():
    assert masked("+16175550142") == "…42"
    assert masked(None) == "withheld"
