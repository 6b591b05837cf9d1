"""A request online, page by page, without scripts: the call's questions, in its order, and what is saved of them."""

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape

import pytest
from sqlalchemy.exc import OperationalError

from ivr.callflow.answers import Reason
from ivr.callflow.nodes import Entry, Menu
from ivr.models import Priority, Source
from ivr.public.form import Form, choices, choose, steps
from tests.support.callers import stored
from tests.support.patients_pages import (
    APPOINTMENT,
    CALLBACK,
    END,
    NUMBER,
    URGENT,
    Patient,
    answered,
    heading,
    patients_app,
)


@pytest.fixture
def line(make_line, sqlite_url):
    return make_line(sqlite_url, languages=("en-US", "es-US"))


@pytest.fixture
def app(config, line):
    return patients_app(config, line)


@pytest.fixture
def patient(app):
    return Patient(app)


def test_the_questions_are_those_of_the_tree_in_its_order(patient, line):
    page = patient.fill(APPOINTMENT)
    assert heading(page) == "Check your answers"
    asked = [step for step, _ in APPOINTMENT]
    assert asked == ["ask", "number", "patient", "visit", "birth_date", "weekday", "visit_time", "leave_message", "whom",
                     "name", "speak", "told"]  # fmt: skip
    for given in (
        "(617) 555-0142",
        "Another pain problem",
        "May 17, 1948",
        "Friday",
        "Ana Ruiz",
        "English, no interpreter",
    ):
        assert given in page.text
    assert stored(line) == []


def autocomplete(page):
    return re.findall(r'autocomplete="([^"]*)"', page.text)


def test_a_browser_may_fill_in_what_it_knows_of_the_patient(patient):
    """WCAG 1.3.5; but what it knows is of who types, who may not be the patient."""
    patient.fill(APPOINTMENT[:4])
    assert autocomplete(patient.open("number")) == ["tel"]
    assert autocomplete(patient.open("birth_date")) == ["bday-month", "bday-day", "bday-year"]
    patient.fill(APPOINTMENT[4:8])
    for for_someone_else, wanted in (("no", "name"), ("yes", "off")):
        assert autocomplete(patient.post("whom", answer=for_someone_else)) == [wanted]


def test_every_question_of_the_tree_has_a_page(line):
    """Whatever a menu of the questions offers, its way ends at a form that can be sent."""
    tree, done = line.tree, set()

    def walk(form):
        last = steps(tree, form)[-1]
        if last == "check":
            done.update(form.answered)
            return
        offered = choices(tree, last)
        for next_form in [choose(form, last, one) for one in offered] or [form.answer(last)]:
            walk(next_form)

    walk(Form())
    wanted = {name for name in tree.questions if isinstance(tree[name], Menu | Entry)}
    assert wanted - done == {"check_birth_date", "offer_message", "keep_message", "texts"}


def test_it_is_sent_from_the_last_page_alone_and_told_with_the_promise(patient, line):
    patient.fill(CALLBACK)
    page = patient.post("check")
    assert heading(page) == "Your request is saved"
    [request] = stored(line)
    assert f"{request.reference[:3]} {request.reference[3:]}" in page.text
    assert '<p class="promise">We will call you tomorrow afternoon, by 5:00 p.m.</p>' in page.text
    assert (request.source, request.reason, request.may_leave_message) == (Source.WEB, Reason.BILLING, True)
    assert (request.callback_number, request.patient_name, request.told) == (
        "+16175550142",
        "Ana Ruiz",
        "My left side hurts.",
    )
    assert (request.language, request.for_someone_else, request.needs_interpreter) == ("en-US", False, False)


def test_a_warning_sign_says_911_and_whom_to_call_and_makes_it_urgent(patient, line):
    page = patient.fill(URGENT[:4])
    assert heading(page) == "Your request is urgent"
    assert 'href="tel:911"' in page.text
    assert 'href="tel:+16175550199"' in page.text
    page = patient.fill(URGENT[4:])
    assert heading(page) == "Check your answers"
    assert "nearest emergency room" in page.text
    patient.post("check")
    [request] = stored(line)
    assert (request.priority, request.red_flags) == (Priority.URGENT, True)


@pytest.mark.parametrize(
    ("hours", "said", "number"),
    [(0, "we alert our staff at once", "Or call us now"), (12, "closed now", "Our phone line answers at any hour")],
)
def test_what_is_urgent_is_told_as_the_hour_is(patient, clock, hours, said, number):
    clock.now += timedelta(hours=hours)
    page = patient.fill(URGENT[:4]).text
    assert page.index(said) < page.index(number)
    assert ("call us now" in page) == (hours == 0)


@pytest.mark.parametrize(
    ("keys", "words"),
    [((("patient", "1"), ("visit", "1")), "do not wait for us"), ((("patient", "2"), ("visit", "2")), "Call 911 now")],
)
def test_when_to_call_911_stands_above_the_question_where_callers_hear_it(patient, keys, words):
    page = patient.fill([*answered(("ask", "1")), NUMBER, *answered(*keys)])
    main = page.text[page.text.index("<main") :]
    assert main.index(words) < main.index("<h1>")


def test_the_number_is_read_back_on_the_next_page(patient):
    page = patient.fill(CALLBACK[:2])
    assert "We will call you at" in page.text
    assert "(617) 555-0142" in page.text


def test_another_answer_leads_another_way_and_what_was_left_is_not_saved(patient, line):
    patient.fill(URGENT)
    page = patient.post("reason", answer="3")
    assert heading(page) == "When may we call?"
    patient.fill([*answered(("best_time", "1"), ("leave_message", "2")), *END])
    patient.post("check")
    [request] = stored(line)
    assert (request.priority, request.red_flags, request.reason) == (Priority.ROUTINE, False, Reason.BILLING)


def test_an_answer_can_be_changed_from_the_last_page_and_leads_back_to_it(patient):
    patient.fill(CALLBACK)
    page = patient.open("number")
    assert 'value="(617) 555-0142"' in page.text
    page = patient.post("number", number="+1 617 555 0143")
    assert heading(page) == "Check your answers"
    assert "(617) 555-0143" in page.text


@pytest.mark.parametrize(
    ("step", "sent", "words"),
    [
        ("number", {"number": ""}, "Enter a phone number."),
        ("number", {"number": "555-0142"}, "with its area code"),
        ("number", {"number": "+44 20 7946 0958"}, "United States and Canada"),
        ("number", {"number": "617 555 0142 ext. 12"}, "with its area code"),
        ("number", {"number": "call me"}, "with its area code"),
        ("patient", {}, "Choose one of the answers."),
        ("visit", {"answer": "9"}, "Choose one of the answers."),
        ("birth_date", {"month": "13", "day": "1", "year": "1948"}, "from 1 to 12"),
        ("birth_date", {"month": "2", "day": "30", "year": "1948"}, "a day that this month has"),
        ("birth_date", {"month": "2", "day": "3", "year": "48"}, "four digits"),
        ("birth_date", {"month": "2", "day": "3", "year": "2048"}, "four digits"),
        ("birth_date", {"month": "", "day": "3", "year": ""}, "from 1 to 12"),
        ("whom", {}, "Choose one of the answers."),
        ("name", {"name": " "}, "Enter the patient"),
        ("name", {"name": "x" * 121}, "120 letters"),
        ("speak", {"speaks": "fr-FR", "interpreter": "no"}, "Choose one of the answers."),
        ("speak", {"speaks": "es-US"}, "Choose one of the answers."),
        ("speak", {"speaks": "es-US", "interpreter": "yes", "interpreter_language": "x" * 41}, "40 letters"),
        ("told", {"told": "x" * 501}, "500 letters"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_beside_what_was_typed(patient, step, sent, words):
    before = [name for name, _ in APPOINTMENT].index(step)
    patient.fill(APPOINTMENT[:before])
    page = patient.post(step, **sent)
    assert page.status_code == 422
    assert "There is a problem" in page.text
    assert words in page.text
    for typed in filter(str.strip, sent.values()) if step not in {"visit", "speak"} else ():
        assert typed in page.text
    assert "<title>Error: " in page.text.replace("\n", "")
    assert heading(patient.fill(APPOINTMENT[before:])) == "Check your answers"


def test_a_birth_date_can_be_left_out(patient, line):
    left_out = [(step, {} if step == "birth_date" else sent) for step, sent in APPOINTMENT]
    assert re.findall(r'<dt>Birth date</dt>\s*<dd class="given">(.*?)</dd>', patient.fill(left_out).text) == [
        "Not given"
    ]
    patient.post("check")
    assert stored(line)[0].birth_date is None


def test_what_is_typed_does_not_turn_the_words_beside_it(patient, line):
    turned = "\u202e{}\u2066\u200f"
    typed = {
        "name": {"name": turned.format("Ana Ruiz")},
        "speak": {"speaks": "en-US", "interpreter": "yes", "interpreter_language": turned.format("Arabic")},
        "told": {"told": turned.format("It hurts.")},
    }
    patient.fill([(step, typed.get(step, sent)) for step, sent in CALLBACK])
    patient.post("check")
    request = stored(line)[0]
    assert (request.patient_name, request.interpreter_language, request.told) == ("Ana Ruiz", "Arabic", "It hurts.")


def test_a_name_of_marks_alone_is_none(patient):
    patient.fill(CALLBACK[: [step for step, _ in CALLBACK].index("name")])
    assert "Enter the patient's name." in unescape(patient.post("name", name="\u202e \u200f").text)


def test_what_is_typed_shows_as_text_alone(patient):
    patient.fill(CALLBACK[:-1])
    page = patient.post("told", told="</textarea><script>alert(1)</script>")
    assert "<script" not in page.text


def test_nothing_of_the_patient_is_in_an_address_or_in_the_clear_in_the_browser(patient):
    patient.fill(CALLBACK)
    cookie = patient.client.get_cookie("__Secure-request", path="/request")
    assert cookie.http_only
    assert cookie.same_site == "Lax"
    assert not any(word in cookie.value for word in ("Ruiz", "5550142", "billing", "left side"))
    found = patient.client.post("/request/en-US/name", data={"name": "Ana Ruiz"})
    assert found.headers["Location"] == "/request/en-US/check"


def test_on_a_real_host_the_cookie_goes_back_by_https_alone(config, line):
    app = patients_app(replace(config, public_base_url="https://line.example.org"), line)
    found = app.test_client().post("/request/en-US/ask", data={"answer": "2"}, base_url="https://line.example.org")
    [cookie] = found.headers.getlist("Set-Cookie")
    assert cookie.startswith("__Secure-request=")
    assert "; Secure; HttpOnly; Path=/request; SameSite=Lax" in cookie


def test_after_two_hours_the_form_begins_anew(patient, clock):
    patient.fill(CALLBACK)
    clock.now += timedelta(hours=2, minutes=1)
    assert heading(patient.open("check")) == "What can we do for you?"


@pytest.mark.parametrize("value", ["", "x", "gAAAAAB", "é", "a" * 5000])
def test_a_cookie_that_is_none_of_ours_begins_anew(app, value):
    client = app.test_client()
    found = client.get("/request/en-US/check", headers={"Cookie": f"__Secure-request={value}"})
    assert (found.status_code, found.headers["Location"]) == (303, "/request/en-US/ask")


def test_a_browser_that_keeps_nothing_is_told_so(app):
    client = app.test_client(use_cookies=False)
    page = client.post("/request/en-US/ask", data={"answer": "2"}, follow_redirects=True)
    assert page.status_code == 400
    assert "Allow cookies" in page.text
    assert "(617) 555-0199" in page.text


def test_the_longest_answers_in_any_script_are_kept(patient, line):
    longest = [(step, {"told": "".join(chr(0x4E00 + n * 37 % 20000) for n in range(500))} if step == "told" else sent) for step, sent in CALLBACK]  # fmt: skip
    patient.fill([(step, {"name": "".join(chr(0x4E00 + n * 91 % 20000) for n in range(120))} if step == "name" else sent) for step, sent in longest])  # fmt: skip
    patient.post("check")
    assert len(stored(line)[0].told) == 500


def test_what_is_sent_again_is_saved_once(patient, line):
    patient.fill(CALLBACK)
    kept = patient.client.get_cookie("__Secure-request", path="/request").value
    first = patient.post("check")
    again = patient.post("check")
    patient.client.set_cookie("__Secure-request", kept, path="/request")
    replayed = patient.post("check")
    assert len(stored(line)) == 1
    reference = stored(line)[0].reference
    assert all(f"{reference[:3]} {reference[3:]}" in page.text for page in (first, again, replayed))


def test_another_request_begins_with_an_empty_form(patient, line):
    patient.fill(CALLBACK)
    patient.post("check")
    assert "checked" not in patient.open("ask").text
    patient.fill(APPOINTMENT)
    patient.post("check")
    assert len(stored(line)) == 2


def test_when_the_database_is_down_nothing_is_said_to_be_saved_and_nothing_is_lost(patient, line, monkeypatch):
    patient.fill(CALLBACK)

    def down(*_):
        raise OperationalError("insert", {}, OSError("down"))

    with monkeypatch.context() as patched:
        patched.setattr("ivr.public.sending.save_online", down)
        page = patient.post("check")
    assert page.status_code == 503
    assert "Your request has not been saved." in page.text
    assert "(617) 555-0199" in page.text
    assert heading(patient.post("check")) == "Your request is saved"
    assert len(stored(line)) == 1


def test_a_request_in_spanish_for_someone_else_with_an_interpreter(app, line):
    patient = Patient(app, "es-US")
    end = [
        ("whom", {"answer": "yes"}), ("name", {"name": "José Núñez"}),
        ("speak", {"speaks": "es-US", "interpreter": "yes", "interpreter_language": "mixteco"}), ("told", {"told": "Mi papá no oye bien."}),
    ]  # fmt: skip
    page = patient.fill([*CALLBACK[:-4], *end])
    assert heading(page) == "Revise sus respuestas"
    assert "Español, con intérprete de mixteco" in page.text
    assert heading(patient.post("check")) == "Su solicitud está guardada"
    [request] = stored(line)
    assert (request.language, request.for_someone_else, request.needs_interpreter) == ("es-US", True, True)
    assert (request.interpreter_language, request.patient_name) == ("mixteco", "José Núñez")


def test_pages_stand_in_frames_of_the_listed_addresses_alone(config, line):
    listed = ("https://www.example.org", "https://clinic.example.com")
    app = patients_app(replace(config, public_frame_ancestors=listed), line)
    headers = app.test_client().get("/request/en-US").headers
    assert headers["Content-Security-Policy"].endswith(
        "frame-ancestors https://www.example.org https://clinic.example.com"
    )
    assert "X-Frame-Options" not in headers


def test_a_clinic_that_takes_none_online_says_whom_to_call(config, line):
    client = patients_app(replace(config, online_requests=False), line).test_client()
    for path in ("/request", "/request/en-US", "/request/en-US/ask"):
        page = client.get(path)
        assert page.status_code == 404
        assert "(617) 555-0199" in page.text


def test_the_information_is_there_in_the_words_of_the_line(patient, line):
    page = patient.open("learn")
    for key in ("clip_fracture", "clip_kyphoplasty", "clip_risks", "disclaimer"):
        assert line.scripts["en-US"].prompts[key].text in page.text
    assert "The picture, in words:" in page.text
    assert patient.client.get("/request/en-US/learn/receipt_reason.wav").status_code == 404
