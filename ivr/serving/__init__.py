"""gunicorn's settings and hooks, used as `gunicorn --config python:ivr.serving wsgi:app`, and the worker they name."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from ivr.metrics import FOLDER
from ivr.serving.pools import CONNECTIONS, PAGES, SIZES

SHARED_MEMORY = Path("/dev/shm")
PREFIX = "ivr-metrics-"


def _metrics_folder() -> str:
    """Where the workers count together: in memory if possible, so that a full disk cannot reach them."""
    given = os.environ.get(FOLDER)
    if given:
        Path(given).mkdir(mode=0o700, parents=True, exist_ok=True)
        return given
    parent = SHARED_MEMORY if os.access(SHARED_MEMORY, os.W_OK) else None
    return tempfile.mkdtemp(prefix=PREFIX, dir=parent)


worker_class = "ivr.serving.worker.Worker"
threads = SIZES[PAGES][0]  # for pages; calls, clips and the addresses of platforms have their own
worker_connections = CONNECTIONS
preload_app = True
sendfile = False  # an answer goes out piece by piece, with a time limit
graceful_timeout = 10  # seconds; a turn takes milliseconds, and platforms kill what has not stopped after 30
control_socket_disable = True


def nworkers_changed(server: Any, workers: int, before: int | None) -> None:
    """Make the folder when the server starts, which is when there is no number of workers `before`.

    gunicorn calls no other hook before it loads the application, which wants the folder.
    """
    if before is None:
        os.environ[FOLDER] = _metrics_folder()


def on_exit(server: Any) -> None:
    """Remove the folder, unless a newer server is taking over."""
    folder = Path(os.environ.get(FOLDER, ""))
    if folder.name.startswith(PREFIX) and not server.reexec_pid:
        shutil.rmtree(folder, ignore_errors=True)
