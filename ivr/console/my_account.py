"""What everybody does with their own account: password, second factor, recovery codes, telephone and PIN."""

from __future__ import annotations

from collections.abc import Callable

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    flash,
    jsonify,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import generate_csrf

from ivr.config import Config
from ivr.console import sessions
from ivr.console.access import actor, fresh, member, member_or_none, requires
from ivr.console.security import WRONG_PASSWORD, Account, locked_words, origin, source, surroundings
from ivr.models import Role
from ivr.services.accounts import signing_in, staff
from ivr.services.audit import Actor
from ivr.services.line import Line


def add_routes(console: Blueprint, line: Line, config: Config) -> None:
    """Add the pages."""

    @console.get("/account")
    @requires(Role.STAFF)
    def my_account() -> str:
        """Everything of one's own on a page."""
        required = signing_in.needs_second_factor(member(), config.staff_second_factor)
        return render_template("console/account_mine.html", member=member(), second_factor_required=required)

    @console.get("/session")
    def session_left() -> ResponseReturnValue:
        """How long the session of this browser still lasts, 0 when it is over, and the token that its forms need."""
        return jsonify(seconds_left=sessions.seconds_left(), token=generate_csrf())

    @console.post("/account/sign-out-everywhere")
    @requires(Role.STAFF, settling=True)
    def sign_out_everywhere() -> ResponseReturnValue:
        """End the sessions of all of one's devices, for whoever left one open somewhere."""
        sessions.sign_out_everywhere()
        return redirect(url_for("console.queue"))

    @console.post("/account/password")
    @requires(Role.STAFF, settling=True)
    def change_password() -> ResponseReturnValue:
        """Choose another password; other devices are signed out."""
        who, now = member(), line.clock()
        given, again = request.form.get("new", ""), request.form.get("again", "")
        current = request.form.get("current", "")
        checked = signing_in.check_password(line.database, who.email, current, origin(), now)
        if checked.member is None:
            return _problem_page(locked_words(checked.locked_until) or WRONG_PASSWORD)
        if given != again:
            return _problem_page("The two new passwords are not the same.")
        return _try("Your password is changed. Other devices are signed out.", lambda: _new_password(given))

    @console.post("/account/telephone")
    @requires(Role.STAFF)
    @fresh
    def change_telephone() -> ResponseReturnValue:
        """Say where calls to patients are bridged from."""
        number = request.form.get("number", "")
        return _try(
            "Your telephone number is kept.",
            lambda: staff.set_phone_number(line.database, actor(), member().id, number, line.clock()),
        )

    @console.post("/account/pin")
    @requires(Role.STAFF)
    @fresh
    def change_pin() -> ResponseReturnValue:
        """Choose the PIN that signs in by phone."""
        given = request.form.get("pin", "")
        if given != request.form.get("again", ""):
            return _problem_page("The two PINs are not the same.")
        return _try(
            "Your PIN is changed.", lambda: staff.set_pin(line.database, actor(), member().id, given, line.clock())
        )

    @console.route("/account/recovery-codes", methods=["GET", "POST"])
    @requires(Role.STAFF, settling=True)
    @fresh
    def recovery_codes() -> ResponseReturnValue:
        """Make recovery codes; they are shown this once."""
        if not member().tf_totp_secret:
            return redirect(url_for("console.my_account"))
        codes = None
        if request.method == "POST":
            codes = signing_in.make_recovery_codes(line.database, actor(), member().id, line.clock())
        return render_template("console/account_codes.html", member=member(), codes=codes)

    @console.get("/second-factor.svg")
    def second_factor_picture() -> Response:
        """The picture that an authenticator app reads, while a second factor is being set up."""
        security = current_app.extensions["security"]
        who = member_or_none() or security.datastore.find_user(fs_uniquifier=session.get("tf_user_id", ""))
        secret = session.get("tf_totp_secret")
        if not isinstance(who, Account) or secret is None:
            abort(404)
        return Response(security.totp_factory.picture(who, secret), mimetype="image/svg+xml")

    @console.route("/welcome/<link>", methods=["GET", "POST"])
    def welcome(link: str) -> ResponseReturnValue:
        """Choose a password by the link that an administrator made."""
        now = line.clock()
        who = signing_in.member_of_link(line.database, config.secret_key, link, now)
        if who is None:
            return render_template("console/error.html", words=_VOID_LINK), 404
        problem = None
        if request.method == "POST":
            given = request.form.get("new", "")
            problem = "The two passwords are not the same." if given != request.form.get("again", "") else None
            try:
                if problem is None:
                    chosen_by = Actor.of(who, source())
                    staff.set_password(line.database, chosen_by, who.id, given, now, config.clinic_name)
                    flash("Your password is set. Sign in with it.", "good")
                    return redirect(url_for("security.login"))
            except staff.StaffError as error:
                problem = str(error)
        return render_template("console/account_welcome.html", welcomed=who, problem=problem)


_VOID_LINK = "This link was used already, is older than a day, or is incomplete. Ask an administrator for a new one."


def _new_password(password: str) -> None:
    """Change it, and stay signed in here alone."""
    here = surroundings()
    line, clinic = here.line, here.config.clinic_name
    changed = staff.set_password(line.database, actor(), member().id, password, line.clock(), clinic)
    session["_user_id"] = changed.fs_uniquifier


def _try(done: str, change: Callable[[], object]) -> ResponseReturnValue:
    try:
        change()
    except staff.StaffError as error:
        return _problem_page(f"{error}.")
    flash(done, "good")
    return redirect(url_for("console.my_account"))


def _problem_page(problem: str) -> ResponseReturnValue:
    flash(problem, "bad")
    return redirect(url_for("console.my_account"))
