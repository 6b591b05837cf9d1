"""The telephone's pages: for everybody on the machine of a demo, for administrators elsewhere."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial, wraps
from queue import Empty
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Flask, Response, abort, render_template, request
from flask.typing import ResponseReturnValue

from ivr import forms
from ivr.callflow.picture import as_svg
from ivr.config import Config
from ivr.console import ADDRESS as CONSOLE
from ivr.console import words
from ivr.console.access import requires
from ivr.models import Role
from ivr.phone import mailbox
from ivr.phone.mailbox import CALL, DESK, Mailbox, Message
from ivr.proxies import PEER, is_loopback
from ivr.services.calls.following import SavedRequest, follow
from ivr.services.line import Line
from ivr.services.requests.texting import first_text

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from ivr.phone.holding import CallSettings, HeldCall
    from ivr.phone.stages import Opened, Stage

ADDRESS = "/phone"
NUMBER = "+16175550100"
"""The clinic's number, as the telephone dials it: one that nobody has."""

CALLERS = (
    ("+16175550142", "(617) 555-0142"),
    ("+16175550187", "(617) 555-0187, with an open request"),
    ("anonymous", "Withheld"),
)
SPEEDS = (0.75, 1.0, 1.25, 1.5, 2.0)
MOST_CALLS, MOST_DESKS = 3, 3
"""How many visitors may hold a call, or watch as a desk, at a time: the web server's threads are the line's first."""

BEAT_SECONDS = 5.0
KEYS = frozenset("0123456789*#")

FORWARDED = frozenset({"HTTP_FORWARDED", "HTTP_VIA", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_X_REAL_IP"})
"""By these a tunnel or proxy on this machine shows itself."""

Page = Callable[..., ResponseReturnValue]


@dataclass(frozen=True)
class _Phone:
    """What the pages know: the line, its settings, and the application that answers calls."""

    line: Line
    config: Config
    calls: WSGIApplication
    open_line: Opened

    @property
    def is_open(self) -> bool:
        """Whether nobody need sign in: in a demo, asked for from the machine that it runs on, and only there."""
        return self.config.demo and _is_on_this_machine()


def add_phone(console: Flask, line: Line, config: Config, calls: WSGIApplication, open_line: Opened) -> None:
    """Add the telephone to the console; `calls` answers what it dials, `open_line` makes lines to try."""
    phone = _Phone(line, config, calls, open_line)
    pages = Blueprint("phone", __name__, url_prefix=ADDRESS)
    guard = _guard(phone)

    def route(rule: str, **options: Any) -> Callable[[Page], Page]:
        return lambda view: pages.route(rule, **options)(guard(view))

    @route("")
    @route("/", endpoint="slash")
    def page() -> str:
        """The telephone."""
        shown = {"callers": CALLERS, "speeds": SPEEDS, "tree": as_svg(line.on_air().tree), "is_open": phone.is_open}
        return render_template("phone/phone.html", **shown)

    @route("/desk")
    def desk() -> str:
        """A desk's telephone."""
        return render_template("phone/desk.html")

    @route("/calls", methods=["POST"])
    def dial() -> Response:
        """Begin a call: its events come as a stream."""
        form = forms.json_object()
        speed, caller = form.get("speed", 1), form.get("from")
        if caller not in [number for number, _ in CALLERS] or speed not in SPEEDS:
            abort(400)
        if len(mailbox.names(CALL)) >= MOST_CALLS:
            return Response("All telephones are in use.", 503)
        from ivr.phone.holding import CallSettings

        dialled = CallSettings(str(caller), NUMBER, bool(form.get("microphone")), float(speed))
        return _stream(_call_events(_held(phone, dialled, drafts=form.get("drafts") is True)))

    @route("/calls/<token>", methods=["POST"])
    def act(token: str) -> ResponseReturnValue:
        """A key, the voice, the receiver, the speed, or what a desk does."""
        message = _action(forms.json_object())
        return ("", 204) if mailbox.send(_name(CALL, token), message) else ("That call is over.", 410)

    @route("/calls/<token>/sound", methods=["POST"])
    def sound(token: str) -> ResponseReturnValue:
        """What the microphone recorded."""
        from ivr.phone.holding import sound_file

        if _name(CALL, token) not in mailbox.names(CALL):
            return "That call is over.", 410
        sound_file(token).write_bytes(request.get_data())
        mailbox.send(_name(CALL, token), {"do": "sound"})
        return "", 204

    @route("/desk/rings", methods=["POST"])
    def rings() -> Response:
        """What rings at a desk, as a stream."""
        if len(mailbox.names(DESK)) >= MOST_DESKS:
            return Response("There are enough desk telephones.", 503)
        return _stream(_desk_events())

    console.register_blueprint(pages)
    console.after_request(_allow_microphone)


def _guard(phone: _Phone) -> Callable[[Page], Page]:
    """Let everybody in on the machine of a demo, and administrators elsewhere."""

    def guard(view: Page) -> Page:
        for_admins = requires(Role.ADMIN)(view)

        @wraps(view)
        def guarded(*args: Any, **options: Any) -> ResponseReturnValue:
            return view(*args, **options) if phone.is_open else for_admins(*args, **options)

        return guarded

    return guard


def _is_on_this_machine() -> bool:
    """Whether the server listens on this machine only, and the request was made here: not through a tunnel or proxy."""
    environ = request.environ
    peer = environ.get(PEER, environ.get("REMOTE_ADDR", ""))
    sides = (environ.get("SERVER_NAME", ""), peer, environ.get("HTTP_HOST", ""))
    return all(map(is_loopback, sides)) and not FORWARDED.intersection(environ)


def _allow_microphone(response: Response) -> Response:
    if (request.endpoint or "") in ("phone.page", "phone.slash"):
        response.headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(self), payment=(), usb=()"
    return response


def _name(kind: str, token: str) -> str:
    return kind + token if token.isalnum() and token.isascii() and len(token) == 24 else abort(404)


def _action(form: Message) -> Message:
    """What a page may tell a call, and nothing else."""
    match form:
        case {"do": "key", "key": str(key)} if key in KEYS:
            return {"do": "key", "key": key}
        case {"do": "voice", "on": bool(speaking)}:
            return {"do": "voice", "on": speaking}
        case {"do": "hang-up"}:
            return {"do": "hang-up"}
        case {"do": "speed", "speed": float() | int() as speed} if speed in SPEEDS:
            return {"do": "speed", "speed": float(speed)}
        case {"do": "desk", "key": str(key)} if key in ("1", "2", "end"):
            return {"do": "desk", "key": key}
    abort(400)


def _held(phone: _Phone, dialled: CallSettings, *, drafts: bool) -> tuple[str, HeldCall]:
    from ivr.phone.holding import HeldCall
    from ivr.phone.stages import in_rehearsal, on_the_line

    token = mailbox.new_token()
    if phone.is_open:
        stage = on_the_line(phone.line, phone.config, phone.calls)
    else:
        stage = in_rehearsal(phone.line, phone.config, phone.open_line, drafts=drafts)
    return token, HeldCall(token, stage, dialled, partial(_standing, phone.config))


def _standing(config: Config, stage: Stage, sid: str) -> Message:
    standing = follow(stage.line.database, sid)
    if standing is None:
        return {"node": "", "words": "", "turns": 0, "saved": []}
    saved = [_saved(config, stage, one) for one in standing.saved]
    return {"node": standing.node, "words": words.node(standing.node), "turns": standing.turns, "saved": saved}


def _saved(config: Config, stage: Stage, one: SavedRequest) -> Message:
    """A request as the page shows it; one of a trial has no page in the console."""
    return {
        "reference": one.reference,
        "kind": words.in_words(one.kind),
        "status": words.in_words(one.status),
        "priority": words.in_words(one.priority),
        "due": words.due(one.due_at, 0, stage.line.clock(), config.clinic_timezone),
        "text": first_text(stage.line, one.id, stage.line.clock()),
        "url": "" if stage.is_trial else f"{CONSOLE}/requests/{one.id}",
    }


def _call_events(held: tuple[str, HeldCall]) -> Iterator[Message | None]:
    """Events of a call until its end; a page that is closed puts the receiver down."""
    token, call = held
    yield {"type": "begun", "call": token}
    try:
        while True:
            try:
                event = call.events.get(timeout=BEAT_SECONDS)
            except Empty:
                yield None
                continue
            if event is None:
                return
            yield event
    finally:
        mailbox.send(CALL + token, {"do": "hang-up"})


def _desk_events() -> Iterator[Message | None]:
    with Mailbox(DESK + mailbox.new_token()) as box:
        yield {"type": "ready"}
        while True:
            message = box.receive(BEAT_SECONDS)
            yield {"type": message["do"], **message} if message else None


def _stream(events: Iterator[Message | None]) -> Response:
    """Server-sent events; None is a sign of life, by which a page that has gone is noticed."""

    def lines() -> Iterator[str]:
        try:
            for event in events:
                yield f"data: {json.dumps(event)}\n\n" if event else ": \n\n"
        finally:
            events.close()  # type: ignore[attr-defined]

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return Response(lines(), mimetype="text/event-stream", headers=headers)
