"""Messages to calls and desks that other processes hold."""

import pytest

from ivr.phone import mailbox
from ivr.phone.mailbox import DESK, Mailbox


@pytest.fixture
def name():
    return DESK + mailbox.new_token()


def test_messages_arrive_in_order_until_it_is_closed(name):
    with Mailbox(name) as box:
        for key in "12":
            assert mailbox.send(name, {"do": "key", "key": key})
        assert [box.receive(1)["key"] for _ in range(2)] == ["1", "2"]
        assert box.receive(0.01) is None
        assert name in mailbox.names(DESK)
    assert not mailbox.send(name, {"do": "key", "key": "3"})
    assert name not in mailbox.names(DESK)


def test_one_that_is_left_behind_is_cleared_away(name):
    box = Mailbox(name)
    box._socket.close()
    assert name not in mailbox.names(DESK)
    assert not list(mailbox.folder().glob(f"{name}*"))


def test_one_that_is_full_is_still_there(name):
    """Whoever holds it may be busy with a slow turn of its call."""
    with Mailbox(name) as box:
        while mailbox.send(name, {"do": "key", "key": "1"}):
            pass
        assert name in mailbox.names(DESK)
        while box.receive(0.01):
            pass
        assert mailbox.send(name, {"do": "key", "key": "2"})
        assert box.receive(1) == {"do": "key", "key": "2"}
