"""Twilio's REST side: every request is what it should be, what may be asked again is, and nothing else.

See ivr/docs/twilio.md#asking-twilio-for-something.
"""

from datetime import date

import pytest
from werkzeug.wrappers import Response

from ivr.clients import twilio
from ivr.clients.errors import NotThere, Refused, Unavailable, Unclear
from ivr.clients.twilio import CallOrder, TooLarge, TwilioAccount, TwilioCalls, TwilioMessages, TwilioRecordings
from ivr.simulator import Carrier, Exchange, FixedDesk, WsgiTransport
from tests.support.carrier_api import ACCOUNT_SID, AUTH_TOKEN, carrier_api, sid
from tests.support.processes import free_port

RE1, CA1 = sid("RE", 1), sid("CA", 1)
DAY = date(2026, 11, 20)


@pytest.fixture
def api():
    with carrier_api() as served:
        yield served


def account(api, token=AUTH_TOKEN):
    return TwilioAccount(api.url, ACCOUNT_SID, token)


def recordings(api, token=AUTH_TOKEN):
    return TwilioRecordings(api.url, ACCOUNT_SID, token)


def messages(api):
    return TwilioMessages(account(api), "+16175550100")


def test_paths_and_fields_are_the_carriers(api):
    api.add_recording()
    api.add_call()
    recordings(api).download(RE1)
    recordings(api).show(RE1)
    list(recordings(api).since(DAY))
    recordings(api).delete(RE1)
    TwilioCalls(account(api)).show(CA1)
    list(TwilioCalls(account(api)).since(DAY))
    assert messages(api).send("+16175550142", "Hello").startswith("SM")
    assert api.asked == [
        ("GET", f"/Recordings/{RE1}.wav"),
        ("GET", f"/Recordings/{RE1}.json"),
        ("GET", "/Recordings.json"),
        ("DELETE", f"/Recordings/{RE1}.json"),
        ("GET", f"/Calls/{CA1}.json"),
        ("GET", "/Calls.json"),
        ("POST", "/Messages.json"),
    ]
    assert api.queries[2] == {"DateCreated>": ["2026-11-20"], "PageSize": ["200"]}
    assert api.queries[5] == {"StartTime>": ["2026-11-20"], "PageSize": ["200"]}
    assert api.forms[6] == {"To": "+16175550142", "From": "+16175550100", "Body": "Hello"}


@pytest.mark.parametrize(("status", "error"), [(404, NotThere), (429, Unavailable), (500, Unavailable), (401, Refused)])
def test_answers_to_questions(api, status, error):
    for ask in (recordings(api).download, recordings(api).show):
        api.fault("GET", status)
        with pytest.raises(error):
            ask(RE1)


def test_deleting_what_is_gone_is_fine_and_trouble_is_not(api):
    recordings(api).delete(RE1)
    api.fault("DELETE", 503)
    with pytest.raises(Unavailable):
        recordings(api).delete(RE1)


def test_a_wrong_token_is_refused(api):
    with pytest.raises(Refused, match="401"):
        recordings(api, "wrong").show(RE1)


def test_no_redirect_is_followed_and_no_other_host_is_asked(api):
    elsewhere = Response("", 302, {"Location": "http://127.0.0.1:9/secret.wav"})
    api.fault("GET", lambda: elsewhere)
    with pytest.raises(Refused, match="302"):
        recordings(api).download(RE1)


@pytest.mark.parametrize(
    "following",
    [
        "https://evil.example.org/2010-04-01/Accounts/AC1/Recordings.json",
        "//evil.example.org/x",
        "/2010-04-01/Accounts/AC9/x",
    ],
)
def test_a_next_page_elsewhere_is_refused(api, following):
    api.fault(
        "GET", lambda: Response(f'{{"recordings": [], "next_page_uri": "{following}"}}', mimetype="application/json")
    )
    with pytest.raises(Refused):
        list(recordings(api).since(DAY))


def test_more_than_a_recording_can_be_is_not_read_to_its_end(api):
    api.fault("GET", lambda: Response((b"x" * 65536 for _ in range(100_000)), mimetype="audio/wav"))
    with pytest.raises(TooLarge):
        recordings(api).download(RE1)


def test_an_answer_that_is_no_json_is_trouble(api):
    api.fault("GET", lambda: Response("<html>"))
    with pytest.raises(Unavailable):
        recordings(api).show(RE1)


def test_nobody_listens():
    nobody = TwilioAccount(f"http://127.0.0.1:{free_port()}", ACCOUNT_SID, AUTH_TOKEN)
    with pytest.raises(Unavailable):
        nobody.get_json("/Calls.json")
    with pytest.raises(Unavailable):
        TwilioMessages(nobody, "+16175550100").send("+16175550142", "Hello")


@pytest.mark.parametrize(
    ("status", "error"), [(429, Unavailable), (500, Unclear), (503, Unclear), (400, Refused), (302, Refused)]
)
def test_a_text_message_is_asked_for_once(api, status, error):
    api.fault("POST", status)
    with pytest.raises(error):
        messages(api).send("+16175550142", "Hello")
    assert api.count("POST", "/Messages.json") == 1
    assert api.store.messages == []


def test_a_text_message_without_an_answer_is_unclear(api, monkeypatch):
    import threading

    end = threading.Event()
    monkeypatch.setattr(twilio, "JOB_READ_SECONDS", 0.2)
    api.fault("POST", lambda: end.wait() and 200)
    with pytest.raises(Unclear):
        messages(api).send("+16175550142", "Hello")
    end.set()
    assert api.count("POST", "/Messages.json") == 1


ORDER = CallOrder(
    to="+16175550177",
    from_="+16175550100",
    url="https://line.example.org/voice/bridge?b=1",
    status_url="https://line.example.org/voice/bridge/status?b=1",
    ring_seconds=25,
)


def test_a_call_is_asked_for_with_the_carriers_fields(api):
    nothing_to_say = WsgiTransport(Response("<Response/>", mimetype="text/xml"))
    carrier = Carrier("https://line.example.org", ACCOUNT_SID, AUTH_TOKEN, nothing_to_say, strict=False)
    exchange = Exchange(carrier, FixedDesk(), api.store.calls)
    api.places_calls_with(exchange)
    call_sid = TwilioCalls(account(api)).create(ORDER)
    assert api.store.calls.get(call_sid).direction == "outbound-api"
    assert api.asked == [("POST", "/Calls.json")]
    assert api.forms == [
        {
            "To": "+16175550177",
            "From": "+16175550100",
            "Url": "https://line.example.org/voice/bridge?b=1",
            "Method": "POST",
            "StatusCallback": "https://line.example.org/voice/bridge/status?b=1",
            "StatusCallbackMethod": "POST",
            "StatusCallbackEvent": ["initiated", "ringing", "answered", "completed"],
            "Timeout": "25",
        }
    ]
    exchange.wait()


@pytest.mark.parametrize(
    ("status", "error"), [(429, Unavailable), (500, Unclear), (503, Unclear), (400, Refused), (302, Refused)]
)
def test_a_call_is_asked_for_once(api, status, error):
    api.fault("POST", status)
    with pytest.raises(error):
        TwilioCalls(account(api)).create(ORDER)
    assert api.count("POST", "/Calls.json") == 1
    assert api.store.calls.list() == ()


def test_an_account_that_places_no_calls_refuses(api):
    with pytest.raises(Refused, match="405"):
        TwilioCalls(account(api)).create(ORDER)


def test_an_error_says_its_number_and_not_its_words(api):
    words = '{"code": 21211, "message": "+16175550142 is not valid"}'
    api.fault("POST", lambda: Response(words, 400, mimetype="application/json"))
    with pytest.raises(Refused) as caught:
        messages(api).send("+16175550142", "Hello")
    assert str(caught.value) == "400, error 21211"


def test_the_media_route_still_gets_its_bytes(api):
    api.add_recording()
    assert recordings(api).fetch(RE1)[:4] == b"RIFF"
