"""All checks, those that others depend on first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from ivr.config import Config
from ivr.doctor.account import check_account
from ivr.doctor.address import check_address
from ivr.doctor.bodies import check_slow_body, check_upload_size
from ivr.doctor.clock import check_clock
from ivr.doctor.database import check_database
from ivr.doctor.findings import CheckResult, Severity
from ivr.doctor.hours import check_hours
from ivr.doctor.keys import check_keys
from ivr.doctor.mail import check_mail
from ivr.doctor.media import check_media
from ivr.doctor.prompts import check_prompts
from ivr.doctor.proxies import check_staff_pages, check_voice
from ivr.doctor.settings import check_settings
from ivr.doctor.staff import check_administrators, check_on_call
from ivr.doctor.workers import check_workers
from ivr.migrations import is_current
from ivr.services.line import Line
from ivr.services.scripts import Script


def examine(config: Config, line: Line, scripts: Mapping[str, Script]) -> Iterator[CheckResult]:
    """Everything that can be checked; what cannot be, as something it rests on is broken, is left out."""
    with ThreadPoolExecutor(1) as beside:
        slow = beside.submit(lambda: list(check_slow_body(config)))
        yield from check_settings(replace(config, clinic_name=next(iter(scripts.values())).clinic))
        yield from _check_inside(config, line, scripts)
        yield from check_hours(line, line.clock())
        yield from check_mail(config)
        yield from _check_outside(config, line, scripts, slow)
        yield from check_clock(config)
        yield from check_account(config)


def _check_inside(config: Config, line: Line, scripts: Mapping[str, Script]) -> Iterator[CheckResult]:
    """What is in the database, if it answers and its schema is ours."""
    found = list(check_database(line.database, is_current))
    yield from found
    if any(finding.check == "database" and finding.level is Severity.FAULT for finding in found):
        return
    yield from check_keys(line.database)
    yield from check_prompts(line, scripts, speaks=config.voice == "say")
    yield from check_workers(line.database)
    yield from check_administrators(line.database)
    yield from check_on_call(line.database, line.on_call)


def _check_outside(
    config: Config, line: Line, scripts: Mapping[str, Script], slow: Future[list[CheckResult]]
) -> Iterator[CheckResult]:
    """The public address, and if it leads to this line, what proxies make of requests on their way."""
    found = list(check_address(config))
    yield from found
    if any(finding.level is Severity.FAULT for finding in found):
        return
    language, script = next(iter(scripts.items()))
    yield from check_voice(config)
    yield from check_media(config, line)
    yield from check_staff_pages(config)
    yield from check_upload_size(config, language, next(iter(script.prompts)))
    yield from slow.result()
