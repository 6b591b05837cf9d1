"""A proof of work: above the limit of an address a request is saved once the patient's device has worked for it.

The challenge and its proof have the form that ALTCHA publishes (https://altcha.org, version 2): the device derives keys
from one number after the other, until one key begins as the challenge says. The challenge is signed with keys that
come from SECRET_KEY and the form's own secret, so that nothing is kept of it here, and its proof counts for no other
form.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from altcha import Payload, create_challenge, verify_solution

from ivr.services.requests.online import TooManyRequests

FIELD = "altcha"
"""The field of the form that brings the proof."""

VALID = timedelta(minutes=10)
"""How long a proof is taken after its challenge was made."""

ROUNDS = 5_000
"""Rounds of PBKDF2 for each key: what one try costs the device, and one challenge the server."""

FEWEST, MOST = 500, 1_000
"""Between these lies the number that a device finds, trying all from 0 on: nobody waits twice as long as another."""


class WrongProof(TooManyRequests):
    """No proof came that lifts the limit; the message says why: 'asked', 'missing', 'other', 'late'."""


def new_challenge(secret_key: str, token: str, now: datetime) -> Mapping[str, Any]:
    """A challenge for the form with this secret, as its page hands it to the script."""
    signing, answering = _keys(secret_key, token)
    challenge = create_challenge(
        "PBKDF2/SHA-256",
        ROUNDS,
        counter=FEWEST + secrets.randbelow(MOST - FEWEST + 1),
        # Not the library's own `expires_at`: that knows the clock of the system alone.
        data={"until": int((now + VALID).timestamp()), "most": MOST},
        hmac_secret=signing,
        hmac_key_secret=answering,
    )
    return challenge.to_dict()


def check_proof(secret_key: str, token: str, sent: str | None, now: datetime) -> str:
    """What a proof that was sent for the form with this secret is known by, so that it can be counted once.

    Raises:
        WrongProof: when it is none ('asked' where the form had no field for it), too late, or of another form.
    """
    if not sent:
        raise WrongProof("asked" if sent is None else "missing")
    signing, answering = _keys(secret_key, token)
    if not verify_solution(sent, signing, hmac_key_secret=answering).verified:
        raise WrongProof("other")
    challenge = Payload.from_base64(sent).challenge.parameters
    if now.timestamp() > (challenge.data or {}).get("until", 0):
        raise WrongProof("late")
    return challenge.nonce


def _keys(secret_key: str, token: str) -> tuple[bytes, bytes]:
    """The keys that sign a form's challenges, and the answers to them."""
    purposes = ("challenge", "answer")
    signing, answering = (
        hmac.digest(secret_key.encode(), f"proof of work\0{purpose}\0{token}".encode(), "sha256")
        for purpose in purposes
    )
    return signing, answering
