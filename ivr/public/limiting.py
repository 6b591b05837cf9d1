"""How many requests one address, and one telephone number, may send: counted in the database for all web workers.

Only what would be saved anew counts. Who is over a limit is told so with the telephone number, and loses no answer.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog
from flask import Flask, request
from flask_limiter import Limiter
from limits import RateLimitItem, parse
from limits.storage import Storage

from ivr.db import Database
from ivr.services.accounts.attempts import network_of
from ivr.services.line import Line
from ivr.services.requests.counting import count_up, counted, forget_count, forget_counts

OF_ADDRESS, OF_NUMBER = parse("5 per hour"), parse("3 per day")
"""Requests that one address (of IPv6, one network), and that one telephone number, may leave."""

log = structlog.get_logger(__name__)


class DatabaseCounts(Storage):
    """The counts of Flask-Limiter in our own database, by our own clock."""

    STORAGE_SCHEME = ["ivr-database"]  # noqa: RUF012  (as limits declares it)

    def __init__(self, uri: str | None = None, wrap_exceptions: bool = False, **options: Any) -> None:
        super().__init__(uri, wrap_exceptions)
        self._database: Database = options["database"]
        self._clock: Callable[[], datetime] = options["clock"]

    @property
    def base_exceptions(self) -> tuple[type[Exception], ...]:
        """What means that the database is away."""
        return self._database.unavailable

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count once more; the count."""
        return count_up(self._database, key, expiry, self._clock(), amount)

    def get(self, key: str) -> int:
        """The count."""
        return counted(self._database, key, self._clock())[0]

    def get_expiry(self, key: str) -> float:
        """When it begins anew, in seconds since 1970."""
        return counted(self._database, key, self._clock())[1].timestamp()

    def check(self) -> bool:
        """Whether the database answers."""
        return counted(self._database, "", self._clock())[0] == 0

    def reset(self) -> int:
        """Begin anew with all counts."""
        return forget_counts(self._database)

    def clear(self, key: str) -> None:
        """Begin anew with one count."""
        forget_count(self._database, key)


class Caps:
    """Whether one more request may be sent."""

    def __init__(self, app: Flask, line: Line) -> None:
        options: dict[str, Any] = {"database": line.database, "clock": line.clock}
        self._limiter = Limiter(
            _network, app=app, storage_uri="ivr-database://", storage_options=options, key_prefix="request"
        )

    def allow(self, number: str) -> bool:
        """Count a request for a number (E.164) from this address; False when it is one too many."""
        return self._hit(OF_ADDRESS, "address", _network()) and self._hit(OF_NUMBER, "number", number)

    def _hit(self, limit: RateLimitItem, what: str, value: str) -> bool:
        if self._limiter.limiter.hit(limit, "request", what, value):
            return True
        log.warning("request_online_refused", too_many_of=what)
        return False


def _network() -> str:
    return network_of(request.remote_addr or "")
