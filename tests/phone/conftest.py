"""The staff's pages need accounts, signed-in clients and a server."""

from tests.support.staff_pages import app, client, client_as, console, line, open_page, server, staff

__all__ = ["app", "client", "client_as", "console", "line", "open_page", "server", "staff"]
