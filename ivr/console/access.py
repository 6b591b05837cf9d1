"""Who may see what in the console: signing in, sessions that end, roles, and the headers of every page.

A page says who may open it with `requires(Role.STAFF)`; `member` and `actor` are who is signed in. What changes an
account is `fresh` as well: it asks for the password again when that was some time ago. How sessions begin and end is
in `console/sessions`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import cache, wraps
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

import structlog
from flask import (
    Flask,
    Response,
    abort,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter
from flask_login import current_user
from flask_security import user_authenticated
from flask_security.utils import check_and_update_authn_fresh
from flask_wtf import CSRFProtect
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from ivr.config import Config
from ivr.console import sessions
from ivr.console.security import (
    DEVICE_COOKIE,
    Account,
    Surroundings,
    create_security,
    source,
    surroundings,
)
from ivr.models import Role, StaffMember
from ivr.proxies import Believing
from ivr.services.accounts import signing_in
from ivr.services.accounts.attempts import network_of
from ivr.services.audit import Actor
from ivr.services.line import Line

FRESH = timedelta(minutes=10)
"""How long a password counts as just given, where something of the account is changed."""

TRIES = "20/minute"
"""Passwords and codes that one address, or IPv6 network, may try at each web worker; what locks counts across all."""

log = structlog.get_logger(__name__)

SECURITY_VIEWS = frozenset(
    f"security.{name}"
    for name in (
        "login",
        "logout",
        "verify",
        "two_factor_setup",
        "two_factor_setup_validate",
        "two_factor_token_validation",
        "mf_recovery",
    )
)
"""The pages of Flask-Security that are used; the others do not exist."""

HALFWAY = frozenset({"security.two_factor_token_validation", "security.mf_recovery"})
"""Pages between password and code: who is signed in has no business there, and is not signed out there either."""

GUESSED_AT = ("security.login", "security.verify", "security.two_factor_token_validation", "security.mf_recovery")

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])


def setup(app: Flask, line: Line, config: Config) -> None:
    """Make an application one that staff sign in to."""
    secure = config.is_https
    app.secret_key = config.secret_key
    app.extensions["ivr"] = Surroundings(line, config)
    app.config.update(
        SESSION_COOKIE_NAME="__Host-console" if secure else "console",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        **{DEVICE_COOKIE: "__Host-device" if secure else "device"},
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
        SECURITY_TOTP_SECRETS={1: config.secret_key},
        SECURITY_TOTP_ISSUER=config.clinic_name,
        **SECURITY,
    )
    CSRFProtect(app)
    create_security(app, line)
    limiter = Limiter(lambda: network_of(source()), app=app, storage_uri="memory://")
    for endpoint in GUESSED_AT:
        app.view_functions[endpoint] = limiter.limit(TRIES, methods=["POST"])(app.view_functions[endpoint])
    user_authenticated.connect(sessions.begin, app)
    app.view_functions["security.logout"] = sessions.sign_out
    app.before_request(_end_nothing_by_a_link)
    app.before_request(_check_session)
    app.before_request(_check_next)
    app.after_request(_add_headers)
    app.register_error_handler(HTTPException, _error_page)
    app.register_error_handler(CSRFError, _stale_page)
    app.context_processor(
        lambda: {
            "signed_in_member": member_or_none,
            "clinic_name": line.clinic,
            "session_seconds_left": sessions.seconds_left,
        }
    )
    if config.trusted_proxies.number:
        _warn_of_number(config.trusted_proxies.number)
    if config.trusted_proxies:
        app.wsgi_app = Believing(app.wsgi_app, config.trusted_proxies)  # type: ignore[method-assign]


@cache
def _warn_of_number(number: int) -> None:
    """Once a process, however many applications it has."""
    log.warning("trusted_proxies_is_a_number", number=number, fix="name the proxies' addresses in TRUSTED_PROXIES")


SECURITY: dict[str, Any] = {
    "SECURITY_URL_PREFIX": "/console",
    "SECURITY_STATIC_FOLDER": None,
    "SECURITY_LOGIN_URL": "/sign-in",
    "SECURITY_LOGOUT_URL": "/sign-out",
    "SECURITY_POST_LOGIN_VIEW": "/console/",
    "SECURITY_POST_LOGOUT_VIEW": "/console/sign-in",
    "SECURITY_VERIFY_URL": "/password-again",
    "SECURITY_FRESHNESS": FRESH,
    "SECURITY_FRESHNESS_GRACE_PERIOD": FRESH,
    "SECURITY_TWO_FACTOR": True,
    "SECURITY_TWO_FACTOR_ENABLED_METHODS": ["authenticator"],
    "SECURITY_TWO_FACTOR_IMPLEMENTATIONS": {"code": "flask_security.twofactor.CodeTfPlugin"},
    "SECURITY_TWO_FACTOR_AUTHENTICATOR_VALIDITY": 30,
    "SECURITY_TWO_FACTOR_RESCUE_EMAIL": False,
    "SECURITY_TWO_FACTOR_SETUP_URL": "/second-factor",
    "SECURITY_TWO_FACTOR_TOKEN_VALIDATION_URL": "/sign-in/code",
    "SECURITY_TWO_FACTOR_POST_SETUP_VIEW": "/console/account",
    "SECURITY_MULTI_FACTOR_RECOVERY_CODES": True,
    "SECURITY_MULTI_FACTOR_RECOVERY_URL": "/sign-in/recovery",
    "SECURITY_PASSWORD_SCHEMES": ["argon2"],
    "SECURITY_PASSWORD_SINGLE_HASH": ["argon2"],
    "SECURITY_CACHE_CONTROL": None,
    "SECURITY_API_ENABLED_METHODS": ["session"],
    "SECURITY_CLI_USERS_NAME": None,
    "SECURITY_CLI_ROLES_NAME": None,
    "SECURITY_MSG_TWO_FACTOR_LOGIN_SUCCESSFUL": ("You are signed in.", "good"),
    "SECURITY_MSG_TWO_FACTOR_CHANGE_METHOD_SUCCESSFUL": ("Your authenticator app is set up.", "good"),
    "SECURITY_MSG_TWO_FACTOR_DISABLED": ("Your second factor is removed.", "good"),
    "SECURITY_MSG_TWO_FACTOR_INVALID_TOKEN": ("That code did not work. Begin again, and scan the new picture.", "bad"),
    "SECURITY_MSG_TWO_FACTOR_SETUP_EXPIRED": ("That took too long. Begin again, and scan the new picture.", "warn"),
    "SECURITY_MSG_TWO_FACTOR_PERMISSION_DENIED": ("Please begin with your password.", "warn"),
    "SECURITY_MSG_REAUTHENTICATION_REQUIRED": ("First your password again, please.", "warn"),
    "SECURITY_MSG_REAUTHENTICATION_SUCCESSFUL": ("Thank you. Go on.", "good"),
    "SECURITY_MSG_UNAUTHENTICATED": ("Please sign in.", "warn"),
}


def requires(role: Role, *, settling: bool = False) -> Callable[[View], View]:
    """Let only staff of a role, or of a higher one, open a page; put it below the route.

    Who is signed out is asked to sign in, and then brought to the page; who may not gets 403. Who still lacks a second
    factor that is required, or recovery codes, is led there first; not from the pages where they are made (`settling`).
    """

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **options: Any) -> ResponseReturnValue:
            who = member_or_none()
            if who is None:
                return _ask_to_sign_in()
            if not who.role.includes(role):
                abort(403)
            return (None if settling else _unsettled(who)) or view(*args, **options)

        guarded.required_role = role  # type: ignore[attr-defined]
        return cast(View, guarded)

    return guard


def fresh(view: View) -> View:
    """Ask for the password again unless it was given in the last ten minutes; put it below `requires`."""

    @wraps(view)
    def guarded(*args: Any, **options: Any) -> ResponseReturnValue:
        if not check_and_update_authn_fresh(FRESH, FRESH, "session"):
            flash("First your password again, please.", "warn")
            back = request.full_path.rstrip("?") if request.method == "GET" else url_for("console.my_account")
            return redirect(url_for("security.verify", next=back))
        return view(*args, **options)

    return cast(View, guarded)


def member() -> StaffMember:
    """Who is signed in; for views that `requires` guards."""
    who = member_or_none()
    if who is None:
        abort(401)
    return who


def member_or_none() -> StaffMember | None:
    """Who is signed in, if anybody is."""
    return cast(Account, current_user._get_current_object()) if current_user.is_authenticated else None


def actor() -> Actor:
    """Who is signed in, from where, as the audit trail names them."""
    return Actor.of(member(), source())


def wants_json() -> bool:
    """Whether a script of ours sent this, which shows what is wrong in the page that it is in."""
    return request.accept_mimetypes.best == "application/json"


def _page_of_form() -> str | None:
    """The page of ours that a form stood in, by its address; None when nobody says."""
    came_from = urlsplit(request.referrer or "")
    ours = came_from.netloc == request.host and came_from.path.startswith("/")
    return came_from._replace(scheme="", netloc="", fragment="").geturl() if ours else None


def _unsettled(who: StaffMember) -> ResponseReturnValue | None:
    if not who.tf_totp_secret:
        if not signing_in.needs_second_factor(who, surroundings().config.staff_second_factor):
            return None
        flash("Your role needs a second factor. Please set it up now.", "warn")
        return redirect(url_for("security.two_factor_setup"))
    return redirect(url_for("console.recovery_codes")) if who.mf_recovery_codes is None else None


def _ask_to_sign_in() -> ResponseReturnValue:
    if sessions.BACKGROUND in request.headers or wants_json():
        return "Sign in again.", 401
    where = request.full_path.rstrip("?") if request.method == "GET" else _page_of_form()
    return redirect(url_for("security.login", next=where))


def _check_session() -> ResponseReturnValue | None:
    """End a session that was idle or lasted too long; hide what is not used of Flask-Security."""
    endpoint = request.endpoint or ""
    if endpoint.startswith("security.") and endpoint not in SECURITY_VIEWS:
        abort(404)
    if endpoint == "static":
        return None
    sessions.check()
    return redirect(url_for("console.my_account")) if endpoint in HALFWAY and member_or_none() else None


def _end_nothing_by_a_link() -> None:
    """405 for a sign-out that is no POST: a link in a mail, or a picture's address, ends nothing."""
    if request.endpoint == "security.logout" and request.method != "POST":
        abort(405)


def _check_next() -> None:
    """400 where the page to go on with is no address at all: Flask-Security would stumble over it."""
    try:
        for wanted in request.values.getlist("next"):
            urlsplit(wanted)
    except ValueError:
        abort(400)


def _add_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def _error_page(error: HTTPException) -> ResponseReturnValue:
    if error.response is not None:
        return error.response
    words = _ERRORS.get(error.code or 500, "That did not work. Please go back and try again.")
    if error.code == 413 and (most := (request.max_content_length or 0) // 1_000_000):
        words = f"That is too much at once: {most} MB are the most here. Please go back and send a smaller file."
    return render_template("console/error.html", words=words), error.code or 500


def _stale_page(_: CSRFError) -> ResponseReturnValue:
    if wants_json():
        return {"stale": True}, 400
    words = "This page was open for too long, or you signed in again in between. Go back, reload it, and try again."
    return render_template("console/error.html", words=words), 400


_ERRORS = {
    400: "Something that was sent cannot be read. Please go back, type it again and try once more.",
    403: "This page is not for your role. An administrator can change roles.",
    404: "There is no such page.",
    405: "There is no such page.",
    413: "That is too much at once. Please go back and send less: a shorter text, or a smaller file.",
    429: "Too many tries from this address. Wait a minute and try again.",
    500: "Something went wrong here. Nothing was lost; please try again.",
}
