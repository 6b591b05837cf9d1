"""Checks of a deployment over the network: our own address as the carrier sees it, and the account at the carrier."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import requests
from twilio.request_validator import RequestValidator

from ivr.clients.errors import ClientError, NotThere, Refused
from ivr.clients.twilio import TwilioAccount, TwilioFacts
from ivr.config import Config
from ivr.doctor import local as doctor
from ivr.doctor.local import CheckResult, fault, fine, warning
from ivr.migrations import is_current
from ivr.services.line import Line
from ivr.services.scripts import Script

SECONDS = (3.0, 10.0)
"""To connect and to answer."""

STATIC = "/voice/desk"
"""A signed address whose answer needs no database and changes nothing."""


def examine(config: Config, line: Line, scripts: Mapping[str, Script]) -> Iterator[CheckResult]:
    """All checks, the ones that others depend on first."""
    yield from doctor.check_settings(config)
    answers = True
    for finding in doctor.check_database(line.database, is_current):
        answers = answers and not (finding.check == "database" and finding.level is doctor.Severity.FAULT)
        yield finding
    if answers:
        yield from doctor.check_prompts(line, scripts, speaks=config.voice == "say")
    yield from doctor.check_hours(line, line.clock())
    yield from check_address(config)
    yield from check_account(config)


def check_address(config: Config) -> Iterator[CheckResult]:
    """That the public address leads here, and that the signature check sees the address Twilio signs."""
    url = config.public_base_url + STATIC
    form = {"AccountSid": config.twilio_account_sid, "CallSid": "CA" + "0" * 32}
    signature = RequestValidator(config.twilio_auth_token).compute_signature(url, form)
    try:
        signed = _post(url, form, {"X-Twilio-Signature": signature})
        unsigned = _post(url, form, {})
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
    yield _judge_signed(config, signed)
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
    if status == 403:
        return fault(
            "address", "A signed request is refused with 403.",
            "The server has another TWILIO_AUTH_TOKEN or PUBLIC_BASE_URL than this command, or a firewall refuses it.",
        )  # fmt: skip
    if 300 <= status < 400:
        return fault(
            "address", f"The address redirects ({status}): Twilio would follow with GET and lose what was keyed.",
            "Set PUBLIC_BASE_URL to the address that it redirects to.",
        )  # fmt: skip
    return fault(
        "address", f"A signed request is answered with {status} instead of 200.",
        "Check that PUBLIC_BASE_URL leads to this line and that the proxy passes POST requests on.",
    )  # fmt: skip


def _post(url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> int:
    response = requests.post(url, data=form, headers=headers, timeout=SECONDS, allow_redirects=False)
    return response.status_code


def check_account(config: Config) -> Iterator[CheckResult]:
    """That Twilio knows the credentials, and that a number sends its calls here."""
    facts = TwilioFacts(TwilioAccount(config.twilio_api_url, config.twilio_account_sid, config.twilio_auth_token))
    try:
        account = facts.account()
        numbers = facts.numbers()
    except ClientError as error:
        yield _judge_error(error)
        return
    if account.get("status") != "active":
        yield fault(
            "account",
            f"The Twilio account is {account.get('status')}.",
            "Look in the Twilio console for what it wants.",
        )
    elif account.get("type") == "Trial":
        yield warning(
            "account", "This is a trial account: only verified numbers can call.", "Upgrade before patients call."
        )
    else:
        yield fine("account", "Twilio knows the account and it is active.")
    ours = [number for number in numbers if _is_ours(config, number)]
    if not ours:
        yield fault(
            "number", f"None of the account's {len(numbers)} number(s) calls this line.",
            f"Set the number's voice URL to {config.public_base_url}/voice/incoming, method POST.",
        )  # fmt: skip
    for number in ours:
        yield from check_number(config, number)


def _judge_error(error: ClientError) -> CheckResult:
    if isinstance(error, Refused | NotThere):
        return fault(
            "account", f"Twilio refuses the credentials ({error}).",
            "Copy TWILIO_ACCOUNT_SID and the primary TWILIO_AUTH_TOKEN from the console again.",
        )  # fmt: skip
    status = f"HTTP status {error}" if str(error).isdecimal() else "not reached"
    return fault("account", f"Twilio did not answer as expected ({status}).", "Try again; see status.twilio.com.")


def _is_ours(config: Config, number: Mapping[str, Any]) -> bool:
    addresses = (number.get(name) or "" for name in ("voice_url", "voice_fallback_url", "status_callback"))
    return any(address.startswith(config.public_base_url + "/") for address in addresses)


def check_number(config: Config, number: Mapping[str, Any]) -> Iterator[CheckResult]:
    """That each of a number's addresses is what the line needs, and nothing overrides them."""
    name, faults = f"number {number.get('phone_number')}", 0
    for sid in ("voice_application_sid", "trunk_sid"):
        if number.get(sid):
            faults += 1
            yield fault(name, f"Its {sid} overrides the voice URL: calls do not come here.", f"Remove the {sid}.")
    for field, path in (("voice_url", "incoming"), ("voice_fallback_url", "fallback"), ("status_callback", "status")):
        wanted, given = f"{config.public_base_url}/voice/{path}", (number.get(field) or "").split("#")[0]
        if given == wanted:
            continue
        if field == "voice_fallback_url" and given and not given.startswith(config.public_base_url):
            continue
        faults += 1
        yield fault(name, f"Its {field} is {given or 'not set'}.", f"Set it to {wanted}, method POST.")
    for field in ("voice_method", "voice_fallback_method", "status_callback_method"):
        if number.get(field, "POST") != "POST":
            faults += 1
            yield fault(
                name, f"Its {field} is {number[field]}.", "Set it to POST: the addresses of GET requests are logged."
            )
    if number.get("voice_caller_id_lookup"):
        yield warning(name, "Caller name lookup is on: each call costs more and names are sent.", "Turn it off.")
    if not faults:
        yield fine(name, "It calls this line, tells how calls end, and has a fallback.")
