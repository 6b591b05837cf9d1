"""Where answers are kept between the pages: encrypted in a cookie of the browser, and nowhere on the server.

A form that is given up leaves nothing behind here, and pages need no database until the form is sent. The cookie goes
to these pages alone, no script can read it, and it ends with the browser's session, two hours later at the latest.
"""

from __future__ import annotations

import binascii
import json
import secrets
import zlib
from dataclasses import replace
from datetime import timedelta

from cryptography.fernet import InvalidToken
from flask import Response, g, request

from ivr.callflow.plain import from_plain, to_plain
from ivr.public.form import Form
from ivr.public.pages import here

KEPT = timedelta(hours=2)
"""How long after its first answer a form can be gone on with."""

LONGEST_COOKIE = 3900
"""Bytes: browsers keep at least 4096 with the name and the attributes."""

PURPOSE = b"request online\0"
_MOST_BYTES = 20_000


class TooLong(ValueError):
    """The answers are more than a browser keeps."""


def cookie_name() -> str:
    """The cookie's name: on a real host browsers send it back by https alone."""
    return "__Secure-request" if here().config.is_https else "request"


def read_form() -> Form:
    """The form that this browser is filling in; an empty one when there is none, or it is too old to go on with."""
    form = _read(request.cookies.get(cookie_name(), ""))
    age = here().line.clock().timestamp() - form.begun_at
    return form if 0 <= age <= KEPT.total_seconds() else Form()


def keep(form: Form) -> None:
    """Let the answer to this request bring the form's cookie.

    Raises:
        TooLong: when a browser would not keep it.
    """
    if not form.token:
        form = replace(form, token=secrets.token_urlsafe(16), begun_at=int(here().line.clock().timestamp()))
    plain = json.dumps(to_plain(form), separators=(",", ":"), ensure_ascii=False).encode()
    sealed = here().line.database.vault.encrypt(PURPOSE + zlib.compress(plain, 9)).decode()
    if len(sealed) > LONGEST_COOKIE:
        raise TooLong
    g.form_cookie = sealed


def set_cookie(response: Response) -> Response:
    """Put what `keep` was given into the answer."""
    if sealed := g.pop("form_cookie", None):
        config = here().config
        framed = bool(config.public_frame_ancestors) and config.is_https
        response.set_cookie(
            cookie_name(),
            sealed,
            path="/request",
            secure=config.is_https,
            httponly=True,
            samesite="None" if framed else "Lax",
            partitioned=framed,
        )
    return response


def _read(sealed: str) -> Form:
    if not sealed:
        return Form()
    try:
        opened = here().line.database.vault.decrypt(sealed.encode())
        if not opened.startswith(PURPOSE):
            return Form()
        plain = zlib.decompressobj().decompress(opened.removeprefix(PURPOSE), _MOST_BYTES)
        return from_plain(Form, json.loads(plain))
    except (InvalidToken, ValueError, TypeError, AttributeError, zlib.error, binascii.Error):
        return Form()
