"""What staff do on a request's page: claim it, note attempts, close, undo, edit and give it away."""

import re
from datetime import timedelta

import pytest

from ivr.models import AuditAction, Disposition, Outcome, PatientRequest, Priority, Role
from ivr.services.requests import triage
from tests.support.settings import MONDAY_MORNING as NOW
from tests.support.staff_pages import text_of
from tests.support.triage import audited, entries

PAGE = "/console/requests/1"


class TestActions:
    @pytest.fixture
    def client(self, client_as, leave):
        leave()
        return client_as(Role.STAFF)

    def test_of_two_who_claim_the_second_is_told_who_has_it(self, client, client_as, line):
        assert client.send(f"{PAGE}/claim").status_code == 303
        late = client_as(Role.STAFF)
        answer = late.send(f"{PAGE}/claim")
        assert answer.status_code == 409
        assert f"{client.member.name} is working on this request." in text_of(answer)

    def test_forms_on_somebody_elses_request_are_closed_and_say_why(self, client, client_as):
        client.send(f"{PAGE}/claim")
        page = client_as(Role.STAFF).get(PAGE)
        assert f"{client.member.name} has this request since 10:00 AM" in text_of(page)
        assert re.search(r'<fieldset class="bare" id="outcomes" disabled>', page.text)
        assert f"{client.member.name} is working on this request. Only notes can be added." in text_of(page)
        assert ">Take over<" not in page.text
        assert ">Take over<" in client_as(Role.LEAD).get(PAGE).text

    def test_an_attempt_puts_it_back_with_the_follow_up_that_was_chosen(self, client, line):
        sent = {"outcome": "left_message", "follow_up_at": "2026-11-24T09:15", "note": "her son answered"}
        assert client.send(f"{PAGE}/save", sent).status_code == 303
        page = text_of(client.get(PAGE))
        for part in (
            "Tried to reach the patient: left a message",
            "Act again Tuesday 9:15 AM",
            "her son answered",
            "1 attempt",
            "Try again by Tuesday 9:15 AM",
        ):
            assert part in page
        assert entries(line)[-1].outcome is Outcome.LEFT_MESSAGE

    def test_the_follow_up_is_proposed_and_used_when_left_empty(self, client, line):
        page = client.get(PAGE).text
        proposed = re.search(r'value="busy" data-follow-up="([^"]+)"', page)[1]
        assert proposed == "2026-11-23T10:30"
        client.send(f"{PAGE}/save", {"outcome": "busy"})
        assert entries(line)[-1].follow_up_at == NOW + timedelta(minutes=30)

    @pytest.mark.parametrize(
        ("path", "sent", "told"),
        [
            ("save", {"then": "again", "note": "kept text"}, "Choose how the call went."),
            ("save", {"outcome": "shouting", "note": "kept text"}, "Choose how the call went."),
            (
                "save",
                {"outcome": "no_answer", "then": "settled", "disposition": "scheduled", "note": "kept text"},
                "does not fit",
            ),
            ("save", {"outcome": "busy", "follow_up_at": "2026-11-23T09:00", "note": "kept text"}, "still to come"),
            ("save", {"outcome": "busy", "follow_up_at": "2028-01-03T09:00", "note": "kept text"}, "within a year"),
            (
                "save",
                {"outcome": "busy", "follow_up_at": "9999-12-31T23:59", "note": "kept text"},
                "a date and a time",
            ),
            ("save", {"outcome": "busy", "follow_up_at": "soon", "note": "kept text"}, "a date and a time"),
            ("save", {"then": "settled", "note": "kept text"}, "Choose how it was settled."),
            (
                "save",
                {"then": "settled", "disposition": "cancelled?", "note": "kept text"},
                "Choose how it was settled.",
            ),
            ("save", {"note": "  "}, "Choose how the call went, or write a note."),
            ("save", {"note": "kept text" + "x" * 4000}, "at most 4000"),
            ("edit", {"callback_number": "kept text"}, "this is no telephone number"),
            ("edit", {"priority": "whenever"}, "none of the choices"),
            ("undo", {"entry": "9" * 30}, "can be undone"),
        ],
    )
    def test_what_cannot_be_done_is_told_and_nothing_typed_is_lost(self, client, line, path, sent, told):
        answer = client.send(f"{PAGE}/{path}", sent)
        assert answer.status_code == 409
        assert told in text_of(answer)
        if "kept text" in str(sent):
            assert "kept text" in answer.text
        assert not entries(line)

    def test_closing_and_undoing_it(self, client, line):
        client.send(f"{PAGE}/claim")
        client.send(f"{PAGE}/save", {"then": "settled", "disposition": "scheduled", "note": "Tuesday at nine"})
        page = client.get(PAGE)
        assert "Closed 10:00 AM : appointment scheduled" in text_of(page)
        assert "This request is closed. Reopen it to go on;" in text_of(page)
        (entry,) = re.findall(r'name="entry" value="(\d+)"', page.text)
        client.send(f"{PAGE}/undo", {"entry": entry})
        page = text_of(client.get(PAGE))
        assert "You have this request" in page
        assert f"Taken back by {client.member.name}" in page
        assert audited(line, AuditAction.CLOSED) == audited(line, AuditAction.REOPENED) == ["request:1"]

    def test_a_machine_or_a_wrong_number_is_closed_as_no_patient(self, client, line):
        page = client.get(PAGE).text
        offered = re.search(r'<fieldset class="bare nested" id="settled".*?</fieldset>', page, re.S)[0]
        assert ">Not a patient: a machine, or a wrong number</label>" in offered
        assert "cancelled" not in offered
        assert client.send(f"{PAGE}/save", {"then": "settled", "disposition": "not_a_patient"}).status_code == 303
        assert "Closed 10:00 AM : not a patient: a machine, or a wrong number" in text_of(client.get(PAGE))
        assert entries(line)[-1].disposition is Disposition.NOT_A_PATIENT

    def test_a_day_later_it_is_reopened_instead(self, client_as, client, clock):
        client.send(f"{PAGE}/save", {"then": "settled", "disposition": "answered"})
        clock.now += timedelta(hours=25)
        page = client_as(client.member).get(PAGE).text
        assert 'name="entry"' not in page
        assert ">Reopen<" in page

    def test_editing_keeps_what_was_there(self, client, line):
        sent = {
            "callback_number": "(617) 555-0143",
            "best_time": "morning",
            "weekday": "",
            "priority": "urgent",
            "may_leave_message": "no",
        }
        assert client.send(f"{PAGE}/edit", sent).status_code == 303
        page = text_of(client.get(PAGE))
        for part in (
            "Number: (617) 555-0142 → (617) 555-0143",
            "Best time: Any time → Morning",
            "Priority: Routine → Urgent",
            "May leave a message: Yes → No",
        ):
            assert part in page, part
        with line.database.read() as session:
            request = session.get(PatientRequest, 1)
            assert (request.callback_number, request.priority, request.may_leave_message) == (
                "+16175550143",
                Priority.URGENT,
                False,
            )

    def test_sending_the_edit_form_as_it_is_changes_nothing(self, client, line):
        page = client.get(PAGE).text
        form = re.search(r'action="[^"]*/edit">.*?</form>', page, re.S)[0]
        sent = {"callback_number": re.search(r'name="callback_number"[^>]*value="([^"]*)"', form)[1]}
        for name, options in re.findall(r'<select [^>]*name="(\w+)">(.*?)</select>', form, re.S):
            sent[name] = re.search(r'value="(\w*)" selected', options)[1] if " selected" in options else ""
        assert set(sent) == {"callback_number", "best_time", "weekday", "priority", "may_leave_message"}
        client.send(f"{PAGE}/edit", sent)
        assert not entries(line)

    def test_a_lead_takes_over_and_gives_away(self, client, client_as, line):
        client.send(f"{PAGE}/claim")
        lead = client_as(Role.LEAD)
        lead.send(f"{PAGE}/take-over")
        assert f"{lead.member.name} has this request" in text_of(client.get(PAGE))
        assert re.search(rf"Took over.*?{lead.member.name}, ", text_of(client.get(PAGE)))
        lead.send(f"{PAGE}/reassign", {"to": client.member.id})
        assert "You have this request" in text_of(client.get(PAGE))
        assert f"Given to {client.member.name}" in text_of(client.get(PAGE))

    def test_a_claim_lasts_while_its_owner_works_on_the_page(self, client, clock, line):
        client.send(f"{PAGE}/claim")
        for _ in range(3):
            clock.now += timedelta(minutes=8)
            assert client.send(f"{PAGE}/standing", {"active": "1"}).json["mine"]
        clock.now += timedelta(minutes=5)
        assert client.send(f"{PAGE}/standing", {"active": "0"}, headers={"X-Background": "1"}).json["mine"]
        clock.now += timedelta(minutes=5)
        assert triage.release_idle(line, clock.now) == 1
        assert not audited(line, AuditAction.SEEN)
