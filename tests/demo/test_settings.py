"""The demo's settings: made by it alone, and of this machine on both sides."""

from dataclasses import replace

import pytest

from ivr.config import Config
from ivr.demo import running


@pytest.fixture
def made(tmp_path, monkeypatch):
    monkeypatch.setattr(running, "FOLDER", tmp_path)
    monkeypatch.setattr(running, "SETTINGS", tmp_path / "demo.env")
    return running._settings(8000)


def test_the_demo_says_that_it_is_one(made, settings):
    assert Config.from_env(made).demo
    assert not Config.from_env(settings).demo


def test_other_commands_find_them(made):
    assert "IVR_DEMO='yes'" in running.SETTINGS.read_text()
    assert running._settings(8100)["SECRET_KEY"] == made["SECRET_KEY"]


@pytest.mark.parametrize(
    ("url", "used"),
    [("http://127.0.0.1:8001", True), ("https://api.twilio.com", False), ("https://API.twilio.com/", False),
     ("https://api.dublin.ie1.twilio.com", False)],
)  # fmt: skip
def test_a_simulated_phone_leaves_nothing_with_the_real_carrier(config, url, used):
    assert bool(running.recordings_url(replace(config, twilio_api_url=url))) is used
