"""Texts to patients: what they say and in which language, who gets none, and that each is sent at most once."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from ivr.clients.errors import Unavailable, Unclear
from ivr.models import Disposition, EntryKind, PatientLink, PatientRequest, TextKind, TextMessage, TextStatus
from ivr.services.jobs import Job
from ivr.services.requests import bridging, consent, history, proving, texting, triage
from ivr.services.requests.links import digest_of
from tests.support.bridging import somebody
from tests.support.jobs import until
from tests.support.settings import DEADLINE_SECONDS
from tests.support.texts import PATIENT, agree, agreed, texts
from tests.support.texts import history as told
from tests.support.triage import leave, one

LINK = re.compile(r"https://line\.example\.org/r/([\w-]{22})(?= )")
TELLING = re.compile(r"pain|dolor|spine|vertebro|kypho|callback|appointment|urgent", re.IGNORECASE)


@pytest.fixture
def line(make_line, database_url):
    return make_line(database_url, texts=True, sms_from="+16175550100", languages=("en-US", "es-US"))


def send(tasks, line, *, delayed=False):
    """Run the jobs that text, and no others: nobody is called here."""
    states = ["ENQUEUED", "DELAYED"] if delayed else ["ENQUEUED"]
    for job in line.database.jobs.list_workflows(name=Job.SEND_TEXT, status=states):
        line.database.jobs.cancel_workflow(job.workflow_id)
        replace(tasks, line=line).send_text(*job.input["args"])


def bodies(api):
    return [form["Body"] for form in api.store.messages]


class TestWhatTheySay:
    def test_saved_with_reference_promise_and_link(self, line, tasks, api):
        send(tasks, agreed(line))
        (form,) = api.store.messages
        assert (form["To"], form["From"]) == (PATIENT, "+16175550100")
        assert form["StatusCallback"] == "https://line.example.org/voice/text/status?t=1"
        reference = one(line, 1).reference
        assert form["Body"].startswith(
            f"Bay State: Your request {reference} is saved. We will call you tomorrow by 10:00 AM. See or change it: "
        )
        assert "STOP" in form["Body"]
        assert "HELP" in form["Body"]
        assert "911" in form["Body"]
        assert not TELLING.search(form["Body"])
        assert texts(line) == [(TextKind.SAVED, TextStatus.SENT)]

    def test_of_the_links_secret_only_the_digest_is_kept(self, line, tasks, api):
        send(tasks, agreed(line))
        secret = LINK.search(bodies(api)[0])[1]
        with line.database.read() as session:
            (link,) = session.scalars(select(PatientLink))
            (text,) = session.scalars(select(TextMessage))
        assert (link.digest, link.request_id) == (digest_of(secret), 1)
        assert secret not in text.words
        assert "/r/… " in text.words

    def test_spanish_stays_spanish(self, line, tasks, api):
        agreed(line, language="es-US")
        nurse = somebody(line, 4)
        bridging.begin(line, 1, nurse, line.clock())
        send(tasks, line)
        triage.close(line, 1, nurse, line.clock(), disposition=Disposition.CANCELLED)
        send(tasks, line, delayed=True)
        saved, calling, cancelled = bodies(api)
        assert "Su solicitud" in saved
        assert "Le llamaremos mañana, antes de las 10:00 a. m. Véala" in saved
        assert calling == "Bay State: Le estamos llamando ahora desde el (617) 555-0100."
        assert "está cancelada" in cancelled
        assert "(617) 555-0100" in cancelled
        assert not any(TELLING.search(body) for body in (saved, calling, cancelled))

    def test_a_language_that_is_on_no_more_gets_the_default_one(self, line, tasks, api):
        send(tasks, agreed(line, language="pt-BR"))
        assert "Your request" in bodies(api)[0]

    def test_a_call_from_the_staffs_own_phone_names_no_number(self, line, tasks, api):
        agreed(line, kind=None)
        bridging.dial_alone(line, 1, somebody(line, 4), line.clock())
        send(tasks, line)
        assert bodies(api) == ["Bay State: We are calling you now. Your phone may not show our number."]

    def test_another_time_is_told(self, line, tasks, api):
        agreed(line, kind=None)
        history.edit(line, 1, somebody(line, 4), line.clock(), changes={"best_time": "afternoon"})
        send(tasks, line)
        assert bodies(api) == [], "a slip of the hand can be mended"
        send(tasks, line, delayed=True)
        assert "was changed. We will call you tomorrow afternoon, by 5:00 PM." in bodies(api)[0]
        assert LINK.search(bodies(api)[0] + " ")

    def test_the_code_that_leaves_is_the_one_that_counts(self, line, tasks, api):
        leave(line)
        proving.ask_for_code(line, "a form", PATIENT, line.clock())
        replace(tasks, line=line).text_code(1)
        send(tasks, line)
        [body], [digits] = bodies(api), re.findall(r"\b\d{6}\b", bodies(api)[0])
        assert not TELLING.search(body)
        assert texts(line) == [(TextKind.CODE, TextStatus.SENT)]
        texting.note_delivery(line, 1, f"SM{1:032x}", "delivered", "", line.clock())
        assert texts(line) == [(TextKind.CODE, TextStatus.DELIVERED)]
        assert proving.prove(line, "a form", PATIENT, digits, line.clock())


class TestWhoGetsNone:
    def test_nobody_who_did_not_agree(self, line, tasks, api):
        leave(line)
        nurse = somebody(line, 4)
        bridging.begin(line, 1, nurse, line.clock())
        triage.close(line, 1, nurse, line.clock(), disposition=Disposition.CANCELLED)
        send(tasks, line, delayed=True)
        assert (bodies(api), texts(line)) == ([], [])

    def test_nobody_where_texts_are_off(self, make_line, database_url, tasks, api):
        line = agreed(make_line(database_url))
        send(tasks, line)
        assert (bodies(api), texts(line)) == ([], [])

    def test_nobody_who_has_said_stop_meanwhile(self, line, tasks, api):
        agreed(line)
        with line.database.write() as session:
            consent.stop(session, PATIENT, line.clock())
        send(tasks, line)
        assert (bodies(api), texts(line)) == ([], [(TextKind.SAVED, TextStatus.DROPPED)])
        with line.database.write() as session:
            assert consent.lift(session, PATIENT, line.clock())
        agree(line)
        send(tasks, line)
        assert len(bodies(api)) == 1

    def test_another_number_was_never_asked_about(self, line, tasks, api):
        agreed(line)
        changes = {"callback_number": "+16175550155"}
        history.edit(line, 1, somebody(line, 4), line.clock(), changes=changes)
        assert (one(line, 1).may_text, one(line, 1).text_wording) == (None, None)
        send(tasks, line)
        assert bodies(api) == []

    def test_what_is_no_news_any_more_is_dropped(self, line, tasks, api, clock):
        agreed(line)
        bridging.begin(line, 1, somebody(line, 4), line.clock())
        clock.now += timedelta(minutes=3)
        send(tasks, line)
        assert texts(line) == [(TextKind.SAVED, TextStatus.SENT), (TextKind.CALLING, TextStatus.DROPPED)]

    def test_a_cancelling_that_was_taken_back_is_not_told(self, line, tasks, api):
        agreed(line, kind=None)
        nurse = somebody(line, 4)
        entry = triage.close(line, 1, nurse, line.clock(), disposition=Disposition.CANCELLED)
        history.undo(line, 1, nurse, line.clock(), entry_id=entry)
        send(tasks, line, delayed=True)
        assert (bodies(api), texts(line)) == ([], [(TextKind.CANCELLED, TextStatus.DROPPED)])

    def test_a_second_call_within_ten_minutes_is_not_announced_again(self, line, tasks, api, clock):
        agreed(line, kind=None)
        nurse = somebody(line, 4)
        for minutes in (0, 5, 11):
            now = clock.now + timedelta(minutes=minutes)
            with line.database.write() as session:
                request = session.get_one(PatientRequest, 1)
                texting.enqueue_text(session, line, request, TextKind.CALLING, now)
            send(tasks, replace(line, clock=lambda at=now: at))
        assert nurse
        assert len(bodies(api)) == 2


class TestOnceAtMost:
    def test_a_carrier_that_was_not_reached_is_asked_again(self, line, tasks, api):
        tasks = replace(tasks, line=agreed(line))
        api.fault("POST /Messages.json", 429)
        with pytest.raises(Unavailable):
            send(tasks, line)
        tasks.send_text(1)
        tasks.send_text(1)
        assert len(bodies(api)) == 1

    def test_what_may_have_been_sent_is_not_sent_again(self, line, tasks, api):
        tasks = replace(tasks, line=agreed(line))
        api.fault("POST /Messages.json", 500)
        with pytest.raises(Unclear):
            send(tasks, line)
        tasks.send_text(1)
        assert api.count("POST", "/Messages.json") == 1
        assert texts(line) == [(TextKind.SAVED, TextStatus.ASKED)]

    @pytest.mark.parametrize("kind", [TextKind.SAVED, TextKind.CODE])
    def test_a_worker_killed_between_order_and_answer_never_texts_twice(self, line, api, start, hang, kind):
        line = replace(line, clock=lambda: datetime.now(UTC))
        if kind is TextKind.SAVED:
            agreed(line)
        else:
            leave(line)
            proving.ask_for_code(line, "a form", PATIENT, line.clock())
        api.fault("POST /Messages.json", hang)
        settings = {"TEXTS": "on"}
        first = start(line, **settings)
        assert hang.reached.wait(DEADLINE_SECONDS)
        first.kill()
        first.wait()
        start(line, **settings)
        jobs = line.database.jobs
        until(lambda: {one.status for one in jobs.list_workflows(name="send_text")} == {"SUCCESS"})
        assert api.count("POST", "/Messages.json") == 1
        assert texts(line) == [(kind, TextStatus.ASKED)]

    def test_who_told_the_carrier_stop_is_texted_no_more(self, line, tasks, api):
        api.store.stopped.add(PATIENT)
        send(tasks, agreed(line))
        assert texts(line) == [(TextKind.SAVED, TextStatus.REFUSED, "21610")]
        assert told(line, EntryKind.TEXTS_STOPPED) == [None]
        with line.database.read() as session:
            assert consent.is_stopped(session, PATIENT)


@pytest.mark.parametrize(
    ("reports", "status"),
    [
        ([("queued", ""), ("sent", ""), ("delivered", "")], (TextStatus.DELIVERED,)),
        ([("delivered", ""), ("sent", "")], (TextStatus.DELIVERED,)),
        ([("sent", ""), ("undelivered", "30003"), ("undelivered", "30003")], (TextStatus.UNDELIVERED, "30003")),
        ([("failed", "30007")], (TextStatus.UNDELIVERED, "30007")),
        ([("nonsense", "")], (TextStatus.SENT,)),
    ],
)
def test_what_the_carrier_tells_is_followed_in_any_order(line, tasks, reports, status):
    send(tasks, agreed(line))
    for reported, error in reports:
        texting.note_delivery(line, 1, f"SM{1:032x}", reported, error, line.clock())
    texting.note_delivery(line, 1, f"SM{9:032x}", "failed", "30001", line.clock())
    assert texts(line) == [(TextKind.SAVED, *status)]
    assert len(told(line, EntryKind.TEXT_FAILED)) == (status[0] is TextStatus.UNDELIVERED)


def test_a_landline_is_not_asked_about_again(line, tasks):
    send(tasks, agreed(line))
    with line.database.read() as session:
        assert consent.can_take(session, PATIENT)
    texting.note_delivery(line, 1, f"SM{1:032x}", "undelivered", consent.LANDLINE, line.clock())
    with line.database.read() as session:
        assert [consent.can_take(session, one) for one in (PATIENT, "+18005550123", "+442071838750", None)] == [
            False
        ] * 4
