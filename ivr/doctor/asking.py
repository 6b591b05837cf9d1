"""How the doctor asks our own addresses: signed like the carrier, and through whatever proxies stand there."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

import requests
from twilio.request_validator import RequestValidator

from ivr.config import Config
from ivr.echo import Seen, make_proof, read_answer

SECONDS = (3.0, 10.0)
"""To connect and to answer."""

STATIC = "/voice/desk"
"""A signed address whose answer needs no database and changes nothing."""

SIGNATURE = "X-Twilio-Signature"

QUERY = "next=%2Fa&n=J%C3%B6rg&words=a+b%20c&last="
"""With all that a proxy may be tempted to write in another way."""

STRANGER = "192.0.2.1"
"""An address that nobody has (RFC 5737): what the doctor claims to come from."""

LARGE_BODY = b"Probe=" + b"x" * 60_000
"""Nearly as much as the voice door takes."""


@dataclass(frozen=True, slots=True)
class Echoed:
    """How an echo was answered: what the server saw, when it was one; the status; seconds between its pieces."""

    seen: Seen | None
    status: int
    gap: float = 0.0


def signature_of(config: Config, url: str, form: Mapping[str, str]) -> str:
    """What the carrier would send as X-Twilio-Signature."""
    return str(RequestValidator(config.twilio_auth_token).compute_signature(url, form))


def static_form(config: Config) -> dict[str, str]:
    """The form of a request to the static address: of this account, and of no call there is."""
    return {"AccountSid": config.twilio_account_sid, "CallSid": "CA" + "0" * 32}


def ask_static(config: Config, *, signed: bool) -> int:
    """The status of the static address, with or without a signature."""
    url, form = config.public_base_url + STATIC, static_form(config)
    headers = {SIGNATURE: signature_of(config, url, form)} if signed else {}
    return requests.post(url, data=form, headers=headers, timeout=SECONDS, allow_redirects=False).status_code


def ask_echo(config: Config, base: str, room: str, *, query: str = "", body: bytes = b"") -> Echoed:
    """Ask what the server sees of a request to one of its rooms (voice, console or phone)."""
    url, signature = base.rstrip("/"), signature_of(config, base, {})
    url += f"/{room}/echo/{make_proof(config.twilio_auth_token, signature)}" + (f"?{query}" if query else "")
    headers = {SIGNATURE: signature, "X-Forwarded-For": STRANGER}
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    response = requests.post(url, data=body, headers=headers, timeout=SECONDS, allow_redirects=False)
    return Echoed(read_answer(response.text) if response.ok else None, response.status_code)


def ask_in_pieces(config: Config, base: str) -> Echoed:
    """Ask for an answer in two pieces, and take the time between them."""
    proof = make_proof(config.twilio_auth_token, "", in_pieces=True)
    url = f"{base.rstrip('/')}/phone/echo/{proof}"
    headers = {"Accept": "text/event-stream", "Accept-Encoding": "identity"}
    with requests.post(url, headers=headers, timeout=SECONDS, allow_redirects=False, stream=True) as response:
        pieces, first = bytearray(), 0.0
        for piece in response.iter_content(None):
            first = first or time.monotonic()
            pieces += piece
        gap = time.monotonic() - first if first else 0.0
        return Echoed(read_answer(pieces.decode(errors="replace")) if response.ok else None, response.status_code, gap)
