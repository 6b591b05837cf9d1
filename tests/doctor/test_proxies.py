"""Planted faults of real proxies, and none that is not there: nginx and Caddy as ivr/docs/deploy sets them up."""

from dataclasses import replace

import pytest

from ivr import create_line
from ivr.doctor.address import check_address
from ivr.doctor.bodies import check_slow_body, check_upload_size
from ivr.doctor.findings import Severity
from ivr.doctor.media import check_media
from ivr.doctor.proxies import check_staff_pages, check_voice
from tests.support.deployment import deployed
from tests.support.findings import bad, one
from tests.support.proxies import caddy, caddy_site, nginx, nginx_site, replaced

PASS_VOICE = "proxy_pass http://line_voice;\n    }\n\n    location /media/ {"


@pytest.fixture(scope="module")
def deployment(settings, rendered, tmp_path_factory):
    """One server for all tests of this file, each with a proxy of its own before it."""
    with deployed(settings, rendered, tmp_path_factory.mktemp("deployed")) as found:
        yield found


@pytest.fixture
def line(deployment):
    line = create_line(deployment.config)
    yield line
    line.database.close()


@pytest.fixture(autouse=True)
def trusted(deployment, monkeypatch):
    """The deployment's certificate is vouched for, as a real one would be."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(deployment.certificate))
    monkeypatch.setenv("SSL_CERT_FILE", str(deployment.certificate))


@pytest.fixture
def examined(deployment, line, tmp_path):
    """What the doctor finds behind nginx, with changes to the documented block: old words, new words."""

    def examine(changes=None, config=None, upstream=None, *, slowly=False):
        site = nginx_site(deployment.port, upstream or deployment.upstream, deployment.certificate)
        with nginx(tmp_path, replaced(site, changes or {}), deployment.port):
            return all_checks(config or deployment.config, line, slowly=slowly)

    return examine


def all_checks(config, line, *, slowly=False):
    """Everything that a proxy could spoil; slow bodies, which take seconds, only when they are asked for."""
    return [
        *check_address(config),
        *check_voice(config),
        *check_media(config, line),
        *check_staff_pages(config),
        *check_upload_size(config, "en-US", "goodbye"),
        *(check_slow_body(config, 8.0) if slowly else ()),
    ]


def test_the_documented_nginx_is_fine(examined):
    found = examined(slowly=True)
    assert bad(found) == []
    assert [finding.check for finding in found] == [
        "address", "signature", "query", "request body", "media", "trusted proxies", "events", "upload size",
        "slow bodies",
    ]  # fmt: skip


FAULTS = [
    # the query
    ({PASS_VOICE: PASS_VOICE.replace("line_voice;", "line_voice$uri;")}, "query", "strips the query"),
    ({PASS_VOICE: 'if ($args ~ "^(.*)%2F(.*)$") { set $args $1/$2; }\n' + PASS_VOICE}, "query",
     "re-encodes the query (next=%2Fa&n=J%C3%B6rg&words=a+b%20c&last= arrives as next=/a&n=J%C3%B6rg"),
    ({PASS_VOICE: "if ($args) { set $args $args&utm=1; }\n" + PASS_VOICE}, "query", "changes the query"),
    # the body
    ({"client_max_body_size 64k;": ""}, "request body", "60006 bytes to /voice is not passed on, a small one is (413)"),
    ({"client_max_body_size 21m;": ""}, "upload size", "A recording of 20 MB is refused"),
    ({"client_body_timeout 5s;": "client_body_timeout 60s;"}, "slow bodies", "still waited for after 8 s"),
    # clips
    ({"location /media/ {": "location /media/ { return 404;"}, "media", "answered with 404"),
    ({"location /media/ {": "location /media/ { return 301 https://elsewhere.example$request_uri;"}, "media", "with 301"),
    ({"location /media/ {": "location /media/ { default_type text/html; return 200 hello;"}, "media", "5 bytes instead of"),
    ({"location /media/ {": "location /media/ { types { } default_type text/html; proxy_hide_header Content-Type;"
      "add_header Content-Type text/html;"}, "media", "arrive as"),
    # whom the staff's pages serve
    ({"proxy_set_header X-Forwarded-For $remote_addr;": ""}, "trusted proxies", "anybody can claim any address"),
    ({"proxy_set_header X-Forwarded-For $remote_addr;": 'proxy_set_header X-Forwarded-For "";'}, "trusted proxies",
     "does not tell whom it serves"),
    ({"proxy_set_header X-Forwarded-Proto $scheme;": ""}, "trusted proxies", "do not learn that they are asked by https"),
    ({"location / {": "location / { return 403;"}, "staff's pages", "/console/ (status 403)"),
    # events
    ({"proxy_buffering off;": "proxy_ignore_headers X-Accel-Buffering;"}, "events", "holds answers back"),
    ({"location /phone {": "location /phone { return 404;"}, "events", "/phone/ (status 404)"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "check", "words"), FAULTS, ids=[f"{check}: {words[:30]}" for _, check, words in FAULTS]
)
def test_each_fault_of_nginx_is_found_alone(examined, changes, check, words):
    level, name, text = one(examined(changes, slowly=check == "slow bodies"))
    assert name == check
    assert words in text
    assert level is not Severity.FINE


def lost(changes):
    return {"location /voice/ {": "location /voice/ {\n" + changes}


HEADERS = "proxy_set_header Host $http_host; proxy_set_header X-Twilio-Signature '';"
REFUSED = [
    (lost(HEADERS), "signature header", "drops the header X-Twilio-Signature"),
    (lost(f"{HEADERS} proxy_set_header X-Carrier-Signature $http_x_twilio_signature;"), "signature header",
     "renames the header X-Twilio-Signature: it arrives as X-Carrier-Signature."),
    ({"location /voice/ {": "location /voice/desk { proxy_pass http://line_voice/voice/desk/accept; }\n    location /voice/ {"},
     "address", "A proxy changes the path"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "check", "words"), REFUSED, ids=[words for _, _, words in REFUSED])
def test_why_nginx_makes_signatures_fail(examined, changes, check, words):
    level, name, text = bad(examined(changes))[0]
    assert (level, name) == (Severity.FAULT, check)
    assert words in text


def test_a_server_with_another_public_address(examined, deployment):
    other = replace(deployment.config, public_base_url=f"https://localhost:{deployment.port}/line")
    found = bad(
        examined(
            {"location /media/ {": "location /line/ { proxy_pass http://line_voice/; }\nlocation /media/ {"}, other
        )
    )
    assert f"The server's PUBLIC_BASE_URL is https://localhost:{deployment.port}." in found[0][2]


@pytest.mark.parametrize(
    ("proxies", "changes", "words"),
    [
        ("0", {}, "everybody seems to come from 127.0.0.1"),
        ("2", {"$remote_addr;": "$proxy_add_x_forwarded_for;"}, "anybody can claim any address"),
    ],
)
def test_trusted_proxies_that_do_not_fit(examined, settings, rendered, tmp_path, deployment, proxies, changes, words):
    names = {"PUBLIC_BASE_URL": deployment.config.public_base_url, "TRUSTED_PROXIES": proxies}
    with deployed(settings, rendered, tmp_path / "other", **names) as other:
        _, name, text = one(examined(changes, other.config, other.upstream))
    assert name == "trusted proxies"
    assert words in text


def test_trusted_proxies_where_none_stands(settings, rendered, tmp_path):
    with deployed(settings, rendered, tmp_path / "bare") as bare:
        there = replace(bare.config, public_base_url=f"http://{bare.upstream}", staff_url="")
        assert "anybody can claim any address" in one(check_staff_pages(there))[2]


@pytest.mark.parametrize("appended", ["$remote_addr", "$proxy_add_x_forwarded_for"])
def test_a_proxy_may_append_or_replace(examined, appended):
    assert bad(examined({"X-Forwarded-For $remote_addr;": f"X-Forwarded-For {appended};"})) == []


def test_a_certificate_that_nobody_vouches_for(examined, monkeypatch):
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    assert "has no valid certificate" in bad(examined())[0][2]


CADDY_FAULTS = [
    ({"max_size 64KiB": "max_size 16KiB"}, "request body", "(502)"),
    ({"@calls path /voice/* /media/*": "@calls path /voice/*\n\thandle /media/* {\n\t\trespond 404\n\t}"}, "media", "404"),
    ({"\thandle @calls {": "\thandle @calls {\n\t\trequest_header -X-Twilio-Signature"}, "signature header", "drops"),
    ({"\thandle @calls {": "\thandle @calls {\n\t\turi strip_prefix /voice"}, "address", "404"),
    ({"\thandle @calls {": "\thandle @calls {\n\t\trewrite * {path}?"}, "query", "strips the query"),
]  # fmt: skip


class TestCaddy:
    """The same with Caddy, which leaves it to the line's server to end slow bodies."""

    def found(self, deployment, line, tmp_path, changes, *, slowly=False):
        site = caddy_site(deployment.port, deployment.upstream, deployment.certificate)
        with caddy(tmp_path, replaced(site, changes), deployment.port):
            return all_checks(deployment.config, line, slowly=slowly)

    def test_the_documented_one_is_fine(self, deployment, line, tmp_path):
        found = self.found(deployment, line, tmp_path, {}, slowly=True)
        assert bad(found) == []
        assert "slow bodies" in {finding.check for finding in found}

    @pytest.mark.parametrize(("changes", "check", "words"), CADDY_FAULTS, ids=[check for _, check, _ in CADDY_FAULTS])
    def test_each_fault_is_found(self, deployment, line, tmp_path, changes, check, words):
        _, name, text = bad(self.found(deployment, line, tmp_path, changes))[0]
        assert name == check
        assert words in text
