"""Who may use the telephone: everybody on the machine of a demo, administrators elsewhere, nobody else anywhere."""

import shutil
from dataclasses import replace

import pytest
import requests

from ivr import create_app
from ivr.models import Role
from ivr.proxies import TrustedProxies
from tests.support.processes import web_server
from tests.support.settings import DEADLINE_SECONDS

HERE = {"PUBLIC_BASE_URL": "http://127.0.0.1:8000", "TWILIO_API_URL": "http://127.0.0.1:8001"}


@pytest.fixture
def opened(config, line):
    """What somebody is answered who is signed in nowhere, at each address of the telephone."""

    def ask(environ=None, headers=None, **changes):
        console = create_app(replace(config, **changes), line).extensions["console"]
        client = console.test_client()
        pages = [
            client.get(path, environ_overrides=environ or {}, headers=headers or {})
            for path in ("/phone", "/phone/desk")
        ]
        return {page.status_code for page in pages}

    return ask


@pytest.mark.parametrize(("role", "status"), [(None, 302), (Role.STAFF, 403), (Role.LEAD, 403), (Role.ADMIN, 200)])
def test_outside_a_demo_it_is_for_administrators(client, client_as, role, status):
    visitor = client_as(role) if role else client
    for path in ("/phone", "/phone/desk"):
        assert visitor.get(path).status_code == status
    if status != 200:
        assert visitor.send("/phone/calls").status_code == status


@pytest.mark.parametrize(
    "url",
    ["https://api.twilio.com/", "https://API.twilio.com", "https://api.twilio.com:443", "https://api.ie1.twilio.com",
     "https://api.dublin.ie1.twilio.com", "http://127.0.0.1:8001"],
)  # fmt: skip
def test_another_address_of_the_carrier_opens_nothing(opened, url):
    assert opened(twilio_api_url=url) == {302}


def test_a_demo_is_open_on_its_machine(opened):
    assert opened(demo=True) == {200}


@pytest.mark.parametrize(
    ("environ", "headers"),
    [
        ({"REMOTE_ADDR": "192.0.2.7"}, {}), ({"SERVER_NAME": "0.0.0.0"}, {}), ({"SERVER_NAME": "192.0.2.9"}, {}),
        ({"REMOTE_ADDR": ""}, {}), ({}, {"Host": "line.example.org"}), ({}, {"Host": "localhost.example.org"}),
        ({}, {"Host": "["}), ({}, {"X-Forwarded-For": "127.0.0.1"}), ({}, {"X-Forwarded-Host": "line.example.org"}),
        ({}, {"Forwarded": "for=127.0.0.1"}), ({}, {"Via": "1.1 tunnel"}), ({}, {"X-Real-IP": "127.0.0.1"}),
    ],
)  # fmt: skip
def test_and_closed_to_everybody_else(opened, environ, headers):
    """To other machines, on other addresses, and through tunnels and names of elsewhere."""
    assert 200 not in opened(environ, headers, demo=True)


def test_nobody_becomes_local_by_the_word_of_a_proxy(opened):
    proxies = TrustedProxies.parse("192.0.2.0/24")
    told = {"X-Forwarded-For": "127.0.0.1"}
    assert opened({"REMOTE_ADDR": "192.0.2.7"}, told, demo=True, trusted_proxies=proxies) == {302}


@pytest.mark.parametrize(("bind", "status"), [("127.0.0.1", 200), ("0.0.0.0", 302)])
def test_the_real_server_is_asked_where_it_listens(settings, rendered, tmp_path, bind, status):
    """gunicorn says so, whatever the client does."""
    shutil.copy(rendered, tmp_path / "line.db")
    given = {**settings, **HERE, "DATABASE_URL": f"sqlite:///{tmp_path}/line.db", "IVR_DEMO": "yes"}
    with web_server(given, workers=1, host=bind) as (_, address):
        answer = requests.get(f"{address}/phone", allow_redirects=False, timeout=DEADLINE_SECONDS)
    assert answer.status_code == status
