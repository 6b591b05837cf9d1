"""Any form, any order of pages, any repeated post: at most one request a submission, and never a 5xx."""

import re
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from ivr.public import keeping
from ivr.public.form import CHECK, choices, steps
from ivr.public.proof_of_work import FIELD
from ivr.services.requests.counting import forget_counts
from ivr.services.requests.online import submission_of
from tests.support.absurd_input import TEXTS
from tests.support.callers import stored
from tests.support.patients_pages import APPOINTMENT, CALLBACK, URGENT, Patient, heading, patients_app

COOKIE = "__Secure-request"
ON = {"texts": True, "sms_from": "+16175550100"}
SAVED = "Your request is saved"
RIGHT = {**dict(URGENT), **dict(CALLBACK), **dict(APPOINTMENT)}
FIELDS = sorted({name for sent in RIGHT.values() for name in sent} | {"interpreter_language", "code", "unsent", FIELD})
STEPS = sorted(
    {*RIGHT, CHECK, "texts", "sent", "learn", "earlier", "code", "offer_message", "check_birth_date", "nothing"}
)

values = st.one_of(
    st.sampled_from(["", "0", "1", "2", "yes", "no", "es-US", "6175550143"]),
    st.text(max_size=40),
    st.sampled_from(list(TEXTS.values())),
)
forms = st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=8), values, max_size=4)
acts = st.one_of(
    st.tuples(st.just("get"), st.sampled_from(STEPS)),
    st.tuples(st.just("post"), st.sampled_from(STEPS), forms),
    st.tuples(st.just("answer"), st.integers(1, 14), st.integers(0, 9)),
    st.tuples(st.just("send"), st.integers(1, 3)),
    st.tuples(st.just("earlier cookie"), st.integers(0, 30)),
    st.tuples(st.just("no cookie")),
)
"""What a browser may do: also answer the next pages rightly, send several times, and go back to an earlier cookie."""


class Browser:
    """Does anything in any order, and remembers which forms were sent and what it was told of each."""

    def __init__(self, app):
        self.client, self.pages, self.cookies = app.test_client(), app.extensions["public"], [""]
        self.sent, self.told = set(), defaultdict(set)

    @property
    def form(self):
        """What the browser's cookie holds."""
        with self.pages.test_request_context("/request", headers={"Cookie": f"{COOKIE}={self._cookie}"}):
            return keeping.read_form()

    def do(self, act, *args):
        getattr(self, f"_{act.replace(' ', '_')}")(*args)

    def _get(self, step):
        self._judge(self.client.get(f"/request/en-US/{step}", follow_redirects=True))

    def _post(self, step, sent):
        if step == CHECK:
            self.sent.add(submission_of(self.form.token))
        self._judge(self.client.post(f"/request/en-US/{step}", data=sent, follow_redirects=True))

    def _answer(self, pages, which):
        """The next pages as somebody may answer them; a form that is complete is not sent by that."""
        line = self.pages.extensions["public"].line
        for _ in range(pages):
            form = self.form
            last = "ask" if form.sent else steps(line.tree, form)[-1]
            if last == CHECK:
                return
            offered = choices(line.tree, last)
            self._post(last, {"answer": offered[which % len(offered)].key} if offered else RIGHT[last])

    def _send(self, times):
        for _ in range(times):
            self._post(CHECK, {})

    def _earlier_cookie(self, which):
        self.client.set_cookie(COOKIE, self.cookies[which % len(self.cookies)], path="/request")

    def _no_cookie(self):
        self.client.delete_cookie(COOKIE, path="/request")

    @property
    def _cookie(self):
        found = self.client.get_cookie(COOKIE, path="/request")
        return found.value if found else ""

    def _judge(self, page):
        assert page.status_code < 500, page.text
        if self._cookie not in self.cookies:
            self.cookies.append(self._cookie)
        if SAVED in page.text:
            [reference] = re.findall(r"\b(\d{3} \d{3})\b", page.text.split("<main")[1])
            self.told[submission_of(self.form.token)].add(reference.replace(" ", ""))


@pytest.fixture
def app(config, make_line, sqlite_url):
    """SQLite need not survive a power cut here."""
    line = make_line(sqlite_url, languages=("en-US", "es-US"), **ON)
    event.listen(line.database.engine, "connect", lambda driver, _: driver.execute("PRAGMA synchronous = OFF"))
    return patients_app(config, line, **ON)


@given(st.lists(acts, min_size=3, max_size=12))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_browser_does_each_form_is_saved_once_at_most(app, done):
    line = app.extensions["public"].extensions["public"].line
    forget_counts(line.database)
    before = {one.submission for one in stored(line)}
    browser = Browser(app)
    for act in done:
        browser.do(*act)
    kept = defaultdict(set)
    for request in stored(line):
        if request.submission not in before:
            assert request.submission not in kept, "one form, two requests"
            kept[request.submission].add(request.reference)
    assert kept.keys() <= browser.sent, "saved, and never sent"
    assert browser.told == kept, "what is told as saved is saved, and what is saved is told"


@given(st.lists(st.tuples(st.just("answer"), st.integers(9, 14), st.integers(0, 9)), min_size=1, max_size=3))
@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_such_a_browser_does_reach_the_end(app, answers):
    """So that what is tried above is not refused by the first page."""
    line = app.extensions["public"].extensions["public"].line
    forget_counts(line.database)
    browser, before = Browser(app), len(stored(line))
    for act in (*answers, ("answer", 14, 0), ("send", 3)):
        browser.do(*act)
    assert (len(browser.told), len(stored(line)) - before) == (1, 1)


def test_a_form_that_is_sent_many_times_at_once_is_saved_and_never_told_to_be_refused(config, make_line, database_url):
    """Somebody who is impatient presses again and again; only three requests a number are taken on a day."""
    line = make_line(database_url)
    app = patients_app(config, line)
    patient = Patient(app)
    patient.fill(CALLBACK)
    cookie = patient.client.get_cookie(COOKIE, path="/request").value

    def send(_):
        again = Patient(app)
        again.client.set_cookie(COOKIE, cookie, path="/request")
        page = again.post(CHECK)
        return page.status_code, heading(page)

    with ThreadPoolExecutor(6) as threads:
        told = set(threads.map(send, range(12)))
    assert told == {(200, SAVED)}
    assert len(stored(line)) == 1
