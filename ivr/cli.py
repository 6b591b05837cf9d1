"""Commands for operators and developers. Each reads its settings, calls one service, and prints what it did."""

from __future__ import annotations

import json
import logging
import signal
import sys
import threading
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict

import click
from cryptography.fernet import Fernet

from ivr import cli_audit, cli_data, cli_staff, cli_walk, create_line, demo, demo_week, doctor
from ivr.audio.errors import AudioError
from ivr.audio.rendering import Rendered
from ivr.callflow import check, drawing
from ivr.callflow.tree import build
from ivr.cli_settings import configured, migrated, open_database
from ivr.config import PROMPTS, Config
from ivr.jobs.tasks import tasks_of
from ivr.jobs.worker import Worker, run_worker
from ivr.logs import configure_logs
from ivr.migrations import upgrade
from ivr.services.audit import COMMAND
from ivr.services.doctor import Finding, Level
from ivr.services.line import utc_now
from ivr.services.numbers import dialable
from ivr.services.prompts import measured_seconds
from ivr.services.queue import NoSuchJob, failed_jobs, retry_job
from ivr.services.rendering import render_prompts
from ivr.services.reports import note_export
from ivr.services.requests import csv_lines, export_requests
from ivr.services.scripts import Script, ScriptError, read_scripts
from ivr.simulator import Answers, Carrier, FixedDesk, RecordingStore, run_interactive, run_scripted
from ivr.voice.outage import Outage


def scripts_of(config: Config) -> Mapping[str, Script]:
    """The scripts of the languages that are on, or a clear end."""
    try:
        return read_scripts(PROMPTS, config.languages, config.clinic_name)
    except ScriptError as error:
        raise click.ClickException(str(error)) from None


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """The voice appointment line of a pain clinic."""
    configure_logs()


@main.command(name="demo")
@click.option("--port", default=8000, show_default=True, help="Where the line listens, on this machine only.")
@click.option("--fresh", is_flag=True, help="Empty the demo's database first.")
def run_demo(port: int, fresh: bool) -> None:
    """Start everything on SQLite in var/, with made-up secrets, and say what to do next."""
    configure_logs(logging.WARNING)
    sys.exit(demo.run(port, fresh=fresh, render=_prepare_demo))


def _prepare_demo(config: Config) -> None:
    _render(config)
    with closing(open_database(config)) as database:
        cli_staff.make_demo_accounts(database)
    if calls := demo_week.fill(config, RecordingStore(demo.RECORDINGS)):
        click.echo(f"A made-up week is in it: {calls} calls and what staff did about them.")


@main.command()
@click.option("--base-url", help="Where the line listens; PUBLIC_BASE_URL unless given.")
@click.option(
    "--keys", help='What the caller does at each wait, such as "2 1 4 3 1 2 1"; without it you are the caller.'
)
@click.option("--from", "from_", default="+16175550142", show_default=True, help="Caller ID; anonymous works too.")
@click.option("--to", default="+16175550100", show_default=True, help="The clinic's number.")
@click.option("--barge-in", is_flag=True, help="Press keys half a second into the prompts.")
@click.option("--fast", is_flag=True, help="As the caller: do not wait for the prompts to be spoken.")
@click.option("--desk", type=click.Choice(["answers", "silent"]), default="silent", help="What the desk phone does.")
def call(base_url: str | None, keys: str | None, from_: str, to: str, barge_in: bool, fast: bool, desk: str) -> None:
    """Call the line from this terminal: what it says is printed, your keys are typed.

    Ends with status 0 when the call went through and 1 when it met an error.
    """
    config = configured()
    carrier = Carrier(
        base_url or config.public_base_url,
        config.twilio_account_sid,
        config.twilio_auth_token,
        sign_as=config.public_base_url,
        rest_url=demo.recordings_url(config),
    )
    answers = FixedDesk(Answers()) if desk == "answers" else FixedDesk()
    if keys is None:
        sys.exit(run_interactive(carrier, from_=from_, to=to, fast=fast, desk=answers))
    sys.exit(run_scripted(carrier, keys, from_=from_, to=to, barge_in=barge_in, desk=answers))


@main.group()
def db() -> None:
    """The database's schema."""


@db.command(name="upgrade")
def db_upgrade() -> None:
    """Bring the database to the newest schema."""
    database = open_database(configured())
    upgrade(database)
    click.echo("The database is up to date.")


@main.group()
def keys() -> None:
    """The keys that encrypt patients' data."""


@keys.command(name="new")
def keys_new() -> None:
    """Print a new key for DATA_KEYS."""
    click.echo(Fernet.generate_key().decode())


@main.group()
def prompts() -> None:
    """What callers hear."""


@prompts.command(name="render")
@click.option("--table", is_flag=True, help="Print every clip's figures, not only what is wrong.")
def prompts_render(table: bool) -> None:
    """Make audio of every prompt that nobody has recorded; only what changed is made again."""
    config = configured()
    clips = _render(config)
    if table:
        for clip in clips:
            click.echo(_figures(clip))
    sys.exit(1 if any(clip.faults for clip in clips) else 0)


def _render(config: Config) -> list[Rendered]:
    """Render with a progress bar, and say what was measured."""
    database = migrated(open_database(config))
    started = utc_now()
    bars: dict[str, object] = {}

    def show(language: str, done: int, total: int, clip: Rendered) -> None:
        if language not in bars:
            bars[language] = click.progressbar(length=total, label=f"Rendering {language}", file=sys.stderr)
        bar = bars[language]
        bar.update(1)  # type: ignore[attr-defined]
        if done == total:
            bar.render_finish()  # type: ignore[attr-defined]

    try:
        clips = render_prompts(database, scripts_of(config), started, show)
    except AudioError as error:
        raise click.ClickException(str(error)) from None
    database.close()
    seconds = (utc_now() - started).total_seconds()
    click.echo(_summary(clips, seconds))
    for clip in clips:
        for fault in clip.faults:
            click.echo(f"  {clip.key}: {fault}", err=True)
    return clips


def _summary(clips: list[Rendered], seconds: float) -> str:
    if not clips:
        return "All prompts are rendered already."
    levels = [clip.measurement.level_dbov for clip in clips]
    paces = [clip.measurement.words_per_minute for clip in clips if clip.measurement.words_per_minute]
    return (
        f"Rendered {len(clips)} prompts in {seconds:.1f} s: level {min(levels):.1f} to {max(levels):.1f} dBov, "
        f"peak {max(clip.measurement.peak_dbfs for clip in clips):.1f} dBFS at most, "
        f"head {max(clip.measurement.head_ms for clip in clips):.0f} ms and "
        f"tail {max(clip.measurement.tail_ms for clip in clips):.0f} ms at most, "
        f"{min(paces, default=0):.0f} to {max(paces, default=0):.0f} words a minute."
    )


def _figures(clip: Rendered) -> str:
    m = clip.measurement
    pace = f"{m.words_per_minute:4.0f}" if m.words_per_minute else "   -"
    figures = (
        f"{m.seconds:5.1f} s {m.level_dbov:6.1f} dBov {m.peak_dbfs:6.1f} dBFS {m.head_ms:4.0f} {m.tail_ms:4.0f} ms"
    )
    return f"{clip.key:<28} {figures} {pace} wpm  {'; '.join(clip.faults)}"


@main.command()
@click.option("--format", "form", type=click.Choice(["text", "mermaid"]), default="text", show_default=True)
@click.option("--check", "lint", is_flag=True, help="Look for what is wrong with the tree instead of printing it.")
@click.option("--languages", default="en-US", show_default=True, help="Which languages the printed tree offers.")
def tree(form: str, lint: bool, languages: str) -> None:
    """Print the call tree, or check it: exit status 1 when a call could go wrong."""
    if not lint:
        printed = build(tuple(languages.split(",")), dialable)
        click.echo(drawing.as_mermaid(printed) if form == "mermaid" else drawing.as_text(printed))
        return
    faults = _lint(configured())
    for fault in faults:
        click.echo(fault)
    click.echo(f"{len(faults)} faults." if faults else "The tree is sound.")
    sys.exit(1 if faults else 0)


def _lint(config: Config) -> list[str]:
    scripts = scripts_of(config)
    line = create_line(config)
    seconds = measured_seconds(migrated(line.database), config.languages)
    voices = [
        check.Voice(language, script.order, script.has, seconds[language], script.longest)
        for language, script in scripts.items()
    ]
    return check.check(line.tree, voices)


@main.command()
def worker() -> None:
    """Do what calls leave to do: fetch recordings, notify staff. Run one or more beside the web server."""
    config = configured()
    line = create_line(config)
    migrated(line.database)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    sys.exit(run_worker(Worker(tasks_of(config, line)), stop))


@main.group(invoke_without_command=True)
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


@main.group()
def requests() -> None:
    """Patients' requests."""


@requests.command(name="export")
@click.option("--format", "form", type=click.Choice(["json", "csv"]), default="json", show_default=True)
def requests_export(form: str) -> None:
    """Print all requests, one a line, oldest first: the list to work from when the console is down."""
    database = migrated(open_database(configured()))
    note_export(database, COMMAND, f"requests-all-{form}", utc_now())
    found = export_requests(database)
    lines = csv_lines(found) if form == "csv" else (f"{json.dumps(asdict(request))}\n" for request in found)
    for line in lines:
        click.echo(line, nl=False)


@main.command(name="doctor")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a finding, for machines.")
@click.option("--twiml-bin", is_flag=True, help="Print the outage announcement for a host outside this server.")
@click.option("--thanks-url", default="", help="With --twiml-bin: where the document after a message is hosted.")
def run_doctor(as_json: bool, twiml_bin: bool, thanks_url: str) -> None:
    """Check a deployment before it goes live, and each day: exit status 1 when something must be mended."""
    config = configured()
    scripts = scripts_of(config)
    if twiml_bin:
        _print_bin(Outage(config.public_base_url, scripts[config.languages[0]], config.desk_numbers), thanks_url)
        return
    line = create_line(config)
    faults = 0
    for finding in doctor.examine(config, line, scripts):
        faults += finding.level is Level.FAULT
        click.echo(json.dumps(asdict(finding)) if as_json else _finding_words(finding))
    line.database.close()
    sys.exit(1 if faults else 0)


def _finding_words(finding: Finding) -> str:
    mend = f"\n          {finding.mend}" if finding.mend else ""
    return f"{finding.level:<8}  {finding.check}: {finding.found}{mend}"


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


cli_data.register(main, keys)
main.add_command(cli_staff.staff)
main.add_command(cli_audit.audit)
main.add_command(cli_walk.walk_command)


__all__ = ["main"]
