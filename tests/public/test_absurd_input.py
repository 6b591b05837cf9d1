"""Absurd input to every form, field, address and query of the patients' pages.

The addresses come from the map, the fields from the pages. No answer may be a 5xx, cost seconds of a core, or leave an
exception in the log.
"""

import contextlib
import time
from urllib.parse import quote, urlencode

import pytest
from structlog.testing import capture_logs

from ivr.services.requests.counting import forget_counts
from ivr.services.requests.links import new_link
from tests.support.absurd_input import IN_ADDRESSES, IN_KINDS, IN_PARTS, TEXTS, UNKNOWN_FIELDS, WORDS
from tests.support.absurd_visitor import CPU_SECONDS, Page, address_of
from tests.support.kept_rows import Rows
from tests.support.patients_pages import APPOINTMENT, CALLBACK, URGENT, Patient, numbers, patients_app

ON = {"texts": True, "sms_from": "+16175550100"}
COOKIE = "__Secure-request"

FORMS = (CALLBACK, APPOINTMENT, URGENT)


@pytest.fixture
def line(make_line, sqlite_url):
    return make_line(sqlite_url, languages=("en-US", "es-US"), **ON)


class Stranger:
    """Sends anything to what the patients' pages have, and remembers the answers that are failures."""

    def __init__(self, app):
        self.patient, self.failures, self.sent = Patient(app), [], 0
        self.client, self.pages = self.patient.client, app.extensions["public"]
        self.addresses = self.pages.url_map.bind("localhost", url_scheme="https")
        self.endpoints, self.tried, self.rows = set(), set(), None

    def ask(self, method, address, **options):
        began = time.thread_time()
        answer = self.client.open(address, method=method, **options)
        spent, self.sent = time.thread_time() - began, self.sent + 1
        if answer.status_code >= 500 or spent > CPU_SECONDS:
            self.failures.append(f"{method} {address[:200]} {answer.status_code} after {spent:.1f} s")
        return answer

    def try_forms(self, address, page):
        """Each field of each form of a page with what is absurd in its kind, the rest as it stands there."""
        for form in Page(address, page.text).forms:
            endpoint, arguments = self.addresses.match(form.action, "POST")
            told = (endpoint, arguments.get("step"), *sorted(form.fields))
            if told in self.tried:
                continue
            self.tried.add(told)
            self.endpoints.add(endpoint)
            for name, kind in form.kinds.items():
                for text in IN_KINDS[kind]:
                    self.send(form.action, {**form.fields, name: TEXTS[text]})
                self.send(form.action, {**form.fields, name: ["1", form.fields[name]]})
            self.send(form.action, dict.fromkeys(UNKNOWN_FIELDS, "x"))
            self.ask("POST", form.action, data=b"\xff\xfe=%zz&" * 50, content_type="application/x-www-form-urlencoded")
            self.ask("POST", form.action, data=b"[" * 1000, content_type="application/json")

    def send(self, address, sent):
        """Post, and begin from the same page again; what the link's forms changed is put back."""
        kept = self.client.get_cookie(COOKIE, path="/request")
        self.ask("POST", address, data=sent)
        if kept:
            self.client.set_cookie(COOKIE, kept.value, path="/request")
        if self.rows:
            self.rows.restore()

    def fill_in(self, answers):
        """A form from its first page to its last, each page tried before it is answered."""
        for step, sent in [*answers, ("check", {})]:
            address = f"/request/en-US/{step}"
            self.try_forms(address, self.ask("GET", address))
            assert self.ask("POST", address, data=sent).status_code == 303, step
        self.try_forms("/request/en-US/sent", self.ask("GET", "/request/en-US/sent"))

    def try_proof(self):
        """The page that asks for a proof of work, above the limit of the address."""
        for number in numbers(6):
            answers = [(step, {"number": number} if step == "number" else sent) for step, sent in CALLBACK]
            self.patient.fill(answers)
            page = self.patient.post("check")
        assert page.status_code == 429
        self.try_forms("/request/en-US/check", page)

    def ask_for_code(self, answers):
        """A form up to its number, and from there the pages that lead to a request that may be open."""
        for step, sent in answers[:2]:
            self.ask("POST", f"/request/en-US/{step}", data=sent)
        for step in ("earlier", "code"):
            address = f"/request/en-US/{step}"
            self.try_forms(address, self.ask("GET", address))
            if step == "earlier":
                assert self.ask("POST", address).status_code == 303

    def try_link(self, line, secret):
        """The page behind the link in a text."""
        address = f"/r/{secret}"
        with contextlib.closing(Rows(line.database)) as self.rows:
            self.try_forms(address, self.ask("GET", address))
            for done in ("look", "ask"):
                page = self.ask("POST", address, data={"do": done})
                self.rows.restore()
                self.try_forms(address, page)
        self.rows = None

    def try_addresses(self, texts):
        """Each part of each address with each text, and each address with a query."""
        for rule in self.pages.url_map.iter_rules():
            for method in rule.methods & {"GET", "POST"}:
                query = urlencode(dict.fromkeys((*UNKNOWN_FIELDS, "began"), "a\0b"))
                self.ask(method, f"{address_of(rule)}?{query}")
                for part in rule.arguments:
                    for text in texts:
                        self.ask(
                            method, address_of(rule, **{part: quote(TEXTS[text][:IN_ADDRESSES], safe="") or "%20"})
                        )

    def try_cookies(self):
        """A browser's cookie with each text."""
        for value in WORDS.values():
            text = value.decode("latin-1") if isinstance(value, bytes) else value
            header = "".join(one for one in text[:4000] if "\x1f" < one < "\xff")
            self.ask("GET", "/request/en-US/check", headers={"Cookie": f"{COOKIE}={header}"})


def test_a_stranger_tries_everything(config, line, clock):
    app = patients_app(config, line, languages=("en-US", "es-US"), **ON)
    stranger = Stranger(app)
    with capture_logs() as events:
        for answers in FORMS:
            stranger.fill_in(answers)
        stranger.try_proof()
        forget_counts(line.database)
        stranger.ask_for_code(CALLBACK)
        with line.database.write() as session:
            secret = new_link(session, 1, clock.now)
        stranger.try_link(line, secret)
        stranger.try_addresses(IN_PARTS)
        stranger.try_cookies()
    assert stranger.failures == []
    assert [one for one in events if one["log_level"] in ("error", "critical")] == []
    assert any("altcha" in told for told in stranger.tried)
    taking = {rule.endpoint for rule in stranger.pages.url_map.iter_rules() if "POST" in rule.methods}
    assert stranger.endpoints == taking, "a form that no page led to was not tried"
    assert stranger.sent > 300
