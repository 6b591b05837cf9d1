"""Calls and pages from servers of their own, or both from one: what each answers, as the Procfile starts them."""

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from ivr import Doors, create_app
from ivr.config import ROOT
from ivr.doctor.address import check_address
from ivr.doctor.media import check_media
from ivr.doctor.proxies import check_staff_pages, check_voice
from ivr.echo import make_proof
from tests.support.deployment import deployed_apart
from tests.support.findings import bad
from tests.support.processes import free_port, wait_until_listening
from tests.support.proxies import caddy, caddy_site, nginx, nginx_site
from tests.support.settings import AUTH_TOKEN

CALLS = ["/voice/incoming", "/media/prompts/x.wav"]
PAGES = ["/console/sign-in", "/studio/", "/phone", "/console/static/console.css", "/request/en-US"]


@pytest.fixture
def statuses(config, make_line, sqlite_url):
    """What an application with these doors says to addresses."""

    def ask(doors, paths):
        client = create_app(config, make_line(sqlite_url), doors=doors).test_client()
        return [
            client.post(path).status_code if path.startswith("/voice") else client.get(path).status_code
            for path in paths
        ]

    return ask


@pytest.mark.parametrize(
    ("doors", "calls", "pages"),
    [(Doors.APP, [403, 404], [200, 302, 302, 200, 200]), (Doors.VOICE, [403, 404], [404] * 5), (Doors.WEB, [404] * 2, [200, 302, 302, 200, 200])],
)  # fmt: skip
def test_each_server_has_its_doors(statuses, doors, calls, pages):
    assert statuses(doors, CALLS) == calls
    assert statuses(doors, PAGES) == pages
    assert statuses(doors, ["/healthz", "/metrics"]) == [200, 200]
    assert statuses(doors, ["/"]) == [404 if doors is Doors.VOICE else 302]


@pytest.mark.parametrize(
    ("changes", "start"),
    [({}, "/request"), ({"online_requests": False}, "/console/"), ({"demo": True}, "/phone")],
    ids=["patients", "staff", "the demo"],
)
def test_the_bare_host_leads_on(config, make_line, sqlite_url, changes, start):
    client = create_app(replace(config, **changes), make_line(sqlite_url)).test_client()
    assert client.get("/").location == start
    assert client.get("/", follow_redirects=True).status_code == 200


def test_the_echo_is_behind_the_same_door(config, make_line, sqlite_url):
    found = {}
    for doors in Doors:
        client = create_app(config, make_line(sqlite_url), doors=doors).test_client()
        paths = [f"/{room}/echo/{make_proof(AUTH_TOKEN, '')}" for room in ("voice", "console", "phone")]
        found[doors] = [client.post(path).status_code for path in paths]
    assert found == {Doors.APP: [200] * 3, Doors.VOICE: [200, 404, 404], Doors.WEB: [404, 200, 200]}


@pytest.mark.parametrize(
    ("process", "changes", "statuses"),
    [("voice", {}, [403, 404]), ("web", {}, [404, 200]), ("web", {"WEB_DOORS": "app"}, [403, 200])],
    ids=["voice", "web", "a platform that has one address"],
)
def test_the_procfile_starts_them(settings, sqlite_url, process, changes, statuses):
    port = free_port()
    command = re.search(rf"^{process}: (.*)$", (ROOT / "Procfile").read_text(), re.MULTILINE)[1]
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    env = {**os.environ, **settings, "DATABASE_URL": sqlite_url, "PATH": path, "PORT": str(port), **changes}
    with subprocess.Popen(["sh", "-c", f"exec {command}"], env=env, cwd=ROOT, stderr=subprocess.DEVNULL) as server:
        try:
            wait_until_listening(port, server)
            base = f"http://127.0.0.1:{port}"
            found = [
                requests.post(f"{base}/voice/turn", headers={"X-Twilio-Signature": "x"}),
                requests.get(f"{base}/console/sign-in"),
            ]
        finally:
            server.terminate()
    assert [answer.status_code for answer in found] == statuses


@pytest.mark.parametrize(("proxy", "site"), [(nginx, nginx_site), (caddy, caddy_site)], ids=["nginx", "caddy"])
def test_two_servers_behind_the_documented_proxies(settings, rendered, tmp_path, monkeypatch, make_line, proxy, site):
    """The doctor finds nothing, and both servers tell the same counters."""
    with deployed_apart(settings, rendered, tmp_path / "deployed") as (there, pages):
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(there.certificate))
        monkeypatch.setenv("SSL_CERT_FILE", str(there.certificate))
        line = make_line(there.config.database_url)
        with proxy(tmp_path, site(there.port, there.upstream, there.certificate, pages), there.port):
            checks = [check_address(there.config), check_voice(there.config), check_media(there.config, line),
                      check_staff_pages(there.config)]  # fmt: skip
            assert [finding for found in checks for finding in bad(found)] == []
        counted = [
            [
                text
                for text in requests.get(f"http://{one}/metrics").text.splitlines()
                if text.startswith("ivr_signatures")
            ]
            for one in (there.upstream, pages)
        ]
        assert counted[0] == counted[1]
        assert requests.get(f"http://{there.upstream}/console/sign-in").status_code == 404
        assert requests.post(f"http://{pages}/voice/incoming", headers={"X-Twilio-Signature": "x"}).status_code == 404
