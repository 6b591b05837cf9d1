"""The link in a text: a button first, then the state and what may be changed; a wrong one is a plain 404."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event, func, select

from ivr import create_app
from ivr.models import (
    AuditAction,
    AuditEntry,
    Disposition,
    EntryKind,
    PatientRequest,
    Priority,
    RequestEntry,
    RequestStatus,
)
from ivr.services.requests import triage
from ivr.services.requests.links import KEPT_AFTER_CLOSING, new_link
from tests.support.bridging import somebody
from tests.support.texts import agree, history
from tests.support.triage import leave, one, trail

WRONG = ("x" * 22, "", "x", "../console", "☎", "x" * 5000)


@pytest.fixture
def line(make_line, database_url):
    """What the link changes has no tests of its own in tests/services: both databases are tried here."""
    line = make_line(database_url, texts=True, sms_from="+16175550100", languages=("en-US", "es-US"))
    leave(line, "1 2 1 4 3 1 2 2")
    agree(line, kind=None)
    return line


@pytest.fixture
def client(config, line):
    settings = replace(config, texts=True, sms_from="+16175550100", languages=("en-US", "es-US"))
    return create_app(settings, line).test_client()


@pytest.fixture
def address(line, clock):
    with line.database.write() as session:
        return f"/r/{new_link(session, 1, clock.now)}"


def kept(line):
    with line.database.read() as session:
        counted = [session.scalar(select(func.count()).select_from(kind)) for kind in (AuditEntry, RequestEntry)]
    return counted, one(line, 1).status, one(line, 1).best_time, one(line, 1).act_by


class TestOpening:
    def test_two_hundred_fetches_show_a_button_and_change_nothing(self, line, client, address):
        before = kept(line)
        pages = {client.open(address, method=method).text for method in ("GET", "HEAD") * 100}
        assert kept(line) == before
        (page,) = pages - {""}
        assert page.count("<button") == 1
        for telling in (one(line, 1).reference, "(617) 555-0142", "callback", "tomorrow", "Callback"):
            assert telling not in page

    def test_headers_keep_it_to_itself(self, client, address):
        for answer in (client.get(address), client.post(address)):
            assert answer.headers["Cache-Control"] == "no-store"
            assert answer.headers["Referrer-Policy"] == "no-referrer"
            assert answer.headers["X-Robots-Tag"] == "noindex"
            assert "Set-Cookie" not in answer.headers

    @pytest.mark.parametrize("wrong", WRONG)
    def test_a_wrong_one_is_a_plain_404_of_one_and_the_same_work(self, line, client, address, wrong):
        asked = []
        event.listen(line.database.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
        assert client.get(address).status_code == 200
        right, asked[:] = list(asked), []
        answer = client.get(f"/r/{wrong}")
        assert answer.status_code == 404
        assert "There is no such page." in answer.text
        assert len(wrong) != 22 or asked == right, "the same statements, so that the time tells nothing"
        assert client.post(f"/r/{wrong}").status_code in (404, 405)

    def test_it_ends_seven_days_after_closing(self, line, client, address, clock):
        triage.close(line, 1, somebody(line, 4), clock.now, disposition=Disposition.ANSWERED)
        clock.now += KEPT_AFTER_CLOSING - timedelta(seconds=1)
        assert "This request is done." in client.post(address).text
        clock.now += timedelta(seconds=1)
        assert (client.get(address).status_code, client.post(address).status_code) == (404, 404)

    def test_a_voice_server_does_not_have_it(self, config, line, address):
        assert create_app(config, line, doors="voice").test_client().get(address).status_code == 404


class TestUsing:
    def test_it_tells_kind_promise_and_state_and_nothing_of_the_patient(self, line, client, address):
        page = client.post(address, data={"do": "look"}).text
        assert "You asked for a call." in page
        assert "We will call you tomorrow by 10:00 a.m." in page
        for telling in ("555", "pain question", "Something else"):
            assert telling not in page.split("<main")[1].split("</main")[0]
        assert history(line, EntryKind.LINK_USED) == [None]
        assert ("caller", AuditAction.SEEN, "state shown by link") in trail(line)
        triage.claim(line, 1, somebody(line, 4), line.clock())
        assert "Somebody from our team is working on it now." in client.post(address).text

    def test_another_time_moves_the_promise_once(self, line, client, address):
        for _ in range(2):
            page = client.post(address, data={"do": "time", "best_time": "afternoon"}).text
            assert "The time is changed." in page
            assert "We will call you tomorrow afternoon, by" in page
        assert one(line, 1).best_time == "afternoon"
        assert len(history(line, EntryKind.CHANGED_BY_LINK)) == 1

    def test_a_sentence_is_added_once_and_is_news(self, line, client, address):
        triage.record_attempt(line, 1, somebody(line, 4), line.clock(), outcome="no_answer")
        sent = {"do": "sentence", "sentence": " I can <b>only</b>\r\n\u202espeak at noon.\x07 ", "once": "a" * 32}
        for _ in range(3):
            assert "It is added to your request." in client.post(address, data=sent).text
        assert history(line, EntryKind.MESSAGE_BY_LINK) == ["I can <b>only</b>\nspeak at noon."]
        assert (one(line, 1).status, one(line, 1).priority) == (RequestStatus.NEW, Priority.SOON)
        client.post(address, data={**sent, "sentence": "x" * 600, "once": "b" * 32})
        assert len(history(line, EntryKind.MESSAGE_BY_LINK)[1]) == 500

    def test_cancelling_is_asked_about_and_stays(self, line, client, address):
        assert "Do you want to cancel your request?" in client.post(address, data={"do": "ask"}).text
        assert one(line, 1).status is RequestStatus.NEW
        for _ in range(2):
            assert "Your request is cancelled." in client.post(address, data={"do": "cancel"}).text
        assert (one(line, 1).status, one(line, 1).disposition) == (RequestStatus.CLOSED, Disposition.CANCELLED)
        assert len(history(line, EntryKind.CANCELLED_BY_LINK)) == 1
        client.post(address, data={"do": "time", "best_time": "morning"})
        client.post(address, data={"do": "sentence", "sentence": "No", "once": "c" * 32})
        assert one(line, 1).best_time == "any"

    @pytest.mark.parametrize(
        "form",
        [{}, {"do": "☎"}, {"do": "time"}, {"do": "time", "best_time": "night"}, {"do": "sentence"}, {"x": "y" * 9000}],
    )
    def test_whatever_a_form_says_nothing_breaks(self, line, client, address, form):
        assert client.post(address, data=form).status_code == 200
        assert (one(line, 1).status, one(line, 1).best_time) == (RequestStatus.NEW, "any")

    def test_in_the_patients_language(self, line, client, address):
        with line.database.write() as session:
            session.get_one(PatientRequest, 1).language = "es-US"
        assert "Mostrar mi solicitud" in client.get(address).text
        assert "Usted pidió una llamada." in client.post(address).text

    def test_another_sites_form_is_refused(self, line, client, address):
        before = kept(line)
        answer = client.post(address, data={"do": "cancel"}, headers={"Sec-Fetch-Site": "cross-site"})
        assert (answer.status_code, kept(line)) == (403, before)
