"""The three telephones of a call that is bridged, and the staff who may ask for one."""

from ivr.models import Role
from ivr.services.accounts import staff
from ivr.services.audit import COMMAND, Actor

CLINIC, NURSE, PATIENT = "+16175550100", "+16175550177", "+16175550142"


def somebody(line, number, phone=NURSE, role=Role.STAFF):
    details = staff.AccountDetails(f"nurse{number}@example.org", f"Nurse {number}", role, f"{number}{number}", phone)
    member = staff.create(line.database, COMMAND, details, line.clock())
    return Actor.of(member, "192.0.2.7")
