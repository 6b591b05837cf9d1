"""Patients online on a clinic's worst day: each fills in a form, and sends it again until it is told what became of it."""

import random
import re
import threading
import time
from dataclasses import dataclass

import requests

from ivr.callflow.answers import Kind
from ivr.models import Priority
from tests.support.patients_pages import APPOINTMENT, CALLBACK, NUMBER, URGENT

LANGUAGE = "en-US"
SAVED = "Your request is saved"
GIVES_UP_AFTER = 240
"""Seconds that somebody tries to send a form."""

TRIES_AGAIN_AFTER = 0.5
TWICE = 0.3
"""How likely a form that was sent is sent again, as by somebody who went back."""

WAYS = (
    (CALLBACK, {"kind": Kind.CALLBACK, "priority": Priority.ROUTINE, "told": "My left side hurts."}),
    (APPOINTMENT, {"kind": Kind.APPOINTMENT, "priority": Priority.ROUTINE, "told": "My left side hurts."}),
    (URGENT, {"kind": Kind.CALLBACK, "priority": Priority.URGENT, "told": None}),
)
"""Ways through the form, each with what must be kept of it."""


@dataclass(frozen=True)
class Asked:
    """What one patient sent, and was told: `references` are all that were shown as saved, `refused` other answers."""

    number: str
    expected: dict
    references: tuple[str, ...]
    refused: tuple[str, ...]
    problems: int

    def __str__(self):
        return f"form of {self.number} ({self.expected['kind']})"


class Browser:
    """One patient's: it keeps the form's cookie by hand, as the real one goes by https alone."""

    def __init__(self, address, network, deadline):
        self.address, self.network, self.deadline = address, network, deadline
        self.cookie, self.problems = "", 0

    def send(self, method, path, data=None):
        """The answer, asked for again while there is none or the line says that it has a problem; None in the end."""
        headers = {"X-Forwarded-For": self.network, "Cookie": self.cookie}
        while time.monotonic() < self.deadline:
            try:
                answer = requests.request(
                    method, f"{self.address}{path}", data=data, headers=headers, allow_redirects=False, timeout=60
                )
            except requests.RequestException:
                answer = None
            if answer is not None and answer.status_code < 500:
                if "Set-Cookie" in answer.headers:
                    self.cookie = answer.headers["Set-Cookie"].partition(";")[0]
                return answer
            self.problems += 1
            time.sleep(TRIES_AGAIN_AFTER)
        return None

    def send_form(self):
        """The reference that is shown as saved, and what is said instead of one; both empty when nothing answered."""
        answer = self.send("POST", f"/request/{LANGUAGE}/check")
        if answer is not None and answer.is_redirect:
            answer = self.send("GET", answer.headers["Location"])
        if answer is None:
            return "", ""
        found = re.findall(r"\b(\d{3} \d{3})\b", answer.text.partition("<main")[2]) if SAVED in answer.text else []
        return (found[0].replace(" ", ""), "") if found else ("", f"{answer.status_code} {answer.url}")


class Browsers:
    """Several browsers in which one form is sent after the other: one for each `calls_between` calls of the day.

    `is_over` tells that no more calls come.
    """

    def __init__(self, day, address, forms, calls_between, seed, is_over):
        self.day, self.address, self.seed, self.calls_between = day, address, seed, calls_between
        self.is_over = is_over
        self.numbers, self.lock = iter(range(forms)), threading.Lock()

    def use(self, which):
        chance = random.Random(f"{self.seed} browser {which}")
        while (number := self._next()) is not None:
            while len(self.day.phoned) < number * self.calls_between and not self.is_over():
                time.sleep(0.05)
            way, expected = chance.choice(WAYS)
            asked = self._ask(f"+1617{3000000 + number}", number, way, expected, chance)
            with self.lock:
                self.day.asked.append(asked)

    def _ask(self, phone, number, way, expected, chance):
        network = f"198.18.{number // 250}.{number % 250 + 1}"
        browser = Browser(self.address, network, time.monotonic() + GIVES_UP_AFTER)
        refused, references = [], []
        for step, data in way:
            given = {"number": phone} if step == NUMBER[0] else data
            answer = browser.send("POST", f"/request/{LANGUAGE}/{step}", given)
            if answer is None or not answer.is_redirect:
                refused.append(f"{step}: {answer and answer.status_code}")
                break
        else:
            complete = browser.cookie
            for _ in range(2 if chance.random() < TWICE else 1):
                browser.cookie = complete
                reference, instead = browser.send_form()
                references += [reference] if reference else []
                refused += [instead] if instead else []
        return Asked(phone, expected, tuple(references), tuple(refused), browser.problems)

    def _next(self):
        with self.lock:
            return next(self.numbers, None)


def about_forms(day, kept_of):
    """What was lost, doubled or refused of the forms; `kept_of` has the requests by their number to call."""
    for asked in day.asked:
        kept = kept_of[asked.number]
        references = [request.reference for request in kept]
        yield from (f"refused: {asked} was told {words}" for words in asked.refused)
        if len(kept) > 1:
            yield f"double: {asked} was told {asked.references}, kept are {references}"
        if asked.references and set(asked.references) != set(references):
            yield f"lost: {asked} was told {asked.references}, kept are {references}"
        for request in kept:
            found = {name: getattr(request, name) for name in asked.expected}
            if found != asked.expected:
                yield f"lost: {asked} is kept as {found}"
