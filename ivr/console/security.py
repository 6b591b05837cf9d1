"""Flask-Security on our accounts: how it finds and keeps them, and what it asks of a password, a code, a recovery code.

It brings the flow of signing in, the sessions and the second factor. What counts, locks and is noted is ours, in
`services/accounts/signing_in`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Flask, Response, current_app, g, request, session, url_for
from flask_login import current_user
from flask_security import LoginForm, MfRecoveryCodesUtil, RoleMixin, Security, Totp, UserMixin, VerifyForm
from flask_security.datastore import UserDatastore
from flask_security.forms import Form, TwoFactorSetupForm, TwoFactorVerifyCodeForm
from flask_security.recovery_codes import MfRecoveryForm
from itsdangerous import BadSignature, URLSafeSerializer
from passlib.exc import TokenError
from sqlalchemy import inspect, select, update
from sqlalchemy.orm.attributes import set_committed_value
from wtforms import RadioField, StringField
from wtforms.validators import InputRequired

from ivr.config import Config
from ivr.models import AuditAction, StaffMember
from ivr.services.accounts import devices, signing_in
from ivr.services.accounts.attempts import Origin
from ivr.services.accounts.staff import subject
from ivr.services.audit import Actor, add_audit_entry
from ivr.services.line import Line

NOT_SIGNED_IN = (
    "That did not work. Check the address and the password. After 5 failures you have to wait for 15 minutes."
)
"""The same words for every reason: they do not tell who has an account."""

WRONG_CODE = "That did not work. Wait for the next code of your app and type that."
WRONG_RECOVERY_CODE = "That did not work. Each code works once."
WRONG_PASSWORD = "That is not your password."

DEVICE_COOKIE = "DEVICE_COOKIE_NAME"
"""The setting that names the cookie by which a browser is known again."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What signing in needs to know: the line with its database and clock, and the settings."""

    line: Line
    config: Config


def surroundings() -> Surroundings:
    """Those of the application that answers this request."""
    here: Surroundings = current_app.extensions["ivr"]
    return here


def source() -> str:
    """The address that a request comes from."""
    return request.remote_addr or ""


def origin() -> Origin:
    """Where a request comes from, and in which browser it was made."""
    return Origin(source(), read_device())


def read_device() -> str:
    """The secret of the browser, from the cookie that it got when somebody signed in there; '' without one."""
    kept = request.cookies.get(current_app.config[DEVICE_COOKIE], "")
    try:
        return str(_device_signer().loads(kept)) if kept else ""
    except BadSignature:
        return ""


def set_device(response: Response, device: str) -> Response:
    """Let the browser be known again."""
    flags = {"secure": current_app.config["SESSION_COOKIE_SECURE"], "httponly": True, "samesite": "Lax"}
    value = str(_device_signer().dumps(device))
    response.set_cookie(current_app.config[DEVICE_COOKIE], value, max_age=devices.KEPT, path="/", **flags)
    return response


def _device_signer() -> URLSafeSerializer:
    return URLSafeSerializer(surroundings().config.secret_key, salt="staff-device")


def locked_words(until: datetime | None) -> str:
    """What somebody is told who has to wait, in the clinic's time; '' for everybody else."""
    if until is None:
        return ""
    ends = until.astimezone(surroundings().config.clinic_timezone)
    return f"There were too many wrong tries: locked until {ends:%H:%M}."


def _codes_refused(user: Account, otherwise: str) -> str:
    here = surroundings().line
    return locked_words(signing_in.codes_locked_until(here.database, user, origin(), here.clock())) or otherwise


class AccountRole(RoleMixin):
    """A role as Flask-Security sees it; ours are names with ranks, see `Role`."""

    permissions = None

    def __init__(self, name: str) -> None:
        self.name = name


class Account(UserMixin, StaffMember):
    """A member of the staff as Flask-Security sees it; the same row."""

    tf_phone_number = None

    @property
    def roles(self) -> list[AccountRole]:
        """The one role."""
        return [AccountRole(self.role.value)]

    def check_tf_required_setup(self) -> bool:
        """Whether the account must have a second factor."""
        return signing_in.needs_second_factor(self, surroundings().config.staff_second_factor)

    def check_tf_required(
        self, tf_setup_methods: list[tuple[str, str]], tf_fresh: bool
    ) -> tuple[bool, list[tuple[str, str]]]:
        """Whether signing in asks for a second factor: where one must be, and where one is set up."""
        return self.check_tf_required_setup() or bool(tf_setup_methods), tf_setup_methods

    def track_failed_authn(self, auth_type: str, tfa: bool = False) -> None:
        """Count a wrong code or password."""
        here = surroundings().line
        signing_in.count_failure(here.database, self.email, origin(), here.clock(), auth_type)

    @property
    def may_give_codes(self) -> bool:
        """Whether it is in use, and where the request comes from is not locked."""
        here = surroundings().line
        return self.active and signing_in.codes_locked_until(here.database, self, origin(), here.clock()) is None


class Accounts(UserDatastore):
    """Accounts as Flask-Security reads and keeps them.

    Reading waits for no writer. What it changed is written at `commit`, in a transaction of its own, these columns
    alone: what others wrote meanwhile stays.
    """

    def __init__(self, line: Line) -> None:
        super().__init__(Account, AccountRole)
        self._line = line

    def find_user(self, case_insensitive: bool = False, **wanted: Any) -> Account | None:
        """The account whose one column has this value."""
        [(column, value)] = wanted.items()
        with self._line.database.read() as read:
            return read.scalar(select(Account).where(getattr(Account, column) == value))

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

    def tf_set(
        self, user: Account, primary_method: str, totp_secret: str | None = None, phone: str | None = None
    ) -> None:
        """Keep a second factor. Its secret is encrypted like all that is secret here, by the data keys."""
        codes: Codes = current_app.extensions["security"].totp_factory
        super().tf_set(user, primary_method, codes.bare(totp_secret) if totp_secret else None)

    def tf_reset(self, user: Account) -> None:
        """Forget a second factor, and the recovery codes that stood in for it."""
        super().tf_reset(user)
        user.mf_recovery_codes = None

    def commit(self) -> None:
        """Write what changed, and that it did."""
        for account in g.pop("accounts_to_write", {}).values():
            columns = inspect(account).attrs
            changes = {column.key: column.value for column in columns if column.history.has_changes()}
            if not changes:
                continue
            with self._line.database.write() as write:
                write.execute(update(StaffMember).where(StaffMember.id == account.id).values(**changes))
                if "tf_totp_secret" in changes:
                    done = "second factor set up" if account.tf_totp_secret else "second factor removed"
                    who = Actor.of(account, source())
                    add_audit_entry(
                        write, who, AuditAction.ACCOUNT_CHANGED, subject(account.id), self._line.clock(), done
                    )
            for name, value in changes.items():
                set_committed_value(account, name, value)


class Codes(Totp):
    """The codes of authenticator apps. Each is accepted once, and from where is locked none is."""

    def bare(self, secret: str) -> str:
        """A secret without the encryption that it has in a cookie."""
        return str(self._totp.from_source(secret).to_json(encrypt=False))

    def verify_totp(self, token: str, totp_secret: str, user: Account, window: int = 0) -> bool:
        """Whether a code is one of the half minutes around now, and was not used before."""
        if not user.may_give_codes:
            return False
        is_kept = totp_secret == user.tf_totp_secret
        try:
            found = self._totp.verify(token, totp_secret, window=window)
        except TokenError:
            return False
        return not is_kept or signing_in.use_code(surroundings().line.database, user.id, found.counter)

    def generate_qrcode(self, username: str, totp: str) -> str:
        """Where the picture is: the policy of our pages allows none inside them."""
        return url_for("console.second_factor_picture")

    def picture(self, account: StaffMember, secret: str) -> bytes:
        """The picture that an authenticator app reads, as SVG. What draws it is loaded when it is needed."""
        import qrcode
        from qrcode.image.svg import SvgPathFillImage

        return bytes(qrcode.make(self.get_totp_uri(account.email, secret), image_factory=SvgPathFillImage).to_string())


class RecoveryCodes(MfRecoveryCodesUtil):
    """Recovery codes as our service keeps them."""

    def check_recovery_code(self, user: Account, code: str) -> bool:
        """Whether a code is one of the account's; it is used up by being asked for."""
        here = surroundings().line
        return signing_in.use_recovery_code(here.database, user.id, code, origin(), here.clock())

    def delete_recovery_code(self, user: Account, code: str) -> bool:
        """Do nothing: it is used up."""
        return True


class SignInForm(LoginForm):
    """Address and password."""

    email = StringField("E-mail address", [InputRequired()])
    remember = None

    def validate(self, **options: Any) -> bool:
        """Whether they open an account."""
        if not Form.validate(self, **options):
            return False
        here = surroundings().line
        email, password = self.email.data, self.password.data
        checked = signing_in.check_password(here.database, email, password, origin(), here.clock())
        found = checked.member
        self.user = current_app.extensions["security"].datastore.find_user(id=found.id) if found else None
        if self.user is None:
            self.form_errors.append(locked_words(checked.locked_until) or NOT_SIGNED_IN)
            return False
        session["began"] = int(here.clock().timestamp())
        return True


class AgainForm(VerifyForm):
    """The password of who is signed in, asked for again before something that matters."""

    def validate(self, **options: Any) -> bool:
        """Whether it is theirs."""
        if not Form.validate(self, **options):
            return False
        here = surroundings().line
        email = current_user.email
        checked = signing_in.check_password(here.database, email, self.password.data, origin(), here.clock())
        if checked.member is None:
            self.password.errors = [locked_words(checked.locked_until) or WRONG_PASSWORD]
            return False
        return True


class CodeForm(TwoFactorVerifyCodeForm):
    """The code of an authenticator app."""

    def validate(self, **options: Any) -> bool:
        """Whether it is right."""
        if super().validate(**options):
            return True
        self.code.errors = [_codes_refused(self.user, WRONG_CODE)]
        return False


class RecoveryForm(MfRecoveryForm):
    """A recovery code."""

    def validate(self, **options: Any) -> bool:
        """Whether it is right; it is used up then."""
        if super().validate(**options):
            return True
        self.code.errors = [_codes_refused(self.user, WRONG_RECOVERY_CODE)]
        return False


class SetupForm(TwoFactorSetupForm):
    """What to do about the second factor: 'authenticator' or 'disable'."""

    setup = StringField()


class RescueForm(Form):
    """Ways out for who has lost the app; ours are links, so none is chosen here."""

    help_setup = RadioField(choices=[])


def create_security(app: Flask, line: Line) -> Security:
    """Flask-Security for this application, with our accounts, forms and codes."""
    security = Security(
        app,
        Accounts(line),
        login_form=SignInForm,
        verify_form=AgainForm,
        two_factor_setup_form=SetupForm,
        two_factor_verify_code_form=CodeForm,
        two_factor_rescue_form=RescueForm,
        mf_recovery_form=RecoveryForm,
        totp_cls=Codes,
        mf_recovery_codes_util_cls=RecoveryCodes,
    )
    security.want_json(lambda _: False)
    security.login_manager._request_callback = None
    security.principal.skip_static = True  # who asks for a script need not be looked up
    return security
