"""Settings that are well-formed and still worth a second look."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from ivr.config import Config, parse_hours
from ivr.doctor.findings import CheckResult, fine, warning

DEFAULT_HOURS = "Mon-Fri 08:30-17:00"
DEFAULT_CLINIC = "Bay State Pain Associates"


def check_settings(config: Config) -> Iterator[CheckResult]:
    """Settings that are well-formed and still worth a second look."""
    yield fine("settings", f"All settings are well-formed; {len(config.data_keys)} data key(s).")
    if not config.is_https:
        yield warning(
            "base URL",
            "PUBLIC_BASE_URL begins with http://, so the line is for this machine alone.",
            "Put a TLS proxy in front and set PUBLIC_BASE_URL to its https:// address.",
        )
    if not _is_twilio(config.twilio_api_url):
        yield warning("Twilio API", "TWILIO_API_URL points to a stand-in.", "Remove it where real patients call.")
    if config.demo:
        yield warning("demo", "These are the settings of a demo.", "Make your own where real patients call.")
    if config.trusted_proxies.number:
        yield warning(
            "proxies", "TRUSTED_PROXIES is a number: whoever reaches the server itself can claim any address.",
            "Name the addresses or networks of your proxies there, such as 127.0.0.1 or 10.0.0.0/24.",
        )  # fmt: skip
    if config.clinic_name == DEFAULT_CLINIC:
        yield warning(
            "clinic name",
            f"Callers hear the default name, {DEFAULT_CLINIC}.",
            "Set CLINIC_NAME if yours differs, or the name on the page of the hours.",
        )
    if config.clinic_hours == parse_hours(DEFAULT_HOURS):
        yield warning(
            "hours", f"The default opening hours are in use: {DEFAULT_HOURS}.", "Set CLINIC_HOURS if yours differ."
        )
    if not config.desk_numbers:
        yield warning(
            "desk", "Nobody can be reached with key 0, and in an outage callers can only leave a message.",
            "Set DESK_NUMBERS to the front desk's numbers.",
        )  # fmt: skip
    yield _on_call(config)
    if not config.notify_emails and not config.notify_numbers:
        yield warning("notices", "Nobody is told of new requests.", "Set NOTIFY_EMAILS or NOTIFY_NUMBERS.")


def _on_call(config: Config) -> CheckResult:
    """Who hears of an urgent request at night."""
    if not config.on_call_numbers:
        if config.on_call_hours:
            return warning("on call", "ON_CALL_HOURS is set, and nobody is on call.", "Set ON_CALL_NUMBERS too.")
        return fine("on call", "Nobody is rung for urgent requests while the clinic is closed; notices go out.")
    if config.clinic_number in config.on_call_numbers or config.staff_number in config.on_call_numbers:
        return warning(
            "on call", "A number of the line itself is on call: it would ring itself.", "Correct ON_CALL_NUMBERS."
        )
    when = "in ON_CALL_HOURS" if config.on_call_hours else "at any hour"
    numbers = len(config.on_call_numbers)
    rung = "1 telephone is" if numbers == 1 else f"{numbers} telephones are"
    return fine("on call", f"{rung} rung for urgent requests while the clinic is closed, {when}.")


def _is_twilio(url: str) -> bool:
    """Whether it is Twilio's own, in whichever region."""
    return f".{urlsplit(url).hostname or ''}".endswith(".twilio.com")
