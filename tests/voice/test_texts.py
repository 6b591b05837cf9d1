"""What patients text back: STOP and START, HELP, messages; and delivery reports. Signed like everything else."""

from dataclasses import replace

import pytest

from ivr import create_app
from ivr.models import AuditAction, EntryKind, Priority, RequestStatus, TextKind, TextMessage, TextStatus
from ivr.services.requests import consent, texting, triage
from ivr.services.requests.texted import Received, receive
from ivr.simulator import TextPhone, WsgiTransport, sign
from tests.support.bridging import somebody
from tests.support.settings import ACCOUNT_SID, AUTH_TOKEN, BASE_URL
from tests.support.texts import PATIENT, agreed, history, texts
from tests.support.triage import leave, one, trail

ENDING = ("STOP", "stopall", "Quit", "END", " revoke ", "OPT OUT", "opt-out", "Cancel", "UNSUBSCRIBE.", "Stop!", "Alto")
MESSAGES = ("stop by at 3?", "Please cancel", "I have a new number", "¿Cuándo?", "🙂", "1", "")


@pytest.fixture
def line(make_line, database_url):
    return make_line(database_url, texts=True, sms_from="+16175550100")


@pytest.fixture
def app(config, line):
    return create_app(replace(config, texts=True, sms_from="+16175550100"), line)


@pytest.fixture
def phone(app):
    return TextPhone(WsgiTransport(app), BASE_URL, ACCOUNT_SID, AUTH_TOKEN, PATIENT, "+16175550100")


def stopped(line):
    with line.database.read() as session:
        return consent.is_stopped(session, PATIENT)


@pytest.mark.parametrize("path", ["/voice/text", "/voice/text/status?t=1"])
def test_only_the_carrier_gets_in(app, path):
    client, form = app.test_client(), {"AccountSid": ACCOUNT_SID, "MessageSid": "SM1", "From": PATIENT, "Body": "STOP"}
    for token, status in ((AUTH_TOKEN, {200, 204}), ("another", {403})):
        headers = {"X-Twilio-Signature": sign(token, BASE_URL + path, form)}
        assert client.post(path, data=form, headers=headers).status_code in status
    nameless = {"AccountSid": ACCOUNT_SID, "MessageSid": "☎"}
    headers = {"X-Twilio-Signature": sign(AUTH_TOKEN, BASE_URL + path, nameless)}
    assert client.post(path, data=nameless, headers=headers).status_code == 400


@pytest.mark.parametrize("word", ENDING)
def test_every_way_to_say_stop_ends_all_texts_at_once(line, phone, word):
    agreed(line)
    answers = phone.write(word)
    assert stopped(line)
    assert history(line, EntryKind.TEXTS_STOPPED) == [word.strip()]
    assert ("caller", AuditAction.CHANGED, "texts stopped by text") in trail(line)
    assert texting.ask_for(line, 1, line.clock()) is None
    assert texts(line) == [(TextKind.SAVED, TextStatus.DROPPED)]
    confirms = PATIENT not in phone.store.stopped
    assert [answer.startswith("Bay State: You will get no more texts") for answer in answers] == [True] * confirms


def test_start_allows_them_again(line, phone):
    agreed(line)
    assert phone.write("YES") != [], "nobody has said STOP: this is a message"
    phone.write("STOP")
    phone.write("start")
    assert not stopped(line)
    assert history(line, EntryKind.TEXTS_STARTED) == ["start"]
    phone.write("stop")
    phone.write("Yes")
    assert not stopped(line)
    assert texting.ask_for(line, 1, line.clock()) is not None


def test_stop_counts_without_any_request(line, phone):
    assert phone.write("opt out") == ["Bay State: You will get no more texts from us. To get them again, reply START."]
    assert stopped(line)
    assert trail(line)[-1] == ("caller", "changed", "texts stopped by text, from a number without requests")


@pytest.mark.parametrize("word", ["HELP", "info", "Ayuda"])
def test_help_answers(line, phone, word):
    agreed(line)
    for again in (False, True):
        (answer,) = phone.write(word, again=again)
        assert answer.startswith("Bay State: We text you about a request you made. To talk to us, call (617) 555-0100.")
    assert "911" in answer
    assert "STOP" in answer


@pytest.mark.parametrize("body", MESSAGES)
def test_anything_else_is_a_message_on_the_open_request(line, phone, clock, body):
    leave(line)
    nurse = somebody(line, 4)
    triage.record_attempt(line, 1, nurse, clock.now, outcome="no_answer")
    assert one(line, 1).status is RequestStatus.FOLLOW_UP
    answer = phone.write(body)
    assert phone.write(body, again=True) == [], "delivered twice, it counts once"
    assert history(line, EntryKind.TEXT_RECEIVED) == [body or "[an empty text]"]
    assert answer == ["Bay State: Thank you. Our staff will read this with your request. In an emergency, call 911."]
    assert (one(line, 1).status, one(line, 1).priority) == (RequestStatus.NEW, Priority.SOON)
    assert body not in str(trail(line)) or len(body) < 2
    assert not stopped(line)


def test_a_picture_is_told_of_and_answers_come_once_an_hour(line, phone):
    leave(line)
    assert len(phone.write("Look", pictures=1)) == 1
    assert phone.write("Once more") == []
    assert history(line, EntryKind.TEXT_RECEIVED) == [
        "Look\n[A picture came with it, and was not kept here.]", "Once more",
    ]  # fmt: skip


def test_without_an_open_request_nobody_would_read_it(line, phone):
    (answer,) = phone.write("Hello?")
    assert "no open request" in answer
    assert "911" in answer
    leave(line)
    triage.close(line, 1, somebody(line, 4), line.clock(), disposition="answered")
    assert history(line, EntryKind.TEXT_RECEIVED) == []


def test_answers_are_in_the_patients_language(make_line, config, database_url, phone):
    line = make_line(database_url, texts=True, languages=("en-US", "es-US"))
    agreed(line, language="es-US")
    phone = replace(
        phone, transport=WsgiTransport(create_app(replace(config, texts=True, languages=("en-US", "es-US")), line))
    )
    assert phone.write("ayuda")[0].startswith("Bay State: Le escribimos por una solicitud")


def test_our_own_numbers_and_strange_ones_are_not_answered(line):
    with_number = replace(line, clinic_number="+16175550100")
    for number in ("+16175550100", "anonymous", "12345", "+266696687x"):
        assert receive(with_number, Received("SM1", number, "Hello"), line.clock()) == ""


def test_a_broken_database_is_told_to_whoever_writes(line, phone, monkeypatch):
    def broken(*_):
        raise RuntimeError

    monkeypatch.setattr("ivr.services.requests.texted.receive", broken)
    monkeypatch.setattr("ivr.services.requests.texting.note_delivery", broken)
    assert phone.write("Hello")[0].startswith("We could not read your message.")
    phone.store.messages.append(
        {"From": "+16175550100", "To": PATIENT, "StatusCallback": f"{BASE_URL}/voice/text/status?t=1"}
    )
    assert phone.report(1, "delivered") == 503


def test_a_text_that_was_not_delivered_is_told_to_staff(line, phone):
    agreed(line)
    text = texting.ask_for(line, 1, line.clock())
    phone.store.messages.append(
        {
            "From": "+16175550100",
            "To": text.to,
            "Body": text.body,
            "StatusCallback": f"{BASE_URL}/voice/text/status?t=1",
        }
    )
    assert phone.report(1, "sent") == 204
    assert phone.report(1, "undelivered", "30003") == 204
    assert phone.report(1, "sent") == 204
    assert texts(line) == [(TextKind.SAVED, TextStatus.UNDELIVERED, "30003")]
    assert len(history(line, EntryKind.TEXT_FAILED)) == 1
    with line.database.read() as session:
        assert session.get_one(TextMessage, 1).sid == f"SM{1:032x}"
