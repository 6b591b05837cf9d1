"""Real servers for tests: gunicorn as it runs in production, on a port of its own."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time

from ivr.config import ROOT


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def web_server(settings, workers=2, stderr=None, port=None):
    """The web server of the Procfile; yields its process and address once it answers."""
    port = port or free_port()
    command = [sys.executable, "-m", "gunicorn", "--config", "python:ivr.serving", "--workers", str(workers)]
    command += ["--bind", f"127.0.0.1:{port}", "--log-level", "error", "wsgi:app"]
    process = subprocess.Popen(command, env={**os.environ, **settings}, cwd=ROOT, start_new_session=True, stderr=stderr)
    try:
        wait_until_listening(port)
        yield process, f"http://127.0.0.1:{port}"
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        process.wait(15)


def wait_until_listening(port, seconds=15):
    deadline = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 0.5).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
