"""The demo's week: it shows every state of a request, and comes once."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from ivr.cli.staff import make_demo_accounts
from ivr.demo import week
from ivr.models import (
    Disposition,
    EntryKind,
    Outcome,
    PatientRequest,
    Priority,
    Recording,
    RecordingStatus,
    RequestEntry,
    RequestStatus,
    Source,
)
from ivr.services.audit import trail_faults
from ivr.simulator import RecordingStore
from tests.support.settings import MONDAY_MORNING, SUNDAY_EVENING


@pytest.mark.parametrize("now", [MONDAY_MORNING, SUNDAY_EVENING, MONDAY_MORNING + timedelta(days=3, hours=9)])
def test_the_week_has_requests_in_every_state(config, rendered_line, now):
    line = rendered_line()
    make_demo_accounts(line.database)
    store = RecordingStore()
    config = replace(config, database_url=str(line.database.engine.url))
    assert week.fill(config, store, now) == len(week.WEEK)
    assert week.fill(config, store, now) == 0
    with line.database.read() as session:
        requests = list(session.scalars(select(PatientRequest)))
        entries = list(session.scalars(select(RequestEntry)))
        recorded = list(session.scalars(select(Recording.sid).where(Recording.status != RecordingStatus.ABSENT)))
    assert {one.status for one in requests} == set(RequestStatus)
    assert {one.priority for one in requests} == set(Priority)
    assert [one.source for one in requests].count(Source.WEB) == len(week.ONLINE)
    assert {one.disposition for one in requests} >= {*Disposition} - {Disposition.CANCELLED}
    assert {one.outcome for one in entries} >= {*Outcome} - {Outcome.DECLINED, Outcome.LANGUAGE_BARRIER}
    assert EntryKind.NOTED in {one.kind for one in entries}
    assert max(one.created_at for one in requests) <= now
    assert min(one.created_at for one in requests) < now - timedelta(days=5)
    assert sorted(recorded) == sorted(one.sid for one in store.list())
    assert len({one.audio for one in store.list()}) == len(recorded) == 4
    assert list(trail_faults(line.database)) == []
