"""Requests found by what somebody types: a reference, or a telephone number."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement

from ivr.db import Database
from ivr.models import AuditAction
from ivr.services.audit import Actor, add_audit_entry
from ivr.services.numbers import read_number
from ivr.services.requests.order import REQUESTS
from ivr.services.requests.queue import QueueRow, rows_of_staff, with_messages

FOUND = 50
"""The newest requests that a search shows."""


class BadSearch(Exception):
    """What was searched for is neither a reference nor a number; the message says what to type."""


def search(database: Database, text: str, actor: Actor, now: datetime) -> list[QueueRow]:
    """The newest requests with a reference or a telephone number, in every tab; the search leaves a row in the trail.

    Raises:
        BadSearch: when the text is neither.
    """
    condition, by = _wanted(database, text)
    query = rows_of_staff().where(condition).order_by(REQUESTS.id.desc()).limit(FOUND)
    with database.write() as session:
        rows = with_messages(session, [QueueRow(*found) for found in session.execute(query)])
        add_audit_entry(session, actor, AuditAction.SEARCHED, "queue", now, f"by {by}: {len(rows)} found")
    return rows


def _wanted(database: Database, text: str) -> tuple[ColumnElement[bool], str]:
    digits = "".join(text.split())
    if len(digits) == 6 and digits.isascii() and digits.isdecimal():
        return REQUESTS.reference == digits, f"reference {digits}"
    try:
        number = read_number(text)
    except ValueError:
        raise BadSearch("Type a reference of 6 digits, or a telephone number with its area code.") from None
    return REQUESTS.number_index.in_(database.vault.indexes(number)), "number"
