"""Clocks that differ are told, whichever of them is wrong."""

import threading
import time
from dataclasses import replace
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest

from ivr.doctor.clock import check_clock
from ivr.doctor.findings import Severity
from ivr.echo import Echo
from ivr.proxies import TrustedProxies
from tests.support.findings import bad, one
from tests.support.processes import free_port
from tests.support.settings import AUTH_TOKEN


@pytest.fixture
def dated():
    """Serves from a machine whose clock is so many seconds ahead; its address."""
    servers = []

    def make(ahead):
        class Handler(BaseHTTPRequestHandler):
            def date_time_string(self, timestamp=None):
                return formatdate(time.time() + ahead, usegmt=True)

            def do_GET(self):
                self.send_error(404)

            do_POST = do_GET

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield make
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("server", "twilio", "words"),
    [
        (95, 0, ["The clock of the server is 9", "s ahead of this machine's"]),
        (0, 95, ["The clock of Twilio is 9", "s ahead of"]),
        (-95, 0, ["The clock of the server is 9", "s behind"]),
    ],
)
def test_one_clock_is_off(config, dated, server, twilio, words):
    there = replace(config, public_base_url=dated(server), twilio_api_url=dated(twilio))
    level, name, text = one(check_clock(there))
    assert (level, name) == (Severity.WARNING, "clock")
    assert [word in text for word in (*words, "timedatectl")] == [True] * 3


def test_ours_is_off(config, dated):
    there = replace(config, public_base_url=dated(60), twilio_api_url=dated(61))
    assert len(bad(check_clock(there))) == 2


def test_clocks_that_agree(config, dated):
    there = replace(config, public_base_url=dated(3), twilio_api_url=dated(-3))
    (found,) = check_clock(there)
    assert found.found == "This machine's clock agrees with the server and Twilio."


def test_a_proxys_clock_does_not_hide_the_servers(config, serve, dated, monkeypatch):
    """A proxy writes its own Date; the server tells its own time in the echo."""
    late = SimpleNamespace(time=lambda: time.time() + 95)
    monkeypatch.setattr("ivr.echo.time", late)
    echo = Echo(lambda *_: [], AUTH_TOKEN, config.public_base_url, TrustedProxies())
    there = replace(config, public_base_url=serve(echo), twilio_api_url=dated(0))
    assert "The clock of the server is 95 s ahead" in one(check_clock(there))[2]


def test_nobody_tells_the_time(config):
    nobody = f"http://127.0.0.1:{free_port()}"
    assert list(check_clock(replace(config, public_base_url=nobody, twilio_api_url=nobody))) == []
