"""The carrier's REST side, as a small Flask application with HTTP basic authentication."""

import hmac
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, Flask, Response, abort, jsonify, request
from werkzeug.exceptions import HTTPException

from ivr.simulator.account import PhoneNumber, create_account_blueprint
from ivr.simulator.pages import day, page_of
from ivr.simulator.parameters import API_VERSION, rfc2822
from ivr.simulator.placing import Exchange
from ivr.simulator.recordings import Recording, RecordingStore, recording_path
from ivr.simulator.rest_calls import Calls, Messages, Placing


@dataclass
class MediaDelay:
    """Audio not ready yet: 404 for the first `requests`, and until `seconds` after the first of them."""

    requests: int = 0
    seconds: float = 0.0
    now: Callable[[], float] = time.monotonic
    _asked: Counter[str] = field(default_factory=Counter)
    _first: dict[str, float] = field(default_factory=dict)

    def ready(self, sid: str) -> bool:
        """Count one request and tell whether the audio may be had now."""
        self._asked[sid] += 1
        now = self.now()
        waited = now - self._first.setdefault(sid, now)
        return self._asked[sid] > self.requests and waited >= self.seconds


def create_rest_app(
    store: RecordingStore,
    account_sid: str,
    auth_token: str,
    *,
    media_delay: MediaDelay | None = None,
    numbers: Sequence[PhoneNumber] = (),
    exchange: Exchange | None = None,
) -> Flask:
    """Serve one account: recordings and calls, with PUT for a phone elsewhere, text messages, its own facts.

    With an `exchange`, calls can be asked for, and are really held.
    """
    app = Flask("ivr.simulator.rest")
    api = Blueprint("recordings", __name__, url_prefix=f"/2010-04-01/Accounts/{account_sid}")
    resource = _Recordings(store, account_sid, media_delay or MediaDelay())

    @api.before_request
    def _login() -> None:
        login = request.authorization
        user, password = (login.username or "", login.password or "") if login else ("", "")
        if not (_same(user, account_sid) and _same(password, auth_token)):
            abort(401)

    one = "/Recordings/<string(length=34):sid>"
    api.add_url_rule("/Recordings.json", view_func=resource.list)
    api.add_url_rule(f"{one}.json", view_func=resource.show)
    api.add_url_rule(f"{one}.json", view_func=resource.delete, methods=["DELETE"])
    api.add_url_rule(one, view_func=resource.media)
    api.add_url_rule(f"{one}.wav", view_func=resource.media, endpoint="wav")
    api.add_url_rule(f"{one}.wav", view_func=resource.put, methods=["PUT"])
    calls, messages = Calls(store.calls, account_sid), Messages(store, account_sid)
    one_call = "/Calls/<string(length=34):sid>.json"
    api.add_url_rule("/Calls.json", view_func=calls.list, endpoint="list_calls")
    api.add_url_rule(one_call, view_func=calls.show, endpoint="show_call")
    api.add_url_rule(one_call, view_func=calls.put, endpoint="put_call", methods=["PUT"])
    if exchange:
        placing = Placing(exchange)
        api.add_url_rule("/Calls.json", view_func=placing.create, endpoint="create_call", methods=["POST"])
    api.add_url_rule("/Messages.json", view_func=messages.create, endpoint="messages", methods=["POST"])
    app.register_blueprint(api)
    app.register_blueprint(create_account_blueprint(account_sid, _login, numbers))
    app.register_error_handler(HTTPException, _problem)
    return app


class _Recordings:
    """The views, around one store."""

    def __init__(self, store: RecordingStore, account_sid: str, delay: MediaDelay) -> None:
        self._store = store
        self._account = account_sid
        self._delay = delay

    def list(self) -> Response:
        """List a page, the newest first, narrowed by DateCreated, DateCreated>, DateCreated< and CallSid."""
        wanted = _wanted()
        matching = [one for one in self._store.list(include_deleted=_with_deleted()) if wanted(one)]
        return page_of("recordings", [_facts(one) for one in matching])

    def show(self, sid: str) -> Response:
        """Return what is known of one recording."""
        return jsonify(_facts(self._find(sid, include_deleted=_with_deleted())))

    def delete(self, sid: str) -> tuple[str, int]:
        """Erase one recording."""
        return ("", 204) if self._store.delete(sid) else abort(404)

    def media(self, sid: str) -> Response:
        """Return the WAV, once it is ready."""
        found = self._find(sid)
        if not self._delay.ready(sid):
            abort(404)
        return Response(found.audio, mimetype="audio/x-wav")

    def put(self, sid: str) -> tuple[Response, int]:
        """Take a WAV over from a phone in another process."""
        if not request.data.startswith(b"RIFF") or not sid.startswith("RE"):
            abort(400)
        try:
            started = datetime.fromisoformat(request.args["StartTime"]).astimezone(UTC)
            seconds = int(request.args["Duration"])
        except ValueError:
            abort(400)
        recording = Recording(sid, self._account, request.args["CallSid"], seconds, started, request.data)
        self._store.add(recording)
        return jsonify(_facts(recording)), 201

    def _find(self, sid: str, *, include_deleted: bool = False) -> Recording:
        return self._store.get(sid, include_deleted=include_deleted) or abort(404)


def _with_deleted() -> bool:
    return request.args.get("IncludeSoftDeleted", "").lower() == "true"


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())


def _wanted() -> Callable[[Recording], bool]:
    """Return the test that the query asks for; times of creation are days, both ends included."""
    call_sid = request.args.get("CallSid")
    on, after, before = day("DateCreated"), day("DateCreated>"), day("DateCreated<")

    def matches(one: Recording) -> bool:
        at = one.started_at.date()
        return call_sid in (None, one.call_sid) and on in (None, at) and (after or at) <= at <= (before or at)

    return matches


def _facts(one: Recording) -> dict[str, Any]:
    uri = recording_path(one.account_sid, one.sid)
    return {
        "sid": one.sid,
        "account_sid": one.account_sid,
        "call_sid": one.call_sid,
        "conference_sid": None,
        "api_version": API_VERSION,
        "status": "deleted" if one.deleted else "completed",
        "source": "RecordVerb",
        "channels": 1,
        "duration": str(one.seconds),
        "start_time": rfc2822(one.started_at),
        "date_created": rfc2822(one.started_at),
        "date_updated": rfc2822(one.started_at + timedelta(seconds=one.seconds)),
        "error_code": None,
        "price": None,
        "price_unit": "USD",
        "encryption_details": None,
        "uri": f"{uri}.json",
        "media_url": request.host_url.rstrip("/") + uri,
        "subresource_uris": {},
    }


def _problem(error: HTTPException) -> Response:
    status = error.code or 500
    code = {401: 20003, 404: 20404, 405: 20004}.get(status, 20001)
    answer = jsonify(code=code, message=error.description, more_info="", status=status)
    answer.status_code = status
    if status == 401:
        answer.headers["WWW-Authenticate"] = 'Basic realm="Twilio API"'
    return answer
