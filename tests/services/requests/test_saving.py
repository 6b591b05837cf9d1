"""How urgent a request is."""

import pytest

from ivr.callflow.answers import Draft, Kind, Reason, VisitType
from ivr.models import Priority
from ivr.services.requests import saving as service


@pytest.mark.parametrize(
    ("draft", "priority"),
    [
        (Draft(Kind.CALLBACK, reason=Reason.BILLING, red_flags=True), Priority.URGENT),
        (Draft(Kind.CALLBACK, reason=Reason.AFTER_PROCEDURE), Priority.SOON),
        (Draft(Kind.CALLBACK, reason=Reason.MESSAGE), Priority.SOON),
        (Draft(Kind.APPOINTMENT, visit_type=VisitType.FOLLOW_UP), Priority.SOON),
        (Draft(Kind.APPOINTMENT, visit_type=VisitType.FRACTURE), Priority.ROUTINE),
        (Draft(Kind.CALLBACK, reason=Reason.OTHER), Priority.ROUTINE),
    ],
)
def test_priorities(draft, priority):
    assert service.priority_of(draft) is priority
