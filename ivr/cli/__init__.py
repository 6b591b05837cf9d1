"""The commands, `python -m ivr …`, one file a family: each reads its settings, calls one service, says what it did."""

from __future__ import annotations

import click

from ivr.cli import audit, data, operating, prompts, staff, trying, walk
from ivr.logs import configure_logs


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """The voice appointment line of a pain clinic."""
    configure_logs()


for command in (
    trying.run_demo,
    trying.call,
    walk.walk_command,
    prompts.prompts,
    prompts.tree,
    operating.db,
    operating.worker,
    operating.jobs,
    operating.run_doctor,
    data.requests,
    data.erase,
    data.hold,
    data.backup,
    data.restore,
    data.keys_group,
    staff.staff,
    audit.audit,
):
    main.add_command(command)
