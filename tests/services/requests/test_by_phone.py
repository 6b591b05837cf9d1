"""Triage by phone on each database: the PIN that is never kept, the locks shared with the browser, what is read out."""

import json
import re
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from itsdangerous import timed
from sqlalchemy import select

from ivr import create_app
from ivr.callflow.answers import BestTime
from ivr.callflow.inputs import DialEnded, Digits
from ivr.callflow.state import from_plain
from ivr.db import Base
from ivr.models import (
    AuditEntry,
    Call,
    EntryKind,
    Outcome,
    PatientRequest,
    Priority,
    Recording,
    RecordingStatus,
    RequestStatus,
    Role,
)
from ivr.services.accounts import staff
from ivr.services.audit import COMMAND, Actor
from ivr.services.calls.turns import Arrival, note_recording
from ivr.services.recordings.recordings import store_audio
from ivr.services.requests import by_phone, triage
from ivr.services.requests.queue import Filters, read_page
from ivr.simulator import WsgiTransport
from ivr.simulator.speechlike import speechlike
from ivr.voice.media import Signers
from tests.support.callers import Caller
from tests.support.engine_call import spoken_prompts
from tests.support.kept_requests import put_requests
from tests.support.settings import BASE_URL
from tests.support.telephone import Telephone
from tests.support.triage import entries

PIN, ROUTINE, URGENT = "907263", "2 1 4 3 1 2", "2 1 2 1 2"


def somebody(line, extension, role=Role.STAFF):
    details = staff.AccountDetails(f"{extension}@example.org", f"Nurse {extension}", role, extension)
    member = staff.create(line.database, COMMAND, details, line.clock())
    return staff.set_pin(line.database, COMMAND, member.id, PIN, line.clock())


@pytest.fixture
def nurse(line):
    return somebody(line, "42")


def patient(line, keys, number=1):
    caller = Caller(line, Arrival(f"CAp{number}", "+16175550142", "+16175550100"))(keys)
    caller.hang_up()


def staff_call(line, keys="", sid="CAstaff", extension="42"):
    """A call of staff that is signed in and has pressed `keys`."""
    caller = Caller(line, Arrival(sid, "+16175550177", "+16175550100"))
    caller("7")
    caller.take(Digits(extension, "#"))
    caller.take(Digits(PIN))
    return caller(keys)


def request(line, number=1):
    with line.database.read() as session:
        return session.get(PatientRequest, number)


def everything(line):
    """All that is kept, decrypted, as one text; jobs and all."""
    with line.database.engine.connect() as connection:
        kept = [str(connection.execute(select(table)).all()) for table in Base.metadata.sorted_tables]
    return "\n".join(kept)


@pytest.mark.parametrize(
    "keyed",
    [
        [Digits(PIN)],
        [Digits(PIN, "#")],
        [Digits("907*26"), Digits(PIN)],
        [Digits("9072", "#"), Digits("63*907"), Digits(PIN)],
    ],
    ids=["whole", "with #", "started over", "in pieces"],
)
@pytest.mark.parametrize("extension", ["42", "55"], ids=["right", "nobody's"])
def test_a_pin_is_kept_nowhere_not_even_encrypted(line, nurse, keyed, extension):
    caller = Caller(line, Arrival("CAstaff", "+16175550177", "+16175550100"))("7")
    caller.take(Digits(extension, "#"))
    for given in keyed:
        caller.take(given)
        kept = re.sub(
            r"[0-9a-f]{32,}", "", everything(line).replace(nurse.pin_hash, "")
        )  # what is random, is so by chance
        assert not any(part in kept for part in (PIN, "9072", "907*", "7263"))
    caller.hang_up()
    assert PIN not in everything(line)


def test_a_pin_keyed_in_place_of_the_extension_is_not_kept_either(line, nurse):
    caller = Caller(line, Arrival("CAstaff", "+16175550177", "+16175550100"))("7")
    caller.take(Digits(PIN))
    assert caller.answer.node == "staff_extension"
    assert PIN not in everything(line)


def test_a_pin_is_in_no_file_and_in_no_log(config, make_line, sqlite_url, tmp_path, capsys):
    """Real webhooks through the whole application; the file's bytes and every line that was logged."""
    line = make_line(sqlite_url)
    somebody(line, "42")
    patient(line, ROUTINE)
    phone = Telephone(replace(config, voice="say"), line)
    heard = phone.call(f"7 42# {PIN} h", from_="+16175550177")
    assert "Routine: a callback." in heard.said
    phone.call("7 42# 9072 h", from_="+16175550177")
    logged = capsys.readouterr()
    assert "staff_pin" in logged.out + logged.err, "the turn itself is logged"
    for kept in (logged.out, logged.err, *(file.read_bytes().decode("latin-1") for file in tmp_path.rglob("ivr.db*"))):
        assert PIN not in kept
        assert "Digits=9072" not in kept


def test_a_locked_account_takes_no_pin_until_the_lock_is_over(line, nurse, clock):
    for call in range(2):
        caller = Caller(line, Arrival(f"CA{call}", "+16175550177", "+16175550100"))("7")
        for _ in range(2 - call):
            caller.take(Digits("42", "#"))
            caller.take(Digits("111222"))
    assert caller.answer.outputs[0].speech[0].prompt == "staff_locked"
    assert staff_call(line, sid="CA7").answer.outputs[0].speech[0].prompt == "staff_locked"
    clock.now += timedelta(minutes=16)
    assert staff_call(line, sid="CA8").answer.outputs[-1].speech[0].prompt == "staff_nothing"


def test_one_call_may_not_try_every_extension(line, nurse):
    """Three wrong tries end the call, though no account is locked by them."""
    others = [somebody(line, extension) for extension in ("43", "44")]
    caller = Caller(line, Arrival("CA1", "+16175550177", "+16175550100"))("7")
    for extension in ("42", "43", "44"):
        caller.take(Digits(extension, "#"))
        caller.take(Digits("111222"))
    assert caller.answer.outputs[0].speech[0].prompt == "staff_locked"
    assert [staff.find(line.database, one.id).pin_locked_until for one in (nurse, *others)] == [None] * 3


def test_the_most_pressing_comes_first_and_what_waits_for_a_follow_up_does_not(line, nurse, clock):
    patient(line, ROUTINE, 1)
    patient(line, URGENT, 2)
    patient(line, ROUTINE, 3)
    triage.record_attempt(line, 3, Actor.of(nurse, ""), clock.now, outcome=Outcome.NO_ANSWER)
    caller = staff_call(line)
    read = [known(line).request_id]
    caller("3")
    read.append(known(line).request_id)
    caller("3")
    assert read == [2, 1]
    assert caller.answer.outputs[-1].speech[0].prompt == "staff_end"
    clock.now = request(line, 3).act_by
    caller("*")
    caller("3 3")
    assert 3 in (known(line).request_id, *known(line).passed)


def test_the_telephone_reads_the_queue_s_list_in_the_queue_s_order(line, nurse, clock):
    """Urgent, also unfinished; late, the pressing first; then what is due. What waits for its time is in neither."""
    now, hour = clock.now, timedelta(hours=1)
    put_requests(
        line,
        {"priority": Priority.ROUTINE, "due_at": now + hour},
        {"priority": Priority.SOON, "due_at": now + 2 * hour},
        {"priority": Priority.ROUTINE, "due_at": now - 2 * hour},
        {"priority": Priority.SOON, "due_at": now - hour},
        {"priority": Priority.URGENT, "status": RequestStatus.INCOMPLETE, "due_at": now - 3 * hour},
        {"priority": Priority.URGENT, "due_at": now + hour / 4},
        {"priority": Priority.ROUTINE, "status": RequestStatus.FOLLOW_UP, "due_at": now + hour},
        {"priority": Priority.SOON, "status": RequestStatus.INCOMPLETE, "due_at": now - hour},
        {"priority": Priority.ROUTINE, "best_time": BestTime.AFTERNOON, "due_at": now + hour},
        now=now,
    )
    shown = [row.id for row in read_page(line, Filters(), None, now).rows]
    caller, heard = staff_call(line), []
    while "staff_request_options" in spoken_prompts(caller.answer.outputs):
        heard.append(known(line).request_id)
        caller("3")
    assert heard == shown == [5, 6, 4, 3, 2, 1]


def test_reference_warning_sign_and_that_it_was_left_unfinished_are_read_out(line, nurse):
    special = {"priority": Priority.URGENT, "status": RequestStatus.INCOMPLETE, "red_flags": True}
    put_requests(line, {**special, "left_incomplete": True, "reference": "482913"}, now=line.clock())
    speech = staff_call(line).answer.outputs[-1].speech
    heard = [getattr(part, "prompt", None) or getattr(part, "digits", None) for part in speech]
    assert heard[:3] == ["staff_urgent_callback", "staff_warning_sign", "staff_unfinished"]
    assert heard[heard.index("staff_reference") + 1] == "482913"


def test_after_no_answer_only_what_fits_is_offered_and_noted(line, nurse):
    patient(line, ROUTINE)
    caller = staff_call(line, "1")
    caller.take(DialEnded(False))
    assert spoken_prompts(caller.answer.outputs)[:2] == ["staff_not_answered", "staff_unanswered_options"]
    caller("1")
    assert request(line).attempts == 0
    caller("4")
    assert (request(line).attempts, entries(line)[-1].outcome) == (1, Outcome.NO_ANSWER)


def known(line, sid="CAstaff"):
    """What the call knows of its member of the staff and the request under way."""
    with line.database.read() as session:
        progress = session.scalar(select(Call.progress).where(Call.sid == sid))
    return from_plain(json.loads(progress)["state"]).staff


def test_an_urgent_request_left_unfinished_is_read_out_an_ordinary_one_is_not(line, nurse):
    patient(line, "0", 1)
    patient(line, "2 1 2 1", 2)
    with line.database.write() as session:
        session.get(PatientRequest, 2).status = RequestStatus.INCOMPLETE
    assert request(line).status is RequestStatus.INCOMPLETE
    caller = staff_call(line)
    assert known(line).request_id == 2
    caller("3")
    assert caller.answer.outputs[-1].speech[0].prompt == "staff_end"


def test_the_language_of_a_patient_is_named_in_that_language(config, make_line, sqlite_url):
    """Staff heard "Language: English." of a Spanish request: only the English script had the name."""
    line = make_line(sqlite_url, languages=("en-US", "es-US"), voice="say")
    somebody(line, "42")
    patient(line, "2 2 1 4 3 1 2")
    phone = Telephone(replace(config, languages=("en-US", "es-US"), voice="say"), line)
    heard = phone.call(f"7 42# {PIN} h", from_="+16175550177").said
    assert "Language: Español." in heard


@pytest.mark.parametrize("key", ["1", "7", "4 1"])
def test_a_claim_in_the_browser_stands_on_the_phone(line, nurse, key):
    patient(line, ROUTINE)
    caller = staff_call(line)
    triage.claim(line, 1, Actor.of(somebody(line, "43"), "192.0.2.1"), line.clock())
    caller(key)
    assert spoken_prompts(caller.answer.outputs)[0] == "staff_taken"
    assert request(line).owner_id != nurse.id


def test_of_two_on_the_phone_one_gets_it(line, nurse):
    somebody(line, "43")
    patient(line, ROUTINE)
    callers = [staff_call(line, sid="CA1"), staff_call(line, sid="CA2", extension="43")]
    threads = [threading.Thread(target=caller, args=("1",)) for caller in callers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kinds = [entry.kind for entry in entries(line)]
    assert kinds == [EntryKind.CLAIMED, EntryKind.CALLED]
    dials = [type(caller.answer.outputs[-1]).__name__ for caller in callers]
    assert sorted(dials) == ["CallPatient", "Gather"]


def test_who_is_rung_is_known_only_while_it_is_to_be_rung(line, nurse):
    patient(line, ROUTINE)
    caller = staff_call(line)
    assert by_phone.dial_claimed(line, "CAstaff") is None
    caller("1")
    dialled = by_phone.dial_claimed(line, "CAstaff")
    assert (dialled.number, dialled.caller_id) == ("+16175550142", "+16175550100")
    caller.take(DialEnded(True))
    assert by_phone.dial_claimed(line, "CAstaff") is None
    assert by_phone.dial_claimed(line, "CAunknown") is None


def test_the_patients_number_is_in_no_staff_call(line, nurse):
    """Not in the call's state either: erasing the patient leaves nothing behind."""
    patient(line, ROUTINE)
    caller = staff_call(line, "1")
    caller.take(DialEnded(True))
    with line.database.read() as session:
        progress = session.scalar(select(Call.progress).where(Call.sid == "CAstaff"))
    assert "6175550142" not in progress


def test_a_long_talk_keeps_the_claim_and_hanging_up_starts_the_clock(line, nurse, clock):
    patient(line, ROUTINE)
    caller = staff_call(line, "1")
    clock.now += timedelta(minutes=40)
    assert triage.release_idle(line, clock.now) == 0
    caller.take(DialEnded(True))
    caller.hang_up()
    assert request(line).status is RequestStatus.CLAIMED
    clock.now += timedelta(minutes=11)
    assert triage.release_idle(line, clock.now) == 1


def test_an_account_that_was_deactivated_meanwhile_reads_nothing_more(line, nurse, clock):
    patient(line, ROUTINE)
    patient(line, ROUTINE, 2)
    caller = staff_call(line)
    staff.set_active(line.database, COMMAND, nurse.id, False, clock.now)
    caller("3")
    assert caller.answer.outputs[0].speech[0].prompt == "staff_goodbye"


def test_closing_notes_the_attempt_and_the_disposition(line, nurse):
    patient(line, ROUTINE)
    caller = staff_call(line, "1")
    caller.take(DialEnded(True))
    caller("1 1")
    kept = request(line)
    assert (kept.status, kept.disposition.value, kept.attempts) == (RequestStatus.CLOSED, "scheduled", 1)
    assert kept.reached_at is not None


def test_what_is_passed_on_to_the_desk_waits_there(line, nurse):
    patient(line, ROUTINE)
    staff_call(line, "7")
    kept = request(line)
    assert (kept.status, kept.for_desk, kept.owner_id) == (RequestStatus.NEW, True, None)
    assert entries(line)[-1].kind is EntryKind.REASSIGNED
    assert staff_call(line, sid="CA2").answer.outputs[-1].speech[0].prompt == "staff_nothing"


class TestMessages:
    """A message's audio by its signed address."""

    @pytest.fixture
    def stored(self, line, nurse):
        """The id of a stored recording of a request."""
        patient(line, "2 1 1 3 1 1 r 1")
        note_recording(line, "CAp1", "RE1", RecordingStatus.READY, 3)
        store_audio(line.database, "RE1", speechlike(3), 3, line.clock())
        with line.database.read() as session:
            return session.scalar(select(Recording.id))

    def heard(self, line):
        with line.database.read() as session:
            found = session.scalars(select(AuditEntry).where(AuditEntry.action == "heard"))
            return [(one.actor, one.subject, one.source) for one in found]

    def get(self, config, line, token):
        return WsgiTransport(create_app(config, line)).request("GET", f"{BASE_URL}/media/messages/{token}.wav", b"", {})

    def test_it_is_played_and_noted(self, config, line, nurse, stored):
        token = Signers.of(config.secret_key).sign_message(stored, nurse.id, "en-US")
        answer = self.get(config, line, token)
        assert (answer.status, answer.content_type, answer.body) == (200, "audio/wav", speechlike(3))
        assert answer.headers["cache-control"] == "no-store"
        assert self.heard(line) == [(f"staff:{nurse.id}", f"recording:{stored}", "phone")]

    def test_another_kind_of_address_and_a_changed_one_open_nothing(self, config, line, nurse, stored):
        signers = Signers.of(config.secret_key)
        good = signers.sign_message(stored, nurse.id, "en-US")
        for token in (signers.sign_recording("RE1", "en-US"), good[:-2] + "xx", "nonsense"):
            assert self.get(config, line, token).status == 404
        assert self.heard(line) == []

    def test_an_address_lasts_minutes(self, config, line, nurse, stored, monkeypatch):
        token = Signers.of(config.secret_key).sign_message(stored, nurse.id, "en-US")
        now = timed.time.time()
        monkeypatch.setattr(timed.time, "time", lambda: now + 301)
        assert self.get(config, line, token).status == 404

    def test_a_deactivated_account_hears_nothing(self, config, line, nurse, stored, clock):
        token = Signers.of(config.secret_key).sign_message(stored, nurse.id, "en-US")
        staff.set_active(line.database, COMMAND, nurse.id, False, clock.now)
        assert self.get(config, line, token).status == 404
        assert self.heard(line) == []

    def test_the_request_is_read_out_with_it(self, line, nurse, stored):
        speech = staff_call(line).answer.outputs[-1].speech
        assert any(getattr(part, "recording_id", None) == stored for part in speech)

    def test_one_that_is_on_its_way_is_said_to_be(self, line, nurse):
        patient(line, "2 1 1 3 1 1 r 1")
        prompts = [getattr(part, "prompt", None) for part in staff_call(line).answer.outputs[-1].speech]
        assert "staff_message_coming" in prompts


def test_a_call_to_the_staff_number_begins_at_the_sign_in(make_line, sqlite_url):
    line = make_line(sqlite_url, staff_number="+16175550190")
    assert Caller(line, Arrival("CA1", "anonymous", "+16175550190")).answer.node == "staff_extension"
    assert Caller(line, Arrival("CA2", "anonymous", "+16175550100")).answer.node == "emergency"
