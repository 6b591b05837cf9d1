"""Who may see what in the console: signing in, sessions that end, roles, and the headers of every page.

A page says who may open it with `requires(Role.STAFF)`; `member` and `actor` are who is signed in. A page that asks
again by itself sends the header `X-Background`: it then does not keep a session alive, and gets 401 when it is over.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Flask, Response, abort, current_app, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, user_logged_out
from flask_security import user_authenticated
from flask_security.utils import logout_user
from flask_wtf import CSRFProtect
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from ivr.config import Config
from ivr.console.security import Account, create_security
from ivr.models import Role, StaffMember
from ivr.services import staff
from ivr.services.audit import Actor
from ivr.services.line import Line

IDLE = timedelta(minutes=10)
LONGEST = timedelta(hours=12)
"""How long a session lasts without a page being opened, and in all."""

SEEN_EVERY = timedelta(minutes=1)
"""How exactly a session knows when it was last used; less often means fewer cookies."""

BACKGROUND = "X-Background"

PUBLIC = frozenset({"static", "security.login"})
"""What opens to anybody; every other page says with `requires` whom it is for."""

SECURITY_VIEWS = frozenset({"security.login", "security.logout"})
"""The pages of Flask-Security that are used; the others do not exist."""

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
    secure = config.public_base_url.startswith("https://")
    app.secret_key = config.secret_key
    app.extensions["ivr.line"] = line
    app.config.update(
        SESSION_COOKIE_NAME="__Host-console" if secure else "console",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
        MAX_CONTENT_LENGTH=1024 * 1024,
        **SECURITY,
    )
    CSRFProtect(app)
    create_security(app, line)
    user_authenticated.connect(_signed_in, app)
    user_logged_out.connect(_signed_out, app)
    app.before_request(_check_session)
    app.after_request(_add_headers)
    app.register_error_handler(HTTPException, _error_page)
    app.register_error_handler(CSRFError, _stale_page)
    app.context_processor(lambda: {"signed_in_member": member_or_none, "clinic_name": config.clinic_name})
    if config.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, config.trusted_proxies, config.trusted_proxies)  # type: ignore[method-assign]


SECURITY: dict[str, Any] = {
    "SECURITY_URL_PREFIX": "/console",
    "SECURITY_STATIC_FOLDER": None,
    "SECURITY_LOGIN_URL": "/sign-in",
    "SECURITY_LOGOUT_URL": "/sign-out",
    "SECURITY_POST_LOGIN_VIEW": "/console/",
    "SECURITY_POST_LOGOUT_VIEW": "/console/sign-in",
    "SECURITY_PASSWORD_SCHEMES": ["argon2"],
    "SECURITY_PASSWORD_SINGLE_HASH": ["argon2"],
    "SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS": {
        "argon2__type": "ID",
        "argon2__time_cost": staff.TIME_COST,
        "argon2__memory_cost": staff.MEMORY_COST,
        "argon2__parallelism": staff.PARALLELISM,
    },
    "SECURITY_PASSWORD_LENGTH_MIN": staff.SHORTEST_PASSWORD,
    "SECURITY_CACHE_CONTROL": None,
    "SECURITY_API_ENABLED_METHODS": ["session"],
    "SECURITY_CLI_USERS_NAME": None,
    "SECURITY_CLI_ROLES_NAME": None,
}


def requires(role: Role) -> Callable[[View], View]:
    """Let only staff of a role, or of a higher one, open a page; put it below the route.

    Who is signed out is asked to sign in, and then brought to the page; who may not gets 403.
    """

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **options: Any) -> ResponseReturnValue:
            who = member_or_none()
            if who is None:
                return _ask_to_sign_in()
            if not who.role.includes(role):
                abort(403)
            return view(*args, **options)

        guarded.required_role = role  # type: ignore[attr-defined]
        return cast(View, guarded)

    return guard


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


def source() -> str:
    """The address that a request comes from."""
    return request.remote_addr or ""


def _line() -> Line:
    line: Line = current_app.extensions["ivr.line"]
    return line


def _ask_to_sign_in() -> ResponseReturnValue:
    if BACKGROUND in request.headers:
        return "Sign in again.", 401
    where = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("security.login", next=where))


def _check_session() -> None:
    """End a session that was idle or lasted too long; hide what is not used of Flask-Security."""
    if (request.endpoint or "").startswith("security.") and request.endpoint not in SECURITY_VIEWS:
        abort(404)
    if request.endpoint == "static" or not current_user.is_authenticated:
        return
    now = _line().clock()
    started, seen = (datetime.fromtimestamp(session.get(name, 0), now.tzinfo) for name in ("started", "seen"))
    if now - seen > IDLE or now - started > LONGEST:
        session["ended"] = "after 10 minutes without activity" if now - seen > IDLE else "after 12 hours"
        logout_user()
        flash(f"You were signed out {session.pop('ended')}. Please sign in again.", "warn")
    elif now - seen >= SEEN_EVERY and BACKGROUND not in request.headers:
        session["seen"] = int(now.timestamp())


def _signed_in(app: Flask, user: Account, **_: Any) -> None:
    now = _line().clock()
    session["started"] = session["seen"] = int(now.timestamp())
    staff.signed_in(_line().database, Actor.of(user, source()), user.id, now)


def _signed_out(app: Flask, user: Account, **_: Any) -> None:
    if user.is_authenticated:
        why = session.get("ended", "")
        staff.signed_out(_line().database, Actor.of(user, source()), user.id, _line().clock(), why)


def _add_headers(response: Response) -> Response:
    response.headers.extend(HEADERS)
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def _error_page(error: HTTPException) -> ResponseReturnValue:
    if error.response is not None:
        return error.response
    words = _ERRORS.get(error.code or 500, "That did not work. Please go back and try again.")
    return render_template("console/error.html", words=words), error.code or 500


def _stale_page(_: CSRFError) -> ResponseReturnValue:
    words = "This page was open for too long, or you signed in again in between. Go back, reload it, and try again."
    return render_template("console/error.html", words=words), 400


_ERRORS = {
    403: "This page is not for your role. An administrator can change roles.",
    404: "There is no such page.",
    405: "There is no such page.",
    413: "That is too much at once.",
    429: "Too many tries from this address. Wait a minute and try again.",
    500: "Something went wrong here. Nothing was lost; please try again.",
}
