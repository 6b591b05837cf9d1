"""A patient at the pages for requests online, as a browser without scripts: follows redirects, keeps the cookie."""

import json
import re
from dataclasses import replace
from html import unescape

import altcha

from ivr import create_app

BASE = "http://localhost"
TELEPHONE = "+16175550199"


class Patient:
    """Fills in the form, a page at a time."""

    def __init__(self, app, language="en-US"):
        self.client, self.language = app.test_client(), language

    def open(self, step=""):
        return self.client.get(f"/request/{self.language}/{step}".rstrip("/"), follow_redirects=True)

    def post(self, step, *, follow=True, **sent):
        """Send a page; unless `follow`, nobody looks at the next one."""
        return self.client.post(f"/request/{self.language}/{step}", data=sent, follow_redirects=follow)

    def fill(self, answers):
        """Answer page after page; each answer is a step's name and what its form sends."""
        page = None
        for step, sent in answers:
            page = self.post(step, **sent)
            assert page.status_code == 200, (step, heading(page))
        return page


def heading(page):
    """What the page is called: its one h1."""
    found = re.findall(r"<h1>(?:<label[^>]*>)?(.*?)(?:</label>)?</h1>", page.text, re.DOTALL)
    assert len(found) == 1, found
    return found[0]


def patients_app(config, line, **changes):
    settings = replace(config, clinic_number=TELEPHONE, **changes)
    return create_app(settings, line)


def answered(*choices):
    """Steps that are chosen by the key that the telephone has for it."""
    return [(step, {"answer": key}) for step, key in choices]


NUMBER = ("number", {"number": "617-555-0142"})
END = [
    ("whom", {"answer": "no"}),
    ("name", {"name": "Ana Ruiz"}),
    ("speak", {"speaks": "en-US", "interpreter": "no"}),
    ("told", {"told": "My left side hurts."}),
]
CALLBACK = [
    *answered(("ask", "2")), NUMBER, *answered(("reason", "3"), ("best_time", "2"), ("leave_message", "1")), *END,
]  # fmt: skip
URGENT = [
    *answered(("ask", "2")), NUMBER, *answered(("reason", "2"), ("red_flags", "1")), ("urgent", {}),
    ("name", {"name": "Ana Ruiz"}), ("told", {"told": ""}),
]  # fmt: skip
APPOINTMENT = [
    *answered(("ask", "1")), NUMBER, *answered(("patient", "1"), ("visit", "3")),
    ("birth_date", {"month": "5", "day": "17", "year": "1948"}),
    *answered(("weekday", "5"), ("visit_time", "1"), ("leave_message", "2")), *END,
]  # fmt: skip
ADDRESS, ADDRESS_OF_BROWSERS = "203.0.113.7", "127.0.0.1"


def filled(app, number="6175550142", address=ADDRESS, language="en-US"):
    """A patient at an address with a whole form, before the last page is sent; who has not looked at the others."""
    patient = Patient(app, language)
    patient.client.environ_base["REMOTE_ADDR"] = address
    for step, sent in CALLBACK:
        answer = patient.post(step, follow=False, **({"number": number} if step == "number" else sent))
        assert answer.status_code == 303, (step, heading(answer))
    return patient


def send(app, number="6175550142", address=ADDRESS):
    """A whole form, from the first page; what the last one says."""
    return filled(app, number, address).post("check")


def numbers(count):
    """Different numbers that can be called back."""
    return [f"617555{n:04d}" for n in range(100, 100 + count)]


def challenge_of(page):
    """The challenge that a page has for its script."""
    return json.loads(unescape(re.search(r'data-challenge="([^"]*)"', page.text)[1]))


def solved(challenge):
    """What a device sends for a challenge, worked out with ALTCHA's own library."""
    challenge = altcha.Challenge.from_dict(challenge)
    return altcha.Payload(challenge, altcha.solve_challenge(challenge)).to_base64()
