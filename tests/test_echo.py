"""The echo tells what the server sees of a request, and only to whoever holds the auth token."""

import hashlib
from dataclasses import replace

import pytest
from itsdangerous import URLSafeTimedSerializer

from ivr import create_app, echo
from ivr.echo import ADDRESS, make_proof, read_answer
from ivr.proxies import TrustedProxies
from tests.support.settings import AUTH_TOKEN, BASE_URL

ROOMS = ("voice", "console", "phone")


@pytest.fixture
def client(config, make_line, sqlite_url):
    return create_app(config, make_line(sqlite_url)).test_client()


class BodyNotToBeRead:
    """Fails the test when the server reads it."""

    def read(self, *_):
        raise AssertionError("the body was read")

    readline = readlines = __iter__ = read


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize(
    "proof",
    ["x", "x.y.z", make_proof("another token", ""), URLSafeTimedSerializer(AUTH_TOKEN).dumps(["", False]),
     URLSafeTimedSerializer(AUTH_TOKEN, salt="what the server sees").dumps("odd"),
     URLSafeTimedSerializer(AUTH_TOKEN, salt="what the server sees").dumps(["", False, 1])],
    ids=["nonsense", "in parts", "another token", "another purpose", "not a list", "too long"],
)  # fmt: skip
def test_nobody_else_is_told_anything(client, room, proof):
    stream = {"wsgi.input": BodyNotToBeRead(), "CONTENT_LENGTH": "10"}
    for method in ("GET", "POST", "PUT"):
        answer = client.open(f"/{room}/echo/{proof}", method=method, environ_overrides=stream)
        assert (answer.status_code, answer.data) == (403, b"")


def test_a_proof_does_not_last(client, monkeypatch):
    proof = make_proof(AUTH_TOKEN, "")
    assert client.post(f"/voice/echo/{proof}").status_code == 200
    monkeypatch.setattr(echo, "GOOD_SECONDS", -1)
    assert client.post(f"/voice/echo/{proof}").status_code == 403


@pytest.mark.parametrize("room", ROOMS)
def test_it_tells_what_arrived_and_nothing_more(client, room):
    headers = {"X-Twilio-Signature": "sig+/=", "X-Other": "sig+/=", "X-Forwarded-For": "192.0.2.1"}
    proof = make_proof(AUTH_TOKEN, "sig+/=")
    answer = client.post(f"/{room}/echo/{proof}?n=J%C3%B6rg&a=%2F", headers=headers, data=b"key=1",
                         content_type="application/x-www-form-urlencoded")  # fmt: skip
    seen = read_answer(answer.text)
    assert answer.headers["Cache-Control"] == "no-store"
    assert replace(seen, at=0.0, signature_headers=tuple(sorted(seen.signature_headers))) == echo.Seen(
        query="n=J%C3%B6rg&a=%2F", scheme="http", host="localhost", peer="127.0.0.1", client="127.0.0.1",
        client_scheme="http", trusts_proxies=False, forwarded_for="192.0.2.1", forwarded_proto="", signature_headers=("X-Other", "X-Twilio-Signature"),
        body_bytes=5, body_sha256=hashlib.sha256(b"key=1").hexdigest(), public_base_url=BASE_URL, at=0.0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("proxies", "given", "client", "scheme"),
    [
        ("", "192.0.2.1", "127.0.0.1", "http"),
        ("1", "192.0.2.1, 198.51.100.7", "198.51.100.7", "https"),
        ("127.0.0.1", "192.0.2.1, 198.51.100.7", "198.51.100.7", "https"),
        ("127.0.0.1, 198.51.100.0/24", "192.0.2.1, 198.51.100.7", "192.0.2.1", "https"),
        ("10.0.0.0/8", "192.0.2.1, 198.51.100.7", "127.0.0.1", "http"),
    ],
)
def test_it_tells_whom_the_staff_pages_take_it_from(config, make_line, sqlite_url, proxies, given, client, scheme):
    app = create_app(replace(config, trusted_proxies=TrustedProxies.parse(proxies)), make_line(sqlite_url))
    headers = {"X-Forwarded-For": given, "X-Forwarded-Proto": "https"}
    seen = read_answer(app.test_client().post(f"/console/echo/{make_proof(AUTH_TOKEN, '')}", headers=headers).text)
    assert (seen.client, seen.client_scheme, seen.peer) == (client, scheme, "127.0.0.1")


def test_a_body_is_as_large_as_the_carriers_at_most(client):
    address = f"/voice/echo/{make_proof(AUTH_TOKEN, '')}"
    assert client.post(address, data=b"x" * 64 * 1024).status_code == 200
    assert client.post(address, data=b"x" * (64 * 1024 + 1)).status_code == 413


def test_other_addresses_are_not_touched(client):
    assert client.get("/healthz").status_code == 200
    assert client.post("/voice/desk").status_code == 403
    assert client.get("/voice/echo/").status_code == 404
    assert ADDRESS.fullmatch("/voice/echo/a/b") is None


@pytest.mark.parametrize("text", ["", "<html>", "{}", "[]", '{"signature_headers": []}'])
def test_another_answer_is_none(text):
    assert read_answer(text) is None
