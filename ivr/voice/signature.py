"""Who may speak to the voice door: only requests signed with this account's auth token."""

from __future__ import annotations

import hmac

from flask import Request
from twilio.request_validator import RequestValidator


class SignatureCheck:
    """Checks `X-Twilio-Signature` against the address Twilio was told to call.

    The address is put together from `PUBLIC_BASE_URL`, the path and the raw query: behind a proxy the request's own
    scheme and host are wrong, and Flask decodes its URL.
    """

    def __init__(self, auth_token: str, public_base_url: str) -> None:
        self._validator = RequestValidator(auth_token)
        self._base = public_base_url

    def passes(self, request: Request) -> bool:
        """Whether a request comes from this account.

        Nearly all do, signed for the address as it was configured; the library's own check, which costs twice as
        much, then tries the address with and without its port.
        """
        query = request.query_string.decode("latin-1")
        url = self._base + request.path + (f"?{query}" if query else "")
        params = request.form if request.method == "POST" else {}
        signature = request.headers.get("X-Twilio-Signature", "")
        expected = self._validator.compute_signature(url, params)
        if hmac.compare_digest(expected.encode(), signature.encode()):
            return True
        return bool(self._validator.validate(url, params, signature))
