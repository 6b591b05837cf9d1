"""The public address, asked as the carrier asks it."""

import threading
from dataclasses import replace

import pytest
from flask import Flask, redirect
from werkzeug.serving import make_server

from ivr import create_app
from ivr.doctor.address import check_address
from tests.support.findings import bad, one
from tests.support.processes import free_port


class TestAddress:
    """The public address, asked as the carrier asks it."""

    @pytest.fixture
    def here(self, config, make_line, sqlite_url, serve):
        """A running line, and the settings that name its address."""
        port = free_port()
        here = replace(config, public_base_url=f"http://127.0.0.1:{port}")
        server = make_server("127.0.0.1", port, create_app(here, make_line(sqlite_url)), threaded=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield here
        server.shutdown()
        thread.join()
        server.server_close()

    def test_a_running_line_is_fine(self, here):
        findings = list(check_address(here))
        assert bad(findings) == []
        assert len(findings) == 2

    def test_another_token_or_address_is_refused(self, here):
        other_token = replace(here, twilio_auth_token="another")
        other_name = replace(here, public_base_url=here.public_base_url.replace("127.0.0.1", "localhost"))
        for wrong in (other_token, other_name):
            assert "TWILIO_AUTH_TOKEN or PUBLIC_BASE_URL" in one(check_address(wrong))[2]

    def test_nobody_there(self, config):
        nobody = replace(config, public_base_url=f"http://127.0.0.1:{free_port()}")
        assert "cannot be reached" in one(check_address(nobody))[2]

    def test_no_tls_there(self, here):
        assert (
            "certificate"
            in one(check_address(replace(here, public_base_url=here.public_base_url.replace("http", "https"))))[2]
        )

    @pytest.mark.parametrize(
        ("answer", "words"),
        [
            (lambda: redirect("/elsewhere"), ["redirects (302)"]),
            (lambda: ("", 404), ["answered with 404"]),
            (lambda: ("", 502), ["answered with 502"]),
            (lambda: "hello", ["answered with 200 instead of 403"]),
        ],
    )
    def test_something_else_there(self, config, serve, answer, words):
        app = Flask("else")
        app.add_url_rule("/voice/desk", view_func=answer, endpoint="x", methods=["POST"])
        found = bad(check_address(replace(config, public_base_url=serve(app))))
        assert [word in text for word, (_, _, text) in zip(words, found, strict=True)] == [True]
