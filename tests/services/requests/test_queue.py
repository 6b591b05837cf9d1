"""The queue's pages, counts and searches, on both databases."""

from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import event, select

from ivr.callflow.answers import BestTime, Kind
from ivr.models import (
    AuditEntry,
    PatientRequest,
    Priority,
    Recording,
    RecordingStatus,
    RequestStatus,
    Role,
    StaffMember,
)
from ivr.services.audit import Actor
from ivr.services.requests.order import Place, QueueTab
from ivr.services.requests.queue import COUNTED, Counts, Filters, PageCursor, count, read_page
from ivr.services.requests.searching import search
from tests.support.kept_requests import put_requests
from tests.support.settings import MONDAY_MORNING

NOW = MONDAY_MORNING
MINUTE = timedelta(minutes=1)
ACTOR = Actor("staff:1", "10.0.0.1", 1)


@pytest.fixture
def put(line):
    """Puts requests into the database; Ana, number 1, may own them."""
    with line.database.write() as session:
        session.add(
            StaffMember(
                email="a@example.org", name="Ana", role=Role.STAFF, active=True, fs_uniquifier="a", created_at=NOW
            )
        )
    return lambda *specials: put_requests(line, *specials, now=NOW)


def ids(page):
    return [row.id for row in page.rows]


WARNING = {"priority": Priority.URGENT, "red_flags": True}
LEFT = {"status": RequestStatus.INCOMPLETE, "left_incomplete": True}
AFTER_NOON = NOW + 3 * timedelta(hours=1)


def test_urgent_then_late_then_due(line, put):
    """What is left unfinished with a warning sign stands among the urgent, and routine that is late before soon."""
    due, soon, late, urgent, later_due, left, late_soon, latest = put(
        {},
        {"priority": Priority.SOON},
        {"act_by": NOW - MINUTE},
        {**WARNING, "act_by": NOW + 60 * MINUTE},
        {"act_by": NOW + 60 * MINUTE},
        {**LEFT, **WARNING, "act_by": NOW - 2 * MINUTE},
        {"priority": Priority.SOON, "act_by": NOW},
        {"act_by": NOW - 2 * MINUTE},
    )
    (unfinished,) = put(LEFT)
    put({"status": RequestStatus.CLOSED, "closed_at": NOW})
    assert ids(read_page(line, Filters(), None, NOW)) == [left, urgent, late_soon, latest, late, soon, due, later_due]
    assert ids(read_page(line, Filters(tab=QueueTab.INCOMPLETE), None, NOW)) == [unfinished]
    assert ids(read_page(line, Filters(priority=Priority.URGENT), None, NOW)) == [left, urgent]
    assert count(line, 1, NOW) == Counts(
        now=8, later=0, incomplete=1, closed=1, mine=0, assigned=0, overdue=4, urgent=2
    )


AFTERNOON, MORNING = {"best_time": BestTime.AFTERNOON}, {"best_time": BestTime.MORNING}
TRIED = {"status": RequestStatus.FOLLOW_UP, "attempts": 1}
TOMORROW = {"act_by": NOW + timedelta(days=1)}


@pytest.mark.parametrize(
    ("special", "morning", "afternoon"),
    [
        ({}, "now", "now"),
        ({"best_time": BestTime.ANY}, "now", "now"),
        (MORNING, "now", "later"),
        (AFTERNOON, "later", "now"),
        ({**AFTERNOON, "act_by": NOW}, "now", "now"),
        ({**AFTERNOON, **WARNING}, "now", "now"),
        ({**AFTERNOON, "status": RequestStatus.CLAIMED, "owner_id": 1}, "now", "now"),
        ({**AFTERNOON, **LEFT}, "incomplete", "incomplete"),
        (TRIED, "later", "later"),
        ({**TRIED, **WARNING}, "later", "later"),
        ({**TRIED, **MORNING, "act_by": AFTER_NOON}, "later", "now"),
        ({**TRIED, "act_by": NOW - MINUTE}, "now", "now"),
    ],
)
def test_what_cannot_be_done_yet_waits_under_later(line, put, special, morning, afternoon):
    """A follow-up waits for its time; a new request for the half of the day its caller asked for, unless it is late."""
    (request_id,) = put({**TOMORROW, **special})
    for at, expected in ((NOW, morning), (AFTER_NOON, afternoon)):
        listed = {tab: ids(read_page(line, Filters(tab=tab), None, at)) for tab in QueueTab}
        assert [tab for tab, found in listed.items() if found == [request_id]] == [expected]
        counts = count(line, 1, at)
        assert {tab: getattr(counts, tab) for tab in QueueTab} == {tab: len(found) for tab, found in listed.items()}


def test_later_ends_with_what_can_wait_longest(line, put):
    first, second, third = put(
        {**TRIED, "act_by": NOW + MINUTE},
        {**AFTERNOON, "priority": Priority.SOON, "act_by": NOW + 3 * MINUTE},
        {**TRIED, **AFTERNOON, "act_by": NOW + 9 * MINUTE},
    )
    assert ids(read_page(line, Filters(tab=QueueTab.LATER), None, NOW)) == [first, second, third]


def test_voice_messages_are_told_with_their_length(line, put):
    two, coming, without, erased = put({}, {}, {}, {})
    kept = (
        (two, 40, RecordingStatus.STORED, None),
        (two, 2, RecordingStatus.STORED, None),
        (two, 0, RecordingStatus.EMPTY, None),
        (coming, None, RecordingStatus.READY, None),
        (without, 0, RecordingStatus.ABSENT, None),
        (erased, 9, RecordingStatus.STORED, NOW),
    )
    with line.database.write() as session:
        for n, (request_id, seconds, status, erased_at) in enumerate(kept):
            facts = {"request_id": request_id, "duration_seconds": seconds, "status": status, "erased_at": erased_at}
            session.add(Recording(sid=f"RE{n}", call_id=1, created_at=NOW, **facts))
    found = {row.id: row.message_seconds for row in read_page(line, Filters(), None, NOW).rows}
    assert found == {two: 42, coming: 0, without: None, erased: None}
    assert search(line.database, "000001", ACTOR, NOW)[0].message_seconds == 42


PRESSING = (
    lambda n: {**WARNING, **(LEFT if n % 2 else {})},
    lambda n: {"priority": Priority.SOON, "act_by": NOW - MINUTE * (99 - n)},
    lambda n: {"act_by": NOW - MINUTE * (99 - n // 2)},
    lambda n: {"priority": Priority.SOON, "act_by": NOW + MINUTE * (1 + n // 3)},
    lambda n: {"act_by": NOW + MINUTE * (1 + n // 3)},
)
"""A request for each section of the first list, in order."""


def test_pages_follow_each_other_both_ways(line, put):
    all_ids = put(*(PRESSING[n // 5](n) for n in range(23)))
    seen, place, pages = [], None, []
    while True:
        page = read_page(line, Filters(), place, NOW, size=5)
        pages.append(page)
        seen += ids(page)
        if page.after is None:
            break
        place = PageCursor.of(str(page.after))
    assert seen == all_ids
    assert [len(page.rows) for page in pages] == [5, 5, 5, 5, 3]
    assert pages[0].before is None
    for earlier, later in pairwise(pages):
        assert read_page(line, Filters(), PageCursor.of(str(later.before)), NOW, size=5).rows == earlier.rows


def test_a_page_stays_right_while_the_list_changes(line, put):
    first = put(*({"act_by": NOW + MINUTE * (n + 1)} for n in range(10)))
    page = read_page(line, Filters(), None, NOW, size=4)
    put({"priority": Priority.URGENT})
    with line.database.write() as session:
        session.get_one(PatientRequest, first[3]).status = RequestStatus.CLOSED
    assert ids(read_page(line, Filters(), page.after, NOW, size=4)) == first[4:8]
    at_five = ids(read_page(line, Filters(), page.after, NOW + 5 * MINUTE, size=4))
    assert at_five == first[5:9], "what has become late stands on the first page now"


def test_a_place_at_the_beginning_or_past_the_end_gives_the_first_page(line, put):
    made = put(*({"act_by": NOW + MINUTE * (n + 1)} for n in range(6)))
    first = read_page(line, Filters(), None, NOW, size=4)
    for place in (
        PageCursor(Place(0, NOW, 0), back=True),
        PageCursor(Place(4, NOW + MINUTE * 3, made[2]), back=True),
        PageCursor(Place(4, NOW + MINUTE * 99, 1)),
    ):
        assert read_page(line, Filters(), place, NOW, size=4) == first


def test_closed_requests_come_the_latest_first(line, put):
    made = put(*({"status": RequestStatus.CLOSED, "closed_at": NOW - MINUTE * (n // 2)} for n in range(7)))
    expected = [made[n] for n in (1, 0, 3, 2, 5, 4, 6)]
    closed = Filters(QueueTab.CLOSED)
    one = read_page(line, closed, None, NOW, size=4)
    two = read_page(line, closed, one.after, NOW, size=4)
    assert ids(one) + ids(two) == expected
    assert (two.after, read_page(line, closed, two.before, NOW, size=4)) == (None, one)


@pytest.mark.parametrize(
    "text", ["", "a", "x1-2-3", "a1-2", "a1-2-3-4", "a-1-2-3", "a9-2-3", "a1-x-3", "a1-²-3", f"a1-{'9' * 18}-3"]
)
def test_what_is_no_place(text):
    assert PageCursor.of(text) is None


def test_filters(line, put):
    plain, appointment, claimed, follow_up, soon, late, other = put(
        {},
        {"kind": Kind.APPOINTMENT},
        {"status": RequestStatus.CLAIMED, "owner_id": 1},
        {"status": RequestStatus.FOLLOW_UP, "act_by": NOW},
        {"priority": Priority.SOON},
        {"act_by": NOW - MINUTE},
        {"language": "es-US"},
    )
    for filters, expected in (
        (Filters(kind=Kind.APPOINTMENT), [appointment]),
        (Filters(status=RequestStatus.FOLLOW_UP), [follow_up]),
        (Filters(priority=Priority.SOON), [soon]),
        (Filters(owner_id=1), [claimed]),
        (Filters(overdue=True), [late, follow_up]),
        (Filters(language="es-US"), [other]),
        (Filters(language="es-US", kind=Kind.APPOINTMENT), []),
        (Filters(tab=QueueTab.INCOMPLETE), []),
    ):
        assert ids(read_page(line, filters, None, NOW)) == expected, filters
    (row,) = read_page(line, Filters(owner_id=1), None, NOW).rows
    assert (row.owner, row.has_number) == ("Ana", True)
    assert plain


def test_counts_end_at_a_cap(line, put):
    put(*({"priority": Priority.URGENT, "act_by": NOW - MINUTE} for _ in range(COUNTED + 3)))
    put({"status": RequestStatus.INCOMPLETE}, {"status": RequestStatus.CLAIMED, "owner_id": 1})
    found = count(line, 1, NOW)
    assert (found.now, found.urgent, found.overdue) == (COUNTED + 1, COUNTED + 1, COUNTED + 1)
    assert (found.incomplete, found.closed, found.mine) == (1, 0, 1)


class TestSearching:
    def test_by_reference_in_every_tab(self, line, put):
        made = put(
            {}, {"status": RequestStatus.CLOSED, "closed_at": NOW, "reference": "000001"}, {"reference": "000009"}
        )
        assert [row.id for row in search(line.database, " 000 001 ", ACTOR, NOW)] == [made[1], made[0]]

    @pytest.mark.parametrize("text", ["617 555 0199", "(617) 555-0199", "+16175550199", "1-617-555-0199"])
    def test_by_number_however_it_is_written(self, line, put, text):
        _, wanted, _ = put({}, {"callback_number": "+16175550199"}, {"callback_number": None})
        assert [row.id for row in search(line.database, text, ACTOR, NOW)] == [wanted]

    def test_leaves_a_row_in_the_trail_that_does_not_tell_the_number(self, line, put):
        put({})
        search(line.database, "6175550142", ACTOR, NOW)
        search(line.database, "000001", ACTOR, NOW)
        with line.database.read() as session:
            rows = list(session.scalars(select(AuditEntry).order_by(AuditEntry.id)))
        told = [(row.actor, row.action, row.subject, row.detail) for row in rows]
        assert told == [
            ("staff:1", "searched", "queue", "by number: 1 found"),
            ("staff:1", "searched", "queue", "by reference 000001: 1 found"),
        ]


def test_nothing_encrypted_is_read(line, put, monkeypatch):
    """A page reads no more rows than it shows (and one to see whether there are more), and decrypts none of them."""
    put(*({} for _ in range(8)))
    said = []
    event.listen(line.database.engine, "before_cursor_execute", lambda *args: said.append(args[2]))
    monkeypatch.setattr(line.database.vault, "decrypt", lambda token: pytest.fail("something was decrypted"))
    assert len(read_page(line, Filters(), None, NOW, size=5).rows) == 5
    assert len(search(line.database, "000001", ACTOR, NOW)) == 1
    listed = [text for text in said if "FROM patient_requests" in text or "FROM name_words" in text]
    assert len(listed) == 5
    assert all("LIMIT" in text or "patient_requests.id IN (" in text for text in listed)
