"""The automatic caller, for operators: by hand, from cron or in CI."""

from __future__ import annotations

import json
import logging
import os
import sys
from tempfile import TemporaryDirectory

import click
import structlog

from ivr import create_app, create_line
from ivr.cli.settings import MISCONFIGURED, configured, migrated, open_database
from ivr.metrics import FOLDER
from ivr.rehearsal import NothingOnAir
from ivr.walk.walking import walk

COULD_NOT_WALK = MISCONFIGURED
"""The exit status without settings, a database or anything on the air."""


@click.command(name="walk")
@click.option("--json", "as_json", is_flag=True, help="The whole report as one JSON object, for machines.")
def walk_command(as_json: bool) -> None:
    """Call the line in every way a caller can, on a copy that is gone afterwards, and say what they stumble over.

    Ends with status 0 when nothing was found, 1 with findings, and 2 when it could not walk.
    """
    config = configured()
    try:
        database = migrated(open_database(config))
    except click.ClickException as error:
        error.show()
        sys.exit(COULD_NOT_WALK)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with TemporaryDirectory(prefix="ivr-walk-") as folder:
        if FOLDER in os.environ:
            os.environ[FOLDER] = folder
        try:
            report = walk(config, database, create_line, create_app)
        except NothingOnAir:
            click.echo("Nothing is on the air yet; run: python -m ivr prompts render", err=True)
            sys.exit(COULD_NOT_WALK)
        except Exception as error:
            click.echo(f"The walk broke off ({type(error).__name__}); is there room for a copy in {folder}?", err=True)
            sys.exit(COULD_NOT_WALK)
    click.echo(json.dumps(report.plain()) if as_json else "\n".join(report.lines()))
    sys.exit(1 if report.findings else 0)
