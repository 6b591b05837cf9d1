"""How many requests an address and a number may leave: counted for all servers, told to whoever is refused."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from limits import parse
from sqlalchemy import select

from ivr.models import FormCount
from ivr.services.requests.counting import count_up, count_within, counted, forget_count, forget_counts
from ivr.services.requests.online import TooManyRequests
from tests.support.callers import stored
from tests.support.patients_pages import CALLBACK, Patient, filled, heading, numbers, patients_app, send


@pytest.fixture
def app(config, make_line, sqlite_url):
    return patients_app(config, make_line(sqlite_url))


def test_many_posts_from_one_address_leave_five_and_none_is_refused_silently(app):
    """Forms of many browsers, and one form that is sent again and again."""
    told = [send(app, number).status_code for number in numbers(20)]
    assert told == [200] * 5 + [429] * 15
    patient = filled(app)
    pages = [patient.post("check") for _ in range(180)]
    assert {page.status_code for page in pages} == {429}
    assert {heading(page) for page in pages} == {"One more step"}
    assert all("Your request is not sent yet." in page.text and "(617) 555-0199" in page.text for page in pages)
    assert len(stored(app_line(app))) == 5


def app_line(app):
    return app.extensions["public"].extensions["public"].line


def test_who_waits_can_send_what_was_typed(app, clock):
    for number in numbers(5):
        send(app, number)
    patient = filled(app)
    assert patient.post("check").status_code == 429
    clock.now += timedelta(hours=1, seconds=1)
    assert heading(patient.post("check")) == "Your request is saved"


def test_other_addresses_have_counts_of_their_own_and_a_network_of_ipv6_has_one(app):
    assert [send(app, number, "2001:db8::1").status_code for number in numbers(5)] == [200] * 5
    assert send(app, "6175550142", "2001:db8::2").status_code == 429
    assert send(app, "6175550142", "2001:db8:0:1::2").status_code == 200


def test_a_number_may_be_asked_for_three_times_a_day_from_wherever(app, clock):
    told = [send(app, "6175550142", f"203.0.113.{n}").status_code for n in range(5)]
    assert told == [200, 200, 200, 429, 429]
    clock.now += timedelta(days=1, seconds=1)
    assert send(app, "6175550142", "203.0.113.9").status_code == 200


def test_the_words_are_the_same_for_both_so_that_nothing_is_told_of_others(app, monkeypatch):
    refused = [send(app, "6175550142", f"203.0.113.{n}") for n in range(4)][-1]
    assert "Yours has not been saved." in refused.text
    monkeypatch.setattr("ivr.public.limiting.OF_PROVEN", parse("0 per hour"))
    for number in numbers(5):
        send(app, number, "198.51.100.1")
    other = send(app, "6175550177", "198.51.100.1")
    assert refused.text == other.text


def test_a_form_that_comes_again_counts_once(app):
    patient = Patient(app)
    patient.fill(CALLBACK)
    kept = patient.client.get_cookie("__Secure-request", path="/request").value
    for _ in range(8):
        patient.client.set_cookie("__Secure-request", kept, path="/request")
        assert heading(patient.post("check")) == "Your request is saved"


class TestCounting:
    """On both databases."""

    @pytest.fixture
    def line(self, make_line, database_url):
        return make_line(database_url)

    def test_it_counts_within_its_while_and_then_anew(self, line, clock):
        assert [count_up(line.database, "a", 60, clock.now) for _ in range(3)] == [1, 2, 3]
        assert counted(line.database, "a", clock.now) == (3, clock.now + timedelta(seconds=60))
        assert counted(line.database, "b", clock.now) == (0, clock.now)
        later = clock.now + timedelta(seconds=60)
        assert counted(line.database, "a", later) == (0, later)
        assert count_up(line.database, "a", 60, later) == 1

    def test_what_does_not_come_about_is_not_counted_and_what_is_over_begins_anew(self, line, clock):
        def count(now):
            with line.database.write() as session:
                if count_within(session, line.database, "a", 60, now) > 1:
                    raise TooManyRequests("address")

        count(clock.now)
        with pytest.raises(TooManyRequests):
            count(clock.now)
        assert counted(line.database, "a", clock.now)[0] == 1
        count(clock.now + timedelta(seconds=60))

    def test_it_counts_all_that_come_at_once(self, line, clock):
        with ThreadPoolExecutor(5) as threads:
            found = list(threads.map(lambda _: count_up(line.database, "a", 60, clock.now), range(10)))
        assert sorted(found) == list(range(1, 11))

    def test_it_keeps_neither_an_address_nor_a_number_and_nothing_that_is_over(self, line, clock):
        count_up(line.database, "request/number/+16175550142", 60, clock.now)
        count_up(line.database, "b", 60, clock.now + timedelta(minutes=2))
        with line.database.read() as session:
            [key] = session.scalars(select(FormCount.key))
        assert key == line.database.vault.index("b")

    def test_it_is_forgotten_when_asked(self, line, clock):
        for key in ("a", "b", "c"):
            count_up(line.database, key, 60, clock.now)
        forget_count(line.database, "a")
        assert counted(line.database, "a", clock.now)[0] == 0
        assert forget_counts(line.database) == 2


def test_when_the_counts_cannot_be_read_nothing_is_saved(config, make_line, sqlite_url, monkeypatch):
    line = make_line(sqlite_url)
    app = patients_app(replace(config), line)
    patient = Patient(app)
    patient.fill(CALLBACK)
    [down, *_] = line.database.unavailable

    def away(*_):
        raise down("select", {}, OSError("down"))

    monkeypatch.setattr("ivr.public.limiting.count_within", away)
    assert patient.post("check").status_code == 503
    assert stored(line) == []
