"""From one request to the next of the same list, as somebody works through it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from ivr.models import RequestStatus
from ivr.services.line import Line
from ivr.services.requests.queue import Filters, PageCursor, QueueRow, read_page

MOST_PAGES = 8
"""Pages of a list that are looked through from where it was opened; what is further on is found from its beginning."""


def next_after(
    line: Line, filters: Filters, request_id: int, staff_id: int, now: datetime, *, start: PageCursor | None = None
) -> int | None:
    """The request that stands after another one in a list and that nobody else works on; None when there is none.

    After the list's last one comes its first. `start` is where the page of the list began. Ask before the request is
    changed, which moves it to another place, or out of the list.
    """
    passed = False
    for row in _rows_from(line, filters, start, now):
        if passed and _is_free(row, staff_id):
            return row.id
        passed = passed or row.id == request_id
    rows = _rows_from(line, filters, None, now)
    return next((row.id for row in rows if row.id != request_id and _is_free(row, staff_id)), None)


def last_before(
    line: Line, filters: Filters, request_id: int, staff_id: int, now: datetime, *, start: PageCursor | None = None
) -> int | None:
    """The request that stands before another one in a list and that nobody else works on; None when there is none."""
    for begin in (start, None):
        before = None
        for row in _rows_from(line, filters, begin, now):
            if row.id == request_id and before is not None:
                return before
            before = row.id if _is_free(row, staff_id) else before
    return None


def _is_free(row: QueueRow, staff_id: int) -> bool:
    return row.status is not RequestStatus.CLAIMED or row.owner_id == staff_id


def _rows_from(line: Line, filters: Filters, start: PageCursor | None, now: datetime) -> Iterator[QueueRow]:
    cursor = start
    for _ in range(MOST_PAGES):
        page = read_page(line, filters, cursor, now)
        yield from page.rows
        cursor = page.after
        if cursor is None:
            return
