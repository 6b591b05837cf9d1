"""The list that operators work from when the console is down."""

import csv
import hashlib
from datetime import timedelta

from ivr.callflow.answers import Draft, Kind
from ivr.models import Disposition, Outcome, Role
from ivr.services.accounts import staff
from ivr.services.audit import COMMAND, Actor
from ivr.services.calls.turns import Arrival
from ivr.services.requests import exporting, history, naming, online_consent, triage
from ivr.services.requests.online import OnlineRequest, save_online
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
    "patient_name",
    "record_number",
    "weekday",
    "best_time",
    "visit_time",
    "source",
    "pressed_nothing",
    "language",
    "told",
    "for_someone_else",
    "needs_interpreter",
    "interpreter_language",
    "may_text",
    "text_agreed_at",
    "text_wording",
    "call_sid",
    "created_at",
    "due_at",
    "act_by",
    "attempts",
    "last_outcome",
    "owner",
    "disposition",
    "closed_at",
    "settled_by",
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


def test_it_tells_what_staff_have_done(line, clock):
    """The last outcome that was not taken back, who has it or had it, and who settled it."""
    for n in range(3):
        Caller(line, Arrival(f"CA{n}x", "+16175550142", ""))(CALLBACK)
    ana, lea = (
        staff.create(line.database, COMMAND, staff.AccountDetails(f"{name}@example.org", name, role), clock.now)
        for name, role in (("Ana", Role.STAFF), ("Lea", Role.LEAD))
    )
    at, nurse, lead = clock.now, Actor.of(ana, ""), Actor.of(lea, "")
    triage.record_attempt(line, 1, nurse, at, outcome=Outcome.NO_ANSWER)
    taken_back = triage.record_attempt(line, 1, nurse, at, outcome=Outcome.BUSY)
    history.undo(line, 1, nurse, at, entry_id=taken_back)
    naming.set_name(line, 1, nurse, at, name="Maria Lopez", record_number="MRN1")
    triage.close(line, 2, lead, at + timedelta(minutes=1), disposition=Disposition.ANSWERED)
    first, second, third = exporting.export_requests(line.database)
    assert (first.attempts, first.last_outcome, first.closed_at, first.settled_by) == (1, "no_answer", None, None)
    assert (first.patient_name, first.record_number) == ("Maria Lopez", "MRN1")
    assert (second.owner, second.disposition, second.settled_by) == ("Lea", "answered", "Lea")
    assert second.closed_at == "2026-11-23T15:01:00+00:00"
    assert (third.attempts, third.last_outcome, third.owner, third.act_by) == (0, None, None, third.due_at)


def test_it_tells_who_may_be_texted_since_when_and_in_which_words_they_agreed(make_line, database_url, clock):
    line = make_line(database_url, texts=True, sms_from="+16175550100")
    for n, keys in enumerate(("2 1 4 3 1 2 1", "2 1 4 3 1 2 2", "2 1")):
        Caller(line, Arrival(f"CA{n}x", f"+1617555014{n}", ""))(keys)
    form = OnlineRequest("token", "es-US", Draft(kind=Kind.CALLBACK, callback_number="+16175550149"))
    save_online(line, form, clock.now)
    later = clock.now + timedelta(minutes=2)
    online_consent.answer(line, "token", True, "¿Podemos?", "es-US", later)
    by_phone, declined, unasked, online = exporting.export_requests(line.database)
    assert (by_phone.may_text, by_phone.text_agreed_at) == (True, "2026-11-23T15:00:00+00:00")
    assert by_phone.text_wording.startswith("phone en-US ")
    assert (declined.may_text, declined.text_agreed_at, declined.text_wording) == (False, None, None)
    assert (unasked.may_text, unasked.text_agreed_at, unasked.text_wording) == (None, None, None)
    digest = hashlib.sha256("¿Podemos?".encode()).hexdigest()[:12]
    assert (online.may_text, online.text_agreed_at) == (True, later.isoformat(timespec="seconds"))
    assert online.text_wording == f"online es-US {digest}"
    head, *rows = csv.reader("".join(exporting.csv_lines([by_phone, declined, unasked])).splitlines())
    assert [dict(zip(head, row, strict=True))["may_text"] for row in rows] == ["True", "False", ""]
