"""The staff's accounts, for administrators: who there is, what they may do, a way back in for who lost something."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ivr import forms
from ivr.config import Config
from ivr.console.access import actor, fresh, requires
from ivr.forms import FormError
from ivr.models import Role, StaffMember
from ivr.services.accounts import signing_in, staff
from ivr.services.accounts.staff import AccountDetails, NoSuchMemberError, StaffError
from ivr.services.line import Line

RESETS = ("password", "second_factor", "pin")


def add_routes(console: Blueprint, line: Line, config: Config) -> None:
    """Add the pages."""

    @console.get("/accounts")
    @requires(Role.ADMIN)
    def accounts() -> str:
        """Everybody."""
        return render_template("console/accounts.html", **_listed(line), given={}, problem=None)

    @console.post("/accounts")
    @requires(Role.ADMIN)
    @fresh
    def add_account() -> ResponseReturnValue:
        """Add somebody, and show the link for them, this once."""
        try:
            member = staff.create(line.database, actor(), _details(), line.clock())
        except (StaffError, FormError) as error:
            page = render_template("console/accounts.html", **_listed(line), given=request.form, problem=str(error))
            return page, 422
        return render_template(
            "console/account_link.html", account=member, link=signing_in.link_address(config, member, line.clock())
        )

    @console.get("/accounts/<id:member_id>")
    @requires(Role.ADMIN)
    def account(member_id: int) -> str:
        """One account."""
        found = _find(line, member_id)
        return render_template("console/account_edit.html", account=found, given={}, problem=None, **_common(line))

    @console.post("/accounts/<id:member_id>")
    @requires(Role.ADMIN)
    @fresh
    def change_account(member_id: int) -> ResponseReturnValue:
        """Change name, address, role, extension or telephone."""
        found = _find(line, member_id)
        try:
            staff.change(line.database, actor(), member_id, _details(), line.clock())
        except (StaffError, FormError) as error:
            return _edited(line, found, str(error))
        flash("The account is changed.", "good")
        return redirect(url_for("console.account", member_id=member_id))

    @console.post("/accounts/<id:member_id>/active")
    @requires(Role.ADMIN)
    @fresh
    def set_account_active(member_id: int) -> ResponseReturnValue:
        """Deactivate an account, or take it into use again."""
        found, active = _find(line, member_id), request.form.get("active") == "yes"
        try:
            staff.set_active(line.database, actor(), member_id, active, line.clock())
        except StaffError as error:
            return _edited(line, found, str(error))
        flash("The account is in use again." if active else "The account is deactivated and signed out.", "good")
        return redirect(url_for("console.account", member_id=member_id))

    @console.post("/accounts/<id:member_id>/reset")
    @requires(Role.ADMIN)
    @fresh
    def reset_account(member_id: int) -> ResponseReturnValue:
        """Take away what was lost, and unlock; a new password's link is shown this once."""
        _find(line, member_id)
        chosen = {name: name in request.form for name in RESETS}
        found = staff.reset(line.database, actor(), member_id, line.clock(), **chosen)
        if chosen["password"]:
            return render_template(
                "console/account_link.html", account=found, link=signing_in.link_address(config, found, line.clock())
            )
        flash("Done: the account is unlocked, signed out, and what you chose is reset.", "good")
        return redirect(url_for("console.account", member_id=member_id))


def _details() -> AccountDetails:
    form = request.form
    role = forms.choice(Role, form.get("role"), "Choose a role")
    given = (form.get(name, "") for name in ("extension", "phone_number"))
    return AccountDetails(form.get("email", ""), form.get("name", ""), role, *given)


def _find(line: Line, member_id: int) -> StaffMember:
    try:
        return staff.find(line.database, member_id)
    except NoSuchMemberError:
        abort(404)


def _common(line: Line) -> dict[str, object]:
    return {"roles": list(Role), "role_words": ROLE_WORDS, "now": line.clock()}


def _listed(line: Line) -> dict[str, object]:
    return {"accounts": staff.everybody(line.database), **_common(line)}


def _edited(line: Line, found: StaffMember, problem: str) -> ResponseReturnValue:
    page = render_template(
        "console/account_edit.html", account=found, given=request.form, problem=problem, **_common(line)
    )
    return page, 422


ROLE_WORDS = {
    Role.STAFF: "Staff: the queue",
    Role.LEAD: "Lead: also reports",
    Role.ADMIN: "Administrator: everything",
}
