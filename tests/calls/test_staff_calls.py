"""Calls of staff as golden transcripts, with the audit trail of each: triage by phone, word for word.

Each file in `staff` is a call: the patients' calls `before` it (keys, separated by |), how it is made, what is heard,
what the trail says, and where the requests are afterwards. `UPDATE_CALLS=1 pytest tests/calls` writes them anew.
"""

import os
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from ivr.models import AuditEntry, PatientRequest, Role
from ivr.services.accounts import staff
from ivr.services.audit import COMMAND, Actor
from ivr.services.recordings.recordings import store_audio
from ivr.services.requests import references, triage
from ivr.simulator import Answers, Faults, FixedDesk, RecordingStore, Unreached

FOLDER = Path(__file__).parent / "staff"
CLINIC, STAFF_NUMBER, NURSE = "+16175550100", "+16175550190", "+16175550177"
PATIENTS = ("+16175550142", "+16175550143")
PHONES = {"answers": Answers(), "no-answer": Unreached(), "busy": Unreached("busy")}
PIN = "135791"


def read(path):
    """A golden call: its settings and what came of it."""
    head, _, body = path.read_text().partition("\n\n")
    return dict(line.split(": ", 1) for line in head.splitlines()), body


def prepare(phone, carrier, store, clock, settings):
    """Two members of the staff, what patients have left before, and what the other member has claimed of it."""
    database, now = phone.line.database, clock.now
    for extension, name in (("42", "Ann Lee"), ("43", "Bo Sand")):
        role = Role(settings.get("role", "staff"))
        details = staff.AccountDetails(f"{extension}@example.org", name, role, extension)
        staff.set_pin(database, COMMAND, staff.create(database, COMMAND, details, now).id, PIN, now)
    for number, keys in zip(PATIENTS, filter(None, settings.get("before", "").split("|")), strict=False):
        phone.call(keys.strip(), carrier=carrier, from_=settings.get("patients number", number), to=CLINIC)
    for recording in store.list():
        store_audio(database, recording.sid, recording.audio, recording.seconds, now)
    clock.now += timedelta(minutes=int(settings.get("minutes later", 0)))
    for request_id in map(int, settings.get("claimed by 43", "").split()):
        triage.claim(phone.line, request_id, Actor("staff:2", "console", 2), clock.now)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.txt")), ids=lambda path: path.stem)
def test_staff_call(path, telephone, clock, monkeypatch):
    settings, expected = read(path)
    references_in_order = iter(range(12345, 12400))
    monkeypatch.setattr(references.secrets, "randbelow", lambda _: next(references_in_order))
    clock.now = datetime.fromisoformat("2026-11-23 10:00").replace(tzinfo=ZoneInfo("America/New_York"))
    phone, store = telephone(staff_number=STAFF_NUMBER), RecordingStore()
    faults = Faults(
        twice=float(settings.get("delivered twice", 0)), stale=float(settings.get("delivered late", 0)), seed=7
    )
    carrier = phone.carrier(faults=faults, recordings=store, caller_ids=frozenset({CLINIC}))
    prepare(phone, carrier, store, clock, settings)
    desk = FixedDesk(numbers=dict.fromkeys(PATIENTS, PHONES[settings.get("patient", "no-answer")]))
    transcript = phone.call(
        settings["keys"], carrier=carrier, from_=settings.get("from", NURSE), to=settings.get("to", CLINIC), desk=desk
    )
    assert "delivered late" in settings or not carrier.inconsistent
    body = "".join(f"{line}\n" for line in (transcript.story().rstrip(), *left(phone.line.database)))
    if "UPDATE_CALLS" in os.environ:
        path.write_text(path.read_text().partition("\n\n")[0] + "\n\n" + body)
        pytest.skip("written anew")
    assert body == expected


def left(database):
    """The audit trail of telephones, and where each request is."""
    with database.read() as session:
        for one in session.scalars(select(AuditEntry).where(AuditEntry.source == "phone").order_by(AuditEntry.id)):
            yield f"audit   {one.actor} {one.action} {one.subject} {one.detail}".rstrip()
        for one in session.scalars(select(PatientRequest).order_by(PatientRequest.id)):
            owner = f"owner {one.owner_id}" if one.owner_id else "nobody's"
            yield f"request {one.id} {one.status}, {owner}, attempts {one.attempts}, {one.disposition or 'open'}"
