"""All that is known of one request, on both databases: what is told, and what the audit trail keeps of the look."""

import contextlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from ivr.models import (
    AuditAction,
    AuditEntry,
    Disposition,
    EntryKind,
    Outcome,
    Recording,
    RequestStatus,
    Role,
    StaffMember,
)
from ivr.services import audit
from ivr.services.audit import Actor
from ivr.services.calls.turns import Arrival
from ivr.services.keeping.retention import erase_requests
from ivr.services.recordings.listening import listen
from ivr.services.recordings.recordings import store_audio
from ivr.services.requests import history, triage
from ivr.services.requests.case import NoSuchRequest, NotUndoable
from ivr.services.requests.casefile import open_case, ownership
from ivr.simulator.speechlike import speechlike
from tests.support.callers import CALLBACK, Caller
from tests.support.kept_rows import Rows
from tests.support.settings import MONDAY_MORNING as NOW

APPOINTMENT = "1 1 2 2 2 05171948 1 2 1 1 2 2 2 2 1 1 r 1"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def actors(line):
    """Ana and Ben of the staff, and Lee the lead."""
    with line.database.write() as session:
        rows = [
            StaffMember(
                email=f"{name}@example.org", name=name, role=role, active=True, fs_uniquifier=name, created_at=NOW
            )
            for name, role in (("Ana", Role.STAFF), ("Ben", Role.STAFF), ("Lee", Role.LEAD))
        ]
        session.add_all(rows)
    return {row.name: Actor.of(row, "10.0.0.1") for row in rows}


@pytest.fixture
def ana(actors):
    return actors["Ana"]


def leave(line, keys=CALLBACK, call="CA1", from_="+16175550142"):
    caller = Caller(line, Arrival(call, from_, "+16175550100"))(keys)
    caller.hang_up()
    return caller


def rows(line, action):
    with line.database.read() as session:
        found = session.scalars(select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id))
        return [(entry.actor, entry.subject, entry.detail) for entry in found]


def told_by_staff(case):
    """The history without what the caller answered."""
    return [past for past in case.history if past.entry.kind is not EntryKind.ANSWER_ADDED]


def test_every_look_leaves_a_row_and_shows_everything(line, ana):
    leave(line, APPOINTMENT)
    case = open_case(line, 1, ana, NOW)
    assert (case.request.callback_number, case.request.birth_date) == ("+16175550142", "1948-05-17")
    assert case.call.caller_id == "+16175550142"
    assert [recording.sid for recording in case.recordings] == ["RE1"]
    open_case(line, 1, ana, NOW)
    assert rows(line, AuditAction.SEEN) == [(ana.name, "request:1", "")] * 2


def test_a_look_that_leaves_no_row_shows_nothing(line, ana, monkeypatch):
    leave(line)

    def full(*_, **__):
        raise OSError("no space left")

    monkeypatch.setattr("ivr.services.requests.casefile.add_audit_entry", full)
    with pytest.raises(OSError, match="no space"):
        open_case(line, 1, ana, NOW)


def test_an_unknown_request_is_none(line, ana):
    for look in (lambda: open_case(line, 9, ana, NOW), lambda: ownership(line, 9, ana)):
        with pytest.raises(NoSuchRequest):
            look()
    assert not rows(line, AuditAction.SEEN)


def test_the_path_of_the_call_has_its_times(line, ana, clock):
    caller = Caller(line, Arrival("CA1", "+16175550142", "+16175550100"))
    for token in ("2", "8", *CALLBACK.split()[1:]):
        clock.now += timedelta(seconds=7)
        caller(token)
    steps = open_case(line, 1, ana, clock.now).call.steps
    assert [step.after.total_seconds() for step in steps[:4]] == [0, 7, 14, 21]
    assert [step.at_node for step in steps[:5]] == ["", "main", "number", "number", "reason"]
    assert steps[2].events == (("InputMissed", "number", "no_match", 1),)


def test_requests_of_the_same_number_stand_beside_it_open_ones_first(line, ana):
    for call in ("CA1", "CA2", "CA3"):
        leave(line, call=call)
    leave(line, call="CA4", from_="+16175550143")
    triage.close(line, 2, ana, NOW, disposition=Disposition.DUPLICATE)
    case = open_case(line, 1, ana, NOW)
    assert [(one.id, one.status) for one in case.same_number] == [(3, RequestStatus.NEW), (2, RequestStatus.CLOSED)]
    assert (ana.name, "request:1", "with requests 3, 2 of the same number") in rows(line, AuditAction.SEEN)
    assert not open_case(line, 4, ana, NOW).same_number


def test_a_number_indexed_by_an_older_key_is_found(line, ana, make_line, database_url, config):
    from cryptography.fernet import Fernet

    leave(line)
    newer = make_line(database_url, data_keys=(Fernet.generate_key().decode(), *config.data_keys))
    leave(newer, call="CA2")
    assert [one.id for one in open_case(newer, 2, ana, NOW).same_number] == [1]


def test_looking_at_ones_own_request_keeps_the_claim(line, ana, actors):
    leave(line)
    triage.claim(line, 1, ana, NOW)
    open_case(line, 1, ana, NOW + 9 * MINUTE)
    seen = open_case(line, 1, actors["Ben"], NOW + 18 * MINUTE)
    assert (seen.owner, seen.is_free, seen.is_mine) == ("Ana", False, False)
    away = open_case(line, 1, actors["Ben"], NOW + 19 * MINUTE)
    assert (away.owner, away.is_free) == ("Ana", True)


def test_the_history_says_who_and_what_can_be_undone(line, ana, actors):
    leave(line)
    attempt = triage.record_attempt(line, 1, ana, NOW, outcome=Outcome.BUSY, note="engaged")
    history.add_note(line, 1, actors["Ben"], NOW + MINUTE, text="a daughter called")
    found = told_by_staff(open_case(line, 1, ana, NOW + MINUTE))
    assert [(past.entry.kind, past.staff, past.may_undo) for past in found] == [
        (EntryKind.NOTED, "Ben", False),
        (EntryKind.ATTEMPTED, "Ana", True),
        (EntryKind.CLAIMED, "Ana", False),
    ]
    assert not any(past.may_undo for past in open_case(line, 1, actors["Ben"], NOW).history)
    history.undo(line, 1, ana, NOW + 2 * MINUTE, entry_id=attempt)
    undone = next(past for past in open_case(line, 1, ana, NOW + 2 * MINUTE).history if past.undone)
    assert (undone.entry.id, undone.undone_by, undone.may_undo) == (attempt, "Ana", False)


STEPS = {
    "attempt": lambda line, who, now: triage.record_attempt(line, 1, who, now, outcome=Outcome.NO_ANSWER),
    "close": lambda line, who, now: triage.close(line, 1, who, now, disposition=Disposition.ANSWERED),
    "release": lambda line, who, now: triage.release(line, 1, who, now),
    "claim": lambda line, who, now: triage.claim(line, 1, who, now),
    "reopen": lambda line, who, now: history.reopen(line, 1, who, now),
    "note": lambda line, who, now: history.add_note(line, 1, who, now, text="a note"),
}


@pytest.mark.parametrize("looks", ["Ana", "Ben", "Lee"])
@pytest.mark.parametrize("later", [MINUTE, timedelta(hours=24), timedelta(hours=25)])
@pytest.mark.parametrize(
    "did",
    [
        "attempt",
        "close",
        "attempt attempt",
        "attempt close",
        "close reopen",
        "claim release note",
        "attempt note",
        "close note",
    ],
)
def test_the_page_offers_undo_only_where_it_works(line, actors, did, looks, later):
    """What the page offers, the use case does; it offers the newest attempt or closing whenever that can be undone."""
    leave(line)
    for number, step in enumerate(did.split()):
        STEPS[step](line, actors["Ana"], NOW + number * MINUTE)
    now = NOW + later + 2 * MINUTE
    shown = open_case(line, 1, actors[looks], now).history
    with contextlib.closing(Rows(line.database)) as rows:
        for past in shown:
            offered, kind = past.may_undo, past.entry.kind
            try:
                history.undo(line, 1, actors[looks], now, entry_id=past.entry.id)
                works = True
            except NotUndoable:
                works = False
            rows.restore()
            assert not offered or works
            if kind is not EntryKind.RELEASED:
                assert offered == works


def test_what_was_erased_is_gone_from_the_page(line, ana):
    leave(line, APPOINTMENT)
    store_audio(line.database, "RE1", speechlike(2), 2, NOW)
    triage.close(line, 1, ana, NOW, disposition=Disposition.SCHEDULED, note="Tuesday")
    with line.database.write() as session:
        erase_requests(session, [1], NOW)
    case = open_case(line, 1, ana, NOW)
    assert (case.request.callback_number, case.request.birth_date, case.same_number) == (None, None, ())
    assert [past.entry.kind for past in told_by_staff(case)] == [EntryKind.CLOSED, EntryKind.CLAIMED]
    assert {(past.entry.note, past.entry.changes) for past in case.history} == {(None, None)}
    assert case.recordings[0].erased_at == NOW
    assert listen(line.database, 1, ana, NOW) is None
    assert not rows(line, AuditAction.HEARD)


def test_the_standing_tells_of_every_change_without_a_trace(line, ana, actors):
    leave(line, APPOINTMENT)
    versions = [open_case(line, 1, ana, NOW).version]
    for change in (
        lambda: triage.claim(line, 1, ana, NOW),
        lambda: history.add_note(line, 1, actors["Ben"], NOW, text="a daughter called"),
        lambda: triage.take_over(line, 1, actors["Lee"], NOW),
        lambda: store_audio(line.database, "RE1", speechlike(2), 2, NOW),
    ):
        change()
        now = ownership(line, 1, ana)
        assert now.version not in versions
        versions.append(now.version)
    assert (now.is_mine, now.owner) == (False, "Lee")
    assert len(rows(line, AuditAction.SEEN)) == 1
    assert open_case(line, 1, ana, NOW).version == now.version


class TestListening:
    @pytest.fixture
    def recording(self, line):
        leave(line, APPOINTMENT)
        store_audio(line.database, "RE1", speechlike(2), 2, NOW)
        return 1

    def test_a_play_leaves_one_row_however_many_parts_it_has(self, line, ana, actors, recording):
        for play in ("abcdefgh", "abcdefgh", "ijklmnop", "abcdefgh"):
            assert listen(line.database, recording, ana, NOW, play) == speechlike(2)
        assert rows(line, AuditAction.HEARD) == [
            (ana.name, "recording:1", "of request:1, play abcdefgh"),
            (ana.name, "recording:1", "of request:1, play ijklmnop"),
        ]
        listen(line.database, recording, actors["Ben"], NOW, "abcdefgh")
        assert len(rows(line, AuditAction.HEARD)) == 3

    def test_an_old_name_does_not_hide_a_new_play(self, line, ana, recording):
        for later in (0, 59, 61):
            listen(line.database, recording, ana, NOW + later * MINUTE, "abcdefgh")
        assert len(rows(line, AuditAction.HEARD)) == 2

    def test_without_a_name_each_fetch_counts(self, line, ana, recording):
        for _ in range(2):
            listen(line.database, recording, ana, NOW)
        assert rows(line, AuditAction.HEARD) == [(ana.name, "recording:1", "of request:1")] * 2

    def test_parts_fetched_at_once_are_one_play(self, line, ana, recording):
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(lambda _: listen(line.database, recording, ana, NOW, "abcdefgh"), range(6)))
        assert len(rows(line, AuditAction.HEARD)) == 1
        assert not list(audit.trail_faults(line.database))

    def test_what_is_not_stored_is_not_heard(self, line, ana):
        leave(line, APPOINTMENT)
        assert listen(line.database, 1, ana, NOW, "abcdefgh") is None
        assert listen(line.database, 77, ana, NOW, "abcdefgh") is None
        with line.database.read() as session:
            assert session.scalar(select(Recording.id)) == 1
        assert not rows(line, AuditAction.HEARD)
