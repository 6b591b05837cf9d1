"""The queue's page: what it shows and hides."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from ivr.callflow.answers import BestTime, Kind, Reason, VisitType
from ivr.console.queue import length
from ivr.models import (
    AuditAction,
    AuditEntry,
    PatientRequest,
    Priority,
    RequestStatus,
    Role,
    Source,
)
from ivr.services.audit import Actor
from ivr.services.requests import triage
from tests.support.kept_requests import put_requests
from tests.support.settings import MONDAY_MORNING, SUNDAY_EVENING

NOW = MONDAY_MORNING
MINUTE = timedelta(minutes=1)


@pytest.fixture
def put(line):
    return lambda *specials: put_requests(line, *specials, now=NOW)


def text(answer):
    """A page without its tags, on one line."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)))


def status_of(line, request_id):
    with line.database.read() as session:
        return session.get_one(PatientRequest, request_id).status


class TestPage:
    def test_shows_whom_to_call_next_and_hides_who_that_is(self, client_as, put):
        put(
            {
                "priority": Priority.URGENT,
                "red_flags": True,
                "reason": Reason.AFTER_PROCEDURE,
                "best_time": BestTime.MORNING,
            },
            {"kind": Kind.APPOINTMENT, "visit_type": VisitType.FRACTURE, "birth_date": "1948-05-17", "attempts": 2},
            {"callback_number": None, "left_in_outage": True, "for_desk": True, "language": "es-US"},
        )
        page = client_as(Role.STAFF).get("/console/")
        words = text(page)
        assert page.status_code == 200
        for expected in (
            "Urgent 000001 Warning sign Callback: after a procedure 10:30 AM in 30 min",
            "30 min Call back (mornings) Claim 000001", "000002 Appointment: fracture of the spine", "2 Try again",
            "000003 No number Left in an outage Passed to the desk Spanish Callback",
            "Listen: no number was left", "Now 3", "Later 0", "Incomplete 0", "Closed 0", "1 urgent", "None overdue",
        ):  # fmt: skip
            assert expected in words, expected
        assert not {"5550142", "0142", "1948"} & set(re.findall(r"\w+", page.get_data(as_text=True)))

    def test_shows_before_the_call_that_an_interpreter_is_needed(self, client_as, put):
        put(
            {"source": Source.WEB, "language": "es-US", "needs_interpreter": True},
            {"source": Source.WEB, "needs_interpreter": False},
            {"source": Source.PHONE},
        )
        words = text(client_as(Role.STAFF).get("/console/"))
        assert "000001 Online Spanish Interpreter Callback" in words
        assert "000002 Online Callback" in words
        assert "000003 Callback" in words

    def test_says_what_to_do_about_an_incomplete_one(self, client_as, put):
        left = {"status": RequestStatus.INCOMPLETE, "left_incomplete": True}
        silent = {**left, "pressed_nothing": True}
        put({**left, "reason": Reason.PERSON}, {**silent, "reason": Reason.MESSAGE}, {**silent, "reason": None})
        words = text(client_as(Role.STAFF).get("/console/?tab=incomplete"))
        for expected in (
            "000001 Left unfinished Callback: asked for a person", "Call: they hung up early",
            "000002 Left unfinished Callback: left a message", "Listen: whoever called pressed nothing",
            "They pressed nothing: perhaps a machine",
        ):  # fmt: skip
            assert expected in words, expected

    def test_an_unfinished_one_with_a_warning_sign_is_first_in_list_counts_and_title(self, client_as, put):
        left = {"status": RequestStatus.INCOMPLETE, "left_incomplete": True, "act_by": NOW + timedelta(days=2)}
        put(
            {"priority": Priority.SOON},
            {"act_by": NOW - MINUTE},
            {**left, "priority": Priority.URGENT, "red_flags": True},
        )
        client = client_as(Role.STAFF)
        page = client.get("/console/")
        assert re.findall(r'<tr id="request-(\d+)"', page.get_data(as_text=True)) == ["3", "2", "1"]
        assert "Urgent 000003 Warning sign Left unfinished Callback" in text(page)
        assert "<title>(1 urgent) Queue · " in page.get_data(as_text=True)
        assert re.findall(r'id="count-(\w+)">(\d+)', page.get_data(as_text=True)) == [
            ("now", "3"), ("later", "0"), ("incomplete", "0"), ("closed", "0"),
        ]  # fmt: skip
        urgent = client.get("/console/?priority=urgent").get_data(as_text=True)
        assert re.findall(r'<tr id="request-(\d+)"', urgent) == ["3"]

    def test_what_waits_until_later_is_counted_where_nobody_is_to_be_called_now(self, client_as, put):
        put({"status": RequestStatus.FOLLOW_UP, "attempts": 1, "act_by": NOW + MINUTE})
        client = client_as(Role.STAFF)
        page = client.get("/console/")
        assert "Nobody is to be called now. Well done. 1 wait until later." in text(page)
        assert "<title>Queue · " in page.get_data(as_text=True)
        assert "10:01 AM in 1 min 0 s" in text(client.get("/console/?tab=later"))

    def test_points_out_a_follow_up_at_which_the_clinic_is_closed(self, client_as, put):
        """Sunday is closed; what ends with the opening hours, at 5 PM, is not."""
        tried = {"status": RequestStatus.FOLLOW_UP, "attempts": 1}
        put(
            {**tried, "act_by": SUNDAY_EVENING + timedelta(days=7)},
            {**tried, "act_by": NOW + timedelta(hours=7)},
            {**tried, "act_by": NOW + timedelta(hours=7, minutes=1)},
        )
        page = client_as(Role.STAFF).get("/console/?tab=later").get_data(as_text=True)
        rows = dict(re.findall(r'<tr id="request-(\d+)"(.*?)</tr>', page, re.DOTALL))
        assert [number for number, row in rows.items() if "Closed then" in row] == ["3", "1"]

    def test_says_in_words_how_the_time_stands(self, client_as, put, staff):
        put(
            {"act_by": NOW - MINUTE * 12},
            {"act_by": NOW + MINUTE * 10, "created_at": NOW - MINUTE * 30},
            {"act_by": NOW + MINUTE * 10 + timedelta(seconds=1), "created_at": NOW - MINUTE * 30},
            {
                "act_by": NOW + timedelta(days=1),
                "first_attempt_at": NOW - MINUTE,
                "attempts": 1,
                "created_at": NOW - timedelta(days=9),
            },
        )
        page = client_as(Role.STAFF).get("/console/").get_data(as_text=True)
        found = re.findall(r'class="due (\w*)".*?<time[^>]*>([^<]*)</time> <span class="left">([^<]*)<', page)
        assert found == [
            ("late", "9:48 AM", "12 min late"),
            ("near", "10:10 AM", "only 10 min left"),
            ("", "10:10 AM", "in 10 min"),
            ("", "Tuesday 10:00 AM", "in 1 day 0 h"),
        ]

    @pytest.mark.parametrize(
        ("now", "words", "look"), [(NOW, "Open now until 5", "state"), (SUNDAY_EVENING, "Closed now.", "state closed")]
    )
    def test_says_whether_the_line_is_open_and_what_callers_hear(self, client_as, clock, now, words, look):
        clock.now = now
        page = client_as(Role.STAFF).get("/console/")
        told = re.search(r'<div class="([^"]*)" id="line-state"><p>([^<]*)</p>', page.get_data(as_text=True))
        assert told[1] == look
        assert told[2].startswith(words)
        assert "Callers now hear: the usual greeting" in told[2]

    def test_filters_and_pages_are_links(self, client_as, put, line):
        put(
            *({"act_by": NOW + MINUTE * (n + 1)} for n in range(30)),
            {"kind": Kind.APPOINTMENT, "priority": Priority.SOON},
        )
        client = client_as(Role.STAFF)
        page = client.get("/console/?kind=callback&priority=routine").get_data(as_text=True)
        following = re.search(r'rel="next" href="([^"]+)"', page)[1].replace("&amp;", "&")
        assert "kind=callback" in following
        assert "tab=now" in following
        rows = re.findall(r'<tr id="request-(\d+)"', client.get(following).get_data(as_text=True))
        assert rows == ["26", "27", "28", "29", "30"]
        assert re.findall(r'<tr id="request-(\d+)"', client.get("/console/?priority=soon").get_data(as_text=True)) == [
            "31"
        ]
        assert "No request is like that." in text(client.get("/console/?mine=1"))

    @pytest.mark.parametrize(
        "query", ["tab=x&kind=y&status=z&priority=1&at=nonsense", "at=a0-1-1&tab=closed", "language=" + "x" * 300]
    )
    def test_takes_no_harm_from_a_strange_address(self, client_as, put, query):
        put({})
        assert client_as(Role.STAFF).get(f"/console/?{query}").status_code == 200

    def test_names_of_staff_are_shown_harmlessly(self, client_as, put, staff, line):
        who = staff(name="<script>alert(1)</script>")
        (request_id,) = put({})
        triage.claim(line, request_id, Actor.of(who, ""), NOW)
        page = client_as(Role.STAFF).get("/console/").get_data(as_text=True)
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page

    def test_claims_of_whoever_is_gone_are_released_by_looking(self, client_as, put, line, staff, clock):
        who = staff()
        (request_id,) = put({})
        triage.claim(line, request_id, Actor.of(who, ""), NOW)
        clock.now += 9 * MINUTE
        client = client_as(Role.STAFF)
        client.get("/console/")
        assert status_of(line, request_id) is RequestStatus.CLAIMED
        clock.now += MINUTE
        client.get("/console/queue/list", headers={"X-Background": "1"})
        assert status_of(line, request_id) is RequestStatus.NEW


class TestRefreshing:
    def test_sends_nothing_when_nothing_changed(self, client_as, put, line, clock):
        put({})
        client = client_as(Role.STAFF)
        first = client.get("/console/queue/list")
        etag = first.headers["ETag"]
        clock.now += 5 * MINUTE
        again = client.get("/console/queue/list", headers={"If-None-Match": etag})
        assert (again.status_code, again.data) == (304, b"")
        put({})
        assert client.get("/console/queue/list", headers={"If-None-Match": etag}).status_code == 200

    def test_says_so_when_nobody_is_signed_in_any_more(self, client):
        assert client.get("/console/queue/list", headers={"X-Background": "1"}).status_code == 401


class TestSearching:
    def test_finds_by_number_without_it_standing_in_an_address(self, client_as, put, line):
        put({}, {"callback_number": "+16175550199", "status": RequestStatus.CLOSED, "closed_at": NOW})
        client = client_as(Role.STAFF)
        found = client.send("/console/queue/search", {"wanted": "(617) 555-0199"})
        assert found.status_code == 200
        assert "000002" in text(found)
        assert "000001" not in text(found)
        assert "0199" not in found.get_data(as_text=True)
        assert client.get("/console/queue/search").status_code == 405
        with line.database.read() as session:
            (entry,) = session.scalars(select(AuditEntry).where(AuditEntry.action == AuditAction.SEARCHED))
        assert (entry.actor, entry.detail) == (f"staff:{client.member.id}", "by number: 1 found")

    def test_says_what_to_type(self, client_as):
        answer = client_as(Role.STAFF).send("/console/queue/search", {"wanted": "¿x?"})
        assert answer.status_code == 400
        assert "Type a reference, a telephone number or its last four digits, a name" in text(answer)
        assert "¿x?" not in text(answer)


class TestClaiming:
    def test_opens_the_request_or_says_who_was_faster(self, client_as, put, line):
        (request_id,) = put({})
        first, second = client_as(Role.STAFF), client_as(Role.STAFF)
        assert first.send(f"/console/queue/{request_id}/claim").location == f"/console/requests/{request_id}"
        answer = second.send(f"/console/queue/{request_id}/claim", follow_redirects=True)
        assert "Staff 1 is working on this request." in text(answer)
        assert second.send("/console/queue/99/claim", follow_redirects=True).status_code == 200

    def test_needs_the_pages_token(self, client_as, put, line):
        (request_id,) = put({})
        assert client_as(Role.STAFF).post(f"/console/queue/{request_id}/claim").status_code == 400
        assert status_of(line, request_id) is RequestStatus.NEW


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-5, "0 s"), (59, "59 s"), (60, "1 min 0 s"), (599, "9 min 59 s"), (600, "10 min"), (3599, "59 min"),
     (3600, "1 h 0 min"), (86399, "23 h 59 min"), (86400, "1 day 0 h"), (200000, "2 days 7 h")],
)  # fmt: skip
def test_spans_in_words(seconds, words):
    assert length(timedelta(seconds=seconds)) == words
