"""Commands for the staff's accounts: the first administrator is made here, and who is locked out is let in again."""

from __future__ import annotations

import click

from ivr.cli.settings import configured, migrated, open_database
from ivr.config import Config
from ivr.db import Database
from ivr.models import Role, StaffMember
from ivr.services.accounts import signing_in
from ivr.services.accounts import staff as service
from ivr.services.accounts.passwords import PasswordOwner
from ivr.services.accounts.staff import AccountDetails, StaffError
from ivr.services.audit import COMMAND
from ivr.services.line import utc_now

DEMO_PASSWORD, DEMO_PIN = "demo-password-only", "274951"
"""The only password that is the same everywhere; the demo answers on this machine alone."""


@click.group()
def staff() -> None:
    """The staff's accounts for the console and for work by telephone."""


@staff.command(name="add")
@click.argument("email")
@click.option("--name", required=True, help="As others see it.")
@click.option("--role", type=click.Choice([role.value for role in Role]), default="staff", show_default=True)
@click.option("--extension", default="", help="2 to 6 digits, to sign in by telephone.")
@click.option("--phone", default="", help="The telephone that rings when they call a patient.")
@click.option("--ask-password", is_flag=True, help="Ask for a password here instead of printing a link.")
@click.option("--ask-pin", is_flag=True, help="Ask for a PIN for the telephone; needs --extension.")
def add(email: str, name: str, role: str, extension: str, phone: str, ask_password: bool, ask_pin: bool) -> None:
    """Make an account, and print the one-time link by which its owner chooses a password."""
    config = configured()
    password = _ask("Password") if ask_password else ""
    pin = _ask("PIN") if ask_pin else ""
    database = migrated(open_database(config))
    try:
        if password:
            service.require_good_password(password, PasswordOwner(config.clinic_name, name, email))
        member = service.create(database, COMMAND, AccountDetails(email, name, Role(role), extension, phone), utc_now())
        if pin:
            service.set_pin(database, COMMAND, member.id, pin, utc_now())
        if password:
            service.set_password(database, COMMAND, member.id, password, utc_now(), config.clinic_name)
    except StaffError as error:
        raise click.ClickException(f"{error}.") from None
    click.echo(f"{member.email} is {role}.")
    if not password:
        _print_link(config, member)


@staff.command(name="deactivate")
@click.argument("email")
def deactivate(email: str) -> None:
    """Sign somebody out at once and keep them out; what they did stays in the history."""
    database = migrated(open_database(configured()))
    member = _set_active(database, email, False)
    click.echo(f"{member.email} is deactivated.")


@staff.command(name="reactivate")
@click.argument("email")
def reactivate(email: str) -> None:
    """Take a deactivated account into use again."""
    database = migrated(open_database(configured()))
    member = _set_active(database, email, True)
    click.echo(f"{member.email} is in use again.")


@staff.command(name="reset")
@click.argument("email")
@click.option("--password", is_flag=True, help="Void the password and print a link to choose a new one.")
@click.option("--second-factor", is_flag=True, help="Void the second factor and the recovery codes.")
@click.option("--pin", is_flag=True, help="Void the PIN for the telephone.")
def reset(email: str, password: bool, second_factor: bool, pin: bool) -> None:
    """Unlock an account, sign it out, and void what was lost; without options the password."""
    config = configured()
    password = password or not (second_factor or pin)
    database = migrated(open_database(config))
    try:
        found = service.find_by_email(database, email)
        member = service.reset(
            database, COMMAND, found.id, utc_now(), password=password, second_factor=second_factor, pin=pin
        )
    except StaffError as error:
        raise click.ClickException(f"{error}.") from None
    click.echo(f"{member.email} is reset and unlocked.")
    if password:
        _print_link(config, member)


@staff.command(name="list")
def list_all() -> None:
    """Print all accounts."""
    database = migrated(open_database(configured()))
    members = service.everybody(database)
    if not members:
        click.echo("There are no accounts yet. Make the first one, an administrator's:")
        click.echo("python -m ivr staff add EMAIL --name NAME --role admin")
    for member in members:
        state = "in use" if member.password else "has no password yet"
        seen = f"{member.last_seen_at:%Y-%m-%d %H:%M} UTC" if member.last_seen_at else "never seen"
        factor = "second factor" if member.tf_totp_secret else "no second factor"
        shown = (member.email, member.role.value, state if member.active else "deactivated", factor, seen)
        click.echo("  ".join(shown))


def make_demo_accounts(database: Database) -> None:
    """One account of each role, with the password and PIN that the demo prints; what is there stays as it is."""
    there = {member.email for member in service.everybody(database)}
    for extension, role in enumerate(Role, start=41):
        if (email := f"{role.value}@example.org") not in there:
            details = AccountDetails(email, f"Demo {role.value}", role, str(extension))
            made = service.create(database, COMMAND, details, utc_now())
            service.set_pin(database, COMMAND, made.id, DEMO_PIN, utc_now())
            service.set_password(database, COMMAND, made.id, DEMO_PASSWORD, utc_now(), "")


def _ask(what: str) -> str:
    return str(click.prompt(what, hide_input=True, confirmation_prompt=True))


def _set_active(database: Database, email: str, active: bool) -> StaffMember:
    try:
        member = service.find_by_email(database, email)
        return service.set_active(database, COMMAND, member.id, active, utc_now())
    except StaffError as error:
        raise click.ClickException(f"{error}.") from None


def _print_link(config: Config, member: StaffMember) -> None:
    click.echo("To choose a password, once and within 24 hours:")
    click.echo(signing_in.link_address(config, member, utc_now()))


__all__ = ["make_demo_accounts", "staff"]
