"""Identifiers in the carrier's shapes, from a seed so that a test can repeat them."""

import random
import uuid


class Sids:
    """Mints call, recording and idempotency identifiers; without a seed they are random."""

    def __init__(self, seed: int | None = None) -> None:
        """Seed the generator of the identifiers."""
        self._random = random.Random(seed)

    def call(self) -> str:
        """CA and 32 hexadecimal digits."""
        return self._mint("CA")

    def recording(self) -> str:
        """RE and 32 hexadecimal digits."""
        return self._mint("RE")

    def token(self) -> str:
        """A UUID, for I-Twilio-Idempotency-Token."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def _mint(self, prefix: str) -> str:
        return f"{prefix}{self._random.getrandbits(128):032x}"
