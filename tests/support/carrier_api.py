"""The carrier's API on a loopback port, with faults on demand and a list of everything it was asked."""

import contextlib
import io
import re
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import parse_qs

from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from ivr.simulator import CallRecord, Exchange, MediaDelay, Recording, RecordingStore, create_rest_app
from ivr.simulator.speechlike import speechlike
from tests.support.settings import ACCOUNT_SID, AUTH_TOKEN

ROOT = f"/2010-04-01/Accounts/{ACCOUNT_SID}"
AT = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)


def sid(kind, number):
    return f"{kind}{number:032x}"


@dataclass
class CarrierApi:
    """`faults` are answered in turn to requests whose method and path match, instead of the simulator's answer."""

    store: RecordingStore = field(default_factory=RecordingStore)
    delay: MediaDelay = field(default_factory=MediaDelay)
    asked: list[tuple[str, str]] = field(default_factory=list)
    queries: list[dict[str, list[str]]] = field(default_factory=list)
    forms: list[dict[str, str | list[str]]] = field(default_factory=list)
    faults: list[tuple[str, object]] = field(default_factory=list)
    url: str = ""
    exchange: Exchange | None = None

    def __post_init__(self):
        self._lock = threading.Lock()
        self.places_calls_with(None)

    def places_calls_with(self, exchange):
        """Serve the account with an exchange, or without one."""
        self.exchange = exchange
        self._rest = create_rest_app(self.store, ACCOUNT_SID, AUTH_TOKEN, media_delay=self.delay, exchange=exchange)

    def __call__(self, environ, start_response):
        request = Request(environ)
        what = f"{request.method} {request.path.removeprefix(ROOT)}"
        with self._lock:
            self.asked.append((request.method, request.path.removeprefix(ROOT)))
            self.queries.append(parse_qs(request.query_string.decode()))
            self.forms.append(_plain(request.form) if request.method == "POST" else {})
            found = next((fault for fault in self.faults if re.match(fault[0], what)), None)
            if found:
                self.faults.remove(found)
        if not found:
            if request.method == "POST":
                environ["wsgi.input"].seek(0) if environ["wsgi.input"].seekable() else None
            return self._rest(environ, start_response)
        answer = found[1]() if callable(found[1]) else found[1]
        if isinstance(answer, int):
            answer = Response("{}", answer, mimetype="application/json")
        return answer(environ, start_response)

    def fault(self, pattern, *answers):
        self.faults += [(pattern, answer) for answer in answers]

    def count(self, method, ending):
        return sum(1 for asked, path in self.asked if asked == method and path.endswith(ending))

    def add_recording(self, number=1, call=1, *, seconds=3, at=AT, audio=None):
        recording = Recording(
            sid("RE", number),
            ACCOUNT_SID,
            sid("CA", call),
            seconds,
            at,
            speechlike(seconds) if audio is None else audio,
        )
        self.store.add(recording)
        return recording.sid

    def add_call(
        self, number=1, *, from_="+16175550142", to="+16175550100", status="completed", at=AT, ended=AT, **more
    ):
        call = CallRecord(sid("CA", number), ACCOUNT_SID, from_, to, status, at, ended, **more)
        self.store.calls.add(call)
        return call.sid


def _plain(form):
    """A form as a dictionary; a field that is there several times is a list."""
    return {name: values[0] if len(values) == 1 else values for name, values in form.lists()}


@contextlib.contextmanager
def carrier_api():
    """A served API."""
    api = CarrierApi()

    def app(environ, start_response):
        # The form is read for the record; the simulator reads it again.
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        return api(environ, start_response)

    server = make_server("127.0.0.1", 0, app, threaded=True)
    server.daemon_threads = True
    server.block_on_close = False
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    api.url = f"http://127.0.0.1:{server.server_port}"
    yield api
    server.shutdown()
    thread.join()
    server.server_close()


@contextlib.contextmanager
def serving_recordings(store):
    """Serves a carrier's API with these recordings; yields its address."""
    server = make_server("127.0.0.1", 0, create_rest_app(store, ACCOUNT_SID, AUTH_TOKEN), threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
