"""The patients' pages: no account, no script but for the proof of work, nothing of a patient in an address.

They are a Flask application of their own beside the calls and the console: what those do to their requests, such as
sessions and signing in, these pages never pass. `FAMILIES` are their modules, as the console has them.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Flask

from ivr import forms
from ivr.config import ROOT, Config
from ivr.public import asking, earlier, keeping, learning, limiting, link, pages, sending, start, texting
from ivr.services.line import Line

ADDRESS = "/request"
ADDRESSES = (ADDRESS, link.ADDRESS)
"""The rooms of these pages: everything below them is this application's."""

AddRoutes = Callable[[Blueprint, Line, Config], None]

FAMILIES: tuple[AddRoutes, ...] = (
    start.add_routes,
    learning.add_routes,
    sending.add_routes,
    earlier.add_routes,
    asking.add_routes,
    link.add_routes,
    texting.add_routes,
)
"""The pages, a module each: it adds its routes to the one blueprint, so that endpoints are named 'public.…'."""


def create_public(config: Config, line: Line) -> Flask:
    """The patients' application."""
    folder = ROOT / "ivr"
    app = Flask(
        "ivr.public",
        root_path=str(folder),
        template_folder=str(folder / "templates"),
        static_folder=str(folder / "static"),
        static_url_path=f"{ADDRESS}/static",
    )
    forms.setup(app)
    pages.setup(app, line, config)
    app.after_request(keeping.set_cookie)
    app.extensions["public_caps"] = limiting.Caps(app, line)
    public = Blueprint("public", __name__)
    for add_routes in FAMILIES:
        add_routes(public, line, config)
    app.register_blueprint(public)
    return app
