"""Commands that keep, move and erase patients' data."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click
from alembic.script import ScriptDirectory
from cryptography.fernet import Fernet
from sqlalchemy import URL, make_url

from ivr.callflow.entries import is_reference
from ivr.cli.settings import MISCONFIGURED, configured, migrated, open_database
from ivr.config import Config
from ivr.db import Database, InvalidToken, Vault
from ivr.migrations import alembic_config
from ivr.services.audit import COMMAND
from ivr.services.keeping import backups, keys
from ivr.services.keeping.erasure import (
    Erased,
    HeldError,
    NothingToHoldError,
    Trace,
    erase_number,
    set_hold,
    trace_number,
)
from ivr.services.keeping.key_notes import noted_keys
from ivr.services.keeping.retention import erased_at_carrier
from ivr.services.line import utc_now
from ivr.services.numbers import masked, read_number
from ivr.services.requests.exporting import csv_lines, export_requests
from ivr.services.requests.reports import note_export


@click.group(name="keys")
def keys_group() -> None:
    """The keys that encrypt patients' data."""


@keys_group.command(name="new")
def keys_new() -> None:
    """Print a new key for DATA_KEYS."""
    click.echo(Fernet.generate_key().decode())


@click.command()
@click.option("--number", prompt="The patient's number", help="Such as +16175550142; asked for unless given.")
@click.option("--open", "include_open", is_flag=True, help="Also requests not closed yet; they are closed by it.")
@click.option("--yes", is_flag=True, help="Do not ask whether you are sure.")
def erase(number: str, include_open: bool, yes: bool) -> None:
    """Erase what is kept of a patient's telephone number: a request by the patient, not to be undone.

    Ends with status 1 when something had to be left.
    """
    try:
        number = read_number(number)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--number") from None
    sys.exit(_erase(migrated(open_database(configured())), number, include_open=include_open, sure=yes))


def _erase(database: Database, number: str, *, include_open: bool, sure: bool) -> int:
    now, shown = utc_now(), masked(number)
    trace = trace_number(database, number, now)
    if trace.held:
        raise click.ClickException(str(HeldError(trace.held)))
    chosen = trace.closed + (trace.open if include_open else ())
    if not chosen and not trace.open and not trace.calls:
        click.echo(f"Nothing that can be erased is kept of {shown}.")
        return _say_left(trace)
    if not sure:
        click.confirm(f"Erase {_requests(chosen)} and what {trace.calls} calls tell of {shown}, for ever?", abort=True)
    try:
        erased = erase_number(database, number, now, include_open=include_open)
    except HeldError as error:
        raise click.ClickException(str(error)) from None
    _say_erased(shown, erased)
    if waiting := len(erased_at_carrier(database)):
        click.echo(f"Copies at the carrier that the worker still has to delete: {waiting}.")
    return _say_left(erased.left)


def _say_erased(shown: str, erased: Erased) -> None:
    counts = f"{erased.recordings} recordings and {erased.calls} calls"
    click.echo(f"Erased of {shown}: {_requests(erased.requests)}, {counts}.")


def _say_left(left: Trace) -> int:
    """Say what was not erased, and how it could be; returns the exit status."""
    if left.open:
        click.echo(f"Still open, and left: {_requests(left.open)}. To erase and close them, add --open.", err=True)
    if left.going_on:
        click.echo(f"Calls going on now, and left: {left.going_on}. Run this again in a while.", err=True)
    if left.others:
        click.echo(f"They name another number, and are left: {_requests(left.others)}. Erase by that number.", err=True)
    return 1 if left.open or left.going_on or left.others else 0


def _requests(references: Sequence[str]) -> str:
    if not references:
        return "no requests"
    return f"request{'s' if len(references) > 1 else ''} {', '.join(references)}"


@click.command()
@click.argument("reference")
@click.argument("state", type=click.Choice(["on", "off"]))
def hold(reference: str, state: str) -> None:
    """Put a request under legal hold, so that it is not erased, or lift that."""
    if not is_reference(reference):
        raise click.BadParameter("this is no reference: six digits, the last one checks the others")
    try:
        set_hold(migrated(open_database(configured())), reference, state == "on", utc_now())
    except NothingToHoldError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"Request {reference} is {'under legal hold' if state == 'on' else 'no longer under legal hold'}.")


@keys_group.command(name="rotate")
@click.option("--check", is_flag=True, help="Only count what each key reads; exit status 1 when older ones are needed.")
def keys_rotate(check: bool) -> None:
    """Bring all encrypted data under the first of DATA_KEYS, while the line runs, and check that it all is.

    Broken off, start it again: it goes on where it was.
    """
    database = migrated(open_database(configured()))
    found = _rotate(database, check)
    _say_survey(database.vault, found)
    sys.exit(0 if found.is_done else 1)


def _rotate(database: Database, check: bool) -> keys.Survey:
    total = sum(keys.count_rows(database).values())
    label = "Checking" if check else "Rotating"
    with click.progressbar(length=total, label=label, file=sys.stderr) as bar:
        if check:
            return keys.survey(database, lambda _, rows: bar.update(rows))
        rotated = keys.rotate(database, utc_now(), lambda _, rows: bar.update(rows))
    click.echo(f"Rows written again: {rotated.rows}.")
    return rotated.survey


def _say_survey(vault: Vault, found: keys.Survey) -> None:
    for place, (fingerprint, count) in enumerate(zip(vault.fingerprints, found.by_key, strict=True), start=1):
        click.echo(f"Key {place} ({fingerprint}) reads {count} values.")
    if found.unreadable:
        click.echo(f"{found.unreadable} values cannot be read: a key is missing from DATA_KEYS. Remove none.", err=True)
    if found.stale:
        click.echo(f"{found.stale} values or indexes are still of an older key: keep it.", err=True)
        click.echo("If rotating leaves some, a process still runs with the old order of keys: restart it.", err=True)
    if found.is_done and len(vault.fingerprints) > 1:
        older = ", ".join(vault.fingerprints[1:])
        click.echo(f"Nothing that is stored needs an older key: {older}.")
        click.echo("It can be removed from DATA_KEYS only when no process still writes under it: first restart every")
        click.echo(f"web and worker process with {vault.fingerprints[0]} in front, then run keys rotate --check again.")
        click.echo("Keep it elsewhere for as long as you keep backups that were made with it.")
    elif found.is_done:
        click.echo("All data is under the only key. To change it, put a new one first: python -m ivr keys new")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--force", is_flag=True, help="Overwrite the file.")
def backup(file: Path, force: bool) -> None:
    """Write a checked copy of the SQLite database to FILE, while the line runs; PostgreSQL has pg_dump.

    The copy is encrypted like the database: keep DATA_KEYS, apart from it.
    """
    config = configured()
    url = make_url(config.database_url)
    if url.get_backend_name() != "sqlite":
        words = ["pg_dump", "--no-password", "--format=custom", f"--file={file}", f"--dbname={_for_tools(url)}"]
        _say_instead(words, "back it up")
    try:
        made = backups.back_up(_path(url), file, Vault(config.data_keys), force=force)
    except backups.BackupError as error:
        raise click.ClickException(f"{error}.") from None
    click.echo(f"{file}: {made.requests} requests, schema {made.revision}; needs key {', '.join(made.keys) or '-'}.")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--force", is_flag=True, help="Move the database that is there aside.")
def restore(file: Path, force: bool) -> None:
    """Make FILE, a backup, the SQLite database. Stop the line first; an existing database is moved aside."""
    config = configured()
    url = make_url(config.database_url)
    if url.get_backend_name() != "sqlite":
        words = ["pg_restore", "--no-password", "--exit-on-error", "--single-transaction", "--no-owner"]
        _say_instead([*words, f"--dbname={_for_tools(url)}", str(file)], "restore into an empty one")
    try:
        _refuse_newer(file, config)
        done = backups.restore(file, _path(url), Vault(config.data_keys), now=utc_now(), force=force)
    except backups.BackupError as error:
        raise click.ClickException(f"{error}.") from None
    if done.moved_to:
        click.echo(f"The database that was there is now {done.moved_to}.")
    click.echo(f"Restored {done.contents.requests} requests to {url.database}.")
    click.echo("What was erased since the backup is back: erase it again, and start with python -m ivr db upgrade.")


def _refuse_newer(file: Path, config: Config) -> None:
    revision = backups.examine(file, Vault(config.data_keys)).revision
    if revision not in {script.revision for script in ScriptDirectory.from_config(alembic_config()).walk_revisions()}:
        raise backups.BackupError(f"{file} has schema {revision}, of a newer version of the line: restore it with that")


def _path(url: URL) -> Path:
    if not url.database or url.database == ":memory:":
        raise click.ClickException("DATABASE_URL names a database in memory: there is no file to keep.")
    return Path(url.database)


def _for_tools(url: URL) -> str:
    """The address as PostgreSQL's own tools take it, without the password: they ask ~/.pgpass or PGPASSWORD."""
    bare = URL.create("postgresql", url.username, None, url.host, url.port, url.database, url.query)
    return bare.render_as_string(hide_password=False)


def _say_instead(words: Sequence[str], purpose: str) -> None:
    click.echo(f"The database is PostgreSQL; {purpose} with this (password: ~/.pgpass or PGPASSWORD):", err=True)
    click.echo(shlex.join(words))
    sys.exit(MISCONFIGURED)


def _missing_key(database: Database) -> str:
    """Which key reads what the given ones cannot, by its fingerprint."""
    has = database.vault.fingerprints
    missing = [key for key in noted_keys(database) if key not in has]
    which = f"the key with the fingerprint {', '.join(missing)}" if missing else "a key that was in use here"
    return f"DATA_KEYS lacks {which}; it has {', '.join(has)}. Put the key back, behind the first one, and try again."


@click.group()
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
    try:
        for line in lines:
            click.echo(line, nl=False)
    except InvalidToken:
        raise click.ClickException(_missing_key(database)) from None
