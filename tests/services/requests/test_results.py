"""What came of working on a request: saved once, by who knows what was done meanwhile, and kept while it is typed."""

from datetime import timedelta

import pytest

from ivr.models import Disposition, EntryKind, Outcome, RequestStatus
from ivr.services.audit import Actor
from ivr.services.keeping.retention import erase_requests
from ivr.services.requests import drafts, history, triage
from ivr.services.requests.case import BadEntry, NoSuchRequest, Taken
from ivr.services.requests.casefile import open_case
from ivr.services.requests.drafts import OtherDraft, keep_draft
from ivr.services.requests.following import last_before, next_after
from ivr.services.requests.queue import Filters
from ivr.services.requests.results import FITTING, ChangedMeanwhile, Result, save_result
from tests.support.patient_data import readable
from tests.support.settings import MONDAY_MORNING as NOW
from tests.support.triage import entries, leave, one

MINUTE = timedelta(minutes=1)
BUSY = Result(Outcome.BUSY, note="her line")


@pytest.fixture
def actors(members):
    return {name: Actor.of(member, "10.0.0.1") for name, member in members.items()}


@pytest.fixture
def ana(line, actors):
    leave(line)
    return actors["Ana"]


class TestSaving:
    def test_an_outcome_puts_it_back(self, line, ana):
        save_result(line, 1, ana, NOW, result=BUSY, made_from=0)
        assert [(entry.kind, entry.note) for entry in entries(line)][1:] == [(EntryKind.ATTEMPTED, "her line")]
        assert (one(line, 1).status, one(line, 1).act_by) == (RequestStatus.FOLLOW_UP, NOW + 30 * MINUTE)

    def test_an_outcome_that_settles_is_an_attempt_and_a_closing(self, line, ana):
        result = Result(Outcome.REACHED, Disposition.SCHEDULED, note="Tuesday")
        save_result(line, 1, ana, NOW, result=result, made_from=0)
        kinds = [(entry.kind, entry.note) for entry in entries(line)]
        assert kinds[1:] == [(EntryKind.ATTEMPTED, None), (EntryKind.CLOSED, "Tuesday")]
        closed = one(line, 1)
        assert (closed.status, closed.attempts, closed.reached_at) == (RequestStatus.CLOSED, 1, NOW)
        history.undo(line, 1, ana, NOW, entry_id=entries(line)[-1].id)
        assert (one(line, 1).status, one(line, 1).owner_id) == (RequestStatus.CLAIMED, ana.staff_id)

    def test_a_note_alone_is_anybodys(self, line, ana, actors):
        triage.claim(line, 1, ana, NOW)
        save_result(line, 1, actors["Ben"], NOW, result=Result(note="her son called"), made_from=0)
        with pytest.raises(Taken):
            save_result(line, 1, actors["Ben"], NOW, result=BUSY, made_from=0)

    @pytest.mark.parametrize("outcome", [None, *Outcome])
    def test_only_what_fits_is_taken(self, line, ana, outcome):
        for disposition in Disposition:
            if disposition in FITTING[outcome]:
                continue
            with pytest.raises(BadEntry, match="does not fit"):
                save_result(line, 1, ana, NOW, result=Result(outcome, disposition), made_from=0)
        assert not entries(line)

    def test_who_was_not_spoken_to_is_not_counted_as_helped(self):
        for outcome in (Outcome.NO_ANSWER, Outcome.BUSY, Outcome.LEFT_MESSAGE, Outcome.WRONG_NUMBER):
            assert not FITTING[outcome] & triage.HELPED


class TestOnce:
    def test_sent_again_because_the_answer_was_lost_it_is_saved_once(self, line, ana):
        for _ in range(2):
            save_result(line, 1, ana, NOW, result=BUSY, made_from=0, once="k1")
        assert one(line, 1).attempts == 1

    def test_a_second_window_does_not_save_it_again_and_says_what_was_done(self, line, ana):
        save_result(line, 1, ana, NOW, result=BUSY, made_from=0, once="k1")
        with pytest.raises(ChangedMeanwhile) as told:
            save_result(line, 1, ana, NOW + MINUTE, result=BUSY, made_from=0, once="k2")
        (known,) = told.value.entries
        assert (known.how, known.is_mine) == (Outcome.BUSY, True)
        assert one(line, 1).attempts == 1
        save_result(line, 1, ana, NOW + MINUTE, result=BUSY, made_from=told.value.newest, once="k3")
        assert one(line, 1).attempts == 2

    def test_the_same_note_is_not_written_twice(self, line, ana):
        save_result(line, 1, ana, NOW, result=Result(note="call her son"), made_from=0)
        with pytest.raises(ChangedMeanwhile):
            save_result(line, 1, ana, NOW, result=Result(note="call her son "), made_from=0)
        save_result(line, 1, ana, NOW, result=Result(note="and her daughter"), made_from=0)

    def test_claims_and_notes_of_others_are_no_hindrance(self, line, ana, actors):
        triage.claim(line, 1, ana, NOW)
        history.add_note(line, 1, actors["Ben"], NOW, text="her son called")
        save_result(line, 1, ana, NOW, result=BUSY, made_from=0)


class TestDrafts:
    def keep(self, line, who, note, revision=0, **fields):
        content = {"note": note, **fields}
        return keep_draft(line, 1, who, NOW, content=content, made_from=0, revision=revision)

    def test_it_is_given_back_to_whoever_typed_it_and_nobody_else(self, line, ana, actors):
        assert self.keep(line, ana, "half a no", outcome="busy", csrf_token="secret") == 1
        assert self.keep(line, ana, "half a note", 1, outcome="busy") == 2
        draft = open_case(line, 1, ana, NOW).draft
        assert (dict(draft.content), draft.revision) == ({"note": "half a note", "outcome": "busy"}, 2)
        assert open_case(line, 1, actors["Ben"], NOW).draft is None

    def test_it_outlasts_claim_and_release(self, line, ana):
        self.keep(line, ana, "half a note")
        triage.claim(line, 1, ana, NOW)
        triage.release_idle(line, NOW + 11 * MINUTE)
        assert open_case(line, 1, ana, NOW + 11 * MINUTE).draft.content["note"] == "half a note"

    def test_another_window_does_not_write_over_it(self, line, ana):
        self.keep(line, ana, "in the first")
        with pytest.raises(OtherDraft) as other:
            self.keep(line, ana, "in the second")
        assert other.value.draft.content["note"] == "in the first"
        assert self.keep(line, ana, "in the first, in the second", other.value.draft.revision) == 2

    def test_saved_or_emptied_it_is_gone(self, line, ana):
        self.keep(line, ana, "half a note")
        save_result(line, 1, ana, NOW, result=BUSY, made_from=0)
        assert open_case(line, 1, ana, NOW).draft is None
        self.keep(line, ana, "another")
        assert self.keep(line, ana, "", 1) == 0
        assert open_case(line, 1, ana, NOW).draft is None

    def test_what_was_done_since_is_told(self, line, ana, actors):
        self.keep(line, ana, "half a note")
        triage.record_attempt(line, 1, actors["Lee"], NOW, outcome=Outcome.NO_ANSWER)
        (since,) = open_case(line, 1, ana, NOW).since_draft
        assert since.entry.outcome is Outcome.NO_ANSWER

    def test_it_is_encrypted_and_erased_with_its_request(self, line, ana):
        self.keep(line, ana, "her knee")
        table = "entry_drafts"
        with line.database.read() as session:
            (stored,) = session.connection().exec_driver_sql(f"SELECT content FROM {table}").one()
        assert b"knee" not in bytes(stored)
        assert "her knee" in readable(line)
        with line.database.write() as session:
            erase_requests(session, [1], NOW)
        assert "her knee" not in readable(line)
        with pytest.raises(NoSuchRequest):
            self.keep(line, ana, "her knee")

    def test_far_too_much_is_refused(self, line, ana):
        with pytest.raises(BadEntry):
            self.keep(line, ana, "x" * 4001)
        assert set(drafts.FIELDS) >= {"note", "outcome", "disposition"}


class TestTheNextOne:
    @pytest.fixture
    def four(self, line, ana):
        for number in (2, 3, 4):
            leave(line, call=f"CA{number}", from_number=f"+1617555014{number + 1}")
        return ana

    def step(self, line, who, request_id, find=next_after):
        return find(line, Filters(), request_id, who.staff_id, NOW)

    def test_goes_through_the_list_and_round(self, line, four):
        assert [self.step(line, four, number) for number in (1, 2, 3, 4)] == [2, 3, 4, 1]
        assert [self.step(line, four, number, last_before) for number in (4, 3, 2, 1)] == [3, 2, 1, None]

    def test_passes_over_what_others_work_on(self, line, four, actors):
        triage.claim(line, 2, actors["Ben"], NOW)
        triage.claim(line, 3, four, NOW)
        assert self.step(line, four, 1) == 3

    def test_there_is_none_where_all_is_done(self, line, ana):
        assert self.step(line, ana, 1) is None
        assert self.step(line, ana, 99) == 1
