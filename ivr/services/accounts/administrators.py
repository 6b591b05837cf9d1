"""Who could administer the line, counted without reading anything that is encrypted."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from ivr.db import Database
from ivr.models import Role, StaffMember


@dataclass(frozen=True, slots=True)
class Administrators:
    """How many can sign in, how many are active but have no password yet, and how many are deactivated."""

    able: int
    without_password: int
    inactive: int


def count_administrators(database: Database) -> Administrators:
    """Count the accounts that are an administrator's; one that is locked for a quarter of an hour can sign in."""
    accounts = select(StaffMember.active, StaffMember.password.is_not(None)).where(StaffMember.role == Role.ADMIN)
    with database.read() as session:
        found = [(bool(active), bool(has_password)) for active, has_password in session.execute(accounts)]
    return Administrators(
        able=found.count((True, True)),
        without_password=found.count((True, False)),
        inactive=sum(not active for active, _ in found),
    )
