"""Online too, texts are asked about in a question of their own, once the request is saved."""

import re

import pytest

from ivr.models import TextKind, TextStatus
from ivr.services.requests import consent
from tests.support.patients_pages import CALLBACK, URGENT, Patient, heading, patients_app
from tests.support.texts import PATIENT, texts
from tests.support.triage import one

QUESTION = "May we text you about this request"
WILL_TEXT, WILL_NOT_TEXT = "We will text you about this request.", "We will not text you about this request."
ON = {"texts": True, "sms_from": "+16175550100"}


@pytest.fixture
def line(make_line, database_url):
    """What the answer writes has no tests of its own in tests/services: both databases are tried here."""
    return make_line(database_url, languages=("en-US", "es-US"), **ON)


@pytest.fixture
def patient(config, line):
    return Patient(patients_app(config, line, **ON))


def send(patient, answers=CALLBACK):
    patient.fill(answers)
    return patient.post("check")


def test_a_yes_is_kept_with_its_words_and_time_and_texts_once(patient, line, clock):
    assert QUESTION in send(patient).text
    assert texts(line) == []
    for _ in range(2):
        page = patient.post("texts", answer="yes")
        assert heading(page) == "Your request is saved"
        assert QUESTION not in page.text
        assert WILL_TEXT in page.text
    request = one(line, 1)
    assert (request.may_text, request.text_agreed_at) == (True, clock.now)
    assert request.text_wording.startswith("online en-US ")
    assert texts(line) == [(TextKind.SAVED, TextStatus.WAITING)]


def test_a_no_stays_and_sends_nothing(patient, line):
    send(patient)
    for answer in ("no", "yes", "maybe", ""):
        page = patient.post("texts", answer=answer)
        assert QUESTION not in page.text
        assert WILL_NOT_TEXT in page.text
    assert (one(line, 1).may_text, texts(line)) == (False, [])


def test_the_two_answers_look_alike(patient):
    """Nobody is led to agree."""
    buttons = re.findall(r'<button class="([^"]*)" type="submit" name="answer"', send(patient).text)
    assert buttons == ["quiet", "quiet"]


def test_a_stop_later_is_not_contradicted(patient, line):
    send(patient)
    assert WILL_TEXT in patient.post("texts", answer="yes").text
    with line.database.write() as session:
        consent.stop(session, PATIENT, line.clock())
    page = patient.open("sent")
    assert heading(page) == "Your request is saved"
    assert WILL_TEXT not in page.text


def test_who_is_not_asked(config, make_line, line, patient, database_url):
    assert QUESTION not in send(patient, URGENT).text
    with line.database.write() as session:
        consent.stop(session, PATIENT, line.clock())
    stopped = Patient(patients_app(config, line, **ON))
    assert QUESTION not in send(stopped).text
    off = Patient(patients_app(config, make_line(database_url, languages=("en-US", "es-US"))))
    assert QUESTION not in send(off).text
    for one_of_them in (stopped, off, Patient(patients_app(config, line, **ON))):
        one_of_them.post("texts", answer="yes")
    assert texts(line) == []
