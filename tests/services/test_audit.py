"""The audit trail: whole as long as nobody touches it, and every touch shows."""

import pytest
from sqlalchemy import text

from ivr.db import Database, Vault
from ivr.models import Action
from ivr.services import keys
from ivr.services.audit import COMMAND, Search, faults, note, read_trail
from tests.conftest import DATA_KEY

NEWER_KEY = "bmV3ZXItbmV3ZXItbmV3ZXItbmV3ZXItbmV3ZXItbmU="


@pytest.fixture
def trail(line):
    """A line whose trail has five rows."""
    for number in range(1, 6):
        with line.database.write() as session:
            note(session, COMMAND, Action.SEEN, f"request:{number}", line.clock(), "a detail")
    return line.database


def tampered(database, statement):
    with database.engine.begin() as connection:
        connection.execute(text(statement))
    return list(faults(database))


def test_an_empty_trail_and_an_untouched_one_are_whole(line, trail):
    assert list(faults(trail)) == []


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE audit_entries SET subject = 'request:9' WHERE id = 3", ["row 3 was changed"]),
        ("UPDATE audit_entries SET at = '2020-01-01 00:00:00+00:00' WHERE id = 2", ["row 2 was changed"]),
        ("DELETE FROM audit_entries WHERE id = 2", ["rows 2 to 2 are missing"]),
        ("DELETE FROM audit_entries WHERE id IN (2, 3)", ["rows 2 to 3 are missing"]),
        ("DELETE FROM audit_entries WHERE id = 5", ["rows 5 to 5 are missing"]),
        ("DELETE FROM audit_entries", ["rows 1 to 5 are missing"]),
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


def test_it_goes_on_after_it_was_broken_and_still_shows_it(line, trail):
    tampered(trail, "DELETE FROM audit_entries WHERE id = 2")
    with trail.write() as session:
        note(session, COMMAND, Action.SEEN, "request:6", line.clock())
    assert list(faults(trail)) == ["rows 2 to 2 are missing"]


def test_rotating_the_keys_keeps_it_whole_without_the_older_key(line, trail):
    url = trail.engine.url.render_as_string(hide_password=False)
    rotating = Database(url, Vault([NEWER_KEY, DATA_KEY]))
    assert keys.rotate(rotating).survey.is_done
    newer = Database(url, Vault([NEWER_KEY]))
    assert list(faults(newer)) == []
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
    assert read_trail(trail, Search(action=Action.CLOSED)).entries == ()
    assert read_trail(trail, Search(since=line.clock().replace(year=2030))).entries == ()
