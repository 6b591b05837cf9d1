"""A browser on the patients' pages, and what else its fixture needs."""

from tests.support.staff_pages import app, client_as, console, line, open_page, server, staff

__all__ = ["app", "client_as", "console", "line", "open_page", "server", "staff"]
