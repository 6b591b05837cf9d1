"""Tests stay on this machine: whoever wants to leave it gets an error that names the address, at once."""

import socket
import subprocess
import sys

import pytest
import requests

from tests.support.network_guard.loopback import OutsideAddressError
from tests.support.settings import CHILDREN_PATH

ELSEWHERE = "192.0.2.1"
"""An address of documentation (RFC 5737): nobody has it, and without the guard a connection would hang."""

CHILD = f"import socket; socket.create_connection(('{ELSEWHERE}', 443), 5)"


def stream():
    return socket.socket(socket.AF_INET, socket.SOCK_STREAM)


@pytest.mark.parametrize(
    "leave",
    [
        lambda: socket.create_connection((ELSEWHERE, 443), 5),
        lambda: stream().connect((ELSEWHERE, 443)),
        lambda: stream().connect_ex((ELSEWHERE, 443)),
        lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", (ELSEWHERE, 53)),
        lambda: socket.socket(socket.AF_INET6, socket.SOCK_STREAM).connect(("2001:db8::1", 443)),
        lambda: socket.getaddrinfo("api.twilio.com", 443),
        lambda: socket.gethostbyname("127.0.0.1.example.org"),
        lambda: requests.get(f"https://{ELSEWHERE}/", timeout=5),
    ],
    ids=["create_connection", "connect", "connect_ex", "datagram", "ipv6", "look-up", "by name", "requests"],
)
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_nothing_leaves_this_machine(leave):
    with pytest.raises(OutsideAddressError, match=r"192\.0\.2\.1|2001:db8::1|api\.twilio\.com|example\.org"):
        leave()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "localhost"])
def test_loopback_works(host):
    with socket.create_server((host, 0)) as server, socket.create_connection(server.getsockname()) as client:
        client.sendall(b"hello")
        answering, _ = server.accept()
        with answering:
            assert answering.recv(5) == b"hello"


def test_unix_sockets_work(tmp_path):
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(str(tmp_path / "here"))
        server.listen()
        client.connect(str(tmp_path / "here"))


@pytest.mark.parametrize("environment", [None, {"PYTHONPATH": CHILDREN_PATH}], ids=["inherited", "made"])
def test_processes_that_tests_start_stay_here_too(environment):
    ended = subprocess.run([sys.executable, "-c", CHILD], env=environment, capture_output=True, text=True)
    assert ended.returncode == 1
    assert f"OutsideAddressError: socket.getaddrinfo: tests stay on this machine, and {ELSEWHERE}" in ended.stderr


def test_the_browser_stays_here(browser):
    with browser.new_context() as context:
        page = context.new_page()
        with pytest.raises(Exception, match="ERR_NAME_NOT_RESOLVED"):
            page.goto(f"http://{ELSEWHERE}/")
