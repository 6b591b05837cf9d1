"""What finished calls leave behind: requests and messages, made old or closed, and what of them is still readable."""

from datetime import timedelta

from sqlalchemy import func, select, update

from ivr.callflow.inputs import Recorded
from ivr.db import InvalidToken, Vault
from ivr.models import Call, PatientRequest, Recording, RecordingAudio, RequestStatus
from ivr.services.calls.turns import Arrival
from tests.support.callers import CALLBACK, Caller
from tests.support.settings import DATA_KEY

APPOINTMENT = "1 2 6175550199 1 1 1 05171948 1 6 3 1 2"

TABLES = (
    "calls",
    "call_turns",
    "patient_requests",
    "request_entries",
    "entry_drafts",
    "recordings",
    "recording_audio",
)

MINE, OTHER = "+16175550142", "+16175550199"

SECRETS = ("6175550142", "6175550199", "05171948", "1948-05-17", "spoken words")


def newest(line):
    with line.database.read() as session:
        return session.scalar(select(func.max(PatientRequest.id)))


def call(line, sid="CA1", keys=CALLBACK, from_number=MINE):
    """One call to its end, with audio for its recording."""
    Caller(line, Arrival(sid, from_number, "+16175550100"))(keys.replace("r", "")).hang_up()
    return newest(line)


def message(line, sid="CA1", recording_sid="RE1", from_number=MINE):
    caller = Caller(line, Arrival(sid, from_number, "+16175550100"))("2 1 4 3 1 1")
    caller.take(Recorded(recording_sid, 12, "#"))
    caller("1").hang_up()
    with line.database.write() as session:
        recording = session.scalars(select(Recording).where(Recording.sid == recording_sid)).one()
        recording.sha256 = "0" * 64
        session.add(RecordingAudio(recording_id=recording.id, data=b"spoken words" * 100))
    return newest(line)


def change(line, request_id, **values):
    with line.database.write() as session:
        session.execute(update(PatientRequest).where(PatientRequest.id == request_id).values(**values))


def close(line, request_id, days_ago, **values):
    now = line.clock()
    change(line, request_id, status=RequestStatus.CLOSED, closed_at=now - timedelta(days=days_ago), **values)


def age(line, days):
    """Let calls and requests have begun so many days ago."""
    then = line.clock() - timedelta(days=days)
    with line.database.write() as session:
        session.execute(update(Call).values(started_at=then))
        session.execute(update(PatientRequest).values(created_at=then))


def readable(line):
    """All that whoever has the key can read of the tables with patients' data."""
    vault, text = Vault([DATA_KEY]), []
    with line.database.read() as session:
        for table in TABLES:
            for row in session.connection().exec_driver_sql(f"SELECT * FROM {table}"):
                for value in row:
                    try:
                        text.append(vault.decrypt(bytes(value)).decode())
                    except (InvalidToken, TypeError, ValueError):
                        text.append(str(value))
    return " ".join(text)


def personal(line):
    text = readable(line)
    return [secret for secret in SECRETS if secret in text]
