"""The settings of one deployment, read once from the environment; a mistake in any of them is named before start."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays
from cryptography.fernet import Fernet

from ivr.proxies import TrustedProxies, is_loopback, leads_here
from ivr.setting_rules import is_draft, text_name_of, texts_of

T = TypeVar("T")

ROOT = Path(__file__).resolve().parent.parent
PROMPTS = ROOT / "prompts"

TWILIO_API = "https://api.twilio.com"

E164 = re.compile(r"\+[1-9]\d{7,14}")
LOCALE = re.compile(r"[a-z]{2,3}(?:-[A-Z]{2})?")
SPAN = re.compile(r"([A-Z][a-z]{2})(?:-([A-Z][a-z]{2}))? ([0-2]\d):([0-5]\d)-([0-2]\d):([0-5]\d)")
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
DAYS = tuple(day[:3] for day in WEEKDAYS)


class ConfigError(Exception):
    """One or more settings are missing or malformed; the message has a line for each."""


@dataclass(frozen=True, slots=True)
class OpenSpan:
    """Opening hours of one weekday (0 is Monday), in minutes after local midnight."""

    weekday: int
    opens: int
    closes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All settings. Secrets have no defaults anywhere; everything else has one that works for the default clinic."""

    secret_key: str
    data_keys: tuple[str, ...]
    public_base_url: str
    twilio_account_sid: str
    twilio_auth_token: str
    database_url: str = "sqlite:///var/ivr.db"
    clinic_name: str = "Bay State Pain Associates"
    clinic_timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("America/New_York"))
    clinic_hours: tuple[OpenSpan, ...] = ()
    clinic_holidays: str = "US-MA"
    desk_numbers: tuple[str, ...] = ()
    clinic_number: str = ""
    staff_number: str = ""
    on_call_numbers: tuple[str, ...] = ()
    on_call_hours: tuple[OpenSpan, ...] = ()
    languages: tuple[str, ...] = ("en-US",)
    voice: str = "synth"
    twilio_api_url: str = TWILIO_API
    staff_url: str = ""
    smtp_url: str = ""
    mail_from: str = ""
    notify_emails: tuple[str, ...] = ()
    notify_numbers: tuple[str, ...] = ()
    sms_from: str = ""
    texts: bool = False
    text_name: str = ""
    patient_url: str = ""
    retention_days: int = 90
    queue_shows: str = "reference"
    staff_second_factor: str = "admins"
    session_idle_minutes: int = 10
    claim_idle_minutes: int = 10
    trusted_proxies: TrustedProxies = field(default_factory=TrustedProxies)
    online_requests: bool = True
    public_frame_ancestors: tuple[str, ...] = ()
    demo: bool = False

    @property
    def is_https(self) -> bool:
        """Whether the line is reached by https, which on a real host it always is."""
        return self.public_base_url.startswith("https://")

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Config:
        """Read the settings.

        Raises:
            ConfigError: naming every setting that is missing or malformed, and what it should look like.
        """
        reader = _Reader(env)
        values = {
            "secret_key": reader.required("SECRET_KEY", _secret),
            "data_keys": reader.required("DATA_KEYS", _data_keys),
            "public_base_url": reader.required("PUBLIC_BASE_URL", _base_url),
            "twilio_account_sid": reader.required("TWILIO_ACCOUNT_SID", _account_sid),
            "twilio_auth_token": reader.required("TWILIO_AUTH_TOKEN", _text),
            "database_url": reader.optional("DATABASE_URL", "sqlite:///var/ivr.db", _database_url),
            "clinic_name": reader.optional("CLINIC_NAME", "Bay State Pain Associates", _text),
            "clinic_timezone": reader.optional("CLINIC_TIMEZONE", "America/New_York", _timezone),
            "clinic_hours": reader.optional("CLINIC_HOURS", "Mon-Fri 08:30-17:00", parse_hours),
            "clinic_holidays": reader.optional("CLINIC_HOLIDAYS", "US-MA", _holidays),
            "desk_numbers": reader.optional("DESK_NUMBERS", "", _numbers),
            "clinic_number": reader.optional("CLINIC_NUMBER", "", _number),
            "staff_number": reader.optional("STAFF_NUMBER", "", _number),
            "on_call_numbers": reader.optional("ON_CALL_NUMBERS", "", _numbers),
            "on_call_hours": reader.optional("ON_CALL_HOURS", "", _hours_or_none),
            "languages": reader.optional("IVR_LANGUAGES", "en-US", _languages),
            "voice": reader.optional("IVR_VOICE", "synth", _voice),
            "twilio_api_url": reader.optional("TWILIO_API_URL", TWILIO_API, _base_url),
            "staff_url": reader.optional("STAFF_URL", env.get("PUBLIC_BASE_URL", ""), _staff_url_of(env)),
            "smtp_url": reader.optional("SMTP_URL", "", _smtp_url),
            "mail_from": reader.optional("MAIL_FROM", "", _text),
            "notify_emails": reader.optional("NOTIFY_EMAILS", "", _emails),
            "notify_numbers": reader.optional("NOTIFY_NUMBERS", "", _numbers),
            "sms_from": reader.optional("SMS_FROM", "", _text),
            "texts": reader.optional("TEXTS", "off", texts_of(env)),
            "text_name": reader.optional("TEXT_NAME", "", text_name_of(env)),
            "patient_url": reader.optional("PATIENT_URL", "", _url_or_none),
            "retention_days": reader.optional("RETENTION_DAYS", "90", _days),
            "queue_shows": reader.optional("QUEUE_SHOWS", "reference", _queue_shows),
            "staff_second_factor": reader.optional("STAFF_SECOND_FACTOR", "admins", _second_factor_of(env)),
            "session_idle_minutes": reader.optional("SESSION_IDLE_MINUTES", "10", _idle_minutes),
            "claim_idle_minutes": reader.optional("CLAIM_IDLE_MINUTES", "10", _idle_minutes),
            "trusted_proxies": reader.optional("TRUSTED_PROXIES", "", TrustedProxies.parse),
            "online_requests": reader.optional("ONLINE_REQUESTS", "yes", _yes_or_no),
            "public_frame_ancestors": reader.optional("PUBLIC_FRAME_ANCESTORS", "", _origins),
            "demo": reader.optional("IVR_DEMO", "no", _demo_of(env)),
        }
        if reader.faults:
            raise ConfigError("\n".join(["Settings that need your attention:", *reader.faults]))
        return cls(**values)  # type: ignore[arg-type]


class _Reader:
    """Reads settings one by one and keeps every fault instead of stopping at the first."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self.env = env
        self.faults: list[str] = []

    def required(self, name: str, parse: Callable[[str], T]) -> T | None:
        text = self.env.get(name, "").strip()
        if not text:
            self.faults.append(f"  {name} is missing: {_HELP[name]}")
            return None
        return self._parsed(name, text, parse)

    def optional(self, name: str, default: str, parse: Callable[[str], T]) -> T | None:
        return self._parsed(name, self.env.get(name, "").strip() or default, parse)

    def _parsed(self, name: str, text: str, parse: Callable[[str], T]) -> T | None:
        try:
            return parse(text)
        except ValueError as error:
            self.faults.append(f"  {name} is malformed: {error}")
            return None


_HELP = {
    "SECRET_KEY": "set at least 32 random characters; python -c 'import secrets; print(secrets.token_urlsafe(48))'",
    "DATA_KEYS": "set one or more keys, comma-separated, the first one encrypts; make one with python -m ivr keys new",
    "PUBLIC_BASE_URL": "set the address that Twilio calls, such as https://line.example.org",
    "TWILIO_ACCOUNT_SID": "copy it from the Twilio console; it begins with AC",
    "TWILIO_AUTH_TOKEN": "copy the primary auth token from the Twilio console",
}


def parse_hours(text: str) -> tuple[OpenSpan, ...]:
    """Weekly opening hours such as 'Mon-Thu 08:30-17:00; Fri 08:30-12:00'."""
    spans: list[OpenSpan] = []
    for part in filter(None, (part.strip() for part in text.split(";"))):
        found = SPAN.fullmatch(part)
        if not found or found[1] not in DAYS or (found[2] or "Mon") not in DAYS:
            raise ValueError(f"{part!r} should look like 'Mon-Fri 08:30-17:00' (several, separated by ';')")
        first, last = DAYS.index(found[1]), DAYS.index(found[2] or found[1])
        opens, closes = int(found[3]) * 60 + int(found[4]), int(found[5]) * 60 + int(found[6])
        if first > last or not opens < closes <= 24 * 60:
            raise ValueError(f"{part!r} runs backwards")
        spans += (OpenSpan(day, opens, closes) for day in range(first, last + 1))
    if not spans:
        raise ValueError("there must be at least one opening, such as 'Mon-Fri 08:30-17:00'")
    spans.sort(key=lambda span: (span.weekday, span.opens))
    for weekday in overlapping(spans):
        raise ValueError(f"two openings overlap on {DAYS[weekday]}")
    return tuple(spans)


def overlapping(spans: Iterable[OpenSpan]) -> list[int]:
    """The weekdays on which two openings overlap; the spans are in order."""
    return [one.weekday for one, other in pairwise(spans) if one.weekday == other.weekday and other.opens < one.closes]


def _secret(text: str) -> str:
    if len(text) < 32:
        raise ValueError("it should have at least 32 characters")
    return text


def _text(text: str) -> str:
    if not text.isprintable():
        raise ValueError("it contains unprintable characters")
    return text


def _data_keys(text: str) -> tuple[str, ...]:
    keys = tuple(key.strip() for key in text.split(","))
    for place, key in enumerate(keys, start=1):
        try:
            Fernet(key)
        except ValueError:
            raise ValueError(f"key {place} is no key; make one with python -m ivr keys new") from None
    return keys


def _base_url(text: str) -> str:
    try:
        parts = urlsplit(text)
    except ValueError:
        raise ValueError("it should look like https://line.example.org") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("it should look like https://line.example.org")
    if "_" in parts.hostname:
        raise ValueError("Twilio refuses host names with '_'")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ValueError(
            "http:// would carry what callers key unencrypted; put a proxy with a certificate in front and name its"
            " https:// address (http:// is only for this machine, such as http://127.0.0.1:8000)"
        )
    return text.rstrip("/")


def _account_sid(text: str) -> str:
    if not re.fullmatch(r"AC[0-9a-f]{32}", text):
        raise ValueError("it should be AC and 32 characters out of 0-9 and a-f")
    return text


def _database_url(text: str) -> str:
    if text.startswith("postgres://"):
        text = "postgresql://" + text.removeprefix("postgres://")
    if text.startswith("postgresql://"):
        return "postgresql+psycopg://" + text.removeprefix("postgresql://")
    if text.startswith(("sqlite:///", "postgresql+psycopg://")):
        return text
    raise ValueError("it should begin with sqlite:/// or postgresql://")


def _timezone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"{text!r} is no time zone; use a name such as America/New_York") from None


def _holidays(text: str) -> str:
    if text.lower() == "none":
        return ""
    country, _, region = text.partition("-")
    try:
        holidays.country_holidays(country, subdiv=region or None)
    except NotImplementedError:
        raise ValueError(f"{text!r} is no country or region; use one such as US or US-MA, or none") from None
    return text


def _hours_or_none(text: str) -> tuple[OpenSpan, ...]:
    return parse_hours(text) if text else ()


def _numbers(text: str) -> tuple[str, ...]:
    numbers = tuple(number.strip() for number in text.split(",") if number.strip())
    for number in numbers:
        if not E164.fullmatch(number):
            raise ValueError("each number should look like +16175550100, separated by commas")
    return numbers


def _number(text: str) -> str:
    if text and not E164.fullmatch(text):
        raise ValueError("it should look like +16175550100")
    return text


def _languages(text: str) -> tuple[str, ...]:
    languages = tuple(language.strip() for language in text.split(","))
    for language in languages:
        if not LOCALE.fullmatch(language):
            raise ValueError(f"{language!r} should look like en-US")
        if not (PROMPTS / f"{language}.toml").is_file():
            raise ValueError(f"there is no script prompts/{language}.toml")
        if is_draft(PROMPTS / f"{language}.toml"):
            raise ValueError(f"prompts/{language}.toml is a draft; once it is approved, take its line 'status' out")
    if len(set(languages)) != len(languages) or len(languages) > 4:
        raise ValueError("name each language once, four at most")
    return languages


def _voice(text: str) -> str:
    if text not in {"synth", "say"}:
        raise ValueError("it should be synth or say")
    return text


def _url_or_none(text: str) -> str:
    return _base_url(text) if text else ""


def _smtp_url(text: str) -> str:
    parts = urlsplit(text)
    if text and (parts.scheme not in {"smtp", "smtps"} or not parts.hostname):
        raise ValueError("it should look like smtp://user:password@mail.example.org:587")
    return text


def _emails(text: str) -> tuple[str, ...]:
    addresses = tuple(address.strip() for address in text.split(",") if address.strip())
    for address in addresses:
        if not re.fullmatch(r"[^@\s]+@[^@\s]+", address):
            raise ValueError("each address should look like nurse@example.org, separated by commas")
    return addresses


def _origins(text: str) -> tuple[str, ...]:
    origins = tuple(origin.strip().rstrip("/") for origin in text.split(",") if origin.strip())
    if not all(re.fullmatch(r"https://[a-z0-9.-]+(:\d{1,5})?", origin) for origin in origins):
        raise ValueError("each should look like https://www.example.org, separated by commas")
    return origins


def _yes_or_no(text: str) -> bool:
    if text.lower() not in {"yes", "no"}:
        raise ValueError("it should be yes or no")
    return text.lower() == "yes"


def _queue_shows(text: str) -> str:
    if text not in {"reference", "name"}:
        raise ValueError("it should be reference or name")
    return text


def _days(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 3650:
        raise ValueError("it should be a number of days from 1 to 3650")
    return int(text)


def _idle_minutes(text: str) -> int:
    if not text.isdecimal() or not 3 <= int(text) <= 60:
        raise ValueError("it should be a number of minutes from 3 to 60")
    return int(text)


def _staff_url_of(env: Mapping[str, str]) -> Callable[[str], str]:
    """What is wrong with the public address is told once, of that."""
    public = env.get("PUBLIC_BASE_URL", "").strip()
    return lambda text: text.rstrip("/") if text == public else _base_url(text)


def _demo_of(env: Mapping[str, str]) -> Callable[[str], bool]:
    """Only `python -m ivr demo` says yes: both the line and its carrier are on this machine then."""

    def parse(text: str) -> bool:
        is_demo = _yes_or_no(text)
        addresses = (env.get("PUBLIC_BASE_URL", ""), env.get("TWILIO_API_URL", TWILIO_API))
        if is_demo and not all(map(leads_here, addresses)):
            raise ValueError("it is for python -m ivr demo alone, where everything is on 127.0.0.1: take it out")
        return is_demo

    return parse


def _second_factor_of(env: Mapping[str, str]) -> Callable[[str], str]:
    """Where everything is made up there are no real patients: only there may everybody do without."""
    allowed = {"admins", "everyone"} | ({"nobody"} if env.get("IVR_DEMO", "").strip().lower() == "yes" else set())

    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError("it should be admins or everyone (nobody is for the demo alone)")
        return text

    return parse
