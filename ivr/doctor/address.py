"""That the public address leads here, and that the signature check sees the address that Twilio signs."""

from __future__ import annotations

from collections.abc import Iterator

import requests

from ivr.config import Config
from ivr.doctor.asking import SIGNATURE, ask_echo, ask_static
from ivr.doctor.findings import CheckResult, fault, fine
from ivr.echo import Seen

REFUSED = "A signed request is refused with 403."
PASS_ON = "Let it pass path and query on as they are. In nginx: proxy_pass with nothing after the port, no rewrite."
SIGNED_IN_NGINX = f"In nginx: proxy_set_header {SIGNATURE} $http_x_twilio_signature;"


def check_address(config: Config) -> Iterator[CheckResult]:
    """That it answers the carrier, and nobody else."""
    try:
        signed = ask_static(config, signed=True)
        unsigned = ask_static(config, signed=False)
    except requests.exceptions.SSLError:
        yield fault(
            "address", f"{config.public_base_url} has no valid certificate.", "Twilio would refuse it: renew it."
        )
        return
    except requests.RequestException as error:
        yield fault(
            "address", f"{config.public_base_url} cannot be reached from here ({type(error).__name__}).",
            "Check that the web server runs, and DNS, firewall and proxy; then PUBLIC_BASE_URL.",
        )  # fmt: skip
        return
    yield _why_refused(config) if signed == 403 else _judge_signed(config, signed)
    if unsigned == 403:
        yield fine("signature", "A request without a signature is refused.")
    elif signed == 200:
        yield fault(
            "signature", f"A request without a signature is answered with {unsigned} instead of 403.",
            "Something else than this line answers there, or the check is off: do not go live.",
        )  # fmt: skip


def _judge_signed(config: Config, status: int) -> CheckResult:
    if status == 200:
        return fine("address", f"{config.public_base_url} answers a signed request.")
    if 300 <= status < 400:
        return fault(
            "address", f"The address redirects ({status}): Twilio would follow with GET and lose what was keyed.",
            "Set PUBLIC_BASE_URL to the address that it redirects to.",
        )  # fmt: skip
    return fault(
        "address", f"A signed request is answered with {status} instead of 200.",
        "Check that PUBLIC_BASE_URL leads to this line and that the proxy passes POST requests on.",
    )  # fmt: skip


def _why_refused(config: Config) -> CheckResult:
    """What the server saw of a signed request tells why it refused it; if it tells nothing, the secrets differ."""
    try:
        seen = ask_echo(config, config.public_base_url, "voice").seen
    except requests.RequestException:
        seen = None
    if seen is None:
        return fault(
            "address", REFUSED,
            "The server has another TWILIO_AUTH_TOKEN or PUBLIC_BASE_URL than this command, or a firewall refuses it.",
        )  # fmt: skip
    if SIGNATURE not in seen.signature_headers:
        return _header_lost(seen)
    if seen.query:
        return fault("query", f"{REFUSED} A proxy adds to its query: {seen.query}.", PASS_ON)
    if seen.public_base_url != config.public_base_url:
        return fault(
            "address", f"{REFUSED} The server's PUBLIC_BASE_URL is {seen.public_base_url}.",
            f"One of the two has the wrong TWILIO_AUTH_TOKEN or PUBLIC_BASE_URL; here it is {config.public_base_url}.",
        )  # fmt: skip
    return fault(
        "address", f"{REFUSED} The header {SIGNATURE} arrives.",
        "A proxy changes the path or the form of the request: it must pass both on as they are.",
    )  # fmt: skip


def _header_lost(seen: Seen) -> CheckResult:
    if seen.signature_headers:
        found = f"The proxy renames the header {SIGNATURE}: it arrives as {', '.join(seen.signature_headers)}."
    else:
        found = f"The proxy drops the header {SIGNATURE}: it does not arrive."
    return fault("signature header", f"{REFUSED} {found}", f"Let it pass as it is. {SIGNED_IN_NGINX}")
