"""The carrier's REST side for calls and text messages, beside that for recordings."""

import re
from typing import Any, cast
from urllib.parse import urlsplit

from flask import Response, abort, jsonify, request

from ivr.simulator.calls import CallRecord, CallStore
from ivr.simulator.pages import day, page_of
from ivr.simulator.parameters import API_VERSION, rfc2822
from ivr.simulator.placing import Exchange, Order
from ivr.simulator.recordings import RecordingStore
from ivr.simulator.verbs import Method

E164 = re.compile(r"\+[1-9]\d{7,14}")
SENDER = re.compile(r"\+[1-9]\d{7,14}|MG[0-9a-f]{32}")
MESSAGE_FIELDS = ({"To", "From", "Body"}, {"To", "MessagingServiceSid", "Body"})
LONGEST_BODY = 1600
STOPPED = 21610
LONGEST_RINGING = 600
CREATE_FIELDS = {
    "To", "From", "Url", "Method", "StatusCallback", "StatusCallbackMethod", "StatusCallbackEvent", "Timeout",
}  # fmt: skip
PROGRESS = {"initiated", "ringing", "answered", "completed"}


class Calls:
    """The views of calls, around one store."""

    def __init__(self, store: CallStore, account_sid: str) -> None:
        """Serve the calls of one account."""
        self._store = store
        self._account = account_sid

    def list(self) -> Response:
        """List a page, the newest first, narrowed by StartTime, StartTime> and StartTime<."""
        on, after, before = day("StartTime"), day("StartTime>"), day("StartTime<")

        def matches(one: CallRecord) -> bool:
            at = one.started_at.date()
            return on in (None, at) and (after or at) <= at <= (before or at)

        return page_of("calls", [_facts(one) for one in self._store.list() if matches(one)])

    def show(self, sid: str) -> Response:
        """Return what is known of one call."""
        return jsonify(_facts(self._store.get(sid) or abort(404)))

    def put(self, sid: str) -> tuple[Response, int]:
        """Take over what a phone in another process tells of its call."""
        try:
            call = CallRecord.from_plain(request.get_json())
        except (TypeError, ValueError):
            abort(400)
        if call.sid != sid or call.account_sid != self._account:
            abort(400)
        self._store.add(call)
        return jsonify(_facts(call)), 201


class Placing:
    """The view that places calls: strict about its form, and quick, for the call itself goes on elsewhere."""

    def __init__(self, exchange: Exchange) -> None:
        """Pass orders on."""
        self._exchange = exchange

    def create(self) -> tuple[Response, int]:
        """Accept To, From and Url, and what may go with them; anything else is refused."""
        form = request.form
        if not {"To", "From", "Url"} <= set(form) <= CREATE_FIELDS or not _is_address(form["Url"]):
            abort(400)
        if not E164.fullmatch(form["To"]) or form["To"] == form["From"] or not E164.fullmatch(form["From"]):
            abort(400)
        events = tuple(form.getlist("StatusCallbackEvent")) or ("completed",)
        timeout = form.get("Timeout", "60")
        if not set(events) <= PROGRESS or not timeout.isdecimal() or not 0 < int(timeout) <= LONGEST_RINGING:
            abort(400)
        if "StatusCallback" in form and not _is_address(form["StatusCallback"]):
            abort(400)
        order = Order(
            to=form["To"],
            from_=form["From"],
            url=form["Url"],
            method=_method("Method"),
            status_callback=form.get("StatusCallback", ""),
            status_callback_method=_method("StatusCallbackMethod"),
            status_callback_event=events,
            timeout=int(timeout),
        )
        return jsonify(_facts(self._exchange.place(order))), 201


def _method(name: str) -> Method:
    method = request.form.get(name, "POST")
    return cast(Method, method) if method in ("GET", "POST") else abort(400)


def _is_address(url: str) -> bool:
    """Tell whether the carrier would ask this address: host names with `_` are refused."""
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and "_" not in (parts.hostname or "")


class Messages:
    """The views of text messages, which go nowhere."""

    def __init__(self, store: RecordingStore, account_sid: str) -> None:
        """Keep what is sent in a store."""
        self._store = store
        self._account = account_sid

    def create(self) -> tuple[Response, int]:
        """Accept To, From (or a messaging service), Body and StatusCallback as the carrier does, and nothing else.

        A number that has told the carrier STOP is refused as the carrier does it.
        """
        form = request.form.to_dict()
        fields = set(form) - {"StatusCallback"}
        if fields not in MESSAGE_FIELDS or not form["Body"] or len(form["Body"]) > LONGEST_BODY:
            abort(400)
        if not E164.fullmatch(form["To"]) or not SENDER.fullmatch(form.get("From") or form["MessagingServiceSid"]):
            abort(400)
        if "StatusCallback" in form and not urlsplit(form["StatusCallback"]).scheme.startswith("http"):
            abort(400)
        if form["To"] in self._store.stopped:
            answer = {"code": STOPPED, "message": "Attempt to send to unsubscribed recipient", "status": 400}
            return jsonify(answer), 400
        sid = f"SM{self._store.add_message(form):032x}"
        return jsonify(sid=sid, account_sid=self._account, status="queued", error_code=None), 201


def _facts(one: CallRecord) -> dict[str, Any]:
    seconds = round((one.ended_at - one.started_at).total_seconds()) if one.ended_at else None
    return {
        "sid": one.sid,
        "account_sid": one.account_sid,
        "api_version": API_VERSION,
        "from": one.from_address,
        "to": one.to_address,
        "direction": one.direction,
        "status": one.status,
        "date_created": rfc2822(one.started_at),
        "start_time": rfc2822(one.started_at),
        "end_time": rfc2822(one.ended_at) if one.ended_at else None,
        "duration": None if seconds is None else str(seconds),
        "uri": f"/{API_VERSION}/Accounts/{one.account_sid}/Calls/{one.sid}.json",
    }
