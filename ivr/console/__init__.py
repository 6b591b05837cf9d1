"""The console: where staff listen to requests and triage them.

It is a Flask application of its own beside the one that answers calls, which therefore never runs its hooks, reads its
cookies or waits for its sessions. Both are served by one process; everything under /console/, and
the studio under /studio/, is this one's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from flask import Blueprint, Flask, request, url_for

from ivr import forms
from ivr.config import ROOT, Config
from ivr.console import (
    access,
    accounts,
    calling,
    day,
    follow_ups,
    hours,
    moments,
    my_account,
    queue,
    recordings,
    reports,
    requests,
    trail,
)
from ivr.models import Role, StaffMember
from ivr.services.line import Line

ADDRESS = "/console"

AddRoutes = Callable[[Blueprint, Line, Config], None]

FAMILIES: tuple[AddRoutes, ...] = (
    queue.add_routes,
    day.add_routes,
    requests.add_routes,
    follow_ups.add_routes,
    recordings.add_routes,
    calling.add_routes,
    hours.add_routes,
    reports.add_routes,
    trail.add_routes,
    my_account.add_routes,
    accounts.add_routes,
)
"""The pages, a module each: it adds its routes to the one blueprint, so that endpoints are named 'console.…'."""

NAVIGATION: tuple[tuple[str, str, Role], ...] = (
    ("Queue", "console.queue", Role.STAFF),
    ("My day", "console.my_day", Role.STAFF),
    ("Hand over", "console.handover", Role.LEAD),
    ("Hours", "console.opening_hours", Role.STAFF),
    ("Reports", "console.reports", Role.LEAD),
    ("Prompts", "studio.matrix", Role.ADMIN),
    ("Accounts", "console.accounts", Role.ADMIN),
    ("Audit", "console.trail", Role.ADMIN),
)
"""Label, endpoint and least role of each entry of the navigation, in order."""


@dataclass(frozen=True, slots=True)
class NavigationItem:
    """An entry of the navigation; `here` is "page" when it leads to the page that is shown, "true" to its part."""

    label: str
    url: str
    here: str


def create_console(config: Config, line: Line) -> Flask:
    """The staff's application; its addresses all begin with /console/."""
    folder = ROOT / "ivr"
    app = Flask(
        "ivr.console",
        root_path=str(folder),
        template_folder=str(folder / "templates"),
        static_folder=str(folder / "static"),
        static_url_path=f"{ADDRESS}/static",
    )
    access.setup(app, line, config)
    forms.setup(app)
    moments.add_filters(app, line)
    console = Blueprint("console", __name__, url_prefix=ADDRESS)
    for add_routes in FAMILIES:
        add_routes(console, line, config)
    app.register_blueprint(console)
    app.context_processor(lambda: {"navigation": navigation})
    return app


def navigation(member: StaffMember) -> Iterable[NavigationItem]:
    """What a member of the staff can go to."""
    for label, endpoint, role in NAVIGATION:
        if member.role.includes(role):
            yield NavigationItem(label, url_for(endpoint), _here(endpoint))


def _here(endpoint: str) -> str:
    if request.endpoint == endpoint:
        return "page"
    return "true" if endpoint == "studio.matrix" and request.blueprint == "studio" else ""
