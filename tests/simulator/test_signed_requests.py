"""The signature against the carrier's own library."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

from ivr.simulator.signature import sign

URLS = [
    "https://line.example/voice/incoming",
    "https://line.example/voice/turn?n=3",
    "https://line.example/voice/turn?next=%2Fa&n=J%C3%B6rg+x%20y&e=",
    "https://line.example:8443/voice/turn",
    "http://127.0.0.1:5000/voice/turn?a=1&a=2",
]
FORMS: list[dict[str, str | list[str]]] = [
    {},
    {"CallSid": "CA1", "Digits": ""},
    {"CallToken": "%7B%22a%22%3A1%7D", "Called": "+1", "Caller": " +2 ", "Unknown-Field_9": "å\n"},
    {"Z": "1", "a": "2", "B": "3", "b": ["2", "1", "2"]},
]


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("form", FORMS)
def test_signature_is_the_librarys(url: str, form: dict[str, str | list[str]]) -> None:
    signature = sign("token", url, form)
    received = MultiDict(form)
    if not url.endswith(":8443/voice/turn"):
        assert signature == RequestValidator("token").compute_signature(url, received)
    assert RequestValidator("token").validate(url, received, signature)
    assert not RequestValidator("other").validate(url, received, signature)


@given(st.dictionaries(st.text(min_size=1), st.text(), max_size=8))
def test_any_form(form: dict[str, str]) -> None:
    assert sign("t", URLS[1], form) == RequestValidator("t").compute_signature(URLS[1], form)
