"""The audit trail, for operators."""

from __future__ import annotations

import sys

import click

from ivr.cli.settings import configured, migrated, open_database
from ivr.services.audit import trail_faults


@click.group()
def audit() -> None:
    """The trail of who saw, heard, exported or changed what."""


@audit.command()
def verify() -> None:
    """Check that no row of the trail was changed or removed. Ends with status 1 and a sentence each otherwise."""
    database = migrated(open_database(configured()))
    found = list(trail_faults(database))
    for fault in found:
        click.echo(f"{fault[0].upper()}{fault[1:]}.")
    click.echo("The trail is broken." if found else "The trail is whole.")
    sys.exit(1 if found else 0)
