"""Names and record numbers that staff write down, and what is found by them, on both databases."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from ivr.models import AuditEntry, NameWord, PatientRequest, RequestEntry, RequestStatus, Role
from ivr.services.accounts import staff
from ivr.services.audit import COMMAND, Actor
from ivr.services.keeping.erasure import erase_number
from ivr.services.requests import history, searching, triage
from ivr.services.requests.case import BadEntry, Taken, changes_of
from ivr.services.requests.naming import names_of, normalised, note_names_seen, set_name
from ivr.services.requests.searching import BadSearch, search
from tests.support.kept_requests import NUMBER, put_requests
from tests.support.settings import MONDAY_MORNING

NOW = MONDAY_MORNING


@pytest.fixture
def actor(line):
    return Actor.of(
        staff.create(line.database, COMMAND, staff.AccountDetails("a@example.org", "Ana", Role.STAFF), NOW), "10.0.0.1"
    )


@pytest.fixture
def put(line):
    return lambda *specials: put_requests(line, *specials, now=NOW)


@pytest.fixture
def found(line, actor):
    return lambda wanted: [row.id for row in search(line.database, wanted, actor, NOW)]


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("José O'Brien-Núñez", ("jose", "o", "brien", "nunez")),
        ("  MÜLLER,  Anna Anna ", ("muller", "anna")),
        ("Straße ﬁn", ("strasse", "fin")),
        ("…", ()),
    ],
)
def test_words_are_compared_without_accents_and_capitals(written, words):
    assert normalised(written) == words


class TestWriting:
    def test_name_and_record_number_stay_in_the_history(self, line, put, actor):
        (one,) = put({})
        set_name(line, one, actor, NOW, name="  Maria   Lopez ", record_number="MRN 0042")
        assert set_name(line, one, actor, NOW, name="Maria Lopez", record_number="MRN 0042") is None
        set_name(line, one, actor, NOW, name="Maria Lopes", record_number="")
        with line.database.read() as session:
            request = session.get_one(PatientRequest, one)
            first, second = (changes_of(entry) for entry in session.scalars(select(RequestEntry)))
            trail = list(session.scalars(select(AuditEntry.detail).where(AuditEntry.subject == f"request:{one}")))
        assert (request.patient_name, request.record_number) == ("Maria Lopes", None)
        assert first.after == {"patient_name": "Maria Lopez", "record_number": "MRN 0042"}
        assert second.before == first.after
        assert trail == ["edited patient_name, record_number"] * 2
        assert names_of(line.database, [one, 99]) == {one: "Maria Lopes"}

    def test_whoever_has_the_request_and_when_it_is_closed(self, line, put, actor):
        closed, held = put({"status": RequestStatus.CLOSED, "closed_at": NOW}, {})
        other = staff.create(line.database, COMMAND, staff.AccountDetails("b@example.org", "Bob", Role.STAFF), NOW)
        triage.claim(line, held, Actor.of(other, ""), NOW)
        with pytest.raises(Taken):
            triage.claim(line, held, actor, NOW)
        for one in (closed, held):
            assert set_name(line, one, actor, NOW, name="Maria Lopez")

    @pytest.mark.parametrize(("name", "number"), [("x" * 121, ""), ("Maria", "1" * 41)])
    def test_too_much(self, line, put, actor, name, number):
        put({})
        with pytest.raises(BadEntry, match="Write at most"):
            set_name(line, 1, actor, NOW, name=name, record_number=number)

    def test_nothing_readable_is_stored(self, line, put, actor):
        """Short parts of it may well be in what is encrypted, by chance."""
        put({})
        set_name(line, 1, actor, NOW, name="Maria Lopez", record_number="MRN0042")
        with line.database.read() as session:
            rows = session.execute(text("SELECT patient_name, record_number FROM patient_requests")).all()
            rows += session.execute(text("SELECT word, word_index FROM name_words")).all()
        assert not any(word in str(rows).lower() for word in ("maria", "lopez", "mrn0042"))

    def test_it_is_erased_with_the_request(self, line, put, actor):
        put({"status": RequestStatus.CLOSED, "closed_at": NOW})
        set_name(line, 1, actor, NOW, name="Maria Lopez", record_number="MRN0042")
        erase_number(line.database, NUMBER, NOW + timedelta(days=1), include_open=True)
        with line.database.read() as session:
            request = session.get_one(PatientRequest, 1)
            assert (request.patient_name, request.record_number) == (None, None)
            assert session.scalar(select(func.count()).select_from(NameWord)) == 0
        with pytest.raises(BadEntry, match="erased"):
            set_name(line, 1, actor, NOW, name="Maria")

    def test_names_in_a_list_leave_a_row_in_the_trail(self, line, put, actor):
        note_names_seen(line.database, [], actor, NOW)
        note_names_seen(line.database, [7, 3], actor, NOW)
        with line.database.read() as session:
            rows = session.scalars(select(AuditEntry).where(AuditEntry.action == "seen"))
            assert [(row.subject, row.detail) for row in rows] == [("queue", "names of requests 3, 7")]


class TestFinding:
    @pytest.fixture
    def named(self, line, put, actor):
        made = put({}, {"status": RequestStatus.CLOSED, "closed_at": NOW}, {})
        for one, name, number in zip(
            made, ("María López", "Maria Smith", "Ann Lee"), ("A-17", "", "004242"), strict=True
        ):
            set_name(line, one, actor, NOW, name=name, record_number=number)
        return made

    @pytest.mark.parametrize(
        ("wanted", "expected"),
        [
            ("maria", [1, 0]),
            ("LOPEZ, Maria", [0]),
            ("maria jones", []),
            ("mari", []),
            ("a 17", [0]),
            ("A-17", [0]),
            ("17", []),
            ("004242", [2]),
        ],
    )
    def test_by_name_or_record_number_in_every_list(self, named, found, wanted, expected):
        assert found(wanted) == [named[place] for place in expected]

    def test_an_earlier_name_is_found_no_more(self, line, named, found, actor):
        set_name(line, named[0], actor, NOW, name="Rosa Lopez")
        assert (found("maria lopez"), found("rosa"), found("a17")) == ([], [named[0]], [])

    def test_the_trail_does_not_tell_what_was_looked_for(self, line, named, found):
        found("maria lopez")
        with line.database.read() as session:
            details = list(session.scalars(select(AuditEntry.detail).where(AuditEntry.action == "searched")))
        assert details == ["by words: 1 found"]

    def test_by_the_last_four_digits_of_open_requests(self, put, found, line):
        made = put(
            {"callback_number": "+16175550199"},
            {"callback_number": "+16175550199", "status": RequestStatus.CLOSED, "closed_at": NOW},
            {"callback_number": "+15085550199", "status": RequestStatus.INCOMPLETE},
            {"callback_number": "+16175550198"},
            {"callback_number": None},
        )
        assert found("0199") == [made[2], made[0]]
        with line.database.read() as session:
            (detail,) = session.scalars(select(AuditEntry.detail).where(AuditEntry.action == "searched"))
        assert detail == "by a number's last digits: 2 found"

    def test_by_words_in_notes_of_open_requests(self, line, put, found, actor):
        made = put({}, {}, {"status": RequestStatus.CLOSED, "closed_at": NOW})
        for one in made:
            history.add_note(line, one, actor, NOW, text="Daughter calls back; Interpreter: needed.")
        assert found("interpreter daughter") == [made[1], made[0]]
        assert found("interpreters") == []

    def test_what_is_read_is_bounded(self, line, put, found, actor, monkeypatch):
        made = put(*({"callback_number": "+16175550199"} for _ in range(4)))
        monkeypatch.setattr(searching, "LOOKED_AT", 2)
        assert found("0199") == made[:1:-1]

    @pytest.mark.parametrize("nothing", ["", "  ", "…", "a", "1", "- b"])
    def test_nothing_that_can_be_found(self, line, actor, nothing):
        with pytest.raises(BadSearch, match="a name, or a word of a note"):
            search(line.database, nothing, actor, NOW)
