"""What a platform asks of the line to know how it is; no patient's data, so it needs no sign-in."""

from __future__ import annotations

from flask import Blueprint


def create_blueprint() -> Blueprint:
    """The operations addresses."""
    operations = Blueprint("operations", __name__)

    @operations.get("/healthz")
    def healthz() -> tuple[str, int]:
        """The process answers; nothing else is asked."""
        return "ok\n", 200

    return operations
