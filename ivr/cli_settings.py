"""How commands come by their settings and their database, and end when these are wrong."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

import click
from dotenv import dotenv_values

from ivr import demo
from ivr.config import Config, ConfigError
from ivr.db import Database, Vault

MISCONFIGURED = 2
"""The exit status when settings are missing or malformed."""


def settings() -> Mapping[str, str]:
    """The environment over `.env`; in a checkout with neither, those of the demo that ran there."""
    env = {name: value for name, value in dotenv_values(".env").items() if value is not None} | dict(os.environ)
    if "TWILIO_AUTH_TOKEN" not in env and demo.SETTINGS.is_file():
        click.echo(f"(no settings of your own: using the demo's, {demo.SETTINGS})", err=True)
        env = {name: value or "" for name, value in dotenv_values(demo.SETTINGS).items()} | env
    return env


def configured() -> Config:
    """The settings, or exit status 2 and a list of what is wrong with them."""
    try:
        return Config.from_env(settings())
    except ConfigError as error:
        click.echo(error, err=True)
        sys.exit(MISCONFIGURED)


def open_database(config: Config) -> Database:
    """The database that the settings name."""
    return Database(config.database_url, Vault(config.data_keys))
