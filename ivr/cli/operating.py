"""Running the line: its schema, the worker and its jobs, and the doctor that checks a deployment."""

from __future__ import annotations

import json
import signal
import sys
import threading
from dataclasses import asdict

import click

from ivr import create_line
from ivr.cli.settings import configured, migrated, open_database, scripts_of
from ivr.db import Database
from ivr.doctor.examination import examine
from ivr.doctor.findings import CheckResult, Severity
from ivr.jobs.tasks import tasks_of
from ivr.jobs.worker import JobWorker, run_worker
from ivr.migrations import is_current, upgrade
from ivr.services.jobs import NoSuchJob, failed_jobs, retry_job
from ivr.services.keeping.key_notes import note_keys
from ivr.services.line import utc_now
from ivr.voice.outage import Outage


@click.group()
def db() -> None:
    """The database's schema."""


@db.command(name="upgrade")
def db_upgrade() -> None:
    """Bring the database to the newest schema."""
    database = open_database(configured())
    upgrade(database)
    note_keys(database, utc_now())
    click.echo("The database is up to date.")


@click.command()
def worker() -> None:
    """Do what calls leave to do: fetch recordings, notify staff. Run one or more beside the web server."""
    config = configured()
    line = create_line(config)
    note_keys(migrated(line.database), utc_now())
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    sys.exit(run_worker(JobWorker(tasks_of(config, line)), stop))


@click.group(invoke_without_command=True)
@click.pass_context
def jobs(context: click.Context) -> None:
    """List the jobs that gave up; none of them holds a patient's data."""
    if context.invoked_subcommand is not None:
        return
    failed = failed_jobs(migrated(open_database(configured())))
    for job in failed:
        click.echo(f"{job.failed_at:%Y-%m-%d %H:%M} UTC  {job.id}  {job.error} after {job.attempts} attempts")
    click.echo("Try one again: python -m ivr jobs retry ID" if failed else "No job has given up.")


@jobs.command(name="retry")
@click.argument("job_id")
def jobs_retry(job_id: str) -> None:
    """Let a job that gave up begin again."""
    try:
        click.echo(f"Enqueued again as {retry_job(migrated(open_database(configured())), job_id, utc_now())}.")
    except NoSuchJob:
        raise click.ClickException("No job with this id has given up.") from None


@click.command(name="doctor")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a finding, for machines.")
@click.option("--twiml-bin", is_flag=True, help="Print the outage announcement for a host outside this server.")
@click.option("--thanks-url", default="", help="With --twiml-bin: where the document after a message is hosted.")
def run_doctor(as_json: bool, twiml_bin: bool, thanks_url: str) -> None:
    """Check a deployment before it goes live, and each day: exit status 1 when something must be fixed."""
    config = configured()
    scripts = scripts_of(config)
    if twiml_bin:
        _print_bin(Outage(config.public_base_url, scripts[config.languages[0]], config.desk_numbers), thanks_url)
        return
    line = create_line(config)
    if _has_schema(line.database):
        scripts = scripts_of(config, line.database)
    faults = 0
    for finding in examine(config, line, scripts):
        faults += finding.level is Severity.FAULT
        click.echo(json.dumps(asdict(finding)) if as_json else _finding_words(finding))
    line.database.close()
    sys.exit(1 if faults else 0)


def _has_schema(database: Database) -> bool:
    """Whether the database can be asked for what admins keep there."""
    try:
        return is_current(database)
    except database.unavailable:
        return False


def _finding_words(finding: CheckResult) -> str:
    fix = f"\n          {finding.fix}" if finding.fix else ""
    return f"{finding.level:<8}  {finding.check}: {finding.found}{fix}"


def _print_bin(outage: Outage, thanks_url: str) -> None:
    click.echo(outage.elsewhere(thanks_url))
    if not thanks_url:
        click.echo(_WITHOUT_MESSAGE.format(thanks=outage.thanks()), err=True)


_WITHOUT_MESSAGE = """
This document alone can put callers through, but takes no message: a document that is always the same would be asked
for again after each one. To take messages, host this second document as well

{thanks}

and print the first one again with its address: python -m ivr doctor --twiml-bin --thanks-url https://…
"""
