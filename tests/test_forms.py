"""Reading what pages are sent: what can be is read, anything else is refused with the words given, or counts as nothing."""

import io
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from ivr import forms
from ivr.forms import LARGEST_ID, FormError

BOSTON = ZoneInfo("America/New_York")


class Pet(StrEnum):
    CAT = "cat"
    DOG = "dog"


@pytest.fixture
def client():
    app = Flask("forms")
    forms.setup(app)
    app.add_url_rule("/rows/<id:row>", view_func=lambda row: str(row), endpoint="row")
    app.add_url_rule("/named/<name>", view_func=lambda name: name, endpoint="named", methods=["GET", "POST"])
    app.add_url_rule("/json", view_func=lambda: forms.json_object(), endpoint="json", methods=["POST"])
    app.add_url_rule("/file", view_func=lambda: forms.file_bytes("one") or b"none", endpoint="file", methods=["POST"])
    return app.test_client()


@pytest.mark.parametrize("row", ["0", "1", "007", str(LARGEST_ID)])
def test_an_id_in_an_address(client, row):
    assert client.get(f"/rows/{row}").text == str(int(row))


@pytest.mark.parametrize(
    "row", [str(LARGEST_ID + 1), "9" * 30, "9" * 5000, "-1", "1.5", "x", "\u0663", "1e3", "%00", ""]
)
def test_what_is_no_id_is_no_page(client, row):
    assert client.get(f"/rows/{row}").status_code == 404


@pytest.mark.parametrize("sent", [{"data": {"a": "b\0"}}, {"data": {"a\0": "b"}}, {"query_string": {"a": "\0"}}])
def test_a_character_that_no_database_keeps_is_refused_wherever_it_stands(client, sent):
    assert client.post("/named/x", **sent).status_code == 400
    assert client.get("/named/a%00b").status_code == 400
    assert client.post("/named/x", data={"a": "b"}).status_code == 200


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("12", 12), (str(LARGEST_ID), LARGEST_ID), (str(LARGEST_ID + 1), None), ("9" * 5000, None), ("-1", None),
     ("1.0", None), ("\u0663", None), (" 1", None), ("", None), (None, None), ("NaN", None)],
)  # fmt: skip
def test_whole_numbers(text, number):
    assert forms.whole_number(text) == number
    assert forms.whole_number(text, largest=5) in (0, None)


def test_choices():
    assert forms.choice(Pet, "cat", "Choose a pet.") is Pet.CAT
    assert forms.choice_or_none(Pet, "dog") is Pet.DOG
    for text in ("CAT", "", None, "cat ", "mouse"):
        assert forms.choice_or_none(Pet, text) is None
        with pytest.raises(FormError, match=r"^Choose a pet\.$"):
            forms.choice(Pet, text, "Choose a pet.")


def test_days():
    assert forms.day("2028-02-29", "Which day?") == date(2028, 2, 29)


@pytest.mark.parametrize(
    "text",
    ["", "2026-02-30", "0001-01-01", "9999-12-31", "2026-2-3", "20260203", "2026-W01-1", "2026-01-01T00:00", "x"],
)
def test_days_that_cannot_be(text):
    with pytest.raises(FormError, match=r"^Which day\?$"):
        forms.day(text, "Which day?")


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-11-24T09:15", "2026-11-24T14:15:00+00:00"),
        ("2026-07-24T09:15:30", "2026-07-24T13:15:30+00:00"),
        ("2026-03-08T02:30", "2026-03-08T07:30:00+00:00"),
        ("2026-11-01T01:30", "2026-11-01T05:30:00+00:00"),
    ],
    ids=["winter", "summer", "skipped in spring", "twice in autumn"],
)
def test_moments_of_the_clinic(text, utc):
    assert forms.moment(text, BOSTON, "When?").isoformat() == utc
    assert forms.moment("", BOSTON, "When?") is None


@pytest.mark.parametrize(
    "text",
    ["soon", "2026-11-24", "2026-11-24T25:00", "2026-02-30T10:00", "0001-01-01T00:00", "9999-12-31T23:59",
     "2026-11-24T09:15+14:00", "2026-11-24T09:15Z", "2026-11-24 09:15", "\u0662026-11-24T09:15", "2026-11-24T09:15\n"],
)  # fmt: skip
def test_moments_that_cannot_be(text):
    with pytest.raises(FormError, match=r"^When\?$"):
        forms.moment(text, BOSTON, "When?")


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Kiritimati", "Pacific/Niue", "Africa/Monrovia"])
def test_every_moment_that_a_field_can_send_is_read_or_refused(zone):
    @given(st.datetimes(min_value=datetime(1, 1, 1), max_value=datetime(9999, 12, 31, 23, 59)))
    def read(local):
        text = local.isoformat(timespec="minutes")
        if local.year in forms.YEARS:
            assert forms.moment(text, ZoneInfo(zone), "When?").utcoffset().total_seconds() == 0
        else:
            with pytest.raises(FormError):
                forms.moment(text, ZoneInfo(zone), "When?")

    read()


@pytest.mark.parametrize(("text", "minutes"), [("00:00", 0), ("08:30", 510), ("23:59", 1439)])
def test_times_of_day_there_and_back(text, minutes):
    assert forms.time_of_day(text) == minutes
    assert forms.time_field(minutes) == text


def test_the_midnight_that_ends_a_day_is_shown_as_the_one_that_begins_it():
    assert forms.time_field(24 * 60) == "00:00"


@pytest.mark.parametrize(
    ("text", "words"),
    [("24:00", "no such time as 24:00"), ("08:60", "no such time"), ("8:30", "look like 08:30"), ("", "look like 08:30"),
     ("08:30:00", "look like"), ("\u0660\u0668:30", "look like"), ("08:30\n", "look like")],
)  # fmt: skip
def test_times_of_day_that_cannot_be(text, words):
    with pytest.raises(FormError, match=words):
        forms.time_of_day(text)


def test_what_somebody_looks_for_is_cut():
    assert forms.short_text({"find": "  a long word "}, "find", 6) == "a long"
    assert forms.short_text({}, "find", 6) == ""


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'"x"', b"[" * 16_000, b'{"a":' * 3_000, b"\xff", b"9" * 5000]
)
def test_only_json_objects_are_taken(client, body):
    assert client.post("/json", data=body, content_type="application/json").status_code == 400
    assert client.post("/json", json={"a": [1]}).json == {"a": [1]}


def test_files_and_what_is_none(client):
    assert client.post("/file", data={"one": (io.BytesIO(b"abc"), "a.wav")}).data == b"abc"
    assert client.post("/file", data={"one": "abc"}).data == b"none"
