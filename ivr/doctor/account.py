"""The account at the carrier: that Twilio knows the credentials, and that a number sends its calls here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ivr.clients.errors import ClientError, NotThere, Refused
from ivr.clients.twilio import TwilioAccount, TwilioFacts
from ivr.config import Config
from ivr.doctor.findings import CheckResult, fault, fine, warning
from ivr.doctor.texts import check_texts

RETRIES = "#rc=2"
"""Behind an address of the number: Twilio tries twice more to connect, for instance while the server starts anew."""


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
            f"Set the number's voice URL to {config.public_base_url}/voice/incoming{RETRIES}, method POST.",
        )  # fmt: skip
    for number in ours:
        yield from check_number(config, number)
    yield from check_texts(config, numbers)


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
        yield fault(name, f"Its {field} is {given or 'not set'}.", f"Set it to {wanted}{RETRIES}, method POST.")
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
