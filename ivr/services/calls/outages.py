"""Messages that the carrier took while we could not answer: found there, they become requests here, once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import exists, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ivr.callflow.answers import Draft, Kind, Reason
from ivr.callflow.engine import begin
from ivr.callflow.state import to_plain
from ivr.models import Call, CallTurn, Recording, RecordingStatus
from ivr.services.calls.turns import ENDED, note_recording, note_status
from ivr.services.jobs import Job, enqueue
from ivr.services.line import Line
from ivr.services.numbers import caller_number
from ivr.services.recordings.recordings import FETCHABLE, enqueue_import
from ivr.services.requests.saving import add_message, save_request

LAST_WORDS = timedelta(minutes=1)
"""How long after its end a call's own webhooks may still be under way."""

ORPHANS_SINCE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class CarrierCall:
    """A call as the carrier remembers it; `seconds` is its length."""

    sid: str
    from_number: str
    to_number: str
    direction: str
    status: str
    started_at: datetime
    ended_at: datetime | None
    seconds: int | None


@dataclass(frozen=True, slots=True)
class CarrierRecording:
    """A recording as the carrier remembers it."""

    sid: str
    call_sid: str
    status: str
    seconds: int | None
    started_at: datetime


class StillTalking(Exception):
    """The call is not over, or only just: what it will make of the recording is still open."""


def is_accounted_for(line: Line, recording: CarrierRecording) -> bool:
    """Whether nothing is left to find out about a recording that the carrier still has.

    It was refused, or it belongs to a request and its import is in the queue.
    """
    with line.database.read() as session:
        known = session.scalars(select(Recording).where(Recording.sid == recording.sid)).first()
        if known is None:
            return False
        if known.status in FETCHABLE:
            return known.status is RecordingStatus.READY and known.request_id is not None
        return known.status is not RecordingStatus.STORED or known.deleted_at is not None


def adopt_recording(line: Line, recording: CarrierRecording, call: CarrierCall) -> bool:
    """Take in a recording of ours that the carrier has, with its call and a request where we had none.

    A recording that a turn of its call told of belongs to that call, whatever the caller then made of it. Every other
    one is a message left with the static outage document. Returns False for one that is not ours.

    Raises:
        StillTalking: when it is too early to tell.
    """
    over = call.ended_at if call.status in ENDED else None
    if over is None or over > line.clock() - LAST_WORDS:
        raise StillTalking
    if _knows(line, call.sid):
        note_recording(line, call.sid, recording.sid, RecordingStatus.READY, recording.seconds)
        note_status(line, call.sid, call.status, call.seconds)
    try:
        with line.database.write() as session:
            if not _is_ours(session, call):
                return False
            known_call = session.scalars(select(Call).where(Call.sid == call.sid).with_for_update()).first()
            row = known_call or _add_call(session, line, call)
            known = _add_recording(session, row.id, recording, line.clock())
            if known.request_id is None and not _is_in_a_turn(session, row.id, recording.sid):
                _request_callback(session, line, row, known, recording.started_at)
            enqueue_import(line.database, session.connection(), recording.sid)
            return True
    except IntegrityError:
        return True


def adopt_orphans(line: Line) -> int:
    """Make requests of messages that belong to a call we know and that none of its turns told of; how many.

    Something here broke in the middle of such a call, and the static outage document took the message.
    """
    now = line.clock()
    orphans = (
        select(Recording)
        .join(Call, Recording.call_id == Call.id)
        .where(
            Recording.request_id.is_(None),
            Recording.status.in_((RecordingStatus.READY, RecordingStatus.STORED)),
            Recording.created_at > now - ORPHANS_SINCE,
            Call.ended_at < now - LAST_WORDS,
        )
    )
    with line.database.write() as session:
        found = [
            recording
            for recording in session.scalars(orphans.with_for_update(of=Recording))
            if not _is_in_a_turn(session, recording.call_id, recording.sid)
        ]
        for recording in found:
            _request_callback(session, line, session.get_one(Call, recording.call_id), recording, recording.created_at)
    return len(found)


def enqueue_missed(line: Line, recording: CarrierRecording, occasion: str) -> None:
    """Enqueue the taking in of a recording that the carrier has."""
    key = f"adopt-{recording.sid}{occasion and '-'}{occasion}"
    with line.database.transaction() as connection:
        enqueue(line.database, connection, Job.ADOPT_RECORDING, recording.sid, key=key)


def catch_up(line: Line, call: CarrierCall) -> bool:
    """Note the end of a call whose status callback was lost; False when nobody here knows the call."""
    with line.database.read() as session:
        known = session.execute(select(Call.ended_at).where(Call.sid == call.sid)).first()
    if known is not None and known.ended_at is None and call.status in ENDED:
        note_status(line, call.sid, call.status, call.seconds)
    return known is not None


def _knows(line: Line, call_sid: str) -> bool:
    with line.database.read() as session:
        return bool(session.scalar(select(exists().where(Call.sid == call_sid))))


def _is_ours(session: Session, call: CarrierCall) -> bool:
    """One account may have other numbers: ours are those that calls came in by, unless there was no call yet."""
    if call.direction != "inbound":
        return False
    if session.scalar(select(exists().where(Call.sid == call.sid))):
        return True
    known = session.scalar(select(exists().where(Call.to_number == call.to_number)))
    return bool(known) or not session.scalar(select(exists().where(Call.to_number.is_not(None))))


def _add_call(session: Session, line: Line, call: CarrierCall) -> Call:
    number = caller_number(call.from_number, line.own_numbers)
    state = begin(line.tree)
    row = Call(
        sid=call.sid,
        from_number=call.from_number,
        from_index=line.database.vault.index(number) if number else None,
        to_number=call.to_number,
        language=state.language,
        turn=0,
        progress=json.dumps({"state": to_plain(state), "outputs": []}, separators=(",", ":")),
        carrier_status=call.status[:16],
        duration_seconds=call.seconds,
        started_at=call.started_at,
        ended_at=call.ended_at or line.clock(),
    )
    session.add(row)
    session.flush()
    return row


def _add_recording(session: Session, call_id: int, reported: CarrierRecording, now: datetime) -> Recording:
    recording = session.scalars(select(Recording).where(Recording.sid == reported.sid).with_for_update()).first()
    if recording is None:
        recording = Recording(sid=reported.sid, call_id=call_id, status=RecordingStatus.READY, created_at=now)
        session.add(recording)
    elif recording.status is RecordingStatus.ANNOUNCED:
        recording.status = RecordingStatus.READY
    recording.duration_seconds = recording.duration_seconds or reported.seconds
    session.flush()
    return recording


def _is_in_a_turn(session: Session, call_id: int, recording_sid: str) -> bool:
    reported = select(
        exists().where(CallTurn.call_id == call_id, CallTurn.events.contains(recording_sid, autoescape=True))
    )
    return bool(session.scalar(reported))


def _request_callback(session: Session, line: Line, call: Call, recording: Recording, left_at: datetime) -> None:
    """One request for each call: what its caller had told before something broke is kept."""
    if add_message(session, line, call_id=call.id, recording=recording, now=left_at):
        return
    number = caller_number(call.from_number or "", line.own_numbers)
    draft = Draft(
        kind=Kind.CALLBACK,
        reason=Reason.MESSAGE,
        callback_number=number,
        is_caller_id=number is not None,
        recording_sid=recording.sid,
    )
    save_request(session, line, call_id=call.id, language=call.language, draft=draft, now=left_at, in_outage=True)
