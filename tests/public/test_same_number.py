"""One number at two doors: who asked online hears of it by phone, and staff see both requests side by side."""

from dataclasses import replace
from datetime import timedelta

import pytest

from ivr.models import EntryKind, RequestStatus, Source
from ivr.services.audit import Actor
from ivr.services.calls.turns import Arrival
from ivr.services.requests.casefile import open_case
from tests.support.callers import Caller, prompts, stored
from tests.support.engine_call import spoken_prompts
from tests.support.patients_pages import CALLBACK, Patient, heading, patients_app
from tests.support.triage import entries

PATIENT = Arrival("CA2", "+16175550142", "+16175550100")
STRANGER = Arrival("CA3", "+16175550143", "+16175550100")


@pytest.fixture
def line(make_line, sqlite_url):
    return make_line(sqlite_url)


@pytest.fixture
def patient(config, line):
    return Patient(patients_app(config, line))


def send(patient):
    patient.fill(CALLBACK)
    return patient.post("check")


def test_who_asked_online_hears_so_by_phone(patient, line):
    send(patient)
    caller = Caller(line, PATIENT, new=False)("2")
    assert "request_callback_today" in spoken_prompts(caller.answer.outputs)
    assert {"callback_add", "callback_new", "callback_cancel"} <= set(prompts(caller.answer))
    caller("3 1")
    [request] = stored(line)
    assert (request.source, request.status) == (Source.WEB, RequestStatus.CLOSED)


def test_another_number_hears_nothing_of_it(patient, line):
    send(patient)
    caller = Caller(line, STRANGER, new=False)("2")
    assert "request_callback_today" not in spoken_prompts(caller.answer.outputs)


def test_who_called_and_then_asks_online_is_saved_and_hears_of_the_newer_one(patient, line):
    Caller(line)("2 1 4 3 1 2").hang_up()
    assert heading(send(patient)) == "Your request is saved"
    assert [request.source for request in stored(line)] == [Source.PHONE, Source.WEB]
    Caller(line, PATIENT, new=False)("2 3 1").hang_up()
    assert [request.status for request in stored(line)] == [RequestStatus.NEW, RequestStatus.CLOSED]
    again = Caller(line, replace(PATIENT, sid="CA4"), new=False)("2")
    assert "request_callback_today" in spoken_prompts(again.answer.outputs)


def test_both_histories_tell_staff_of_the_other(patient, line, clock):
    Caller(line)("2 1 4 3 1 2").hang_up()
    clock.now += timedelta(days=1)
    send(patient)
    earlier, later = stored(line)
    notes = {entry.request_id: entry.note for entry in entries(line) if entry.kind is EntryKind.ASKED_AGAIN}
    assert notes == {
        later.id: f"The same number also asked on Monday, November 23: request {earlier.reference}.",
        earlier.id: f"The same number asked again, online, on Tuesday, November 24: request {later.reference}.",
    }
    nurse = Actor("staff:1")
    assert [one.id for one in open_case(line, later.id, nurse, clock.now).same_number] == [earlier.id]
    assert [one.id for one in open_case(line, earlier.id, nurse, clock.now).same_number] == [later.id]


def test_nothing_is_told_of_a_closed_one_or_of_another_number(patient, line, clock):
    Caller(line)("2 1 4 3 1 2").hang_up()
    Caller(line, PATIENT, new=False)("2 3 1").hang_up()
    Caller(line, STRANGER)("2 1 4 3 1 2").hang_up()
    send(patient)
    assert [entry for entry in entries(line) if entry.kind is EntryKind.ASKED_AGAIN] == []
