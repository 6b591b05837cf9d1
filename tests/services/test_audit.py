"""The audit trail: whole as long as nobody touches it, and every touch shows."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from ivr.db import Database, Vault
from ivr.models import AuditAction
from ivr.services import audit
from ivr.services.audit import COMMAND, Search, add_audit_entry, check, last_check, read_trail, trail_faults
from ivr.services.keeping import keys
from ivr.services.keeping.erasure import erase_number
from ivr.services.keeping.retention import purge
from tests.support.patient_data import age, call, close
from tests.support.settings import DATA_KEY

NEWER_KEY = "bmV3ZXItbmV3ZXItbmV3ZXItbmV3ZXItbmV3ZXItbmU="


@pytest.fixture
def trail(line):
    """A line whose trail has five rows."""
    for number in range(1, 6):
        with line.database.write() as session:
            add_audit_entry(session, COMMAND, AuditAction.SEEN, f"request:{number}", line.clock(), "a detail")
    return line.database


def tampered(database, statement):
    with database.engine.begin() as connection:
        connection.execute(text(statement))
    return list(trail_faults(database))


def test_an_empty_trail_and_an_untouched_one_are_whole(line, trail):
    assert list(trail_faults(trail)) == []


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE audit_entries SET subject = 'request:9' WHERE id = 3", ["row 3 was changed"]),
        ("UPDATE audit_entries SET at = '2020-01-01 00:00:00+00:00' WHERE id = 2", ["row 2 was changed"]),
        ("DELETE FROM audit_entries WHERE id = 2", ["row 2 is missing"]),
        ("DELETE FROM audit_entries WHERE id IN (2, 3)", ["rows 2 to 3 are missing"]),
        ("DELETE FROM audit_entries WHERE id = 5", ["row 5 is missing"]),
        ("DELETE FROM audit_entries", ["rows 1 to 5 are missing"]),
        (
            "UPDATE audit_entries SET action = 'unheard of' WHERE id = 3",
            ["a row after row 0 cannot be read: it was changed"],
        ),
        ("UPDATE audit_entries SET id = 0 WHERE id = 5", ["rows were put before the first one", "row 5 is missing"]),
        (
            "UPDATE audit_entries SET previous = digest WHERE id = 3",
            ["row 3 does not follow row 2", "row 3 was changed"],
        ),
        ("UPDATE audit_head SET entries = 4", ["the end of the trail was changed"]),
        ("DELETE FROM audit_head", ["the end of the trail is missing"]),
    ],
)
def test_what_was_done_to_it_is_said(trail, statement, said):
    assert tampered(trail, statement) == said


def test_who_takes_rows_from_the_end_and_mends_the_head_cannot_seal_it(trail):
    fourth = "(SELECT digest FROM audit_entries WHERE id = 4)"
    found = tampered(trail, f"UPDATE audit_head SET entries = 4, digest = {fourth}")
    assert found == ["the end of the trail was changed"]


def test_rows_added_while_it_is_checked_are_no_fault(line, trail, monkeypatch):
    read, added = audit._rows_after, []

    def read_while_somebody_works(database, last):
        page = read(database, last)
        if len(added) < 3:
            added.append(last)
            with database.write() as session:
                add_audit_entry(session, COMMAND, AuditAction.SEEN, "request:6", line.clock())
        return page

    monkeypatch.setattr(audit, "_rows_after", read_while_somebody_works)
    assert list(trail_faults(trail)) == []
    assert len(added) == 3


def test_a_check_is_remembered(line, trail):
    assert last_check(trail) is None
    assert check(trail, line.clock()) == []
    assert last_check(trail).faults == 0
    tampered(trail, "DELETE FROM audit_entries WHERE id IN (2, 4)")
    line.clock.now += timedelta(days=1)
    assert check(trail, line.clock()) == ["row 2 is missing", "row 4 is missing"]
    assert (last_check(trail).at, last_check(trail).faults) == (line.clock(), 2)


def test_moments_of_another_zone_keep_it_whole(line, trail):
    with trail.write() as session:
        add_audit_entry(
            session, COMMAND, AuditAction.SEEN, "request:6", line.clock().astimezone(line.calendar.timezone)
        )
    assert list(trail_faults(trail)) == []


def test_erasing_tells_what_it_erased_and_breaks_nothing(line):
    for sid in ("CA1", "CA2"):
        close(line, call(line, sid), 100)
    age(line, 100)
    purge(line.database, line.clock(), 90)
    close(line, call(line, "CA3"), 1)
    erase_number(line.database, "+16175550142", line.clock(), include_open=False)
    told = read_trail(line.database, Search(action=AuditAction.ERASED)).entries
    assert [(row.actor, row.subject) for row in told] == [
        ("command", "request:3"), ("command", "requests"), ("system", "requests"),
    ]  # fmt: skip
    assert told[2].detail == "2 requests, 0 recordings, 2 calls: their days were over"
    assert list(trail_faults(line.database)) == []


def test_it_goes_on_after_it_was_broken_and_still_shows_it(line, trail):
    tampered(trail, "DELETE FROM audit_entries WHERE id = 2")
    with trail.write() as session:
        add_audit_entry(session, COMMAND, AuditAction.SEEN, "request:6", line.clock())
    assert list(trail_faults(trail)) == ["row 2 is missing"]


def test_rotating_the_keys_keeps_it_whole_without_the_older_key(line, trail):
    url = trail.engine.url.render_as_string(hide_password=False)
    rotating = Database(url, Vault([NEWER_KEY, DATA_KEY]))
    assert keys.rotate(rotating, line.clock()).survey.is_done
    newer = Database(url, Vault([NEWER_KEY]))
    assert list(trail_faults(newer)) == []
    (rotated,) = read_trail(newer, Search(action=AuditAction.KEYS_ROTATED)).entries
    assert (rotated.actor, rotated.subject) == ("command", "keys")
    for database in (rotating, newer):
        database.close()


def test_it_is_read_page_by_page_and_searched(line, trail, monkeypatch):
    monkeypatch.setattr("ivr.services.audit.SHOWN", 2)
    first = read_trail(trail, Search())
    second = read_trail(trail, Search(), before=first.older)
    last = read_trail(trail, Search(), before=second.older)
    assert [[entry.id for entry in page.entries] for page in (first, second, last)] == [[5, 4], [3, 2], [1]]
    assert last.older is None
    assert [entry.id for entry in read_trail(trail, Search(subject="request:4")).entries] == [4]
    assert read_trail(trail, Search(action=AuditAction.CLOSED)).entries == ()
    assert read_trail(trail, Search(since=line.clock().replace(year=2030))).entries == ()
