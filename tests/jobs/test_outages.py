"""What was missed while we were away: the carrier still has it, and it becomes a request here, once."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from ivr import create_app
from ivr.callflow.inputs import Recorded
from ivr.models import Call, PatientRequest, Recording, RecordingStatus, RequestStatus
from ivr.services.calls.outages import StillTalking
from ivr.services.calls.turns import Arrival, note_recording
from ivr.services.health.checkpoints import read_checkpoint
from ivr.services.jobs import Job
from ivr.services.recordings.recordings import load_audio
from tests.support.callers import Caller
from tests.support.carrier_api import AT, sid
from tests.support.jobs import run_jobs

CA1 = sid("CA", 1)


def requests(line):
    with line.database.read() as session:
        return list(session.scalars(select(PatientRequest)))


def recordings(line):
    with line.database.read() as session:
        return list(session.scalars(select(Recording)))


def test_a_message_left_in_an_outage_becomes_a_request_once(line, tasks, api):
    api.add_call()
    api.add_recording(seconds=3)
    for _ in range(2):
        tasks.fetch_missed()
        run_jobs(tasks)
        tasks.adopt_recording(sid("RE", 1)) if api.store.list() else None
    (request,) = requests(line)
    assert (request.status, request.reason, request.priority) == (RequestStatus.NEW, "message", "soon")
    assert (request.callback_number, request.is_caller_id, request.left_in_outage) == ("+16175550142", True, True)
    assert request.created_at == AT
    (recording,) = recordings(line)
    assert (recording.status, recording.request_id) == (RecordingStatus.STORED, request.id)
    assert load_audio(line.database, recording.id)
    with line.database.read() as session:
        call = session.scalars(select(Call)).one()
    assert (call.sid, call.from_number, call.carrier_status, call.ended_at) == (CA1, "+16175550142", "completed", AT)
    assert api.store.list() == ()


def test_messages_left_in_an_outage_are_counted(config, line, tasks, api):
    pages = create_app(config, line).test_client()
    counted = "ivr_requests_left_in_outage"
    assert f'{counted}{{priority="soon"}} 0.0' in pages.get("/metrics").text
    for number in (1, 2):
        api.add_call(number)
        api.add_recording(number, number)
    tasks.fetch_missed()
    run_jobs(tasks)
    Caller(line, Arrival("CA7", "+16175550142", "+16175550100"))("2 1 4 3 1 2")
    said = pages.get("/metrics").text
    assert f'{counted}{{priority="soon"}} 2.0' in said
    assert f'{counted}{{priority="routine"}} 0.0' in said


def test_taken_in_twice_at_once_is_one_request(line, tasks, api):
    api.add_call()
    api.add_recording()
    for _ in range(3):
        tasks.adopt_recording(sid("RE", 1))
    assert len(requests(line)) == len(recordings(line)) == 1


@pytest.mark.parametrize("from_", ["anonymous", "+266696687", "sip:alice@example.org", "+442071838750"])
def test_a_caller_who_cannot_be_called_back_leaves_a_message_all_the_same(line, tasks, api, from_):
    api.add_call(from_=from_)
    api.add_recording()
    tasks.fetch_missed()
    run_jobs(tasks)
    (request,) = requests(line)
    assert (request.callback_number, request.is_caller_id, request.left_in_outage) == (None, False, True)


def test_a_recording_of_another_number_of_the_account_is_left_alone(line, tasks, api):
    Caller(line, Arrival("CA7", "+16175550142", "+16175550100"))("2")
    api.add_call(to="+16175559999")
    api.add_call(2, direction="outbound-api")
    api.add_recording()
    api.add_recording(2, 2)
    tasks.fetch_missed()
    run_jobs(tasks)
    assert requests(line) == recordings(line) == []
    assert len(api.store.list()) == 2


def test_a_call_that_is_not_over_is_asked_about_later(line, tasks, api, clock):
    api.add_call(status="in-progress", ended=None)
    api.add_recording()
    with pytest.raises(StillTalking):
        tasks.adopt_recording(sid("RE", 1))
    api.add_call(ended=clock.now - timedelta(seconds=10))
    with pytest.raises(StillTalking):
        tasks.adopt_recording(sid("RE", 1))
    assert requests(line) == []


def test_a_lost_recording_callback_is_made_up_for(line, tasks, api):
    caller = Caller(line, Arrival(CA1, "+16175550142", "+16175550100"))("0")
    caller.take(Recorded(sid("RE", 1), 3, "hangup"))
    api.add_call()
    api.add_recording()
    tasks.fetch_missed()
    run_jobs(tasks)
    (request,) = requests(line)
    (recording,) = recordings(line)
    assert (recording.status, recording.request_id) == (RecordingStatus.STORED, request.id)
    assert not request.left_in_outage


def test_a_message_in_a_call_that_broke_half_way_becomes_a_request(line, tasks, api, clock):
    caller = Caller(line, Arrival(CA1, "+16175550142", "+16175550100"))("3")
    note_recording(line, CA1, sid("RE", 1), RecordingStatus.READY, 3)
    api.add_call()
    api.add_recording()
    caller.hang_up()
    run_jobs(tasks)
    assert requests(line) == []
    clock.now += timedelta(minutes=11)
    for _ in range(2):
        tasks.fetch_missed()
        run_jobs(tasks)
    (request,) = requests(line)
    assert (request.callback_number, request.left_in_outage) == ("+16175550142", True)
    assert [recording.request_id for recording in recordings(line)] == [request.id]


def test_a_recording_that_waits_for_its_import_is_not_asked_about(line, tasks, api):
    caller = Caller(line, Arrival(CA1, "+16175550142", "+16175550100"))("2 1 4 3 1 1")
    caller.take(Recorded(sid("RE", 1), 3, "#"))
    caller("1")
    caller.hang_up()
    note_recording(line, CA1, sid("RE", 1), RecordingStatus.READY, 3)
    api.add_call()
    api.add_recording()
    tasks.fetch_missed()
    assert Job.ADOPT_RECORDING not in run_jobs(tasks)
    assert [recording.status for recording in recordings(line)] == [RecordingStatus.STORED]


URGENT, OTHER_NUMBER, SENT = "2 1 2 1", "2 2 6175550199 1 1 3", "2 1 4 3 1 2"


@pytest.mark.parametrize("keys", [URGENT, OTHER_NUMBER, SENT])
@pytest.mark.parametrize("is_callback_lost", [False, True])
def test_a_message_adds_to_what_the_same_call_had_told(line, tasks, api, clock, keys, is_callback_lost):
    caller = Caller(line, Arrival(CA1, "+16175550142", "+16175550100"))(keys)
    api.add_call()
    api.add_recording()
    if not is_callback_lost:
        note_recording(line, CA1, sid("RE", 1), RecordingStatus.READY, 3)
    caller.hang_up()
    (told,) = requests(line)
    clock.now += timedelta(minutes=11)
    for _ in range(2):
        tasks.fetch_missed()
        run_jobs(tasks)
    (request,) = requests(line)
    assert (request.reference, request.status, request.left_in_outage) == (told.reference, RequestStatus.NEW, True)
    for kept in (
        "callback_number",
        "number_index",
        "is_caller_id",
        "reason",
        "best_time",
        "red_flags",
        "may_leave_message",
    ):
        assert getattr(request, kept) == getattr(told, kept)
    assert request.priority == ("urgent" if keys == URGENT else "soon")
    assert request.due_at <= told.due_at
    assert [recording.request_id for recording in recordings(line)] == [request.id]


def test_a_message_after_a_closed_request_is_a_new_one(line, tasks, api, clock):
    caller = Caller(line, Arrival(CA1, "+16175550142", "+16175550100"))(SENT)
    with line.database.write() as session:
        session.execute(update(PatientRequest).values(status=RequestStatus.CLOSED))
    note_recording(line, CA1, sid("RE", 1), RecordingStatus.READY, 3)
    caller.hang_up()
    clock.now += timedelta(minutes=11)
    tasks.fetch_missed()
    assert [(request.status, request.left_in_outage) for request in requests(line)] == [
        (RequestStatus.CLOSED, False), (RequestStatus.NEW, True),
    ]  # fmt: skip


def test_what_the_caller_recorded_again_makes_no_request_of_its_own(line, tasks, api, clock):
    caller = Caller(line, Arrival(CA1, "+16175550142", "+16175550100"))("2 1 4 3 1 1")
    caller.take(Recorded(sid("RE", 1), 3, "#"))
    caller("3")
    caller.take(Recorded(sid("RE", 2), 3, "#"))
    caller("1")
    api.add_call()
    for number in (1, 2):
        api.add_recording(number)
        note_recording(line, CA1, sid("RE", number), RecordingStatus.READY, 3)
    caller.hang_up()
    clock.now += timedelta(minutes=11)
    tasks.fetch_missed()
    run_jobs(tasks)
    assert len(requests(line)) == 1


def test_each_run_asks_from_a_day_before_the_last(line, tasks, api, clock):
    tasks.fetch_missed()
    clock.now += timedelta(days=5)
    tasks.fetch_missed()
    asked = [query["DateCreated>"] for query in api.queries]
    assert asked == [["2026-11-20"], ["2026-11-22"]]
    assert read_checkpoint(line.database, "recordings") == clock.now


def test_a_run_that_fails_moves_no_checkpoint(line, tasks, api):
    api.fault("GET /Recordings.json", 500)
    with pytest.raises(Exception, match="500"):
        tasks.fetch_missed()
    assert read_checkpoint(line.database, "recordings") is None


def test_many_recordings_come_by_pages(line, tasks, api, monkeypatch):
    monkeypatch.setattr("ivr.clients.twilio.PAGE", 2)
    for number in range(5):
        api.add_call(number)
        api.add_recording(number, number, at=AT - timedelta(minutes=number))
    tasks.fetch_missed()
    assert api.count("GET", "/Recordings.json") == 3
    assert all(query["DateCreated>"] == ["2026-11-20"] for query in api.queries)
    run_jobs(tasks)
    assert len(requests(line)) == 5


def test_at_night_lost_ends_of_calls_are_made_up_for(line, tasks, api, clock):
    Caller(line, Arrival(CA1, "+16175550142", "+16175550100"))("0")
    api.add_call()
    api.add_call(2)
    api.add_call(3, status="in-progress", ended=None)
    tasks.nightly()
    (request,) = requests(line)
    assert request.status is RequestStatus.INCOMPLETE
    with line.database.read() as session:
        assert session.scalar(select(Call.ended_at)) == clock.now
        assert session.scalar(select(func.count()).select_from(Call)) == 1
    assert api.queries[0]["StartTime>"] == ["2026-11-20"]


def test_at_night_stuck_recordings_get_another_import(line, tasks, api, clock):
    Caller(line)("2 1 4 3 1 1")
    note_recording(line, "CA1", sid("RE", 1), RecordingStatus.READY, 3)
    line.database.jobs.cancel_workflow(f"import-{sid('RE', 1)}")
    api.add_recording()
    with line.database.write() as session:
        session.execute(update(Recording).values(created_at=clock.now - timedelta(hours=5)))
    tasks.nightly()
    run_jobs(tasks)
    assert recordings(line)[0].status is RecordingStatus.STORED
