"""The carrier's REST side for recordings, used through its own client library."""

import io
import wave
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from twilio.base.exceptions import TwilioRestException
from twilio.http import HttpClient
from twilio.http.response import Response as TwilioResponse
from twilio.rest import Client

from ivr.simulator import (
    Carrier,
    MediaDelay,
    Recording,
    RecordingStore,
    ScriptedCaller,
    WsgiTransport,
    create_rest_app,
)
from ivr.simulator.speechlike import speechlike

ACCOUNT, TOKEN = "AC" + "0" * 32, "a token for tests"
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
PATH = f"/2010-04-01/Accounts/{ACCOUNT}/Recordings"
LOGIN = (ACCOUNT, TOKEN)


def recording(number: int, at: datetime = NOON) -> Recording:
    return Recording(f"RE{number:032x}", ACCOUNT, f"CA{number:032x}", 2, at, speechlike(2))


class LocalHttp(HttpClient):
    """The library's HTTP client, pointed at an application."""

    def __init__(self, app: Flask) -> None:
        self._client = app.test_client()

    def request(self, method, url, params=None, data=None, headers=None, auth=None, *_, **__):
        answer = self._client.open(url, method=method, query_string=params, data=data, auth=auth)
        return TwilioResponse(answer.status_code, answer.text)


@pytest.fixture
def store() -> RecordingStore:
    return RecordingStore()


@pytest.fixture
def client(store: RecordingStore) -> FlaskClient:
    return create_rest_app(store, ACCOUNT, TOKEN).test_client()


@pytest.mark.parametrize("auth", [None, (ACCOUNT, "wrong"), ("AC1", TOKEN), (ACCOUNT, "wröng")])
def test_a_login_is_needed(client: FlaskClient, store: RecordingStore, auth: object) -> None:
    store.add(recording(1))
    sid = recording(1).sid
    for method, path in (
        ("GET", ".json"), ("GET", f"/{sid}.json"), ("GET", f"/{sid}.wav"), ("GET", f"/{sid}"),
        ("DELETE", f"/{sid}.json"), ("PUT", f"/{sid}.wav"),
    ):  # fmt: skip
        assert client.open(PATH + path, method=method, auth=auth).status_code == 401


def test_the_carriers_library_understands_it(store: RecordingStore) -> None:
    for number in range(5):
        store.add(recording(number, NOON - timedelta(days=number)))
    api = Client(ACCOUNT, TOKEN, http_client=LocalHttp(create_rest_app(store, ACCOUNT, TOKEN)))
    assert [one.sid for one in api.recordings.list(page_size=2)] == [recording(n).sid for n in range(5)]
    assert len(api.recordings.list(date_created_after=date(2026, 10, 31))) == 3
    assert len(api.recordings.list(date_created_before=date(2026, 10, 31))) == 3
    assert len(api.recordings.list(date_created=date(2026, 10, 31))) == 1
    assert len(api.recordings.list(call_sid=recording(2).call_sid)) == 1
    one = api.recordings(recording(0).sid).fetch()
    assert (one.status, one.duration, one.date_created) == ("completed", "2", NOON)
    assert api.recordings(one.sid).delete()
    with pytest.raises(TwilioRestException) as caught:
        api.recordings(one.sid).fetch()
    assert (caught.value.status, caught.value.code) == (404, 20404)
    assert api.recordings(one.sid).fetch(include_soft_deleted=True).status == "deleted"
    assert len(api.recordings.list()) == 4


def test_media(client: FlaskClient, store: RecordingStore) -> None:
    store.add(recording(1))
    answer = client.get(f"{PATH}/{recording(1).sid}.wav", auth=LOGIN)
    assert answer.content_type == "audio/x-wav"
    with wave.open(io.BytesIO(answer.data)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 8000)
        samples = file.readframes(file.getnframes())
        assert file.getnframes() == 16000
    assert max(samples) > 0
    assert client.get(f"{PATH}/{recording(1).sid}", auth=LOGIN).data == answer.data
    assert client.delete(f"{PATH}/{recording(1).sid}.json", auth=LOGIN).status_code == 204
    assert client.delete(f"{PATH}/{recording(1).sid}.json", auth=LOGIN).status_code == 404
    assert client.get(f"{PATH}/{recording(1).sid}.wav", auth=LOGIN).status_code == 404


def test_audio_may_not_be_ready(store: RecordingStore) -> None:
    store.add(recording(1))
    now = [100.0]
    delay = MediaDelay(requests=2, seconds=5, now=lambda: now[0])
    client = create_rest_app(store, ACCOUNT, TOKEN, media_delay=delay).test_client()

    def status() -> int:
        return client.get(f"{PATH}/{recording(1).sid}.wav", auth=LOGIN).status_code

    assert [status() for _ in range(3)] == [404, 404, 404]
    now[0] += 5
    assert status() == 200


@pytest.mark.parametrize(
    ("path", "data"),
    [
        (
            "/RE00000000000000000000000000000001.wav?CallSid=CA1&Duration=x&StartTime=2026-11-02T12:00:00Z",
            b"RIFF",
        ),
        ("/RE00000000000000000000000000000001.wav?CallSid=CA1&Duration=2&StartTime=noon", b"RIFF"),
        ("/RE00000000000000000000000000000001.wav?CallSid=CA1", b"RIFF"),
        (
            "/RE00000000000000000000000000000001.wav?CallSid=CA1&Duration=2&StartTime=2026-11-02T12:00:00Z",
            b"MP3",
        ),
    ],
)
def test_a_bad_hand_over_is_refused(client: FlaskClient, path: str, data: bytes) -> None:
    assert client.put(PATH + path, data=data, auth=LOGIN).status_code == 400


def test_a_list_with_a_bad_date_is_refused(client: FlaskClient) -> None:
    assert client.get(f"{PATH}.json?DateCreated=yesterday", auth=LOGIN).status_code == 400


def test_a_phone_elsewhere_hands_its_recording_over(
    line, store: RecordingStore, carrier: Callable[..., Carrier]
) -> None:
    line.pages = {"/voice/incoming": "<Record action='/r'/>", "/r": ""}
    rest = create_rest_app(store, ACCOUNT, TOKEN)
    transport = WsgiTransport(line.app(), {"http://rest.test": rest})
    phone = Carrier(line.base, ACCOUNT, TOKEN, transport=transport, rest_url="http://rest.test/")
    phone.call(ScriptedCaller.parse("r3"))
    (kept,) = store.list()
    form = line.asked("/r")[0]
    assert form["RecordingUrl"] == f"http://rest.test{PATH}/{kept.sid}"
    assert (kept.seconds, kept.call_sid) == (3, form["CallSid"])


def test_a_folder_keeps_recordings(tmp_path: Path) -> None:
    first = RecordingStore(tmp_path)
    first.add(recording(1))
    first.add(recording(2))
    first.delete(recording(2).sid)
    again = RecordingStore(tmp_path)
    assert again.list() == (recording(1),)
    assert again.get(recording(2).sid) is None
    assert again.get(recording(2).sid, include_deleted=True).audio == b""
