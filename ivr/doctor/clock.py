"""The clocks of this machine, of our own address and of Twilio: codes and signed links live by them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC
from email.utils import parsedate_to_datetime

import requests

from ivr.config import Config
from ivr.doctor.asking import SECONDS, ask_echo
from ivr.doctor.findings import CheckResult, fine, warning

MOST_SECONDS = 30.0
"""A second factor's code is good for so long."""

WORSE = "Codes of the second factor and signed links fail by it. Turn on time synchronisation: timedatectl set-ntp true"


def check_clock(config: Config) -> Iterator[CheckResult]:
    """Compare this machine's clock with what the server says, and with the Date of answers."""
    apart = {"the server": _server_ahead(config), "Twilio": _date_ahead(config.twilio_api_url)}
    known = {name: seconds for name, seconds in apart.items() if seconds is not None}
    far = {name: seconds for name, seconds in known.items() if abs(seconds) > MOST_SECONDS}
    for name, seconds in far.items():
        way = "ahead of" if seconds > 0 else "behind"
        yield warning("clock", f"The clock of {name} is {abs(seconds):.0f} s {way} this machine's.", WORSE)
    if known and not far:
        yield fine("clock", f"This machine's clock agrees with {' and '.join(known)}.")


def _server_ahead(config: Config) -> float | None:
    """A proxy writes its own Date, so the server is asked; one that does not answer has a proxy at least."""
    try:
        seen = ask_echo(config, config.public_base_url, "voice").seen
    except requests.RequestException:
        return None
    return seen.at - time.time() if seen else _date_ahead(config.public_base_url)


def _date_ahead(url: str) -> float | None:
    """How far an address's clock is ahead of ours, to a second or two; None when it does not say."""
    try:
        response = requests.get(url, timeout=SECONDS, allow_redirects=False)
        said = parsedate_to_datetime(response.headers["Date"])
    except (requests.RequestException, KeyError, ValueError):
        return None
    return said.replace(tzinfo=said.tzinfo or UTC).timestamp() - time.time()
