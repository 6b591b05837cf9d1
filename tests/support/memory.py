"""Files of a run are kept in memory where there is room: waiting for the disk was the larger part of many tests.

What the line writes is as durable as ever, SQLite's `synchronous = FULL` included; the tests kill processes, and no
test cuts the machine's power.
"""

import os
import shutil
import tempfile
from pathlib import Path

import psutil

MEMORY = Path("/dev/shm")
ROOM = 2 * 1024**3
"""Bytes that must be free there; a run takes less than half of them."""

PREFIX = "ivr-tests-"


def keep_temporary_folders_in_memory():
    """Let pytest make its folders there, unless told where. It removes them, as everywhere."""
    if memory := memory_with_room():
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(memory))


def folder_in_memory():
    """A new folder there, or else where temporary files go. What killed runs left in memory goes.

    For PostgreSQL's data. Never in pytest's folder, which another run makes private again, so that PostgreSQL could not
    read it any more.
    """
    run = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
    return Path(tempfile.mkdtemp(prefix=f"{PREFIX}{run}-", dir=memory_with_room()))


def memory_with_room():
    """The folder of files in memory, or None."""
    if not os.access(MEMORY, os.W_OK):
        return None
    for left in MEMORY.glob(f"{PREFIX}*"):
        if not psutil.pid_exists(int(left.name.split("-")[-2])):
            shutil.rmtree(left, ignore_errors=True)
    return MEMORY if shutil.disk_usage(MEMORY).free >= ROOM else None
