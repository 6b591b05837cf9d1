"""Where staff arrive until the queue stands here."""

from __future__ import annotations

from flask import Blueprint, render_template

from ivr.config import Config
from ivr.console.access import requires
from ivr.models import Role
from ivr.services.line import Line


def add_routes(console: Blueprint, line: Line, config: Config) -> None:
    """Add the page."""

    @console.get("/")
    @requires(Role.STAFF)
    def queue() -> str:
        """The first page."""
        return render_template("console/home.html")
