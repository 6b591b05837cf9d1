"""How digits, dates and times are put together."""

import pytest

from ivr.callflow.composing import WordOrder, compose
from ivr.callflow.outputs import Pause, Say, SpeakDate, SpeakDigits, SpeakTime

SPANISH = WordOrder(("day", "of", "month", "of", "year"), ("day", "of", "month"), ("hour", "minute", "half"))


@pytest.mark.parametrize(
    ("speech", "order", "spoken"),
    [
        (SpeakDigits("6175550142", (3, 3, 4)), WordOrder(),
         "digit_6 digit_1 digit_7 | digit_5 digit_5 digit_5 | digit_0 digit_1 digit_4 digit_2"),
        (SpeakDigits("0142"), WordOrder(), "digit_0 digit_1 digit_4 digit_2"),
        (SpeakDate("1948-05-17"), WordOrder(), "month_5 day_17 century_19 number_48"),
        (SpeakDate("1948-05-17", year=False), WordOrder(), "month_5 day_17"),
        (SpeakDate("1905-05-01"), WordOrder(), "month_5 day_1 century_19 oh_5"),
        (SpeakDate("2005-05-01"), WordOrder(), "month_5 day_1 century_20 digit_5"),
        (SpeakDate("2012-12-31"), WordOrder(), "month_12 day_31 century_20 number_12"),
        (SpeakDate("2000-01-01"), WordOrder(), "month_1 day_1 year_2000"),
        (SpeakDate("1948-05-17"), SPANISH, "day_17 of month_5 of century_19 number_48"),
        (SpeakTime(9, 0), WordOrder(), "hour_9 am"), (SpeakTime(0, 15), WordOrder(), "hour_12 minute_15 am"),
        (SpeakTime(12, 0), WordOrder(), "noon"), (SpeakTime(12, 15), WordOrder(), "hour_12 minute_15 pm"),
        (SpeakTime(0, 0), WordOrder(), "hour_12 am"), (SpeakTime(16, 45), WordOrder(), "hour_4 minute_45 pm"),
    ],
)  # fmt: skip
def test_building_blocks(speech, order, spoken):
    blocks = {"year_2000", *(f"oh_{n}" for n in range(1, 10))}
    parts = compose(speech, order, blocks.__contains__)
    assert (
        " ".join("|" if part == Pause(500) else part.prompt for part in parts if isinstance(part, Say | Pause))
        == spoken
    )
