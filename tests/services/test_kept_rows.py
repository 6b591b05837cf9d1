"""What `tests/support/kept_rows.py` puts back, on both databases."""

import contextlib

import pytest
from sqlalchemy import delete, select

from ivr.db import Base
from ivr.models import EntryKind, PatientRequest, RequestEntry
from tests.support.kept_requests import put_requests
from tests.support.kept_rows import Rows


def everything(line):
    with line.database.read() as session:
        found = {table.name: session.execute(select(table)).all() for table in Base.metadata.sorted_tables}
    return {name: sorted(map(repr, rows)) for name, rows in found.items() if rows}


def changed(line, ids):
    with line.database.write() as session:
        session.get(PatientRequest, ids[0]).callback_number = "+16175550199"


def added(line, ids):
    put_requests(line, {}, now=line.clock())
    with line.database.write() as session:
        session.add(RequestEntry(request_id=ids[0], kind=EntryKind.NOTED, note="A note.", at=line.clock()))


def removed(line, ids):
    with line.database.write() as session:
        session.execute(delete(RequestEntry))
        session.execute(delete(PatientRequest).where(PatientRequest.id == ids[1]))


@pytest.mark.parametrize("change", [changed, added, removed])
def test_what_was_changed_is_put_back_each_time(line, change):
    ids = put_requests(line, {}, {}, now=line.clock())
    before = everything(line)
    with contextlib.closing(Rows(line.database)) as rows:
        for _ in range(2):
            change(line, ids)
            assert everything(line) != before
            rows.restore()
            assert everything(line) == before


def test_what_another_one_put_back_is_seen(line):
    put_requests(line, {}, now=line.clock())
    with contextlib.closing(Rows(line.database)) as earlier:
        put_requests(line, {}, now=line.clock())
        before = everything(line)
        with contextlib.closing(Rows(line.database)) as later:
            earlier.restore()
            assert everything(line) != before
            later.restore()
            assert everything(line) == before
