"""Requests on their way in: whole or not, however they are cut, and refused by their heads."""

import itertools

import pytest
from gunicorn.config import Config

from ivr import limits
from ivr.serving.incoming import IN_MEMORY, LARGEST_HEAD, Incoming
from ivr.serving.pace import REQUEST, UPLOAD
from ivr.serving.pools import CONNECTIONS, SIZES, pool_of
from ivr.serving.refusals import RequestRefused, answer_to, too_large

FORM = b"POST /voice/turn?n=1 HTTP/1.1\r\nHost: x\r\nX-Twilio-Signature: s\r\nContent-Length: 8\r\n\r\nDigits=1"
NEXT = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture
def incoming():
    found = Incoming(Config(), ("127.0.0.1", 1), 1, 100.0)
    yield found
    found.close()


def head(path="/console/sign-in", method="POST", *lines):
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: x", *lines, "", ""]).encode()


def refused(incoming, data):
    with pytest.raises(RequestRefused) as caught:
        incoming.feed(data)
    return caught.value.refusal.status


def body_of(incoming):
    incoming.open_body()
    return incoming.request.body.read()


@pytest.mark.parametrize("size", [1, 2, 7, len(FORM)])
def test_a_request_is_whole_however_it_is_cut(incoming, size):
    pieces = [FORM[start : start + size] for start in range(0, len(FORM), size)]
    for piece in pieces[:-1]:
        assert incoming.feed(piece) == b""
        assert not incoming.is_whole
    assert incoming.feed(pieces[-1] + NEXT) == NEXT
    assert incoming.is_whole
    assert (incoming.path, incoming.request.method, body_of(incoming)) == ("/voice/turn", "POST", b"Digits=1")


def test_a_request_without_a_body_is_whole_with_its_head(incoming):
    assert incoming.feed(NEXT + FORM) == FORM
    assert incoming.is_whole
    assert body_of(incoming) == b""


def test_a_large_body_goes_through_a_file(incoming):
    data = bytes(itertools.islice(itertools.cycle(range(256)), IN_MEMORY * 3))
    incoming.feed(head("/studio/en-US/goodbye/takes", "POST", f"Content-Length: {len(data)}"))
    for start in range(0, len(data), 50_000):
        incoming.feed(data[start : start + 50_000])
    assert body_of(incoming) == data


@pytest.mark.parametrize(
    ("path", "status"),
    [("/voice", 403), ("/voice/turn?n=1", 403), ("/v%6fice/turn", 403), ("http://x/voice/turn", 403), ("/voice/echo", 403),
     ("/voice/echo/x.y", None), ("/voices", None), ("/console/sign-in", None), ("/media/x", None)],
)  # fmt: skip
def test_posts_to_the_voice_door_need_a_signature(incoming, path, status):
    sent = head(path, "POST", "Content-Length: 5")
    if status:
        assert refused(incoming, sent) == status
    else:
        assert incoming.feed(sent) == b""


@pytest.mark.parametrize(
    ("path", "most"),
    [("/console/sign-in", limits.LONG_FORM), ("/", limits.LONG_FORM), ("/phone/calls/a/sound", limits.SOUND),
     ("/studio/en-US/goodbye/takes", limits.TAKE), ("/studio/en-US/import", limits.ARCHIVE),
     ("/studio/en-US/goodbye/script", limits.LONG_FORM)],
)  # fmt: skip
def test_how_much_may_be_announced(path, most):
    def told(length):
        new = Incoming(Config(), ("127.0.0.1", 1), 1, 0.0)
        new.feed(head(path, "POST", f"Content-Length: {length}"))
        new.close()

    told(most)
    with pytest.raises(RequestRefused) as caught:
        told(most + 1)
    assert caught.value.refusal.status == 413


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (head("/console/sign-in", "POST", "Transfer-Encoding: chunked"), 411),
        (head("/console/sign-in", "POST", "Transfer-Encoding: chunked", "Content-Length: 3"), 400),
        (head("/", "POST", "Content-Length: 3", "Content-Length: 4"), 400),
        (head("/", "POST", "Content-Length: -1"), 400),
        (head("/", "POST", "Content-Length: ²"), 400),
        (head("/" + "x" * 5000, "GET"), 414),
        (head("/", "GET", "X: " + "y" * 9000), 431),
        (head("/", "GET", *(f"X-{n}: y" for n in range(200))), 431),
        (b"GET / HTTP/1.1\r\nX: " + b"y" * LARGEST_HEAD, 431),
        (b"\x16\x03\x01\r\n\r\n", 400),
        (b"\r\n\r\n\r\n", 400),
        (head("/", "POST", "Expect: something"), 400),
    ],
)
def test_odd_heads_are_refused(incoming, sent, status):
    assert refused(incoming, sent) == status


def test_whose_time_is_up(incoming):
    assert incoming.deadline == 100 + REQUEST.seconds
    incoming.feed(head("/studio/en-US/goodbye/takes", "POST", "Content-Length: 20000000"))
    assert incoming.deadline == 100 + UPLOAD.seconds
    incoming.feed(b"x" * UPLOAD.bytes_a_second * 30)
    assert incoming.deadline == 100 + UPLOAD.seconds + 30


def test_a_refusal_says_why():
    head, _, body = answer_to(too_large(limits.FORM)).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 413 ")
    assert b"Connection: close" in head
    assert body == b"That is too much at once: 16 kB at most.\n"


def test_each_door_has_threads_of_its_own():
    paths = [
        "/voice",
        "/voice/turn",
        "/media/prompts/x.wav",
        "/phone",
        "/phone/calls",
        "/healthz",
        "/metrics",
        "/console/",
        "/",
    ]
    found = [pool_of(path) for path in paths]
    assert found == ["voice", "voice", "media", "phone", "phone", "operations", "operations", "pages", "pages"]
    assert pool_of("/voices") == pool_of("") == "pages"
    assert sum(sum(size) for size in SIZES.values()) < CONNECTIONS, "those who wait leave room for others to come"
