"""Writers of one SQLite file: in order within a process, woken between processes, and never waiting for the dead."""

import contextlib
import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time

import pytest
from sqlalchemy import make_url

from ivr.config import ROOT
from ivr.sqlite import sqlite_engine
from ivr.write_lock import WriteLock, WriteLockTimeout
from tests.support.database_troubles import lock as somebody_elses_transaction
from tests.support.settings import DEADLINE_SECONDS

HOLDER = """
import sys, time
from pathlib import Path
from ivr.write_lock import WriteLock
lock = WriteLock(Path(sys.argv[1]))
lock.acquire()
print("held", flush=True)
sys.stdin.readline()
lock.release()
print("released", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "line.db.write-lock"


@pytest.fixture
def other_process(path):
    """Another process that holds the lock; a line on its standard input lets it go."""
    command = [sys.executable, "-c", HOLDER, str(path)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()


def test_writers_of_a_process_come_in_the_order_in_which_they_asked(path):
    lock, order, threads = WriteLock(path), [], []
    lock.acquire()

    def write(number):
        lock.acquire()
        order.append(number)
        lock.release()

    for number in range(20):
        thread = threading.Thread(target=write, args=(number,))
        thread.start()
        threads.append(thread)
        while len(lock._line) <= number:
            time.sleep(0.001)
    lock.release()
    for thread in threads:
        thread.join()
    assert order == list(range(20))


def test_only_one_writes_at_a_time_however_many_threads_and_processes_ask(path, tmp_path):
    """A file is read, and written one higher: every step that two took at once would be lost."""
    counter = tmp_path / "counter"
    counter.write_text("0")
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=count_up, args=(path, counter, 4, 50)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    assert int(counter.read_text()) == 3 * 4 * 50


def count_up(path, counter, threads, times):
    lock = WriteLock(path)

    def work():
        for _ in range(times):
            lock.acquire()
            counter.write_text(str(int(counter.read_text()) + 1))
            lock.release()

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def test_a_writer_is_woken_when_another_process_lets_go(path, other_process):
    lock, got = WriteLock(path), threading.Event()
    thread = threading.Thread(target=lambda: (lock.acquire(), got.set()))
    thread.start()
    assert not got.wait(0.2)
    other_process.stdin.write("\n")
    other_process.stdin.flush()
    assert got.wait(DEADLINE_SECONDS)
    thread.join()
    lock.release()


def test_a_killed_process_holds_nobody_up(path, other_process):
    lock, got = WriteLock(path), threading.Event()
    thread = threading.Thread(target=lambda: (lock.acquire(), got.set()))
    thread.start()
    os.kill(other_process.pid, signal.SIGKILL)
    assert got.wait(DEADLINE_SECONDS)
    thread.join()
    lock.release()


def test_a_line_that_does_not_move_is_left_and_one_that_moves_is_not(path, other_process):
    lock = WriteLock(path)
    began = time.monotonic()
    with pytest.raises(WriteLockTimeout):
        lock.acquire(stuck_seconds=0.3)
    assert time.monotonic() - began > 0.25
    other_process.stdin.write("\n")
    other_process.stdin.flush()
    assert other_process.stdout.readline() == "released\n"
    lock.acquire(stuck_seconds=DEADLINE_SECONDS)
    waits = []

    def write():
        began = time.monotonic()
        lock.acquire(stuck_seconds=1.5)
        lock.progress()
        waits.append(time.monotonic() - began)
        time.sleep(0.2)
        lock.release()

    threads = [threading.Thread(target=write) for _ in range(12)]
    for thread in threads:
        thread.start()
    lock.release()
    for thread in threads:
        thread.join()
    assert len(waits) == 12
    assert max(waits) > 1.5, "some waited longer than a line may stand still, as it moved"


def test_turns_in_vain_do_not_move_the_line(path):
    """Each that comes to the front of the line may wait for SQLite itself: they waited one after the other, for 12 s."""
    lock, ends = WriteLock(path), []

    def try_in_vain():
        began = time.monotonic()
        with contextlib.suppress(WriteLockTimeout):
            until = lock.acquire(stuck_seconds=1.0)
            time.sleep(max(0.0, until - time.monotonic()))
            lock.release()
        ends.append(time.monotonic() - began)

    lock.acquire()
    threads = [threading.Thread(target=try_in_vain) for _ in range(6)]
    for number, thread in enumerate(threads):
        thread.start()
        while len(lock._line) <= number:
            time.sleep(0.001)
    lock.release()
    for thread in threads:
        thread.join()
    assert len(ends) == 6
    assert max(ends) < 2.5


@pytest.mark.parametrize("writers", [1, 8])
def test_what_other_programs_hold_is_waited_for_once(tmp_path, writers):
    """Eight writers behind somebody else's transaction all give up after the same time as one."""
    engine = sqlite_engine(make_url(f"sqlite:///{tmp_path}/line.db"), busy_milliseconds=600, pool_seconds=5)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE kept (n INTEGER)")
    seconds = []

    def write():
        began = time.monotonic()
        with pytest.raises(sqlite3.OperationalError), engine.begin():
            pass
        seconds.append(time.monotonic() - began)

    with somebody_elses_transaction(tmp_path / "line.db"):
        threads = [threading.Thread(target=write) for _ in range(writers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(seconds) == writers
    assert min(seconds) > 0.5
    assert max(seconds) < 1.8, "eight turns of 0.6 s would be 4.8"
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO kept VALUES (1)")
    engine.dispose()


def test_the_longest_wait_has_an_end(path):
    lock = WriteLock(path)
    lock.acquire()
    stop = threading.Event()

    def keep_moving():
        while not stop.is_set():
            lock.progress()
            time.sleep(0.01)

    thread = threading.Thread(target=keep_moving)
    thread.start()
    with pytest.raises(WriteLockTimeout):
        lock.acquire(stuck_seconds=0.2, longest_seconds=0.6)
    stop.set()
    thread.join()
    lock.release()
    lock.acquire()
    lock.release()


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_stands_in_the_line_by_itself(path):
    lock = WriteLock(path)
    lock.acquire()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            try:
                lock.acquire(stuck_seconds=0.2)
                os.write(write, b"got it")
            except WriteLockTimeout:
                os.write(write, b"waited")
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert os.read(read, 10) == b"waited"
    os.close(read)
    os.close(write)
    lock.release()
