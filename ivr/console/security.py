"""Flask-Security on our accounts: how it finds and keeps them, and the forms that sign in."""

from __future__ import annotations

from typing import Any

from flask import Flask, current_app, g, request
from flask_security import LoginForm, RoleMixin, Security, UserMixin
from flask_security.datastore import UserDatastore
from flask_security.forms import Form
from sqlalchemy import inspect, select, update
from sqlalchemy.orm.attributes import set_committed_value
from wtforms import StringField
from wtforms.validators import InputRequired

from ivr.db import Database
from ivr.models import StaffMember
from ivr.services import staff
from ivr.services.line import Line

NOT_SIGNED_IN = (
    "That did not work. Check the address and the password. After 5 failures an account is locked for 15 minutes."
)
"""The same words for every reason: they do not tell who has an account."""


class AccountRole(RoleMixin):
    """A role as Flask-Security sees it; ours are names with ranks, see `Role`."""

    permissions = None

    def __init__(self, name: str) -> None:
        self.name = name


class Account(UserMixin, StaffMember):
    """A member of the staff as Flask-Security sees it; the same row."""

    tf_phone_number = None

    @property
    def roles(self) -> list[AccountRole]:  # type: ignore[override]
        """The one role."""
        return [AccountRole(self.role.value)]


class Accounts(UserDatastore):
    """Accounts as Flask-Security reads and keeps them.

    Reading waits for no writer. What it changed is written at `commit`, in a transaction of its own, these columns
    alone: what others wrote meanwhile stays.
    """

    def __init__(self, database: Database) -> None:
        super().__init__(Account, AccountRole)
        self._database = database

    def find_user(self, case_insensitive: bool = False, **wanted: Any) -> Account | None:
        """The account whose one column has this value; addresses are kept in small letters."""
        [(column, value)] = wanted.items()
        wanted_value = value.lower() if case_insensitive else value
        with self._database.read() as session:
            return session.scalar(select(Account).where(getattr(Account, column) == wanted_value))

    def find_role(self, role: str) -> AccountRole:
        """The role of a name."""
        return AccountRole(role)

    def put(self, model: Account) -> Account:
        """Remember to write an account."""
        g.setdefault("accounts_to_write", {})[model.id] = model
        return model

    def delete(self, model: Account) -> None:
        """Refuse: an account is deactivated, never deleted."""
        raise NotImplementedError

    def commit(self) -> None:
        """Write what changed."""
        for account in g.pop("accounts_to_write", {}).values():
            changes = {one.key: one.value for one in inspect(account).attrs if one.history.has_changes()}
            if changes:
                with self._database.write() as session:
                    session.execute(update(StaffMember).where(StaffMember.id == account.id).values(**changes))
                for name, value in changes.items():
                    set_committed_value(account, name, value)


class SignInForm(LoginForm):
    """Address and password, checked by our service, which counts failures and tells nobody why."""

    email = StringField("E-mail address", [InputRequired()], render_kw={"autocomplete": "username"})
    remember = None

    def validate(self, **options: Any) -> bool:
        """Whether they open an account."""
        if not Form.validate(self, **options):
            return False
        line: Line = current_app.extensions["ivr.line"]
        password = current_app.extensions["security"].password_util.normalize(self.password.data)
        source = request.remote_addr or ""
        member = staff.check_password(line.database, self.email.data, password, source, line.clock())
        self.user = current_app.extensions["security"].datastore.find_user(id=member.id) if member else None
        if self.user is None:
            self.form_errors.append(NOT_SIGNED_IN)
        return self.user is not None


def create_security(app: Flask, line: Line) -> Security:
    """Flask-Security for this application, with our accounts and forms."""
    security = Security(app, Accounts(line.database), login_form=SignInForm)
    security.want_json(lambda _: False)
    security.login_manager._request_callback = None
    return security
