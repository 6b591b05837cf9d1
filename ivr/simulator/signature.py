"""The signature that the carrier puts on its requests (X-Twilio-Signature)."""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence


def sign(auth_token: str, url: str, form: Mapping[str, str | Sequence[str]] | None = None) -> str:
    """Return the base64 HMAC-SHA1 of `url`, exactly as it is asked for, and the form's decoded pairs.

    Keys go by code point, repeated values are sorted and counted once, and nothing is trimmed. A GET has no
    form: its parameters are in the URL.
    """
    text = url
    for key in sorted(form or {}):
        value = (form or {})[key]
        values = [value] if isinstance(value, str) else sorted(set(value))
        text += "".join(key + one for one in values)
    digest = hmac.new(auth_token.encode(), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()
