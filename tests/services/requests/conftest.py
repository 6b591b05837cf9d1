"""The staff who triage, and a request to work on."""

import pytest
from sqlalchemy import select

from ivr.models import PatientRequest, Role, StaffMember
from ivr.services.audit import Actor
from tests.support.settings import MONDAY_MORNING
from tests.support.triage import leave


@pytest.fixture
def members(line):
    """Ana and Ben of the staff, Lee the lead, by first name."""
    with line.database.write() as session:
        made = {}
        for name, role in (("Ana", Role.STAFF), ("Ben", Role.STAFF), ("Lee", Role.LEAD)):
            mail = f"{name.lower()}@example.org"
            made[name] = StaffMember(
                email=mail, name=name, role=role, active=True, fs_uniquifier=name, created_at=MONDAY_MORNING
            )
            session.add(made[name])
    return made


@pytest.fixture
def ana(members):
    return Actor.of(members["Ana"], "10.0.0.1")


@pytest.fixture
def ben(members):
    return Actor.of(members["Ben"], "10.0.0.2")


@pytest.fixture
def lee(members):
    return Actor.of(members["Lee"], "10.0.0.3")


@pytest.fixture
def request_id(line):
    """A callback request, left at ten on a Monday."""
    leave(line)
    with line.database.read() as session:
        return session.scalar(select(PatientRequest.id))
