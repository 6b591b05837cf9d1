"""Lists as the carrier pages them."""

from datetime import date
from typing import Any
from urllib.parse import urlencode

from flask import Response, abort, jsonify, request


def page_of(name: str, matching: list[dict[str, Any]]) -> Response:
    """Answer with the page that the query asks for, and where the others are."""
    size = min(max(request.args.get("PageSize", 50, type=int), 1), 1000)
    page = max(request.args.get("Page", 0, type=int), 0)
    shown = matching[page * size : (page + 1) * size]
    return jsonify(
        {
            name: shown,
            "page": page,
            "page_size": size,
            "start": page * size,
            "end": page * size + max(0, len(shown) - 1),
            "uri": _uri(page, size),
            "first_page_uri": _uri(0, size),
            "previous_page_uri": _uri(page - 1, size) if page else None,
            "next_page_uri": _uri(page + 1, size) if len(matching) > (page + 1) * size else None,
        }
    )


def day(name: str) -> date | None:
    """Read a day from the query."""
    value = request.args.get(name)
    try:
        return date.fromisoformat(value[:10]) if value else None
    except ValueError:
        abort(400)


def _uri(page: int, size: int) -> str:
    filters = {name: value for name, value in request.args.items() if name not in ("Page", "PageSize")}
    return f"{request.path}?{urlencode({**filters, 'PageSize': size, 'Page': page})}"
