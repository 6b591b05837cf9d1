"""The keys that encrypt patients' data: tokens nobody else can read, and digests that find equal values."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class Vault:
    """Encrypts personal data and makes blind indexes of it. The first key encrypts; all of them decrypt."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._readers = [Fernet(key) for key in keys]
        self._fernet = MultiFernet(self._readers)
        self.fingerprints = [hashlib.sha256(b"fingerprint\0" + key.encode()).hexdigest()[:8] for key in keys]
        self._seal_keys = [hashlib.sha256(b"seal\0" + key.encode()).digest() for key in keys]
        self._index_keys = [hashlib.sha256(b"blind index\0" + key.encode()).digest() for key in keys]

    def encrypt(self, data: bytes) -> bytes:
        """Data as an authenticated token."""
        return self._fernet.encrypt(data)

    def decrypt(self, token: bytes) -> bytes:
        """The data in a token.

        Raises:
            InvalidToken: when no key fits, or the token was changed.
        """
        return self._fernet.decrypt(token)

    def reader_of(self, token: bytes) -> int:
        """The place of the key that reads a token: 0 is the first one.

        Raises:
            InvalidToken: when no key fits, or the token was changed.
        """
        for place, reader in enumerate(self._readers):
            try:
                reader.decrypt(token)
            except InvalidToken:
                continue
            return place
        raise InvalidToken

    def is_current(self, token: bytes) -> bool:
        """Whether the first key reads a token, so that no older one is needed for it."""
        return self.reader_of(token) == 0

    def rotate(self, token: bytes) -> bytes:
        """The same data under the first key.

        Raises:
            InvalidToken: when no key fits, or the token was changed.
        """
        return self._fernet.rotate(token)

    def index(self, value: str) -> str:
        """A keyed digest that finds equal values without telling what they are."""
        return self.indexes(value)[0]

    def indexes(self, value: str) -> list[str]:
        """The digest under every key, for looking up rows that an older key indexed."""
        return [hmac.digest(key, value.encode(), "sha256").hex()[:32] for key in self._index_keys]

    def seal(self, text: str) -> str:
        """A keyed digest that shows whether a text was changed: 64 hexadecimal digits."""
        return hmac.digest(self._seal_keys[0], text.encode(), "sha256").hex()

    def has_sealed(self, text: str, seal: str) -> bool:
        """Whether a seal was made of this text, with any of the keys."""
        seals = [hmac.digest(key, text.encode(), "sha256").hex() for key in self._seal_keys]
        return any(hmac.compare_digest(one, seal) for one in seals)
