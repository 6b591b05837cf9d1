"""A nurse with forty callbacks: clicks and keys for each outcome are counted, and the list is never left."""

from collections import defaultdict
from collections.abc import Iterator

import pytest

from ivr.models import Outcome, PatientRequest, RequestStatus, Role
from tests.support.kept_requests import put_requests
from tests.support.staff_pages import DIALLER, PHONE
from tests.support.triage import entries

FORTY = 40
MIX = (
    (Outcome.NO_ANSWER, None, ""),
    (Outcome.REACHED, "scheduled", ""),
    (Outcome.LEFT_MESSAGE, None, ""),
    (Outcome.BUSY, None, ""),
    (Outcome.REACHED, "answered", "About her brace."),
    (Outcome.WRONG_NUMBER, None, ""),
    (Outcome.NO_ANSWER, None, ""),
    (Outcome.DECLINED, "answered", ""),
)
LIST = "/console/?kind=callback"
MOST_KEYS, MOST_CLICKS = 4, 2
"""For one call that nobody answers."""


def mixed() -> Iterator[tuple[Outcome, str | None, str]]:
    for number in range(FORTY):
        yield MIX[number % len(MIX)]


class Counting:
    """One way of working, whose every step is counted by what it was for."""

    def __init__(self, page):
        self.page, self.steps = page, defaultdict(list)

    def work(self, outcome, disposition, note):
        count = self.call_and_choose(outcome, disposition)
        count += self.write(note) if note else 0
        with self.page.expect_navigation():
            count += self.save(bool(note))
        self.steps[
            f"{outcome.value}{f', {disposition}' if disposition else ''}{', with a note' if note else ''}"
        ].append(count)

    def figures(self):
        return {what: max(counts) for what, counts in self.steps.items()}


class Keyboard(Counting):
    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)
        return len(keys)

    def call_and_choose(self, outcome, disposition):
        self.press("t")
        self.page.locator("body:has(.phrases:not([hidden])) #dialled:not([hidden])").wait_for()
        count = 1 + self.press(str(list(Outcome).index(outcome) + 1))
        if disposition is None:
            return count
        places = self.page.locator("#settled label:not([hidden]) input").evaluate_all(
            "all => all.map(one => one.value)"
        )
        count += self.press("Space")
        return count + self.press(*["ArrowDown"] * places.index(disposition))

    def write(self, note):
        self.press("n")
        self.page.keyboard.type(note)
        return 1

    def save(self, from_note):
        return self.press("Control+Enter" if from_note else "s")


class Thumb(Counting):
    def call_and_choose(self, outcome, disposition):
        with self.page.expect_response(lambda response: response.url.split("?")[0].endswith("/call")):
            self.page.locator("a.dial").tap()
        self.page.locator("#dialled:not([hidden])").wait_for()
        self.page.locator(f"label:has(input[name=outcome][value={outcome.value}])").tap()
        if disposition is None:
            return 1
        self.page.locator(f"label:has(input[name=disposition][value={disposition}])").tap()
        return 2

    def write(self, note):
        self.page.get_by_label("Note", exact=True).fill(note)
        return 1

    def save(self, from_note):
        self.page.locator("#save-next").tap()
        return 1


@pytest.fixture
def waiting(line, clock):
    """Forty callbacks that are due, and one that stands in another list."""
    return put_requests(line, *[{"callback_number": f"+161755502{n:02d}"} for n in range(FORTY)], now=clock.now)


@pytest.mark.parametrize(("way", "options"), [(Keyboard, {}), (Thumb, PHONE)], ids=["keyboard", "phone"])
def test_forty_callbacks_are_worked_through_without_leaving_the_list(open_page, line, waiting, way, options, capsys):
    page = open_page("/console/account", Role.STAFF, **options)
    page.add_init_script(DIALLER)
    page.goto(LIST)
    if way is Keyboard:
        page.keyboard.press("j")
        page.keyboard.press("Enter")
    else:
        page.locator("#queue-rows a.open").first.tap()
    page.wait_for_url("**/console/requests/**")
    nurse, seen = way(page), []
    for outcome, disposition, note in mixed():
        assert "kind=callback" in page.url
        seen.append(page.locator("#case").get_attribute("data-request"))
        nurse.work(outcome, disposition, note)
    assert sorted(map(int, seen)) == sorted(waiting), "each one once"
    with line.database.read() as session:
        states = [session.get(PatientRequest, one).status for one in waiting]
    assert RequestStatus.CLAIMED not in states
    assert sum(entry.outcome is not None for entry in entries(line)) == FORTY
    figures = nurse.figures()
    with capsys.disabled():
        print(f"\n{way.__name__}, steps for each outcome (the call's own included for keys): {figures}")
    assert figures["no_answer"] <= (MOST_KEYS if way is Keyboard else MOST_CLICKS)
