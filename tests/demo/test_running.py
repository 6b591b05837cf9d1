"""The demo waits for its web server as long as that lives, and no longer."""

import subprocess
import sys

import pytest

from ivr.demo import running
from tests.support.processes import free_port

LATE = """
import http.server, sys, time
time.sleep(1)
class Fine(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *words):
        pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Fine).serve_forever()
"""


def test_a_slow_server_is_waited_for_and_told_once(monkeypatch, capsys):
    monkeypatch.setattr(running, "PATIENCE_SECONDS", 0.2)
    port = free_port()
    with subprocess.Popen([sys.executable, "-c", LATE, str(port)]) as server:
        running.wait_until_ready(server, port)
        server.kill()
    assert capsys.readouterr().out == "Still waiting for the web server: this machine is busy. Ctrl-C gives up.\n"


def test_a_server_that_has_ended_is_told_at_once():
    with (
        subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"]) as server,
        pytest.raises(running.DemoError, match="ended with status 3"),
    ):
        running.wait_until_ready(server, free_port())
