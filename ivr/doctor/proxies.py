"""What the proxies before the line make of a request: its query, its body, and whom it seems to come from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

import requests

from ivr.config import Config
from ivr.doctor.address import PASS_ON
from ivr.doctor.asking import LARGE_BODY, QUERY, STRANGER, ask_echo, ask_in_pieces
from ivr.doctor.findings import CheckResult, fault, fine, warning
from ivr.echo import PAUSE_SECONDS, Seen

FORWARDED = "In nginx: proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;"
SCHEME = "In nginx: proxy_set_header X-Forwarded-Proto $scheme; and set TRUSTED_PROXIES."


def check_voice(config: Config) -> Iterator[CheckResult]:
    """That the carrier's requests arrive as they were sent."""
    try:
        asked = ask_echo(config, config.public_base_url, "voice", query=QUERY)
    except requests.RequestException as error:
        yield _no_answer("query", type(error).__name__)
        return
    if asked.seen is None:
        yield _no_answer("query", f"status {asked.status}")
        return
    yield judge_query(asked.seen.query)
    yield _check_body(config)


def judge_query(arrived: str) -> CheckResult:
    """Compare the query that arrived with the one that was sent."""
    if arrived == QUERY:
        return fine("query", "Queries arrive as they were sent.")
    if not arrived:
        words = "The proxy strips the query: a call's turn number is in it, so no key press would be understood."
    elif parse_qsl(arrived, keep_blank_values=True) == parse_qsl(QUERY, keep_blank_values=True):
        words = f"The proxy re-encodes the query ({QUERY} arrives as {arrived}): signatures do not hold for it."
    else:
        words = f"The proxy changes the query: {QUERY} arrives as {arrived}."
    return fault("query", words, PASS_ON)


def _check_body(config: Config) -> CheckResult:
    """That a request's body may be as large as the carrier's can be, and arrives whole."""
    size = len(LARGE_BODY)
    try:
        asked = ask_echo(config, config.public_base_url, "voice", body=LARGE_BODY)
    except requests.RequestException as error:
        return _no_answer("request body", type(error).__name__)
    if asked.seen is None:
        return fault(
            "request body", f"A request of {size} bytes to /voice is not passed on, a small one is ({asked.status}).",
            "Allow 64 kB there. In nginx: client_max_body_size 64k;",
        )  # fmt: skip
    if (asked.seen.body_bytes, asked.seen.body_sha256) == (size, hashlib.sha256(LARGE_BODY).hexdigest()):
        return fine("request body", "Requests arrive whole.")
    return fault(
        "request body", f"The proxy cuts or changes bodies: of {size} bytes {asked.seen.body_bytes} arrive.",
        "Turn off what inspects or filters requests to /voice.",
    )  # fmt: skip


def check_staff_pages(config: Config) -> Iterator[CheckResult]:
    """That the staff's pages know whom they serve, and that the telephone page hears of events as they happen."""
    base = config.staff_url or config.public_base_url
    try:
        asked = ask_echo(config, base, "console")
        if asked.seen is None:
            yield _no_answer("staff's pages", f"status {asked.status}", f"{base.rstrip('/')}/console/")
            return
        yield judge_client(config, asked.seen)
        yield _check_pieces(config, base)
    except requests.RequestException as error:
        yield _no_answer("staff's pages", type(error).__name__, f"{base.rstrip('/')}/console/")


def judge_client(config: Config, seen: Seen) -> CheckResult:
    """Whom the pages take a request to come from that claimed to come from somebody else."""
    hops = [hop.strip() for hop in seen.forwarded_for.split(",") if hop.strip()]
    named = [hop for hop in hops if hop != STRANGER]
    if seen.client == STRANGER and named and config.trusted_proxies.networks:
        return fine("trusted proxies", f"A proxy tells whom it serves; this command comes from another, {named[-1]}.")
    if seen.client == STRANGER:
        return fault(
            "trusted proxies", f"TRUSTED_PROXIES believes {seen.peer}, but no proxy writes that part of "
            "X-Forwarded-For: anybody can claim any address, evade the limit of tries and forge the audit trail.",
            "Take TRUSTED_PROXIES out where the server is reached directly, or name only proxies that are there.",
        )  # fmt: skip
    if named and (not seen.trusts_proxies or seen.client != named[0]):
        return warning(
            "trusted proxies", f"A proxy tells whom it serves (X-Forwarded-For), but TRUSTED_PROXIES does not cover "
            f"it: everybody seems to come from {seen.client}, so that one person's wrong tries lock all out.",
            f"Name the addresses of your proxies in TRUSTED_PROXIES; the last one connects from {seen.peer}.",
        )  # fmt: skip
    behind_tls = urlsplit(config.staff_url or config.public_base_url).scheme == "https"
    if behind_tls and not named and (seen.scheme == "http" or seen.forwarded_proto):
        return warning(
            "trusted proxies", f"A proxy stands there that does not tell whom it serves: everybody comes from "
            f"{seen.peer}.", f"{FORWARDED} Then set TRUSTED_PROXIES={seen.peer}.",
        )  # fmt: skip
    if behind_tls and seen.client_scheme == "http":
        return warning("trusted proxies", "The staff's pages do not learn that they are asked by https.", SCHEME)
    return fine("trusted proxies", f"The staff's pages know whom they serve; this command comes from {seen.client}.")


def _check_pieces(config: Config, base: str) -> CheckResult:
    """Asked twice before it is called buffered: a busy machine may hold a piece up."""
    for _ in range(2):
        asked = ask_in_pieces(config, base)
        if asked.seen is None:
            return _no_answer("events", f"status {asked.status}", f"{base.rstrip('/')}/phone/")
        if asked.gap > PAUSE_SECONDS / 3:
            return fine("events", "Events of the telephone page arrive as they happen.")
    return warning(
        "events", "A proxy holds answers back until they are whole: the telephone page would show nothing.",
        "Turn response buffering off for /phone. In nginx: proxy_buffering off;",
    )  # fmt: skip


def _no_answer(check: str, why: str, where: str = "") -> CheckResult:
    return warning(
        check, f"The server does not tell what it sees of requests{f' to {where}' if where else ''} ({why}).",
        "Restart the web processes on this version, and pass /voice, /console and /phone on to them.",
    )  # fmt: skip
