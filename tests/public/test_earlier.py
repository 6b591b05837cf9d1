"""Whoever may have asked before: a code by text to the number, then the request; and nothing is told of others."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import event
from structlog.testing import capture_logs

from ivr.models import EntryKind, PatientRequest, RequestStatus
from ivr.services.requests import consent
from ivr.services.requests.codes import VALID
from ivr.services.requests.proving import AGAIN_AFTER
from tests.support.callers import stored
from tests.support.codes import arrived, asked, work, wrong
from tests.support.patients_pages import APPOINTMENT, CALLBACK, NUMBER, Patient, answered, heading, patients_app
from tests.support.texts import history
from tests.support.triage import leave, one, trail

ON = {"texts": True, "sms_from": "+16175550100"}
BEGUN = [*answered(("ask", "2")), NUMBER]
LINK = "Have you already asked us?"
WRONG = "This code is not right, or is no longer good."
ON_ITS_WAY = "If there is an open request for this number, a code is on its way. It can take a minute."


@pytest.fixture
def line(make_line, sqlite_url):
    line = make_line(sqlite_url, languages=("en-US", "es-US"), **ON)
    leave(line, "1 2 1 4 3 1 2").hang_up()
    return line


@pytest.fixture
def app(config, line):
    return patients_app(config, line, languages=("en-US", "es-US"), **ON)


@pytest.fixture
def patient(app):
    patient = Patient(app)
    patient.fill(BEGUN)
    return patient


def someone(app, number, answers=BEGUN, language="en-US"):
    """Another browser, with another number."""
    patient = Patient(app, language)
    patient.fill([(step, {"number": number} if step == "number" else sent) for step, sent in answers])
    return patient


def opened(patient, code, unsent=None):
    """The page that a code leads to: a browser sends the same form there."""
    form = {"code": code, "unsent": patient.language if unsent is None else unsent}
    told = patient.client.post(f"/request/{patient.language}/code", data=form)
    assert told.status_code == 307, told.text
    page = patient.client.post(told.location, data=form)
    assert page.status_code == 200, page.text
    return page


class TestTheWay:
    def test_a_line_on_the_page_after_the_number_leads_there_and_no_other_page_has_it(self, app):
        patient, found = Patient(app), {}
        for step, sent in APPOINTMENT:
            found[step] = LINK in patient.open(step).text
            patient.post(step, **sent)
        assert [step for step, has in found.items() if has] == ["patient"]
        assert LINK not in patient.open("check").text

    def test_from_the_code_to_the_request_and_back_to_the_new_one(self, patient, line):
        page = patient.post("earlier")
        assert (heading(page), ON_ITS_WAY in page.text) == ("What is the code?", True)
        page = opened(patient, arrived(line))
        assert "You asked for a call." in page.text
        assert one(line, 1).reference[:3] in page.text
        assert page.request.path.startswith("/r/")
        assert "Your new request is not sent yet." in page.text
        assert [request.id for request in stored(line)] == [1]
        assert heading(patient.open("check")) == "What is it about?"
        rest = [each for each in CALLBACK if each not in BEGUN]
        assert heading(patient.fill(rest)) == "Check your answers"
        assert heading(patient.post("check")) == "Your request is saved"
        assert [request.id for request in stored(line)] == [1, 2]

    def test_what_was_typed_is_there_after_it(self, app, line):
        patient = someone(app, "617-555-0142", CALLBACK)
        patient.post("earlier")
        opened(patient, arrived(line))
        page = patient.open("check")
        assert heading(page) == "Check your answers"
        assert "My left side hurts." in page.text

    def test_time_sentence_and_cancelling_work_from_there_and_keep_the_way_back(self, patient, line):
        patient.post("earlier")
        address = opened(patient, arrived(line)).request.path
        sent = (
            {"do": "time", "best_time": "afternoon"},
            {"do": "sentence", "sentence": "Ask for Ana.", "once": "a" * 32},
            {"do": "ask"},
            {"do": "cancel"},
        )
        for form in sent:
            page = patient.client.post(address, data={**form, "unsent": "en-US"})
            assert 'name="unsent" value="en-US"' in page.text or "/request/en-US/check" in page.text
        assert (one(line, 1).best_time, one(line, 1).status) == ("afternoon", RequestStatus.CLOSED)
        assert history(line, EntryKind.MESSAGE_BY_LINK) == ["Ask for Ana."]

    def test_history_and_trail_tell_of_it(self, patient, line):
        patient.post("earlier")
        opened(patient, arrived(line))
        for kind in (EntryKind.CODE_ASKED, EntryKind.CODE_USED, EntryKind.LINK_USED):
            assert len(history(line, kind)) == 1, kind
        assert [detail for who, _, detail in trail(line) if who == "caller"][-3:] == [
            "a code by text was asked for, online",
            "number proved by a code, online",
            "state shown by link",
        ]

    def test_a_code_is_read_as_people_type_it(self, patient, line):
        patient.post("earlier")
        digits = arrived(line)
        assert opened(patient, f" {digits[:3]} {digits[3:]}\t")

    def test_in_spanish(self, app, line):
        patient = someone(app, "617-555-0142", language="es-US")
        assert "¿Ya hizo una solicitud?" in patient.open("reason").text
        page = patient.post("earlier")
        assert heading(page) == "¿Cuál es el código?"
        page = opened(patient, arrived(line))
        assert "Usted pidió una llamada." in page.text, "in the language of the new request, not of the first"
        assert "/request/es-US/check" in page.text


@pytest.fixture
def cases(line):
    """Numbers of every kind, all but the second with an open request, and why each is what it is."""
    kinds = {"open": "0142", "none": "0143", "stopped": "0144", "refused": "0145", "agreed": "0146"}
    numbers = {why: f"+1617555{end}" for why, end in kinds.items()}
    for place, why in enumerate(("stopped", "refused", "agreed"), start=2):
        leave(line, "1 2 1 4 3 1 2", call=f"CA{place}", from_number=numbers[why]).hang_up()
        with line.database.write() as session:
            session.get_one(PatientRequest, place).may_text = {"refused": False, "agreed": True}.get(why)
            if why == "stopped":
                consent.stop(session, numbers[why], line.clock())
    return numbers


class TestNothingIsTold:
    def test_pages_and_what_is_done_for_them_are_the_same_for_every_number(self, app, line, cases):
        """The same statements in the same order, so that the time tells nothing."""
        told = {why: self.visit(app, line, number) for why, number in cases.items()}
        statuses = [status for status, _ in told["open"][0]]
        assert statuses == [200, 200, 200, 422, *[422] * 6]
        assert all(WRONG in text for _, text in told["open"][0][4:])
        assert len(told["open"][1]) > 20
        for why in cases:
            assert told[why] == told["open"], why
        assert [bool(code.text_id) for code in asked(line)] == [why in ("open", "agreed") for why in cases]

    def visit(self, app, line, number):
        """What the pages say to somebody who guesses, without the number, and the statements made for them."""
        patient, seen = someone(app, number), []

        def listen(*args):
            seen.append(args[2])

        event.listen(line.database.engine, "before_cursor_execute", listen)
        answers = [patient.open("earlier"), patient.post("earlier"), patient.open("code")]
        event.remove(line.database.engine, "before_cursor_execute", listen)
        texts = work(line)
        guess = wrong(re.search(r"\d{6}", texts[0].body)[0]) if texts else "000000"
        event.listen(line.database.engine, "before_cursor_execute", listen)
        answers += [patient.post("code", code=code) for code in ("12345", *[guess] * 6)]
        event.remove(line.database.engine, "before_cursor_execute", listen)
        return [(answer.status_code, re.sub(r"555-014\d", "", answer.text)) for answer in answers], seen

    def test_an_expired_code_and_one_of_another_number_have_the_same_words_as_a_wrong_one(self, app, line, clock):
        patient, other = someone(app, "617-555-0142"), someone(app, "617-555-0143")
        for each in (patient, other):
            each.post("earlier")
        digits = arrived(line)
        pages = [other.post("code", code=digits), patient.post("code", code=wrong(digits))]
        clock.now += VALID
        pages.append(patient.post("code", code=digits))
        assert {page.status_code for page in pages} == {422}
        assert len({re.sub(r"555-014\d", "", page.text) for page in pages}) == 1
        assert history(line, EntryKind.CODE_USED) == []

    def test_a_number_that_was_changed_needs_a_code_of_its_own(self, patient, line):
        patient.post("earlier")
        digits = arrived(line)
        patient.post("number", number="617-555-0143")
        assert heading(patient.post("code", code=digits)) == LINK
        assert history(line, EntryKind.CODE_USED) == []

    def test_neither_number_nor_code_is_in_an_address_or_in_the_log(self, patient, line):
        with capture_logs() as events:
            addresses = [patient.post("earlier").request.url]
            digits = arrived(line)
            addresses += [patient.post("code", code=wrong(digits)).request.url, opened(patient, digits).request.url]
        for text in (*addresses, str(events)):
            assert digits not in text
            assert "5550142" not in re.sub(r"\D", "", text)


class TestLimits:
    def test_a_number_gets_three_a_day_from_wherever_and_is_told_so(self, app, line, clock):
        told = []
        for n in range(5):
            patient = someone(app, "617-555-0142")
            patient.client.environ_base["REMOTE_ADDR"] = f"203.0.113.{n}"
            told.append(patient.post("earlier"))
        assert [page.status_code for page in told] == [200, 200, 200, 429, 429]
        assert "so none is sent now. Go on with your new request" in told[-1].text
        assert heading(told[-1]) == LINK
        assert len(work(line)) == 3
        clock.now += timedelta(days=1, seconds=1)
        assert someone(app, "617-555-0142").post("earlier").status_code == 200

    def test_an_address_gets_ten_an_hour_and_nothing_that_was_typed_is_lost(self, app, line):
        told = [someone(app, f"617-555-{n}").post("earlier").status_code for n in range(1000, 1012)]
        assert told == [200] * 10 + [429] * 2
        patient = someone(app, "617-555-0142", CALLBACK)
        assert patient.post("earlier").status_code == 429
        assert heading(patient.post("check")) == "Your request is saved"

    def test_they_are_not_counted_with_requests(self, app, line):
        numbers = [*["617-555-0142"] * 3, *[f"617-555-{n}" for n in range(1000, 1007)]]
        assert {someone(app, number).post("earlier").status_code for number in numbers} == {200}
        assert heading(someone(app, "617-555-0142", CALLBACK).post("check")) == "Your request is saved"

    def test_pressed_twice_it_counts_once(self, patient, line, clock):
        for _ in range(5):
            assert patient.post("earlier").status_code == 200
        clock.now += AGAIN_AFTER
        assert patient.post("earlier").status_code == 200
        assert len(asked(line)) == 2


class TestElsewhere:
    def test_without_a_number_it_leads_to_the_question(self, app):
        patient = Patient(app)
        for page in (patient.open("earlier"), patient.open("code"), patient.post("earlier"), patient.post("code")):
            assert heading(page) == "What can we do for you?"
        patient.post("ask", answer="2")
        assert heading(patient.open("earlier")) == "Which phone number may we call?"

    def test_the_codes_page_is_not_there_before_one_was_asked_for(self, patient, line):
        for page in (patient.open("code"), patient.post("code", code="123456")):
            assert heading(page) == LINK
        assert asked(line) == []

    @pytest.mark.parametrize("step", ["earlier", "code"])
    def test_where_texts_are_off_nothing_of_it_is_there(self, config, make_line, sqlite_url, step):
        patient = Patient(patients_app(config, make_line(sqlite_url)))
        assert LINK not in patient.fill(BEGUN).text
        assert (patient.open(step).status_code, patient.post(step).status_code) == (404, 404)

    def test_another_sites_form_is_refused(self, patient, line):
        headers = {"Sec-Fetch-Site": "cross-site"}
        answer = patient.client.post("/request/en-US/earlier", headers=headers)
        assert (answer.status_code, asked(line)) == (403, [])

    @pytest.mark.parametrize("unsent", ["", "fr-FR", "☎", "../console"])
    def test_a_way_back_that_is_none_is_not_shown(self, patient, line, unsent):
        patient.post("earlier")
        page = opened(patient, arrived(line), unsent)
        assert "Your new request is not sent yet." not in page.text

    def test_when_the_database_is_down_the_page_says_so_with_the_number_to_call(self, config, line, app, monkeypatch):
        patient = someone(app, "617-555-0142")
        [down, *_] = line.database.unavailable

        def away(*_, **__):
            raise down("select", {}, OSError("down"))

        monkeypatch.setattr("ivr.services.requests.proving._asked", away)
        page = patient.post("earlier")
        assert page.status_code == 503
        assert "(617) 555-0199" in page.text
