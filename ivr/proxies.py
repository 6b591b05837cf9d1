"""Whose word is believed about where a request comes from: that of the proxies whose addresses the settings name."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

UNIX = "unix"
"""What stands for whoever connects by a Unix socket, which has no address."""

PEER = "ivr.peer"
"""Where the environment keeps who was really connected."""

MOST_PROXIES = 5


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    """The proxies before the server: their networks, or, as settings used to say it, only how many there are."""

    networks: tuple[Network, ...] = ()
    unix: bool = False
    number: int = 0

    @classmethod
    def parse(cls, text: str) -> TrustedProxies:
        """Read addresses and networks with commas between them, or a number.

        Raises:
            ValueError: naming what is none of these.
        """
        if text.isascii() and text.isdecimal():
            if int(text[:9]) > MOST_PROXIES:
                raise ValueError(f"as a number it is from 0 to {MOST_PROXIES}; better name the proxies' addresses")
            return cls(number=int(text))
        names = [name.strip() for name in text.split(",") if name.strip()]
        return cls(tuple(_network(name) for name in names if name != UNIX), UNIX in names)

    def __bool__(self) -> bool:
        """Whether any proxy is believed."""
        return bool(self.networks or self.unix or self.number)

    def client(self, environ: WSGIEnvironment) -> tuple[str, str]:
        """From which address a request comes, and by which scheme.

        From the last hop on, each proxy is asked whom it served, for as long as it is one of ours.
        """
        peer, scheme = environ.get("REMOTE_ADDR", ""), environ["wsgi.url_scheme"]
        hops = _listed(environ, "HTTP_X_FORWARDED_FOR")
        client, asked = self._behind_so_many(peer, hops) if self.number else self._behind_ours(peer, hops)
        schemes = _listed(environ, "HTTP_X_FORWARDED_PROTO")
        told = schemes[min(asked, len(schemes)) - 1].lower() if asked and schemes else ""
        return client, told if told in {"http", "https"} else scheme

    def _behind_ours(self, peer: str, hops: Sequence[str]) -> tuple[str, int]:
        client, asked = peer, 0
        while self._is_ours(client):
            asked += 1
            before = _address(hops[asked - 1]) if asked <= len(hops) else None
            if before is None:
                break
            client = str(before)
        return client, asked

    def _behind_so_many(self, peer: str, hops: Sequence[str]) -> tuple[str, int]:
        told = _address(hops[self.number - 1]) if len(hops) >= self.number else None
        return (str(told) if told else peer), self.number

    def _is_ours(self, client: str) -> bool:
        address = _address(client)
        if address is None:
            return self.unix and not client
        return any(address in network for network in self.networks)


class Believing:
    """An application that takes its requests from where our proxies say."""

    def __init__(self, app: WSGIApplication, proxies: TrustedProxies) -> None:
        self._app, self._proxies = app, proxies

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Pass a request on."""
        client, scheme = self._proxies.client(environ)
        environ[PEER] = environ.get("REMOTE_ADDR", "")
        environ["REMOTE_ADDR"], environ["wsgi.url_scheme"] = client, scheme
        return self._app(environ, start_response)


def is_loopback(host: str) -> bool:
    """Whether a name or address, perhaps with a port, is this machine's own and reached by nobody else."""
    address = _address(host)
    return address.is_loopback if address else host.lower().partition(":")[0] == "localhost"


def leads_here(url: str) -> bool:
    """Whether an address on the web leads to this machine; one that cannot be read leads nowhere."""
    try:
        return is_loopback(urlsplit(url.strip()).hostname or "")
    except ValueError:
        return False


def _listed(environ: WSGIEnvironment, name: str) -> Sequence[str]:
    """A header's values, that of the last proxy first."""
    return [value.strip() for value in environ.get(name, "").split(",") if value.strip()][::-1]


def _address(text: str) -> Address | None:
    """An address, perhaps with a port; IPv4 in the clothes of IPv6 is IPv4."""
    bare = text[1:].partition("]")[0] if text.startswith("[") else text
    bare = bare.partition(":")[0] if bare.count(":") == 1 else bare
    try:
        found = ipaddress.ip_address(bare)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


def _network(name: str) -> Network:
    try:
        found = ipaddress.ip_network(name)
    except ValueError:
        raise ValueError(f"{name!r} should look like 10.0.0.7 or 10.0.0.0/24 (several, separated by commas)") from None
    if not found.prefixlen:
        raise ValueError(f"{name} is everybody: name your proxies' own addresses")
    return found


__all__ = ["PEER", "Believing", "TrustedProxies", "is_loopback", "leads_here"]
