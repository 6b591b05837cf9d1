"""Closes sockets other than loopback, for tests and for the Python processes that they start.

It sees everything that goes through Python's `socket` module, in every thread: connections, datagrams and look-ups of
names. It does not see C libraries with sockets of their own (libpq, PostgreSQL's server, the browser) and processes
that are started with an environment of their own (the decoding and the synthesis process, which get none of ours).
"""

import sys
from socket import AF_INET, AF_INET6, gethostname

LOOPBACK_NAMES = {None, "", "localhost", "::1", "0.0.0.0", "::"}
"""Besides 127.0.0.0/8; no name, and the addresses that stand for every own one, are for listening."""

ADDRESSED = {"socket.connect", "socket.sendto", "socket.sendmsg"}
LOOKED_UP = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}
GUARDED = ADDRESSED | LOOKED_UP


class OutsideAddressError(RuntimeError):
    """Somebody wanted to leave this machine. No OSError, so that no code takes it for a network that is down."""


def close_other_sockets():
    """Refuse every address that is not loopback, until this process ends."""
    sys.addaudithook(_refuse)


def _refuse(event, arguments):
    """Python calls this at whatever a program does, at each `id()` too: what is no matter of addresses leaves first."""
    if event not in GUARDED:
        return
    if event in ADDRESSED:
        connection, address = arguments[:2]
        if address is not None and connection.family in (AF_INET, AF_INET6):
            _need_loopback(event, address[0])
    elif arguments[0] != gethostname():
        _need_loopback(event, arguments[0])


def _need_loopback(event, host):
    name = host.decode() if isinstance(host, bytes | bytearray) else host
    if name in LOOPBACK_NAMES or (name.startswith("127.") and name.replace(".", "").isdigit()):
        return
    raise OutsideAddressError(f"{event}: tests stay on this machine, and {name} is elsewhere")
