"""Trying the line without a carrier: the demo, and calls from this terminal."""

from __future__ import annotations

import logging
import sys
from contextlib import closing
from typing import Any

import click

from ivr.callflow.tree import build
from ivr.cli.prompts import render
from ivr.cli.review import review
from ivr.cli.settings import configured, open_database, scripts_of
from ivr.cli.staff import make_demo_accounts
from ivr.config import Config
from ivr.demo import running, week
from ivr.logs import configure_logs
from ivr.services.numbers import dialable
from ivr.simulator import (
    Answers,
    Carrier,
    FixedDesk,
    RecordingStore,
    TranscriptEntry,
    run_interactive,
    run_scripted,
)


@click.command(name="demo")
@click.option("--port", default=8000, show_default=True, help="Where the line listens, on this machine only.")
@click.option("--fresh", is_flag=True, help="Empty the demo's database first.")
def run_demo(port: int, fresh: bool) -> None:
    """Start everything on SQLite in var/, with made-up secrets, and say what to do next."""
    configure_logs(logging.WARNING)
    sys.exit(running.run(port, fresh=fresh, prepare=_prepare_demo, complete=render))


def _prepare_demo(config: Config) -> None:
    render(config, callers_only=True)
    with closing(open_database(config)) as database:
        make_demo_accounts(database)
    if calls := week.fill(config, RecordingStore(running.RECORDINGS)):
        click.echo(f"A made-up week is in it: {calls} calls and what staff did about them.")


@click.command()
@click.option("--base-url", help="Where the line listens; PUBLIC_BASE_URL unless given.")
@click.option("--keys", help='What the caller does at each wait, such as "2 1 4 3 1 2"; without it you are the caller.')
@click.option("--from", "from_", default="+16175550142", show_default=True, help="Caller ID; anonymous works too.")
@click.option("--to", default="+16175550100", show_default=True, help="The clinic's number.")
@click.option("--barge-in", is_flag=True, help="Press keys half a second into the prompts.")
@click.option("--fast", is_flag=True, help="As the caller: do not wait for the prompts to be spoken.")
@click.option("--desk", type=click.Choice(["answers", "silent"]), default="silent", help="What the desk phone does.")
def call(base_url: str | None, keys: str | None, from_: str, to: str, barge_in: bool, fast: bool, desk: str) -> None:
    """Call the line from this terminal: what it says is printed, your keys are typed.

    To check a line, press a key: --keys "9 h" hears the menu again and hangs up, and leaves no request. Says what was
    heard and whether keys were understood. Ends with status 0 when the call went through, and 1 when it met an error
    or the line announced a problem.
    """
    config = configured()
    carrier = Carrier(
        base_url or config.public_base_url,
        config.twilio_account_sid,
        config.twilio_auth_token,
        sign_as=config.public_base_url,
        rest_url=running.recordings_url(config),
    )
    answers = FixedDesk(Answers()) if desk == "answers" else FixedDesk()
    if keys is None:
        sys.exit(run_interactive(carrier, from_=from_, to=to, fast=fast, desk=answers))
    sys.exit(_call_by_script(config, carrier, keys, from_=from_, to=to, barge_in=barge_in, desk=answers))


def _call_by_script(config: Config, carrier: Carrier, keys: str, **options: Any) -> int:
    """Hold a scripted call and say what it shows; an outage announcement is an error, whatever else went through."""
    entries: list[TranscriptEntry] = []
    status = run_scripted(carrier, keys, entries=entries, **options)
    if not entries:
        return status
    found = review(entries, build(config.languages, dialable), scripts_of(config))
    click.echo("\n" + "\n".join(found.sentences))
    return 1 if found.is_outage else status
