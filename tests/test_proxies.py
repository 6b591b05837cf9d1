"""Whose word is believed about where a request comes from."""

from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from ivr import create_app
from ivr.console import access
from ivr.echo import make_proof, read_answer
from ivr.proxies import TrustedProxies, is_loopback
from tests.support.settings import AUTH_TOKEN

OURS = "10.0.0.0/24, 2001:db8::1"


def seen(proxies, peer, forwarded, proto=""):
    environ = {"REMOTE_ADDR": peer, "wsgi.url_scheme": "http", "HTTP_X_FORWARDED_FOR": forwarded}
    return TrustedProxies.parse(proxies).client({**environ, "HTTP_X_FORWARDED_PROTO": proto})


@pytest.mark.parametrize(
    ("proxies", "peer", "forwarded", "client"),
    [
        # who is no proxy of ours is not believed, whatever it claims
        (OURS, "203.0.113.9", "192.0.2.1", "203.0.113.9"), (OURS, "10.0.1.1", "192.0.2.1", "10.0.1.1"),
        (OURS, "", "192.0.2.1", ""), ("", "10.0.0.7", "192.0.2.1", "10.0.0.7"), ("0", "10.0.0.7", "192.0.2.1", "10.0.0.7"),
        # who is one is, and so on until one is none
        (OURS, "10.0.0.7", "192.0.2.1", "192.0.2.1"), (OURS, "2001:db8::1", "2001:db8::7", "2001:db8::7"),
        (OURS, "10.0.0.7", "6.6.6.6, 192.0.2.1", "192.0.2.1"), (OURS, "10.0.0.7", "6.6.6.6, 192.0.2.1, 10.0.0.8", "192.0.2.1"),
        (OURS, "::ffff:10.0.0.7", "192.0.2.1", "192.0.2.1"), ("unix", "", "192.0.2.1", "192.0.2.1"),
        (OURS, "10.0.0.7", "", "10.0.0.7"), (OURS, "10.0.0.7", "10.0.0.9", "10.0.0.9"),
        # with ports, and nonsense, which nobody is named by
        (OURS, "10.0.0.7", "192.0.2.1:5000", "192.0.2.1"), (OURS, "10.0.0.7", "[2001:db8::7]:443", "2001:db8::7"),
        (OURS, "10.0.0.7", "x" * 5000, "10.0.0.7"), (OURS, "10.0.0.7", "192.0.2.1, unknown", "10.0.0.7"),
        # the number that settings had before
        ("1", "203.0.113.9", "6.6.6.6, 192.0.2.1", "192.0.2.1"), ("2", "10.0.0.7", "6.6.6.6, 192.0.2.1", "6.6.6.6"),
        ("2", "10.0.0.7", "192.0.2.1", "10.0.0.7"), ("1", "10.0.0.7", "nonsense", "10.0.0.7"),
    ],
)  # fmt: skip
def test_only_our_proxies_are_believed(proxies, peer, forwarded, client):
    assert seen(proxies, peer, forwarded)[0] == client


@pytest.mark.parametrize(
    ("peer", "forwarded", "proto", "scheme"),
    [
        ("203.0.113.9", "192.0.2.1", "https", "http"), ("10.0.0.7", "192.0.2.1", "https", "https"),
        ("10.0.0.7", "192.0.2.1", "http, https", "https"), ("10.0.0.7", "192.0.2.1, 10.0.0.8", "https, http", "https"),
        ("10.0.0.7", "", "https", "https"), ("10.0.0.7", "192.0.2.1", "gopher", "http"), ("10.0.0.7", "192.0.2.1", "", "http"),
    ],
)  # fmt: skip
def test_the_scheme_is_believed_likewise(peer, forwarded, proto, scheme):
    assert seen(OURS, peer, forwarded, proto)[1] == scheme


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.8.9.1:80", "::1", "[::1]:8000", "localhost", "LOCALHOST:8000", "::ffff:127.0.0.1"]
)
def test_this_machine(host):
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["", "0.0.0.0", "10.0.0.1", "localhost.example.org", "127.0.0.1.example.org", "::", "["]
)
def test_other_machines(host):
    assert not is_loopback(host)


@pytest.mark.parametrize("number", ["1", "2"])
def test_a_number_is_accepted_with_a_warning_once_a_process(config, make_line, sqlite_url, number):
    access._warn_of_number.cache_clear()
    line, changed = make_line(sqlite_url), replace(config, trusted_proxies=TrustedProxies.parse(number))
    with capture_logs() as logs:
        for _ in range(2):
            app = create_app(changed, line)
    [warned] = [one for one in logs if one["event"] == "trusted_proxies_is_a_number"]
    assert (warned["log_level"], warned["number"]) == ("warning", int(number))
    headers = {"X-Forwarded-For": "192.0.2.1, 198.51.100.7"}
    answer = app.test_client().post(f"/console/echo/{make_proof(AUTH_TOKEN, '')}", headers=headers)
    assert read_answer(answer.text).client == {"1": "198.51.100.7", "2": "192.0.2.1"}[number]


def test_networks_and_none_are_no_reason_to_warn(config, make_line, sqlite_url):
    access._warn_of_number.cache_clear()
    with capture_logs() as logs:
        for text in ("", "0", OURS):
            create_app(replace(config, trusted_proxies=TrustedProxies.parse(text)), make_line(sqlite_url))
    assert "trusted_proxies_is_a_number" not in str(logs)
