"""Calls the line asks the carrier to place, row by row of the carrier's contract."""

import base64
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ivr.simulator import Answers, Carrier, Exchange, FixedDesk, RecordingStore, Unreached, create_rest_app

CLINIC, NURSE, PATIENT = "+16175550100", "+16175550177", "+16175550142"
ASK = "<Gather action='/accept' numDigits='1'><Say>press 1</Say></Gather><Hangup/>"
DIAL = f"<Dial callerId='{CLINIC}' action='/over'><Number statusCallback='/patient'>{PATIENT}</Number></Dial>"
EVENTS = ["initiated", "ringing", "answered", "completed"]


@pytest.fixture
def place(line, carrier: Callable[..., Carrier]):
    """Asks for a call to the nurse; returns the API's answer and the exchange, once the call is over."""
    line.pages |= {"/bridge": ASK, "/accept": DIAL, "/over": "", "/status": ("", 204), "/patient": ("", 204)}

    def placed(phones: dict[str, Answers | Unreached], **form: object) -> tuple[TestResponse, Exchange]:
        store = RecordingStore()
        exchange = Exchange(carrier(recordings=store), FixedDesk(numbers=phones), store.calls)
        client: FlaskClient = create_rest_app(store, line.account, line.token, exchange=exchange).test_client()
        login = base64.b64encode(f"{line.account}:{line.token}".encode()).decode()
        fields = {
            "To": NURSE, "From": CLINIC, "Url": f"{line.base}/bridge", "StatusCallback": f"{line.base}/status",
            "StatusCallbackEvent": EVENTS,
        } | form  # fmt: skip
        answer = client.post(
            f"/2010-04-01/Accounts/{line.account}/Calls.json",
            data={name: value for name, value in fields.items() if value is not None},
            headers={"Authorization": f"Basic {login}"},
        )
        exchange.wait()
        assert not exchange.errors
        return answer, exchange

    return placed


def test_a_call_is_placed_and_its_document_carried_out(place, line) -> None:
    answer, exchange = place({NURSE: Answers(after=3), PATIENT: Answers(after=2, talks=60)})
    assert answer.status_code == 201
    told = answer.get_json()
    assert (told["status"], told["direction"], told["to"], told["from"]) == ("queued", "outbound-api", NURSE, CLINIC)
    assert [form["CallStatus"] for form in line.asked("/status")] == [
        "initiated",
        "ringing",
        "in-progress",
        "completed",
    ]
    assert {form["CallSid"] for form in line.asked("/status")} == {told["sid"]}
    (over,) = line.asked("/over")
    assert (over["DialCallStatus"], over["DialBridged"]) == ("completed", "true")
    (patient,) = line.asked("/patient")
    assert (patient["ParentCallSid"], patient["From"], patient["To"]) == (told["sid"], CLINIC, PATIENT)
    assert exchange.calls.get(told["sid"]).status == "completed"
    assert exchange.held[0].story() == (
        f"carrier call from {CLINIC} to {NURSE}, asked for by the line\n"
        f"carrier {NURSE} answers after 3 s\n"
        "line    press 1\n"
        "line    waits 5 s for 1 key\n"
        "caller  presses 1\n"
        f"line    dials {PATIENT} for 30 s as {CLINIC}\n"
        f"desk    {PATIENT} answers after 2 s\n"
        "carrier connected for up to 60 s\n"
        "carrier the dial ends: completed, connected\n"
        "line    hangs up (end of the document)\n"
    )


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (Unreached(), "no-answer"),
        (Unreached("busy"), "busy"),
        (Unreached("failed"), "failed"),
        (Answers(after=61), "no-answer"),
    ],
)
def test_a_telephone_nobody_picks_up_is_told_of_and_hears_nothing(place, line, reply, status) -> None:
    place({NURSE: reply})
    assert line.asked("/bridge") == []
    assert [form["CallStatus"] for form in line.asked("/status")] == ["initiated", "ringing", status]


def test_only_the_events_asked_for_are_told(place, line) -> None:
    place({NURSE: Answers(hangs_up=True)}, StatusCallbackEvent=None)
    assert [form["CallStatus"] for form in line.asked("/status")] == ["completed"]


@pytest.mark.parametrize(
    "form",
    [
        {"To": None}, {"From": None}, {"Url": None}, {"To": "6175550177"}, {"To": CLINIC}, {"Url": "ftp://x/"},
        {"Url": "http://a_b.example/"}, {"Timeout": "601"}, {"Timeout": "soon"}, {"Method": "PUT"}, {"Invented": "1"},
        {"StatusCallbackEvent": ["rings"]}, {"StatusCallback": "nowhere"},
    ],
)  # fmt: skip
def test_what_the_carrier_would_refuse_is_refused(place, form) -> None:
    answer, exchange = place({}, **form)
    assert (answer.status_code, exchange.calls.list()) == (400, ())


def test_every_event_of_a_telephone_that_is_dialled_can_be_asked_for(place, line) -> None:
    line.pages["/accept"] = DIAL.replace("statusCallback=", f"statusCallbackEvent='{' '.join(EVENTS)}' statusCallback=")
    place({NURSE: Answers(), PATIENT: Unreached("busy")})
    assert [form["CallStatus"] for form in line.asked("/patient")] == ["initiated", "ringing", "busy"]
    line.requests.clear()
    place({NURSE: Answers(), PATIENT: Answers()})
    assert [form["CallStatus"] for form in line.asked("/patient")] == [
        "initiated",
        "ringing",
        "in-progress",
        "completed",
    ]
