"""The list that operators work from when the console is down."""

from ivr.services.calls.turns import Arrival
from ivr.services.requests import exporting
from tests.support.callers import CALLBACK, Caller

COLUMNS = [
    "reference",
    "kind",
    "status",
    "priority",
    "callback_number",
    "is_caller_id",
    "may_leave_message",
    "reason",
    "patient_type",
    "visit_type",
    "birth_date",
    "weekday",
    "best_time",
    "visit_time",
    "source",
    "pressed_nothing",
    "language",
    "call_sid",
    "created_at",
    "due_at",
]


def test_the_export_has_one_row_a_request_in_order(line, monkeypatch):
    monkeypatch.setattr(exporting, "EXPORT_PAGE", 2)
    for n in range(5):
        Caller(line, Arrival(f"CA{n}x", "+16175550142", ""))(CALLBACK)
    Caller(line, Arrival("CA9x", "+16175550142", ""))("1 1 1 1 05171948 1 6 3 1 2")
    rows = list(exporting.export_requests(line.database))
    assert [row.call_sid for row in rows] == ["CA0x", "CA1x", "CA2x", "CA3x", "CA4x", "CA9x"]
    last = rows[-1]
    assert list(type(last).__slots__) == COLUMNS
    assert (last.kind, last.birth_date, last.weekday, last.visit_time) == ("appointment", "1948-05-17", "any", "any")
    assert (last.best_time, last.source, last.pressed_nothing) == (None, "phone", False)
    assert (last.created_at, last.due_at) == ("2026-11-23T15:00:00+00:00", "2026-11-24T15:00:00+00:00")
    assert last.reason is None
