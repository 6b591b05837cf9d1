"""The web worker: one thread reads every request whole, and only then does a thread of a pool answer it.

gunicorn's own threaded worker gives a connection to a thread at once, and whoever sends slowly keeps that thread: a few
dozen such connections silence the line. Here nobody who is slow holds more than a connection, and of those the one that
has been slow for longest is ended when there are too many. A worker that stops answers what waits at its door first.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import time
from collections.abc import Iterable
from concurrent.futures import Executor, Future
from functools import partial
from typing import Any

import structlog
from gunicorn.workers.gthread import ThreadWorker

from ivr.serving.connection import Connection
from ivr.serving.pools import Pools, pool_of
from ivr.serving.refusals import BUSY, LATE, UNSIGNED, Refusal, RequestRefused, answer_to

READ_BYTES = 256 * 1024
LOOK_SECONDS = 0.5
"""At most, between two looks at who is late."""

LINGER_SECONDS = 2.0
"""So long what a refused client still sends is thrown away: a reset would take the answer from it."""

MOST_UPLOADS = 4
"""Files on their way in, at a time."""

SEND_BUFFER = 512 * 1024
"""Bytes that the system keeps of an answer: with a clip in it no thread waits for a slow reader."""

log = structlog.get_logger(__name__)


class Worker(ThreadWorker):
    """Serves with threads that meet whole requests only."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.keepalived_conns: dict[Connection, None] = {}
        self._reading: dict[Connection, None] = {}
        self._uploading: dict[Connection, None] = {}
        self._lingering: dict[Connection, None] = {}
        self._is_stopping = False

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        """Refuse what this worker cannot do."""
        if cfg.is_ssl:
            raise ValueError("put a proxy with the certificate in front: this server speaks plain HTTP")

    def get_thread_pool(self) -> Executor:
        """The pool of the pages, and the others beside it."""
        self._pools = Pools(self.cfg.threads)
        return self._pools.pages

    def run(self) -> None:
        """Serve until the server stops."""
        self.poller.register(self.method_queue.fileno(), selectors.EVENT_READ, self.method_queue.run_callbacks)
        self.set_accept_enabled(True)
        while self.alive:
            self.notify()
            self.set_accept_enabled(self._has_room())
            self.wait_for_and_dispatch_events(LOOK_SECONDS)
            if not self.is_parent_alive():
                break
            self._end_late_ones()
        self._stop()

    def _stop(self) -> None:
        """Take what waits at the door, close it, and answer everybody who is inside."""
        self._is_stopping = True
        self.set_accept_enabled(False)
        for listener in self.sockets:
            while self._take_one(listener):
                pass
            listener.close()
        end = time.monotonic() + self.cfg.graceful_timeout
        for conn in self.keepalived_conns:
            conn.deadline = min(conn.deadline, time.monotonic() + LINGER_SECONDS)
        while self.nr_conns and time.monotonic() < end:
            self.notify()
            self.wait_for_and_dispatch_events(LOOK_SECONDS / 5)
            self._end_late_ones()
        self._pools.shutdown()
        self.poller.close()
        self.method_queue.close()

    # ---- Connections come

    def accept(self, listener: Any) -> None:
        """Take one connection: the other workers may be less busy."""
        self._take_one(listener)

    def _take_one(self, listener: Any) -> bool:
        server = listener.getsockname()
        try:
            client_socket, client = listener.accept()
        except BlockingIOError:
            return False
        except OSError as error:  # out of files, or the client has gone already
            self.log.warning("A connection was not taken: %s", error)
            self._make_room()
            return False
        with contextlib.suppress(OSError):
            client_socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        self.nr_conns += 1
        conn = Connection(self.cfg, client_socket, client, server)
        self._await(conn, self._reading)
        self._readable(conn, client_socket)
        return True

    def _has_room(self) -> bool:
        return self.nr_conns < self.worker_connections or self._make_room()

    def _make_room(self) -> bool:
        """End the connection that has been of least use; whether there was one."""
        for waiting in (self._lingering, self.keepalived_conns, self._reading):
            for conn in waiting:
                self._refused_without_a_word(conn)
                return True
        return False

    def _await(self, conn: Connection, among: dict[Connection, None]) -> None:
        """Look at a connection when something of it comes."""
        conn.sock.sock.setblocking(False)
        among[conn] = None
        self.poller.register(conn.sock.sock, selectors.EVENT_READ, partial(self._readable, conn))

    def _forget(self, conn: Connection) -> bool:
        """Stop looking at a connection; False when it was not looked at."""
        for waiting in (self._reading, self._uploading, self.keepalived_conns, self._lingering):
            if conn in waiting:
                del waiting[conn]
                self.poller.unregister(conn.sock.sock)
                return True
        return False

    def _close(self, conn: Connection) -> None:
        self._forget(conn)
        self.nr_conns -= 1
        conn.close()

    # ---- Requests come

    def _readable(self, conn: Connection, _: Any) -> None:
        """Take what has arrived."""
        try:
            data = conn.sock.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._close(conn)
        elif conn not in self._lingering:
            self._take(conn, data)

    def _take(self, conn: Connection, data: bytes) -> None:
        if not conn.has_begun:  # its time begins now: it stands behind those whose time began before
            self.keepalived_conns.pop(conn, None)
            self._reading.pop(conn, None)
            self._reading[conn] = None
        try:
            conn.feed(data)
        except RequestRefused as refused:
            self._refuse(conn, refused.refusal)
            return
        except Exception:  # such as a full disk: one request may fail, the worker may not
            self.log.exception("A request could not be taken.")
            self._close(conn)
            return
        if conn.incoming.is_whole:
            self._forget(conn)
            self._answer(conn)
        elif conn.incoming.request and not conn.is_admitted:
            self._admit(conn)

    def _admit(self, conn: Connection) -> None:
        """Let the body come whose head is here."""
        if conn.incoming.is_upload:
            if len(self._uploading) >= MOST_UPLOADS:
                self._refuse(conn, BUSY)
                return
            del self._reading[conn]
            self._uploading[conn] = None
        conn.is_admitted = True
        if conn.incoming.expects_word:
            with contextlib.suppress(OSError):
                conn.sock.sock.send(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _end_late_ones(self) -> None:
        """End who is too slow; all but uploads are in the order in which their time is up."""
        now = time.monotonic()
        for conn in _late(self._reading, now):
            if conn.has_begun:
                self._refuse(conn, LATE)
            else:
                self._close(conn)
        for waiting in (self.keepalived_conns, self._lingering):
            for conn in _late(waiting, now):
                self._close(conn)
        for conn in [one for one in self._uploading if one.deadline <= now]:
            self._refuse(conn, LATE)

    # ---- Answers go

    def _answer(self, conn: Connection) -> None:
        """Let a thread answer a request that is whole."""
        conn.open_request()
        name = pool_of(conn.incoming.path)
        future = self._pools.submit(name, self.handle, conn)
        if future is None:
            self._refuse(conn, BUSY)
        else:
            future.add_done_callback(lambda done: self.method_queue.defer(self._answered, conn, name, done))

    def _answered(self, conn: Connection, name: str, done: Future[Any]) -> None:
        """Wait for the next request of a connection, or let it go."""
        self._pools.finished(name)
        conn.incoming.close()
        if done.cancelled() or done.exception() or not done.result():
            self._close(conn)
            return
        conn.next_request(self.cfg.keepalive)
        self._await(conn, self.keepalived_conns)
        if conn.left:
            self._take(conn, b"")

    def _refuse(self, conn: Connection, refusal: Refusal) -> None:
        """Say why nothing will come of a request, and throw away what else is sent of it."""
        self._tell(conn, refusal)
        self._forget(conn)
        conn.incoming.close()
        try:
            conn.sock.sock.setblocking(False)
            conn.sock.sock.send(answer_to(refusal))
            conn.sock.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self.nr_conns -= 1
            conn.close()
            return
        conn.deadline = time.monotonic() + LINGER_SECONDS
        self._await(conn, self._lingering)

    def _refused_without_a_word(self, conn: Connection) -> None:
        if conn in self._reading:
            self._tell(conn, LATE)
        self._close(conn)

    def _tell(self, conn: Connection, refusal: Refusal) -> None:
        """Count and log it: what is behind the first part of an address may be a secret."""
        metrics = getattr(self.wsgi, "extensions", {}).get("metrics")
        if metrics:
            metrics.requests_refused.labels(refusal.reason).inc()
            if refusal is UNSIGNED:
                metrics.refused.inc()
        if refusal is UNSIGNED:
            log.warning("signature_refused", path=conn.incoming.path)
        else:
            log.warning("request_refused", reason=refusal.reason, room=conn.incoming.path.split("/", 2)[1:2])


def _late(waiting: Iterable[Connection], now: float) -> list[Connection]:
    """The first ones whose time is up."""
    found = []
    for conn in waiting:
        if conn.deadline > now:
            break
        found.append(conn)
    return found
