"""A calendar of follow-ups for a member of the staff's own calendar program, behind a secret address.

Events name a reference, a kind and a priority, never a patient. Only a digest of the address is kept.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Row, select

from ivr.callflow.answers import Kind
from ivr.db import Database
from ivr.models import AuditAction, PatientRequest, Priority, RequestStatus, StaffMember
from ivr.services.audit import Actor, add_audit_entry

if TYPE_CHECKING:
    from icalendar import Timezone

TAKES = timedelta(minutes=15)
MOST_EVENTS = 500
SHOWN = (
    PatientRequest.id,
    PatientRequest.reference,
    PatientRequest.kind,
    PatientRequest.priority,
    PatientRequest.act_by,
)
"""All that is read of a request."""


def renew_address(database: Database, actor: Actor, member_id: int, now: datetime) -> str:
    """Give somebody a new secret; the address before it ends at once."""
    token = secrets.token_urlsafe(24)
    with database.write() as session:
        member = session.get_one(StaffMember, member_id, with_for_update=True)
        member.calendar_digest = _digest(token)
        add_audit_entry(
            session, actor, AuditAction.ACCOUNT_CHANGED, f"staff:{member_id}", now, "a new calendar address"
        )
    return token


def calendar_of_follow_ups(database: Database, token: str, now: datetime, link: str) -> bytes | None:
    """The follow-ups as an iCalendar document (RFC 5545); None when the secret is nobody's, or somebody's who left.

    `link` is where requests are worked on; it stands in every event.
    """
    with database.read() as session:
        owner = select(StaffMember.id).where(StaffMember.calendar_digest == _digest(token), StaffMember.active)
        if session.scalar(owner) is None:
            return None
        waiting = select(*SHOWN).where(PatientRequest.status == RequestStatus.FOLLOW_UP)
        found = session.execute(waiting.order_by(PatientRequest.act_by).limit(MOST_EVENTS)).all()
    return _document(found, now, link)


def _document(requests: Sequence[Row[int, str, Kind, Priority, datetime]], now: datetime, link: str) -> bytes:
    from icalendar import Calendar, Event

    calendar = Calendar()
    calendar.add("prodid", "-//Voice appointment line//Follow-ups//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", "Follow-ups")
    calendar.add_component(_utc())
    for request in requests:
        event = Event()
        event.add("uid", f"request-{request.reference}-{request.id}@follow-ups")
        event.add("dtstamp", now)
        event.add("dtstart", request.act_by)
        event.add("dtend", request.act_by + TAKES)
        event.add("summary", f"Call back {request.reference} ({request.priority}, {request.kind})")
        event.add("url", link)
        event.add("class", "PRIVATE")
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def _utc() -> Timezone:
    """The time zone that all moments are in: with nothing to follow up it is the one component that there must be."""
    from icalendar import Timezone, TimezoneStandard

    standard = TimezoneStandard()
    standard.add("dtstart", datetime(1970, 1, 1))
    standard.add("tzname", "UTC")
    standard.add("tzoffsetfrom", timedelta())
    standard.add("tzoffsetto", timedelta())
    zone = Timezone()
    zone.add("tzid", "UTC")
    zone.add_component(standard)
    return zone


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
