"""What keyed numbers and dates amount to."""

from datetime import date

import pytest

from ivr.callflow.entries import Complete, HelpWanted, Skipped, Unfinished, Useless, as_birth_date, missing, read_entry
from ivr.callflow.tree import build
from tests.support.engine_call import TODAY, valid

TREE = build(("en-US",), valid)
NUMBER, BIRTH_DATE = TREE["enter_number"], TREE["birth_date"]


@pytest.mark.parametrize(
    ("kept", "keys", "finished_by", "reading"),
    [
        ("", "6175550199", "", Complete("+16175550199")),
        ("", "6175550199", "#", Complete("+16175550199")),
        ("", "6175550199#", "", Complete("+16175550199")),
        ("", "16175550199", "#", Complete("+16175550199")),
        ("", "1617555019", "", Unfinished("1617555019", False)),
        ("1617555019", "9", "", Complete("+16175550199")),
        ("", "617*617555", "", Unfinished("617555", True)),
        ("617555", "0199", "", Complete("+16175550199")),
        ("617555", "01", "", Unfinished("61755501", False, paused=True)),
        ("", "0", "", HelpWanted()),
        ("", "0", "#", HelpWanted()),
        ("", "617*", "", Unfinished("", True)),
        ("", "617", "", Unfinished("617", False, paused=True)),
        ("", "6*17", "", Unfinished("17", True, paused=True)),
        ("", "617", "#", Useless()),
        ("", "", "#", Skipped()),
        ("617", "", "#", Useless()),
        ("", "0000000000", "", Useless()),
        ("", "5" * 32, "", Useless()),
        ("", "61755501??", "", Useless()),
        ("", "６１７５５５０１９９", "", Useless()),
    ],
)
def test_numbers(kept, keys, finished_by, reading):
    assert read_entry(NUMBER, kept, keys, finished_by, TODAY, valid) == reading


@pytest.mark.parametrize(
    ("digits", "iso"),
    [
        ("05171948", "1948-05-17"), ("02292024", "2024-02-29"), ("02292023", None), ("13011948", None),
        ("00171948", None), ("11232026", "2026-11-23"), ("11242026", None), ("11231906", "1906-11-23"),
        ("11231905", None), ("0517194", None), ("051719481", None), ("00000000", None),
    ],
)  # fmt: skip
def test_birth_dates(digits, iso):
    assert as_birth_date(digits, date(2026, 11, 23)) == iso


def test_how_many_keys_are_still_missing():
    assert [missing(NUMBER, keys) for keys in ("", "617555", "1617555019")] == [10, 4, 1]
    assert missing(BIRTH_DATE, "0517") == 4
