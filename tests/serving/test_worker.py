"""The web worker with an application of the tests': connections, files, threads kept apart, and how it stops."""

import contextlib
import hashlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from http.client import HTTPConnection

import psutil
import pytest
import requests

from ivr.config import ROOT
from ivr.serving.pace import Pace, PacedSocket
from ivr.serving.pools import PAGES, SIZES
from ivr.serving.worker import MOST_UPLOADS
from tests.support.processes import free_port, wait_until_listening
from tests.support.settings import CHILDREN_PATH, DEADLINE_SECONDS

APP = """
import hashlib, json, pathlib, time

RELEASED = pathlib.Path(__file__).with_name("released")

def app(environ, start_response):
    body = environ["wsgi.input"].read()
    path = environ["PATH_INFO"]
    if path.startswith("/sleep"):
        time.sleep(float(path.rpartition("/")[2]))
    while path == "/until-released" and not RELEASED.exists():
        time.sleep(0.05)
    answer = json.dumps({"path": path, "bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}).encode()
    start_response("200 OK", [("Content-Length", str(len(answer)))])
    return [answer]
"""
AS_SYSTEMD = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[2], sys.argv[2:])
"""
TAKES = "/studio/en-US/goodbye/takes"


@contextlib.contextmanager
def served(folder, *options, listener=None):
    """The application on a worker of ours; its process and port."""
    (folder / "toy.py").write_text(APP)
    port = listener.getsockname()[1] if listener else free_port()
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "--config",
        "python:ivr.serving",
        "--workers",
        "1",
        "--log-level",
        "error",
    ]
    command += ["--chdir", str(folder), *options, *([] if listener else ["--bind", f"127.0.0.1:{port}"]), "toy:app"]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join((CHILDREN_PATH, str(folder)))}
    kept = {}
    if listener:
        command = [sys.executable, "-c", AS_SYSTEMD, str(listener.fileno()), *command]
        kept = {"pass_fds": [listener.fileno()]}
    process = subprocess.Popen(command, env=env, cwd=ROOT, start_new_session=True, **kept)
    try:
        wait_until_listening(port, process)
        assert requests.get(f"http://127.0.0.1:{port}/", timeout=DEADLINE_SECONDS).ok, "its worker has begun"
        yield process, port
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        process.wait(DEADLINE_SECONDS)


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    with served(tmp_path_factory.mktemp("toy")) as (_, port):
        yield port


@contextlib.contextmanager
def connected(port):
    with socket.create_connection(("127.0.0.1", port), DEADLINE_SECONDS) as connection:
        yield connection


def until_closed(connection):
    data = b""
    while piece := connection.recv(65536):
        data += piece
    return data


def is_open(connection):
    """Whether nothing has come and it is not closed."""
    return not select.select([connection], [], [], 0)[0]


def head(path, method="GET", *lines):
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: x", *lines, "", ""]).encode()


def test_requests_of_one_connection_are_answered_in_order(port):
    with connected(port) as connection:
        connection.sendall(head("/1") + head("/2", "POST", "Content-Length: 3") + b"abc" + head("/3"))
        connection.sendall(head("/4", "GET", "Connection: close"))
        answers = until_closed(connection).split(b"HTTP/1.1 200 OK")[1:]
    assert [json.loads(answer.partition(b"\r\n\r\n")[2])["path"] for answer in answers] == ["/1", "/2", "/3", "/4"]
    assert b'"bytes": 3' in answers[1]


def test_a_connection_is_kept_for_the_next_request(port):
    with contextlib.closing(HTTPConnection("127.0.0.1", port, timeout=DEADLINE_SECONDS)) as connection:
        connection.connect()
        own = connection.sock.getsockname()
        for n in range(3):
            connection.request("POST", f"/{n}", b"x" * n)
            assert json.loads(connection.getresponse().read())["bytes"] == n
            assert connection.sock.getsockname() == own


def test_files_arrive_whole(port):
    data = os.urandom(5_000_000)
    seen = requests.post(f"http://127.0.0.1:{port}{TAKES}", data=data).json()
    assert (seen["bytes"], seen["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())


def test_who_asks_first_is_told_to_go_on(port):
    with connected(port) as connection:
        connection.sendall(head("/", "POST", "Content-Length: 3", "Expect: 100-continue", "Connection: close"))
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"abc")
        assert until_closed(connection).startswith(b"HTTP/1.1 200 OK")
    with connected(port) as connection:
        connection.sendall(head("/", "POST", "Content-Length: 300000", "Expect: 100-continue"))
        assert connection.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_who_sends_too_much_still_reads_why(port):
    """Although it goes on sending: a reset would take the answer from it."""
    with connected(port) as connection:
        connection.sendall(head("/", "POST", "Content-Length: 3000000"))
        with contextlib.suppress(ConnectionError):
            for _ in range(100):
                connection.sendall(b"x" * 30_000)
        assert b"That is too much at once" in until_closed(connection)


def test_late_ones_are_ended_in_time_whoever_came_first(port):
    """The first connection begins its request late; the second one's time is up before the first one's."""
    with connected(port) as first, connected(port) as second:
        began = time.monotonic()
        second.sendall(b"GET")
        time.sleep(3)
        first.sendall(b"GET")
        assert until_closed(second).startswith(b"HTTP/1.1 408 ")
        assert is_open(first)
        assert until_closed(first).startswith(b"HTTP/1.1 408 ")
        assert time.monotonic() - began > 7


def test_a_full_disk_ends_one_upload_and_not_the_worker(tmp_path, monkeypatch):
    """Where large bodies are kept there is no folder."""
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    with served(tmp_path, "--worker-tmp-dir", "/dev/shm") as (process, port):
        (worker,) = psutil.Process(process.pid).children()
        assert requests.post(f"http://127.0.0.1:{port}{TAKES}", data=b"x" * 1_000_000).ok
        (tmp_path / "tmp").rmdir()
        with pytest.raises(requests.ConnectionError):
            requests.post(f"http://127.0.0.1:{port}{TAKES}", data=b"x" * 1_000_000)
        assert requests.get(f"http://127.0.0.1:{port}/").ok
        assert worker.is_running()


def test_few_files_come_at_a_time(port):
    with contextlib.ExitStack() as stack:
        for _ in range(MOST_UPLOADS):
            stack.enter_context(connected(port)).sendall(head(TAKES, "POST", "Content-Length: 1000000"))
        time.sleep(0.3)
        with connected(port) as connection:
            connection.sendall(head(TAKES, "POST", "Content-Length: 1000000"))
            assert until_closed(connection).startswith(b"HTTP/1.1 503 ")
    assert requests.post(f"http://127.0.0.1:{port}{TAKES}", data=b"x" * 100_000).ok, "they have gone"


def test_calls_have_threads_of_their_own(tmp_path):
    """All threads of the pages are taken, and as much again waits for them, until the calls have been answered."""
    with served(tmp_path) as (_, port), contextlib.ExitStack() as stack:
        stack.callback((tmp_path / "released").touch)
        for _ in range(2 * SIZES[PAGES][0]):
            stack.enter_context(connected(port)).sendall(head("/until-released"))
        time.sleep(0.3)
        for path in ("/voice/x", "/media/x", "/healthz", "/phone/x"):
            assert requests.get(f"http://127.0.0.1:{port}{path}", timeout=DEADLINE_SECONDS).ok


def test_there_is_room_for_the_next_one(tmp_path):
    """Whoever has been silent for longest goes when there are too many connections."""
    with served(tmp_path, "--worker-connections", "20") as (_, port), contextlib.ExitStack() as stack:
        for _ in range(60):
            newest = stack.enter_context(connected(port))
            newest.sendall(b"GET")
        assert requests.get(f"http://127.0.0.1:{port}/voice/x").ok
        assert is_open(newest), "nobody waited for its time to be up"


def test_what_waits_at_the_door_is_answered_at_the_end(tmp_path):
    """Connections that the worker has not even taken when the server is told to stop."""
    with served(tmp_path) as (process, port), contextlib.ExitStack() as stack:
        (worker,) = psutil.Process(process.pid).children()
        worker.suspend()
        waiting = [stack.enter_context(connected(port)) for _ in range(30)]
        for connection in waiting:
            connection.sendall(head("/voice/x"))
        process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        worker.resume()
        assert [until_closed(connection)[:15] for connection in waiting] == [b"HTTP/1.1 200 OK"] * 30


def test_a_server_that_inherits_its_door_is_replaced_without_a_lost_call(tmp_path):
    """As systemd does it with a socket unit: the listener stays, and callers wait for the next server."""
    statuses, stopping = [], threading.Event()
    with socket.create_server(("127.0.0.1", 0), backlog=200) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/voice/x"

        def keep_calling():
            while not stopping.is_set():
                try:
                    statuses.append(requests.get(address, timeout=DEADLINE_SECONDS).status_code)
                except requests.RequestException as error:
                    statuses.append(type(error).__name__)

        def more_are_answered():
            wanted, deadline = len(statuses) + 30, time.monotonic() + DEADLINE_SECONDS
            while len(statuses) < wanted and time.monotonic() < deadline:
                time.sleep(0.02)

        callers = [threading.Thread(target=keep_calling) for _ in range(8)]
        with served(tmp_path, listener=listener):
            for caller in callers:
                caller.start()
            more_are_answered()
        with served(tmp_path, listener=listener):
            more_are_answered()
            stopping.set()
            for caller in callers:
                caller.join()
    assert set(statuses) == {200}
    assert len(statuses) > 50


def test_a_slow_reader_is_given_up():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        outgoing = PacedSocket(ours, Pace(0.2))
        outgoing.begin()
        began = time.monotonic()
        with pytest.raises(BrokenPipeError):
            outgoing.sendall(b"x" * 50_000_000)
        assert 0.1 < time.monotonic() - began < DEADLINE_SECONDS


def test_a_steady_reader_is_not():
    """It takes longer than the seconds that everybody has, but keeps the pace."""
    ours, theirs = socket.socketpair()
    taken = []

    def take():
        while piece := theirs.recv(20_000):
            taken.append(len(piece))
            time.sleep(0.002)

    reader = threading.Thread(target=take)
    with theirs:
        with ours:
            reader.start()
            PacedSocket(ours, Pace(0.3, 500_000)).sendall(b"x" * 3_000_000)
        reader.join()
    assert sum(taken) == 3_000_000
