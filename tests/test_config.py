"""Settings: read from the environment, with every fault named at once."""

import subprocess
import sys

import pytest

from ivr.config import Config, ConfigError
from tests.support.settings import CHILDREN_PATH

REQUIRED = ["SECRET_KEY", "DATA_KEYS", "PUBLIC_BASE_URL", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"]


def test_defaults_suit_the_default_clinic(config):
    assert config.clinic_name == "Bay State Pain Associates"
    assert str(config.clinic_timezone) == "America/New_York"
    assert config.languages == ("en-US",)
    assert len(config.clinic_hours) == 5


def test_every_missing_setting_is_named_in_one_message():
    with pytest.raises(ConfigError) as caught:
        Config.from_env({"IVR_VOICE": "opera", "DESK_NUMBERS": "911"})
    for name in (*REQUIRED, "IVR_VOICE", "DESK_NUMBERS"):
        assert name in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "advice"),
    [
        ("SECRET_KEY", "short", "at least 32"), ("DATA_KEYS", "x", "keys new"), ("DATA_KEYS", ",", "key 1"),
        ("PUBLIC_BASE_URL", "line.example.org", "https://"), ("PUBLIC_BASE_URL", "https://my_line.org", "'_'"),
        ("PUBLIC_BASE_URL", "https://x.org/?a=1", "https://"),
        ("TWILIO_ACCOUNT_SID", "AC1", "32 characters"), ("DATABASE_URL", "mysql://x", "sqlite:///"),
        ("CLINIC_TIMEZONE", "Boston", "America/New_York"), ("CLINIC_HOURS", "always", "Mon-Fri"),
        ("CLINIC_HOLIDAYS", "XX", "US-MA"), ("DESK_NUMBERS", "6175550100", "+1617"),
        ("IVR_LANGUAGES", "english", "en-US"), ("IVR_LANGUAGES", "xx-XX", "no script"),
        ("IVR_LANGUAGES", "en-US,en-US", "once"), ("IVR_VOICE", "opera", "synth or say"),
        ("TRUSTED_PROXIES", "6", "from 0 to 5"), ("TRUSTED_PROXIES", "9" * 5000, "from 0 to 5"),
        ("TRUSTED_PROXIES", "proxy.example.org", "10.0.0.0/24"), ("TRUSTED_PROXIES", "10.0.0.7/8", "10.0.0.0/24"),
        ("TRUSTED_PROXIES", "127.0.0.1, 0.0.0.0/0", "everybody"), ("TRUSTED_PROXIES", "::/0", "everybody"),
        ("STAFF_URL", "line", "https://"), ("PUBLIC_BASE_URL", "https://[::1", "https://"),
        ("IVR_DEMO", "true", "yes or no"), ("ONLINE_REQUESTS", "on", "yes or no"),
        ("PUBLIC_FRAME_ANCESTORS", "*", "https://www"), ("PUBLIC_FRAME_ANCESTORS", "http://x.org", "https://www"),
        ("PUBLIC_FRAME_ANCESTORS", "https://x.org; script-src *", "https://www"),
    ],
)  # fmt: skip
def test_a_malformed_setting_says_what_it_should_be(settings, name, value, advice):
    with pytest.raises(ConfigError, match=name) as caught:
        Config.from_env({**settings, name: value})
    assert advice in str(caught.value)
    assert len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("postgres://u:p@h/db", "postgresql+psycopg://u:p@h/db"),
        ("postgresql://u:p@h/db", "postgresql+psycopg://u:p@h/db"),
        ("sqlite:///x.db", "sqlite:///x.db"),
    ],
)
def test_database_addresses(settings, given, used):
    assert Config.from_env({**settings, "DATABASE_URL": given}).database_url == used


@pytest.mark.parametrize("command", [["-m", "ivr", "requests", "export"], ["-c", "import wsgi"]])
def test_commands_and_servers_refuse_to_start_and_end_with_status_2(command, tmp_path):
    env = {"PATH": "/usr/bin:/bin", "PYTHONPATH": CHILDREN_PATH}
    ended = subprocess.run([sys.executable, *command], capture_output=True, text=True, cwd=tmp_path, env=env)
    assert ended.returncode == 2
    assert all(name in ended.stderr for name in REQUIRED)
    assert "Traceback" not in ended.stderr


HERE = {"PUBLIC_BASE_URL": "http://127.0.0.1:8000", "TWILIO_API_URL": "http://127.0.0.1:8001"}


def test_only_in_a_demo_may_everybody_do_without_a_second_factor(settings):
    with pytest.raises(ConfigError, match="STAFF_SECOND_FACTOR"):
        Config.from_env({**settings, **HERE, "STAFF_SECOND_FACTOR": "nobody"})
    demo = Config.from_env({**settings, **HERE, "STAFF_SECOND_FACTOR": "nobody", "IVR_DEMO": "yes"})
    assert (demo.staff_second_factor, demo.demo) == ("nobody", True)


@pytest.mark.parametrize("name", HERE)
@pytest.mark.parametrize(
    "address", ["https://line.example.org", "https://api.twilio.com", "https://127.0.0.1.example.org"]
)
def test_a_demo_is_on_this_machine_on_both_sides(settings, name, address):
    assert not Config.from_env(settings).demo
    with pytest.raises(ConfigError, match="IVR_DEMO is malformed: it is for python -m ivr demo alone"):
        Config.from_env({**settings, **HERE, name: address, "IVR_DEMO": "yes"})


@pytest.mark.parametrize("name", ["PUBLIC_BASE_URL", "STAFF_URL", "TWILIO_API_URL"])
def test_plain_http_is_for_this_machine_alone(settings, name):
    for address in ("http://line.example.org", "HTTP://10.0.0.7:8000", "http://localhost.example.org"):
        with pytest.raises(ConfigError, match="http://") as caught:
            Config.from_env({**settings, name: address})
        assert f"{name} is malformed" in str(caught.value)
        assert "put a proxy with a certificate in front and name its https:// address" in str(caught.value)
    for address in ("http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000", "https://10.0.0.7"):
        assert Config.from_env({**settings, name: address})
