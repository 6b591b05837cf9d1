"""How commands come by their settings and their database, and end when these are wrong."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

import click
from dotenv import dotenv_values

from ivr.config import PROMPTS, Config, ConfigError
from ivr.db import Database, Vault
from ivr.demo import running
from ivr.migrations import is_current
from ivr.services.calendar import Calendars, calendar_of
from ivr.services.scripts import Script, ScriptError, read_scripts

MISCONFIGURED = 2
"""The exit status when settings are missing or malformed."""


def settings() -> Mapping[str, str]:
    """The environment over `.env`; in a checkout with neither, those of the demo that ran there."""
    env = {name: value for name, value in dotenv_values(".env").items() if value is not None} | dict(os.environ)
    if "TWILIO_AUTH_TOKEN" not in env and running.SETTINGS.is_file():
        click.echo(f"(no settings of your own: using the demo's, {running.SETTINGS})", err=True)
        env = {name: value or "" for name, value in dotenv_values(running.SETTINGS).items()} | env
    return env


def configured() -> Config:
    """The settings, or exit status 2 and a list of what is wrong with them."""
    try:
        return Config.from_env(settings())
    except ConfigError as error:
        click.echo(error, err=True)
        sys.exit(MISCONFIGURED)


def open_database(config: Config) -> Database:
    """The database that the settings name, migrated or not, closed when the command ends."""
    return _closed_at_end(Database(config.database_url, Vault(config.data_keys)))


def migrated(database: Database) -> Database:
    """The database, closed when the command ends; exit status 1 and a sentence when it is away or not migrated."""
    _closed_at_end(database)
    try:
        current = is_current(database)
    except database.unavailable as error:
        away = f"The database does not answer ({type(error).__name__}); check DATABASE_URL and that it runs."
        raise click.ClickException(away) from None
    if not current:
        raise click.ClickException("The database's schema is not current; run: python -m ivr db upgrade")
    return database


def _closed_at_end(database: Database) -> Database:
    click.get_current_context().call_on_close(database.close)
    return database


def scripts_of(config: Config, database: Database | None = None) -> Mapping[str, Script]:
    """The scripts of the languages that are on, or a clear end; with the name that an admin chose, if it is given."""
    clinic = Calendars(database, calendar_of(config)).current().clinic if database else config.clinic_name
    try:
        return read_scripts(PROMPTS, config.languages, clinic)
    except ScriptError as error:
        raise click.ClickException(str(error)) from None
