"""Calls: from the first ring to the last word, each step one transaction that can be delivered twice."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from ivr.callflow import events as ev
from ivr.callflow import outputs as out
from ivr.callflow.engine import Turn, advance, begin
from ivr.callflow.inputs import CallStarted, Digits, HungUp, Input, Recorded
from ivr.callflow.nodes import Question, Recorder
from ivr.callflow.state import CallState, from_plain, to_plain
from ivr.callflow.tree_staff import ENTRANCE
from ivr.db import session_in
from ivr.models import Call, PromptRelease, Recording, RecordingStatus
from ivr.services.calls.consulting import consult
from ivr.services.inquiry import Inquiry
from ivr.services.jobs import Job, enqueue
from ivr.services.line import Line
from ivr.services.numbers import caller_number
from ivr.services.prompts.by_phone import keep_left_take
from ivr.services.recordings.recordings import FETCHABLE, discard_recording, enqueue_import
from ivr.services.requests import by_phone
from ivr.services.requests.answers import KeyedAnswers, add_answers
from ivr.services.requests.saving import keep_incomplete, save_request

DOUBLED_SECONDS = 0.7
"""Within so many seconds, the key pressed before is a slip of a stiff finger."""

ENDED = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
"""The carrier's statuses after which a call is over."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A call as the carrier announces it: its SID and the two ends, as they were sent.

    `vouched` is how far the carrier vouches for the caller ID, in its own words ('' for nothing said).
    """

    sid: str
    from_number: str
    to_number: str
    vouched: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the line says to one webhook: the outputs of turn number `turn`, in this language and set of prompts.

    `node` is where the caller was when it was taken and `events` what came of it; an answer that is only said again
    is not `fresh` and has no events. Answers are equal when they sound the same.
    """

    turn: int
    outputs: tuple[out.Output, ...]
    language: str
    release_id: int | None
    to_number: str
    node: str = field(default="", compare=False)
    events: tuple[ev.Event, ...] = field(default=(), compare=False)
    fresh: bool = field(default=True, compare=False)


CALLS, TURNS = Call.metadata.tables["calls"], Call.metadata.tables["call_turns"]
FIND_CALL = select(
    CALLS.c.id,
    CALLS.c.turn,
    CALLS.c.progress,
    CALLS.c.language,
    CALLS.c.release_id,
    CALLS.c.to_number,
    CALLS.c.ended_at,
).where(CALLS.c.sid == bindparam("call_sid"))
LOCK_CALL = FIND_CALL.with_for_update()
LAST_LANGUAGE = (
    select(CALLS.c.language).where(CALLS.c.from_index == bindparam("number_index")).order_by(CALLS.c.id.desc()).limit(1)
)
UPDATE_CALL = (
    update(CALLS)
    .where(CALLS.c.id == bindparam("call_id"))
    .values(
        turn=bindparam("new_turn"),
        progress=bindparam("new_progress"),
        language=bindparam("new_language"),
    )
)
INSERT_TURN = insert(TURNS)


class CallRow(NamedTuple):
    """What `FIND_CALL` selects, in its order."""

    id: int
    turn: int
    progress: str
    language: str
    release_id: int | None
    to_number: str | None
    ended_at: datetime | None


def start_call(line: Line, arrival: Arrival) -> Answer:
    """Answer a call; when it is announced again, say again what it heard last."""
    try:
        with line.database.transaction() as connection:
            return _begin_call(connection, line, arrival)
    except IntegrityError:
        return _answer_of_other_worker(line, arrival)


def take_turn(line: Line, arrival: Arrival, number: int | None, given: Input) -> Answer:
    """Take one turn of a call.

    Only the turn after the last one moves the call. Any other number is a delivery that came twice, late or out of
    order: it is answered with what the caller should be hearing, and changes nothing. A call nobody knows is greeted.
    """
    try:
        with line.database.transaction() as connection:
            call = _locked(connection, line, arrival.sid)
            if call is None:
                return _begin_call(connection, line, arrival)
            return _next_turn(connection, line, call, given) if number == call.turn + 1 else _saved_answer(call)
    except IntegrityError:
        return _answer_of_other_worker(line, arrival)


def note_status(line: Line, call_sid: str, carrier_status: str, duration_seconds: int | None) -> None:
    """Note what the carrier says of a call; the first word that it is over keeps what an unfinished one had told."""
    with line.database.transaction() as connection:
        call = _locked(connection, line, call_sid)
        if call is None or (call.ended_at and carrier_status not in ENDED):
            return
        values: dict[str, object] = {"carrier_status": carrier_status}
        if duration_seconds is not None:
            values["duration_seconds"] = duration_seconds
        if carrier_status in ENDED and call.ended_at is None:
            values["ended_at"] = line.clock()
        connection.execute(update(CALLS).where(CALLS.c.id == call.id).values(values))
        if "ended_at" in values:
            _finish(connection, line, call)


def note_recording(
    line: Line, call_sid: str, recording_sid: str, status: RecordingStatus, duration_seconds: int | None
) -> bool:
    """Note what the carrier says of a recording; False when the call is unknown.

    When the call is over and its own word of the recording never came, the recording is taken from here. One that is
    complete is fetched from the carrier; when we know nothing of its call, that is looked up there first.
    """
    with line.database.transaction() as connection:
        call = _locked(connection, line, call_sid)
        if call is None:
            if status is RecordingStatus.READY:
                key = f"adopt-{recording_sid}"
                enqueue(line.database, connection, Job.ADOPT_RECORDING, recording_sid, key=key)
            return False
        _store_recording(connection, call.id, recording_sid, status, duration_seconds, line.clock())
        if status is RecordingStatus.READY:
            enqueue_import(line.database, connection, recording_sid)
        if call.ended_at is not None:
            _finish(connection, line, call)
        return True


def _locked(connection: Connection, line: Line, call_sid: str) -> CallRow | None:
    rows = line.database.prepared(LOCK_CALL).run(connection, {"call_sid": call_sid})
    return CallRow(*rows[0]) if rows else None


def _answer_of_other_worker(line: Line, arrival: Arrival) -> Answer:
    """Another worker answered the same webhook first: say what it said."""
    with line.database.transaction() as connection:
        (row,) = line.database.prepared(FIND_CALL).run(connection, {"call_sid": arrival.sid})
        return _saved_answer(CallRow(*row))


def _begin_call(connection: Connection, line: Line, arrival: Arrival) -> Answer:
    known = _locked(connection, line, arrival.sid)
    if known is not None:
        return _saved_answer(known)
    now = line.clock()
    release_id = connection.scalar(select(func.max(PromptRelease.id)))
    line = line.hearing(connection, release_id)
    number = caller_number(arrival.from_number, {arrival.to_number, *line.own_numbers})
    state = begin(line.tree).at(*line.surroundings(now))
    entrance = ENTRANCE if arrival.to_number and arrival.to_number == line.staff_number else ""
    index = line.database.vault.index(number) if number else None
    spoken = None if entrance else _last_language(connection, line, index)
    turn = advance(line.tree, state, CallStarted(number, entrance, spoken))
    values = {
        "sid": arrival.sid,
        "from_number": arrival.from_number,
        "from_index": index,
        "to_number": arrival.to_number,
        "stir_verstat": arrival.vouched or None,
        "language": turn.state.language,
        "release_id": release_id,
        "turn": 0,
        "progress": _progress(turn.state, turn.outputs, now),
        "started_at": now,
    }
    call_id = connection.scalar(insert(CALLS).values(values).returning(CALLS.c.id))
    line.database.prepared(INSERT_TURN).run(connection, _turn_row(call_id or 0, 0, now, "CallStarted", turn))
    node, language = entrance or line.tree.first, turn.state.language
    return Answer(0, turn.outputs, language, release_id, arrival.to_number, node, turn.events)


def _last_language(connection: Connection, line: Line, number_index: str | None) -> str | None:
    """The language that the last call from this number ended in; None when it does not matter or none is known."""
    if number_index is None or len(line.tree.languages) == 1:
        return None
    return connection.scalar(LAST_LANGUAGE, {"number_index": number_index})


def _next_turn(connection: Connection, line: Line, call: CallRow, given: Input) -> Answer:
    now = line.clock()
    line = line.hearing(connection, call.release_id)
    progress = json.loads(call.progress)
    state = from_plain(progress["state"]).at(*line.surroundings(now))
    given = _doubled(state, given, now.timestamp() - progress.get("at", 0.0))
    turn = _apply(connection, line, call.id, state, given, now)
    if call.ended_at is not None:
        _apply(connection, line, call.id, turn.state, HungUp(), now)
    number = call.turn + 1
    _store(connection, line, call.id, number, turn)
    line.database.prepared(INSERT_TURN).run(connection, _turn_row(call.id, number, now, type(given).__name__, turn))
    to_number = call.to_number or ""
    return Answer(number, turn.outputs, turn.state.language, call.release_id, to_number, state.node, turn.events)


def _doubled(state: CallState, given: Input, seconds: float) -> Input:
    """The same key once more so soon after the last answer was given that its words cannot have been heard."""
    if isinstance(given, Digits) and given.keys == state.last_key and 0 < seconds <= DOUBLED_SECONDS:
        return replace(given, doubled=True)
    return given


def _apply(connection: Connection, line: Line, call_id: int, state: CallState, given: Input, now: datetime) -> Turn:
    """Advance, and do at once what the turn asks of the database."""
    turn = advance(line.tree, state, given)
    events, language = turn.events, turn.state.language
    unwanted = _discarded_recording(line, state, turn.state, given)
    if unwanted is not None:
        discard_recording(line.database, connection, unwanted, now)
    for event in events:
        match event:
            case ev.RecordingMade(sid, seconds):
                _store_recording(connection, call_id, sid, RecordingStatus.ANNOUNCED, seconds, now)
            case ev.AnswersGiven(request_id, draft, before):
                answers = KeyedAnswers(request_id, call_id, draft, before)
                with session_in(connection) as session:
                    told = add_answers(session, line, answers, now)
                turn = replace(turn, state=replace(turn.state, saved=told or turn.state.saved))
            case ev.RequestConfirmed(draft, is_human):
                save = partial(save_request, call_id=call_id, language=language, draft=draft, is_human=is_human)
                with session_in(connection) as session:
                    saved = save(session, line, now=now)
                turn = advance(line.tree, turn.state, saved)
                turn = replace(turn, events=(*events, *turn.events))
            case ev.Asked(question):
                with session_in(connection) as session:
                    found = consult(session, line, Inquiry(call_id, Question(question), turn.state, now))
                after = _apply(connection, line, call_id, turn.state, found, now)
                outputs, known = (*turn.outputs, *after.outputs), (*events, *after.events)
                turn = replace(after, outputs=outputs, events=known)
            case ev.CallLeft() if turn.state.staff.staff_id is not None:
                with session_in(connection) as session:
                    by_phone.leave(session, turn.state.staff, now)
                    studio = keep_left_take(session, line, Inquiry(call_id, Question.KEEP_TAKE, turn.state, now))
                turn = replace(turn, state=replace(turn.state, studio=studio))
            case ev.RequestLeft(draft, is_human):
                keep = partial(keep_incomplete, call_id=call_id, language=language, draft=draft, is_human=is_human)
                with session_in(connection) as session:
                    keep(session, line, now=now)
    return turn


def _discarded_recording(line: Line, before: CallState, after: CallState, given: Input) -> str | None:
    """The recording that the caller has just left out or recorded again.

    A voicemail, whose recorder makes a request of its own, replaces no message, and neither does another request.
    """
    recording_sid = before.draft.recording_sid
    if recording_sid is None or recording_sid == after.draft.recording_sid or (before.saved and not after.saved):
        return None
    node = line.tree.nodes.get(before.node)
    recorded_again = isinstance(given, Recorded) and isinstance(node, Recorder) and not node.answers
    return recording_sid if recorded_again or isinstance(given, Digits) else None


def _finish(connection: Connection, line: Line, call: CallRow) -> None:
    """Keep what an ended call had told. Safe to do again: late words of the carrier only add to it."""
    now = line.clock()
    line = line.hearing(connection, call.release_id)
    progress = json.loads(call.progress)
    state = from_plain(progress["state"]).at(*line.surroundings(now))
    missed = _unreported_recording(connection, line, call.id, state)
    if missed is not None:
        state = _apply(connection, line, call.id, state, missed, now).state
    turn = _apply(connection, line, call.id, state, HungUp(), now)
    outputs = tuple(out.from_plain(output) for output in progress["outputs"])
    _store(connection, line, call.id, call.turn, replace(turn, outputs=outputs))


def _unreported_recording(connection: Connection, line: Line, call_id: int, state: CallState) -> Recorded | None:
    """A recording the carrier has, or had, of a call that ended at the beep before the call itself told us of it."""
    if not isinstance(line.tree.nodes.get(state.node), Recorder):
        return None
    latest = (
        select(Recording.sid, Recording.duration_seconds)
        .where(
            Recording.call_id == call_id,
            Recording.status.in_((RecordingStatus.READY, RecordingStatus.STORED)),
            Recording.request_id.is_(None),
            Recording.erased_at.is_(None),
            Recording.sid != (state.draft.recording_sid or ""),
        )
        .order_by(Recording.id.desc())
    )
    found = connection.execute(latest.limit(1)).first()
    return Recorded(found.sid, found.duration_seconds or 0, "hangup") if found else None


def _store_recording(
    connection: Connection, call_id: int, sid: str, status: RecordingStatus, seconds: int | None, now: datetime
) -> None:
    with session_in(connection) as session:
        recording = session.scalars(select(Recording).where(Recording.sid == sid)).first()
        if recording is None:
            recording = Recording(sid=sid, call_id=call_id, status=status, created_at=now)
            session.add(recording)
        elif status is not RecordingStatus.ANNOUNCED and recording.status in FETCHABLE:
            recording.status = status
        if seconds is not None and recording.stored_at is None:
            recording.duration_seconds = seconds


def _store(connection: Connection, line: Line, call_id: int, number: int, turn: Turn) -> None:
    values = {
        "call_id": call_id,
        "new_turn": number,
        "new_progress": _progress(turn.state, turn.outputs, line.clock()),
        "new_language": turn.state.language,
    }
    line.database.prepared(UPDATE_CALL).run(connection, values)


def _turn_row(call_id: int, number: int, now: datetime, given: str, turn: Turn) -> dict[str, object]:
    return {
        "call_id": call_id,
        "number": number,
        "at": now,
        "input": given,
        "node": turn.state.node,
        "events": json.dumps([ev.to_plain(event) for event in turn.events], separators=(",", ":")),
    }


def _saved_answer(call: CallRow) -> Answer:
    progress = json.loads(call.progress)
    outputs = tuple(out.from_plain(output) for output in progress["outputs"])
    node = progress["state"].get("node", "")
    return Answer(call.turn, outputs, call.language, call.release_id, call.to_number or "", node, fresh=False)


def blank_progress(language: str) -> str:
    """The progress of a call whose contents were erased: whatever still comes for it finds nothing, and hangs up."""
    return _progress(CallState(node="", language=language), (out.Hangup(),))


def _progress(state: CallState, outputs: tuple[out.Output, ...], now: datetime | None = None) -> str:
    plain: dict[str, object] = {"state": to_plain(state), "outputs": [out.to_plain(output) for output in outputs]}
    if now is not None:
        plain["at"] = now.timestamp()
    return json.dumps(plain, separators=(",", ":"))
