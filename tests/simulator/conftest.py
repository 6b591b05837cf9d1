"""A line made of canned documents, and a telephone that calls it without a socket."""

import io
import wave
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest
from flask import Flask, Response, request
from twilio.request_validator import RequestValidator

from ivr.simulator import Carrier, ScriptedCaller, Transcript, WsgiTransport

TOKEN = "a token for tests"
ACCOUNT = "AC" + "0" * 32
BASE = "http://line.test"

Page = str | tuple[str, int] | tuple[str, int, dict[str, str]] | Callable[[dict[str, str]], str]


def clip(seconds: float, text: str = "", title: str = "") -> bytes:
    """A silent WAV; `text` and `title` go into a RIFF INFO chunk, as the line's own clips have it."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(round(seconds * 8000) * 2))
    info = b""
    for name, value in ((b"ICMT", text), (b"INAM", title)):
        data = value.encode() + b"\0"
        info += name + len(data).to_bytes(4, "little") + data + bytes(len(data) % 2) if value else b""
    chunk = b"LIST" + (len(info) + 4).to_bytes(4, "little") + b"INFO" + info if info else b""
    wav = out.getvalue() + chunk
    return wav[:4] + (len(wav) - 8).to_bytes(4, "little") + wav[8:]


@dataclass
class Line:
    """A server whose answers are written by the test: path -> TwiML (without <Response>), or more."""

    account: ClassVar[str] = ACCOUNT
    token: ClassVar[str] = TOKEN
    base: ClassVar[str] = BASE
    pages: dict[str, Page] = field(default_factory=dict)
    clips: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    public: str = BASE
    refused: list[str] = field(default_factory=list)

    def app(self) -> Flask:
        app = Flask("line")
        app.add_url_rule("/clips/<name>", "clip", self._clip)
        app.add_url_rule("/<path:_path>", "page", self._page, methods=["GET", "POST"])
        return app

    def asked(self, path: str) -> list[dict[str, str]]:
        """The forms that arrived at a path."""
        return [form for at, form in self.requests if at == path]

    def _clip(self, name: str) -> Response:
        audio, kind = self.clips.get(name, (b"", ""))
        if not kind:
            return Response(status=404)
        return Response(audio, content_type=kind)

    def _page(self, _path: str) -> Any:
        query = request.query_string.decode()
        url = self.public + request.path + (f"?{query}" if query else "")
        if not RequestValidator(TOKEN).validate(url, request.form, request.headers.get("X-Twilio-Signature", "")):
            self.refused.append(url)
            return "signature", 403
        form = request.form.to_dict() or request.args.to_dict()
        self.requests.append((request.path, form))
        self.headers.append(dict(request.headers))
        page = self.pages.get(request.path, ("", 204) if request.path == "/voice/status" else ("", 404))
        if callable(page):
            page = page(form)
        if isinstance(page, tuple):
            return page
        return Response(f"<Response>{page}</Response>", content_type="text/xml")


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture
def carrier(line: Line) -> Callable[..., Carrier]:
    """Make a carrier whose number points to `line`."""

    def make(**options: Any) -> Carrier:
        return Carrier(
            options.pop("base_url", BASE),
            ACCOUNT,
            TOKEN,
            **({"transport": WsgiTransport(line.app()), "seed": 1} | options),
        )

    return make


@pytest.fixture
def call(line: Line, carrier: Callable[..., Carrier]) -> Callable[..., Transcript]:
    """Call the line with a script and pages; options go to the carrier or to the call."""

    def place(script: str = "", pages: dict[str, Page] | None = None, **options: Any) -> Transcript:
        line.pages |= pages or {}
        for_call = {key: options.pop(key) for key in ("desk", "from_", "to", "extra") if key in options}
        script_options = {key: options.pop(key) for key in ("barge_in", "hang_up_at") if key in options}
        transcript = carrier(**options).call(ScriptedCaller.parse(script, **script_options), **for_call)
        assert not line.refused
        return transcript

    return place


@pytest.fixture
def make_clip() -> Callable[..., bytes]:
    return clip
