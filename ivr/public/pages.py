"""What all patients' pages have: headers, a frame, and words for what goes wrong, with the telephone number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from flask import Flask, Response, abort, current_app, g, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from ivr.config import PROMPTS, Config
from ivr.proxies import Believing
from ivr.public.words import Words, read_words
from ivr.services.line import Line
from ivr.services.numbers import written

POLICY = "default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'"
NOBODY = "'none'"
HEADERS = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "X-Robots-Tag": "noindex",
}

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Pages:
    """What the pages need: the line, the settings, and the words of each language that is on."""

    line: Line
    config: Config
    words: Mapping[str, Words]

    @property
    def telephone(self) -> str:
        """The number (E.164) that patients are asked to call; '' where none is set."""
        return self.config.clinic_number or next(iter(self.config.desk_numbers), "")


def here() -> Pages:
    """Those of the application that answers this request."""
    found: Pages = current_app.extensions["public"]
    return found


def setup(app: Flask, line: Line, config: Config) -> None:
    """Give the patients' application its headers, words and error pages."""
    app.extensions["public"] = Pages(line, config, read_words(PROMPTS / "pages", line.tree.languages))
    app.before_request(_refuse_strange_forms)
    app.before_request(_be_closed)
    app.after_request(_add_headers)
    app.register_error_handler(HTTPException, _error_page)
    app.register_error_handler(Exception, _broken)
    if config.trusted_proxies:
        app.wsgi_app = Believing(app.wsgi_app, config.trusted_proxies)  # type: ignore[method-assign]


def speak(language: str) -> Words:
    """The words of the language of this page; 404 when it is not on."""
    words = here().words.get(language)
    if words is None:
        abort(404)
    g.words = words
    return words


def page(template: str, **values: Any) -> str:
    """A page in the language that was chosen with `speak`, or in the one that the browser asks for."""
    pages = here()
    words: Words = g.get("words") or pages.words[asked_for()]
    return render_template(
        f"public/{template}",
        t=words,
        language=words.language,
        languages=pages.words.values(),
        clinic_name=pages.line.clinic,
        telephone=written(pages.telephone),
        dials=pages.telephone,
        **values,
    )


def asked_for() -> str:
    """The language that the browser asks for, or the default one."""
    languages = list(here().words)
    return request.accept_languages.best_match(languages) or languages[0]


def _refuse_strange_forms() -> None:
    """403 for a form that stood in somebody else's page; browsers say so, and without a browser nobody is misled."""
    if request.method == "POST" and request.headers.get("Sec-Fetch-Site") == "cross-site":
        abort(403)


def _be_closed() -> None:
    """404 for requests online where the clinic does not take any; the error page says whom to call."""
    if not here().config.online_requests and request.path.startswith("/request") and request.endpoint != "static":
        abort(404)


def _add_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    framed_by = " ".join(here().config.public_frame_ancestors)
    response.headers.setdefault("Content-Security-Policy", f"{POLICY}; frame-ancestors {framed_by or NOBODY}")
    if not framed_by:
        response.headers.setdefault("X-Frame-Options", "DENY")
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def _error_page(error: HTTPException) -> ResponseReturnValue:
    if error.response is not None:
        return error.response
    code = error.code or 500
    return page("error.html", reason=_ERRORS.get(code, "broken")), code


def _broken(error: Exception) -> ResponseReturnValue:
    """A database that is down, or a fault of ours: nothing is ever said to be saved that is not."""
    log.error("patients_page_failed", error=type(error).__name__, endpoint=request.endpoint)
    is_down = isinstance(error, here().line.database.unavailable)
    return page("error.html", reason="broken"), 503 if is_down else 500


_ERRORS = {400: "unread", 403: "unread", 404: "nothing_here", 405: "nothing_here", 413: "too_long", 429: "too_many"}
"""Which words a page of that status has: a name in the section 'error'."""
