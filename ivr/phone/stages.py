"""What a call is held on: the line itself where a stand-in is the carrier, elsewhere a copy to rehearse on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ivr.config import Config
from ivr.rehearsal import rehearsing
from ivr.services.line import Line
from ivr.services.prompts.releases import latest_release
from ivr.services.prompts.releasing import with_drafts
from ivr.simulator import Carrier, HttpTransport, Response, WsgiTransport

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

Opened = Callable[[Config], tuple[Line, "WSGIApplication"]]
"""Makes a line from its settings, and the application that answers its calls."""


@dataclass(frozen=True)
class Stage:
    """A carrier that reaches a line; `drafts` are the SHA-256 of the audio that callers do not hear yet."""

    carrier: Carrier
    line: Line
    drafts: frozenset[str] = frozenset()
    is_trial: bool = False


class Inside:
    """Requests to the line go straight into its application; those to the carrier's stand-in travel by HTTP."""

    def __init__(self, app: WSGIApplication, rest_url: str) -> None:
        """Send what begins with `rest_url` over the network."""
        self._line, self._elsewhere, self._rest_url = WsgiTransport(app), HttpTransport(), rest_url

    def request(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> Response:
        """Send one request."""
        return (self._elsewhere if url.startswith(self._rest_url) else self._line).request(method, url, body, headers)


@contextmanager
def on_the_line(line: Line, config: Config, calls: WSGIApplication) -> Iterator[Stage]:
    """The line as it is, whose carrier is a stand-in: what callers save there is made up."""
    rest_url = config.twilio_api_url
    yield Stage(_carrier(config, Inside(calls, rest_url), rest_url), line)


@contextmanager
def in_rehearsal(line: Line, config: Config, open_line: Opened, *, drafts: bool) -> Iterator[Stage]:
    """A throw-away copy of the line, with or without what is not on the air yet; nothing said on it is kept."""
    with line.database.read() as session:
        release = latest_release(session)
        manifest, waiting = with_drafts(session) if drafts else (release.manifest if release else {}, frozenset[str]())
    with rehearsing(config, line.database, manifest) as rehearsed:
        copy, calls = open_line(rehearsed)
        with closing(copy.database):
            yield Stage(_carrier(rehearsed, WsgiTransport(calls), ""), copy, waiting, is_trial=True)


def _carrier(config: Config, transport: Inside | WsgiTransport, rest_url: str) -> Carrier:
    account_sid, token = config.twilio_account_sid, config.twilio_auth_token
    return Carrier(config.public_base_url, account_sid, token, transport=transport, rest_url=rest_url)
