"""The staff's pages need accounts, signed-in clients and a server; and requests, left by phone and changed at will."""

from datetime import timedelta

import pytest

from ivr.services.calls.turns import Arrival
from tests.support.callers import CALLBACK, Caller
from tests.support.staff_pages import app, client, client_as, console, line, open_page, server, staff

__all__ = ["app", "client", "client_as", "console", "line", "open_page", "server", "staff"]


@pytest.fixture
def leave(line, clock):
    """Leaves a request by phone, a key every five seconds; the clock is then back where it was."""

    def left(keys=CALLBACK, call="CA1", from_="+16175550142"):
        began = clock.now
        caller = Caller(line, Arrival(call, from_, "+16175550100"))
        for token in keys.split():
            clock.now += timedelta(seconds=5)
            caller(token)
        caller.hang_up()
        clock.now = began

    return left


@pytest.fixture
def change(line):
    def changed(model, id_=1, **values):
        with line.database.write() as session:
            row = session.get(model, id_)
            for name, value in values.items():
                setattr(row, name, value)

    return changed
