"""The demo waits for its web server as long as that lives; its stand-in for the carrier shows the texts."""

import subprocess
import sys

import pytest

from ivr.clients.twilio import TwilioAccount, TwilioFacts, TwilioMessages
from ivr.config import Config
from ivr.demo import running
from ivr.doctor.findings import Severity
from ivr.doctor.texts import check_texts
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


def test_texts_to_patients_are_sent_and_shown_where_the_demo_was_started(tmp_path, monkeypatch, capsys):
    for name, value in {"FOLDER": tmp_path, "SETTINGS": tmp_path / "demo.env", "RECORDINGS": tmp_path / "kept"}.items():
        monkeypatch.setattr(running, name, value)
    port = free_port()
    config = Config.from_env({**running._settings(port - 1), "TEXTS": "on"})
    twilio = TwilioAccount(config.twilio_api_url, config.twilio_account_sid, config.twilio_auth_token)
    with running._recordings(config, port):
        assert TwilioMessages(twilio, config.sms_from).send("+16175550142", "Bay State: Your code is 123456.")
        numbers = list(TwilioFacts(twilio).numbers())
    assert "Text to +16175550142: Bay State: Your code is 123456.\n" in capsys.readouterr().out
    assert [found.level for found in check_texts(config, numbers)] == [Severity.FINE]


def test_a_newcomer_is_told_how_to_try_spanish_and_texts():
    assert "IVR_LANGUAGES=en-US,es-US TEXTS=on" in running.NEXT_STEPS
