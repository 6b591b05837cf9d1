"""Real proxies before a server: nginx and Caddy, set up as ivr/docs/deploy shows, on a loopback port."""

import contextlib
import os
import shutil
import socket
import subprocess
import time

import pytest

from ivr.config import ROOT

DEPLOY = ROOT / "ivr" / "docs" / "deploy"
PLACES = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
"""Where programs are looked for: ordinary users often lack the last two."""

MAIN = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
{user}
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {site}
}}
"""


def program(name, package):
    """Where a program is; a test that needs it is skipped without, except in CI."""
    found = shutil.which(name, path=PLACES)
    if found is None and os.environ.get("CI") == "true":
        pytest.fail(f"no {name}: apt-get install {package}")
    return found or pytest.skip(f"no {name} on this machine: apt-get install {package}")


def replaced(text, changes):
    """A text with changes; each must find its place."""
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


def nginx_site(port, upstream, certificate, pages=None):
    """The documented block on a port of its own, with a certificate of localhost, before one upstream (host:port).

    `pages` is the upstream of the staff's pages, where they have one of their own.
    """
    return replaced(
        (DEPLOY / "nginx.conf").read_text(),
        {
            "    listen 80;": f"    listen unix:{certificate}.sock;",
            "    listen 443 ssl http2;": f"    listen 127.0.0.1:{port} ssl http2;",
            "/etc/letsencrypt/live/line.example.org/fullchain.pem": str(certificate),
            "/etc/letsencrypt/live/line.example.org/privkey.pem": str(certificate),
            "line.example.org": "localhost",
            "127.0.0.1:8000": upstream,
            "127.0.0.1:8001": pages or upstream,
        },
    )


@contextlib.contextmanager
def nginx(folder, site, port):
    """Run nginx with a site until the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    user = "user root;" if os.geteuid() == 0 else ""
    config = folder / "nginx.conf"
    config.write_text(MAIN.format(folder=folder, user=user, site=site))
    command = [program("nginx", "nginx-light"), "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(config)]
    with _running(command, folder / "out.log", port):
        yield


def caddy_site(port, upstream, certificate, pages=None):
    """The documented Caddyfile likewise."""
    return replaced(
        (DEPLOY / "Caddyfile").read_text(),
        {
            "{\n\tservers {": "{\n\tadmin off\n\tauto_https disable_redirects\n\tservers {",
            "line.example.org {": f"https://localhost:{port} {{\n\tbind 127.0.0.1\n\ttls {certificate} {certificate}",
            "127.0.0.1:8000": upstream,
            "127.0.0.1:8001": pages or upstream,
        },
    )


@contextlib.contextmanager
def caddy(folder, site, port):
    """Run Caddy with a site until the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "Caddyfile"
    config.write_text(site)
    command = [program("caddy", "caddy"), "run", "--config", str(config), "--adapter", "caddyfile"]
    home = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    with _running(command, folder / "out.log", port, home):
        yield


@contextlib.contextmanager
def _running(command, log, port, env=None):
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env={**os.environ, **(env or {})})
        try:
            while not _listens(port):
                assert process.poll() is None, log.read_text()
                time.sleep(0.05)
            yield
        finally:
            process.terminate()
            process.wait()


def _listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
