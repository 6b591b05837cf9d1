"""How many requests and codes an address, and a telephone number, may ask for: counted in the database for all workers.

Only what is saved anew counts, in the transaction that saves it: a form that is sent several times at once counts
once, and is never told to be refused when it was saved. Who is over the limit of an address can send on with a proof
of work, up to a limit of its own. Who is over another is told so with the telephone number. Nobody loses an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any

from flask import Flask, current_app, request
from flask_limiter import Limiter
from limits import RateLimitItem, parse
from limits.storage import Storage
from sqlalchemy.orm import Session

from ivr.db import Database
from ivr.services.accounts.attempts import network_of
from ivr.services.line import Line
from ivr.services.requests.counting import count_up, count_within, counted, forget_count, forget_counts, forget_past
from ivr.services.requests.online import TooManyRequests

OF_ADDRESS, OF_NUMBER = parse("5 per hour"), parse("3 per day")
"""Requests that one address (of IPv6, one network), and that one telephone number, may leave."""

OF_PROVEN = parse("20 per hour")
"""Requests that one address may leave besides, each with a proof of work."""

ONCE = parse("1 per 10 minutes")
"""How often a proof counts while it is valid: the minutes are those of `proof_of_work.VALID`."""

CODES_OF_ADDRESS, CODES_OF_NUMBER = parse("10 per hour"), parse("3 per day")
"""Codes by text that may be asked for from an address, and to a number, whatever that number has with us."""

ADDRESS, NUMBER, PROVEN, PROOF = "address", "number", "proven", "used"
"""What a request can be one too many of; the last is a proof that was used before."""

Limit = tuple[RateLimitItem, str, str, str]
"""A limit with what it counts, and of whom. They are always tried in one order: nobody waits for who waits for them."""


class DatabaseCounts(Storage):
    """The counts of Flask-Limiter in our own database, by our own clock."""

    STORAGE_SCHEME = ["ivr-database"]  # noqa: RUF012  (as limits declares it)

    def __init__(self, uri: str | None = None, wrap_exceptions: bool = False, **options: Any) -> None:
        super().__init__(uri, wrap_exceptions)
        self._database: Database = options["database"]
        self._clock: Callable[[], datetime] = options["clock"]
        self._session: ContextVar[Session | None] = ContextVar("counting_in", default=None)

    @contextmanager
    def within(self, session: Session) -> Iterator[None]:
        """Count in this transaction meanwhile."""
        token = self._session.set(session)
        try:
            yield
        finally:
            self._session.reset(token)

    @property
    def base_exceptions(self) -> tuple[type[Exception], ...]:
        """What means that the database is away."""
        return self._database.unavailable

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count once more; the count."""
        if session := self._session.get():
            return count_within(session, self._database, key, expiry, self._clock(), amount)
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
        self._line = line
        self._limiter = Limiter(
            _network, app=app, storage_uri="ivr-database://", storage_options=options, key_prefix="request"
        )

    def too_many_of(self, number: str) -> str:
        """What a request for a number (E.164) from this address would be one too many of, or ''; it counts nothing.

        A proof of work lifts `ADDRESS` alone.
        """
        forget_past(self._line.database, self._line.clock())
        test, (of_address, of_number) = self._limiter.limiter.test, _of_request(number)
        if not test(*of_number):
            return NUMBER
        if test(*of_address):
            return ""
        return ADDRESS if test(*_of_proven()) else PROVEN

    def count(self, session: Session, number: str, proof: str = "") -> None:
        """Count a request for a number from this address, in the transaction that saves it.

        `proof` is what a proof of work is known by that came with it, if it is saved because of that.

        Raises:
            TooManyRequests: when it is one too many.
        """
        self._count(session, _of_request(number, proof))

    def count_code(self, session: Session, number: str) -> None:
        """Count a code to a number from this address, in the transaction that asks for it.

        Raises:
            TooManyRequests: when it is one too many.
        """
        self._count(session, _of_code(number))

    def _count(self, session: Session, limits: tuple[Limit, ...]) -> None:
        storage = self._limiter.storage
        assert isinstance(storage, DatabaseCounts)
        with storage.within(session):
            for each in limits:
                if not self._limiter.limiter.hit(*each):
                    raise TooManyRequests(each[2])


def caps() -> Caps:
    """Those of the application that answers this request."""
    found: Caps = current_app.extensions["public_caps"]
    return found


def _of_request(number: str, proof: str = "") -> tuple[Limit, ...]:
    of_number = (OF_NUMBER, "request", NUMBER, number)
    if proof:
        return _of_proven(), of_number, (ONCE, "request", PROOF, proof)
    return (OF_ADDRESS, "request", ADDRESS, _network()), of_number


def _of_proven() -> Limit:
    return OF_PROVEN, "request", PROVEN, _network()


def _of_code(number: str) -> tuple[Limit, ...]:
    return (CODES_OF_ADDRESS, "code", ADDRESS, _network()), (CODES_OF_NUMBER, "code", NUMBER, number)


def _network() -> str:
    return network_of(request.remote_addr or "")
