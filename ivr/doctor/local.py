"""Checks of a deployment, those that need no network: settings, database, prompts, opening hours."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import text

from ivr.callflow import check
from ivr.config import TWILIO_API, Config, parse_hours
from ivr.db import Database
from ivr.services.health.watching import prompt_faults
from ivr.services.line import Line
from ivr.services.prompts.releases import measured_seconds
from ivr.services.scripts import Script

DEFAULT_HOURS = "Mon-Fri 08:30-17:00"
DEFAULT_CLINIC = "Bay State Pain Associates"
DAYS_AHEAD = 14
OLDEST_POSTGRESQL = 14
LEAST_FREE_BYTES = 1_000_000_000


class Severity(StrEnum):
    """How bad a finding is. Only faults make the doctor's exit status 1."""

    FINE = "fine"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check found, and how to fix it; no secret is in either."""

    level: Severity
    check: str
    found: str
    fix: str = ""


def fine(name: str, found: str) -> CheckResult:
    """All is well."""
    return CheckResult(Severity.FINE, name, found)


def warning(name: str, found: str, fix: str) -> CheckResult:
    """It works, but perhaps not as it is meant."""
    return CheckResult(Severity.WARNING, name, found, fix)


def fault(name: str, found: str, fix: str) -> CheckResult:
    """Callers or staff are worse off for it."""
    return CheckResult(Severity.FAULT, name, found, fix)


def check_settings(config: Config) -> Iterator[CheckResult]:
    """Settings that are well-formed and still worth a second look."""
    yield fine("settings", f"All settings are well-formed; {len(config.data_keys)} data key(s).")
    if urlsplit(config.public_base_url).scheme != "https":
        yield warning(
            "base URL",
            "PUBLIC_BASE_URL begins with http://: what callers key would travel unencrypted.",
            "Put a TLS proxy in front and set PUBLIC_BASE_URL to its https:// address.",
        )
    if config.twilio_api_url != TWILIO_API:
        yield warning("Twilio API", "TWILIO_API_URL points to a stand-in.", "Remove it where real patients call.")
    if config.clinic_name == DEFAULT_CLINIC:
        yield warning(
            "clinic name", f"Callers hear the default name, {DEFAULT_CLINIC}.", "Set CLINIC_NAME if yours differs."
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
    if not config.notify_emails and not config.notify_numbers:
        yield warning("notices", "Nobody is told of new requests.", "Set NOTIFY_EMAILS or NOTIFY_NUMBERS.")


def check_database(database: Database, is_current: Callable[[Database], bool]) -> Iterator[CheckResult]:
    """That it answers, has the newest schema, takes writes, and keeps what it has committed."""
    try:
        current = is_current(database)
        with database.write() as session:
            session.execute(text("SELECT 1"))
    except Exception as error:
        yield fault(
            "database", f"The database does not answer or takes no writes ({type(error).__name__}).",
            "Check DATABASE_URL, that the server runs, that its disk has room and its files may be written.",
        )  # fmt: skip
        return
    if current:
        yield fine("database", "The database answers; its schema is current.")
    else:
        yield fault("database", "The schema is not current.", "Run python -m ivr db upgrade.")
    yield from _check_sqlite(database) if database.is_sqlite else _check_postgresql(database)


def _check_sqlite(database: Database) -> Iterator[CheckResult]:
    with database.read() as session:
        values = {name: str(session.scalar(text(f"PRAGMA {name}"))) for name in ("journal_mode", "synchronous")}
    path = Path(database.engine.url.database or ".").absolute()
    if values == {"journal_mode": "wal", "synchronous": "2"}:
        yield fine("durability", "SQLite writes ahead and waits for the disk at each commit.")
    else:
        yield fault(
            "durability", f"SQLite runs with {values}, so that a power cut could lose saved requests.",
            "Keep the database on a local disk; network file systems do not support write-ahead logs.",
        )  # fmt: skip
    if shutil.disk_usage(path.parent).free < LEAST_FREE_BYTES:
        yield warning("disk", "Less than 1 GB is free where the database is.", "Free some space, or move the database.")


def _check_postgresql(database: Database) -> Iterator[CheckResult]:
    with database.read() as session:
        version = int(session.scalar(text("SHOW server_version_num")) or 0) // 10_000
        synchronous = session.scalar(text("SHOW synchronous_commit"))
    if version < OLDEST_POSTGRESQL:
        yield fault("durability", f"PostgreSQL {version} is too old.", f"Use version {OLDEST_POSTGRESQL} or newer.")
    elif synchronous == "off":
        yield fault(
            "durability", "PostgreSQL runs with synchronous_commit off: a crash could lose saved requests.",
            "Set synchronous_commit to on.",
        )  # fmt: skip
    else:
        yield fine("durability", f"PostgreSQL {version} waits for the disk at each commit.")


def check_prompts(line: Line, scripts: Mapping[str, Script], *, speaks: bool) -> Iterator[CheckResult]:
    """That every language can say everything, and nothing lasts too long. Needs a database that answers."""
    faults = [] if speaks else prompt_faults(line.database, scripts)
    if not faults:
        faults = _tree_faults(line, scripts, speaks)
    for words in faults:
        yield fault("prompts", words, "Run python -m ivr prompts render, then python -m ivr tree --check.")
    if not faults:
        yield fine("prompts", f"Complete in {', '.join(scripts)}.")


def _tree_faults(line: Line, scripts: Mapping[str, Script], speaks: bool) -> list[str]:
    measured = {} if speaks else measured_seconds(line.database, tuple(scripts))
    voices = [
        check.SpokenScript(
            language, script.order, script.has, measured.get(language) or dict.fromkeys(script.prompts, 0.0)
        )
        for language, script in scripts.items()
    ]
    return check.check(line.tree, voices)


def check_hours(line: Line, now: datetime) -> Iterator[CheckResult]:
    """That somebody is there to call back."""
    opens = line.calendar.next_opening(now, DAYS_AHEAD)
    if opens is None:
        yield fault(
            "hours", f"The clinic does not open within {DAYS_AHEAD} days.", "Check CLINIC_HOURS and CLINIC_HOLIDAYS."
        )
    else:
        local = opens.astimezone(line.calendar.timezone)
        yield fine("hours", f"Open next on {local:%A, %B %d at %H:%M} ({line.calendar.timezone}).")
