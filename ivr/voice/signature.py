"""Who may speak to the voice door: only requests of this account, signed with its auth token."""

from __future__ import annotations

import hmac
import re

import structlog
from flask import Request
from twilio.request_validator import RequestValidator

log = structlog.get_logger(__name__)

_ACCOUNT_SID = re.compile("AC[0-9a-f]{32}")


class SignatureCheck:
    """Checks `X-Twilio-Signature` against the address Twilio was told to call.

    The address is put together from `PUBLIC_BASE_URL`, the path and the raw query: behind a proxy the request's own
    scheme and host are wrong, and Flask decodes its URL.
    """

    def __init__(self, account_sid: str, auth_token: str, public_base_url: str) -> None:
        self._validator = RequestValidator(auth_token)
        self._account_sid, self._base = account_sid, public_base_url

    def passes(self, request: Request) -> bool:
        """Whether a request comes from this account.

        A subaccount is another one: its numbers and its recordings are not to be had with our token.
        """
        if not self._is_signed(request):
            return False
        given = request.form.get("AccountSid", "")
        if given == self._account_sid:
            return True
        log.warning("webhook_of_another_account", path=request.path, account_sid=_shown(given))
        return False

    def _is_signed(self, request: Request) -> bool:
        """Whether the signature is right.

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


def _shown(account_sid: str) -> str:
    """What may stand in a log."""
    return account_sid if _ACCOUNT_SID.fullmatch(account_sid) else "missing or malformed"
