"""Calls: from the first ring to the last word, each step one transaction that can be delivered twice."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Row, bindparam, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ivr.callflow import events as ev
from ivr.callflow import outputs as out
from ivr.callflow.engine import Turn, advance, begin
from ivr.callflow.inputs import CallStarted, HungUp, Input, Recorded
from ivr.callflow.nodes import Recorder
from ivr.callflow.state import CallState, from_plain, to_json
from ivr.models import Call, CallTurn, PromptRelease, Recording, RecordingStatus
from ivr.services.line import Line
from ivr.services.numbers import caller_number
from ivr.services.requests import keep_incomplete, save_request

ENDED = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
"""The carrier's statuses after which a call is over."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A call as the carrier announces it: its SID and the two ends, as they were sent."""

    sid: str
    from_number: str
    to_number: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the line says to one webhook: the outputs of turn number `turn`, in this language and set of prompts."""

    turn: int
    outputs: tuple[out.Output, ...]
    language: str
    release_id: int | None
    to_number: str


_FIND = select(
    Call.id, Call.turn, Call.progress, Call.language, Call.release_id, Call.to_number, Call.ended_at
).where(Call.sid == bindparam("call_sid"))
_LOCK = _FIND.with_for_update()
_MOVE = (
    update(Call)
    .where(Call.id == bindparam("call_id"))
    .values(turn=bindparam("new_turn"), progress=bindparam("new_progress"), language=bindparam("new_language"))
)
_NOTE = insert(CallTurn)


def start_call(line: Line, arrival: Arrival) -> Answer:
    """Answer a call; when it is announced again, say again what it heard last."""
    try:
        with line.database.write() as session:
            return _answered(session, line, arrival)
    except IntegrityError:
        with line.database.read() as session:
            return _again(session.execute(_FIND, {"call_sid": arrival.sid}).one())


def take_turn(line: Line, arrival: Arrival, number: int | None, given: Input) -> Answer:
    """Take one turn of a call.

    Only the turn after the last one moves the call. Any other number is a delivery that came twice, late or out of
    order: it is answered with what the caller should be hearing, and changes nothing. A call nobody knows is greeted.
    """
    try:
        with line.database.write() as session:
            call = session.execute(_LOCK, {"call_sid": arrival.sid}).one_or_none()
            if call is None:
                return _answered(session, line, arrival)
            if number != call.turn + 1:
                return _again(call)
            return _moved(session, line, call, given)
    except IntegrityError:
        with line.database.read() as session:
            return _again(session.execute(_FIND, {"call_sid": arrival.sid}).one())


def note_status(line: Line, call_sid: str, carrier_status: str, duration_seconds: int | None) -> None:
    """Note what the carrier says of a call; the first word that it is over keeps what an unfinished one had told."""
    with line.database.write() as session:
        call = session.execute(_LOCK, {"call_sid": call_sid}).one_or_none()
        if call is None or (call.ended_at and carrier_status not in ENDED):
            return
        values: dict[str, object] = {"carrier_status": carrier_status}
        if duration_seconds is not None:
            values["duration_seconds"] = duration_seconds
        if carrier_status in ENDED and call.ended_at is None:
            values["ended_at"] = line.clock()
        session.execute(update(Call).where(Call.id == call.id).values(values))
        if "ended_at" in values:
            _finish(session, line, call)


def note_recording(
    line: Line, call_sid: str, recording_sid: str, status: RecordingStatus, duration_seconds: int | None
) -> bool:
    """Note what the carrier says of a recording; False when the call is unknown.

    When the call is over and its own word of the recording never came, the recording is taken from here.
    """
    with line.database.write() as session:
        call = session.execute(_LOCK, {"call_sid": call_sid}).one_or_none()
        if call is None:
            return False
        _store_recording(session, call.id, recording_sid, status, duration_seconds, line.clock())
        if call.ended_at is not None:
            _finish(session, line, call)
        return True


def _answered(session: Session, line: Line, arrival: Arrival) -> Answer:
    known = session.execute(_LOCK, {"call_sid": arrival.sid}).one_or_none()
    if known is not None:
        return _again(known)
    now = line.clock()
    number = caller_number(arrival.from_number)
    state = begin(line.tree).at(*line.surroundings(now))
    turn = advance(line.tree, state, CallStarted(number))
    call = Call(
        sid=arrival.sid,
        from_number=arrival.from_number,
        from_index=line.database.vault.index(number) if number else None,
        to_number=arrival.to_number,
        language=turn.state.language,
        release_id=session.scalar(select(func.max(PromptRelease.id))),
        turn=0,
        progress=_progress(turn.state, turn.outputs),
        started_at=now,
    )
    session.add(call)
    session.flush()
    session.execute(_NOTE, _noted(call.id, 0, now, "CallStarted", turn))
    return Answer(0, turn.outputs, call.language, call.release_id, arrival.to_number)


def _moved(session: Session, line: Line, call: Row[tuple[object, ...]], given: Input) -> Answer:
    now = line.clock()
    state, _ = _read_progress(call.progress)
    turn = _apply(session, line, call.id, state.at(*line.surroundings(now)), given, now)
    if call.ended_at is not None:
        _apply(session, line, call.id, turn.state, HungUp(), now)
    number = call.turn + 1
    language = turn.state.language
    _store(session, call.id, number, turn)
    session.execute(_NOTE, _noted(call.id, number, now, type(given).__name__, turn))
    return Answer(number, turn.outputs, language, call.release_id, call.to_number or "")


def _apply(session: Session, line: Line, call_id: int, state: CallState, given: Input, now: datetime) -> Turn:
    """Advance, and do at once what the turn's events ask of the database."""
    turn = advance(line.tree, state, given)
    who = {"call_id": call_id, "language": turn.state.language, "now": now}
    events = turn.events
    for event in events:
        match event:
            case ev.RecordingMade(sid, seconds):
                _store_recording(session, call_id, sid, RecordingStatus.ANNOUNCED, seconds, now)
            case ev.RequestConfirmed(draft):
                saved = save_request(session, line, draft=draft, **who)  # type: ignore[arg-type]
                turn = advance(line.tree, turn.state, saved)
                turn = replace(turn, events=(*events, *turn.events))
            case ev.RequestLeft(draft):
                keep_incomplete(session, line, draft=draft, **who)  # type: ignore[arg-type]
    return turn


def _finish(session: Session, line: Line, call: Row[tuple[object, ...]]) -> None:
    """Keep what an ended call had told. Safe to do again: late words of the carrier only add to it."""
    now = line.clock()
    state, outputs = _read_progress(call.progress)
    state = state.at(*line.surroundings(now))
    missed = _recording_not_told(session, line, call.id, state)
    if missed is not None:
        state = _apply(session, line, call.id, state, missed, now).state
    turn = _apply(session, line, call.id, state, HungUp(), now)
    _store(session, call.id, call.turn, replace(turn, outputs=outputs))
    if call.ended_at is None:
        session.execute(_NOTE, _noted(call.id, call.turn, now, "HungUp", turn))


def _recording_not_told(session: Session, line: Line, call_id: int, state: CallState) -> Recorded | None:
    """A recording the carrier has of a call that ended at the beep, before the call itself told us of it."""
    if not isinstance(line.tree.nodes.get(state.node), Recorder) or state.draft.recording_sid:
        return None
    latest = (
        select(Recording.sid, Recording.duration_seconds)
        .where(
            Recording.call_id == call_id,
            Recording.status == RecordingStatus.READY,
            Recording.request_id.is_(None),
        )
        .order_by(Recording.id.desc())
    )
    found = session.execute(latest.limit(1)).first()
    return Recorded(found.sid, found.duration_seconds or 0, "hangup") if found else None


def _store_recording(
    session: Session, call_id: int, sid: str, status: RecordingStatus, seconds: int | None, now: datetime
) -> None:
    recording = session.scalars(select(Recording).where(Recording.sid == sid)).first()
    if recording is None:
        recording = Recording(sid=sid, call_id=call_id, status=status, created_at=now)
        session.add(recording)
    elif status is not RecordingStatus.ANNOUNCED:
        recording.status = status
    if seconds is not None:
        recording.duration_seconds = seconds
    session.flush()


def _store(session: Session, call_id: int, number: int, turn: Turn) -> None:
    progress = _progress(turn.state, turn.outputs)
    values = {"call_id": call_id, "new_turn": number, "new_progress": progress}
    session.execute(_MOVE, {**values, "new_language": turn.state.language})


def _noted(call_id: int, number: int, now: datetime, given: str, turn: Turn) -> dict[str, object]:
    events = json.dumps([ev.to_plain(event) for event in turn.events], separators=(",", ":"))
    return {
        "call_id": call_id,
        "number": number,
        "at": now,
        "input": given,
        "node": turn.state.node,
        "events": events,
    }


def _again(call: Row[tuple[object, ...]]) -> Answer:
    _, outputs = _read_progress(call.progress)
    return Answer(call.turn, outputs, call.language, call.release_id, call.to_number or "")


def _progress(state: CallState, outputs: tuple[out.Output, ...]) -> str:
    return f'{{"state":{to_json(state)},"outputs":{json.dumps([out.to_plain(o) for o in outputs])}}}'


def _read_progress(text: str) -> tuple[CallState, tuple[out.Output, ...]]:
    plain = json.loads(text)
    return from_plain(plain["state"]), tuple(out.from_plain(o) for o in plain["outputs"])
