"""One request's page: what it says, what it lets whom do, and that nothing stored on it can do harm."""

import re
from datetime import timedelta
from html import unescape

import pytest
from sqlalchemy import select

from ivr.console import words
from ivr.models import (
    AuditAction,
    AuditEntry,
    Disposition,
    Outcome,
    PatientRequest,
    Priority,
    Recording,
    RecordingStatus,
    RequestEntry,
    Role,
)
from ivr.services.audit import Actor
from ivr.services.calls.turns import Arrival
from ivr.services.keeping.retention import erase_requests
from ivr.services.recordings.recordings import store_audio
from ivr.services.requests import triage
from ivr.simulator.speechlike import speechlike
from tests.conftest import MONDAY_MORNING as NOW
from tests.services.calls.test_turns import CALLBACK, Caller

APPOINTMENT = "1 2 2 1 05171948 1 2 1 1 1 1 r 1 1"
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
PAGE = "/console/requests/1"


@pytest.fixture
def leave(line, clock):
    """Leaves a request by phone, a key every five seconds; the clock is then back where it was."""

    def left(keys=CALLBACK, call="CA1", from_="+16175550142"):
        began = clock.now
        caller = Caller(line, Arrival(call, from_, "+16175550100"))
        for token in keys.split():
            clock.now += timedelta(seconds=5)
            caller(token)
        caller.hang_up()
        clock.now = began

    return left


@pytest.fixture
def change(line):
    def changed(model, id_=1, **values):
        with line.database.write() as session:
            row = session.get(model, id_)
            for name, value in values.items():
                setattr(row, name, value)

    return changed


def trail(line, action):
    with line.database.read() as session:
        return list(session.scalars(select(AuditEntry.subject).where(AuditEntry.action == action)))


def entries(line):
    with line.database.read() as session:
        return list(session.scalars(select(RequestEntry).order_by(RequestEntry.id)))


def text_of(page):
    """What the page says, without its tags."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


class TestWhatItTells:
    def test_everything_the_caller_keyed_in_words(self, client_as, leave):
        leave(APPOINTMENT)
        page = client_as(Role.STAFF).get(PAGE)
        told = text_of(page)
        for part in (
            "Urgent", "Warning sign named", "Asked for Appointment", "Patient Seen here before", "Visit Follow-up after a procedure",
            "Birth date (age) May 17, 1948 (78)", "Preferred day Tuesday", "Best time to call Morning", "Language English",
            "(617) 555-0142 May leave a message", "The number they called from.", "Call back by 10:31 AM", "Nobody has this request",
            "Warning signs Yes: fever", "15 steps", "0:20 Warning signs Said yes to a warning sign Keying the birth date",
        ):  # fmt: skip
            assert part in told, part

    @pytest.mark.parametrize(
        ("may", "told"),
        [(True, "May leave a message"), (False, "Do not leave a message"), (None, "May we leave a message? Not asked")],
    )
    def test_whether_a_message_may_be_left_stands_by_the_number(self, client_as, leave, change, may, told):
        leave()
        change(PatientRequest, may_leave_message=may)
        assert re.search(rf"\(617\) 555-0142</a>\s*<span[^>]*>{re.escape(told)}<", client_as(Role.STAFF).get(PAGE).text)

    def test_a_message_left_in_an_outage_says_so(self, client_as, leave, change):
        leave()
        change(PatientRequest, left_in_outage=True, reason="message")
        told = text_of(client_as(Role.STAFF).get(PAGE))
        assert "Left during an outage" in told
        assert "Reason Left a voice message" in told

    def test_titles_and_addresses_hold_nothing_personal(self, client_as, leave):
        leave(APPOINTMENT)
        page = client_as(Role.STAFF).get(PAGE).text
        title = re.search("<title>(.*?)</title>", page)[1]
        assert re.fullmatch(r"Request \d{6} · .*", title)
        addresses = re.findall(r'(?:href|src|action|data-\w+)="(/[^"]*)"', page)
        assert addresses
        assert not [one for one in addresses if "555" in one or "1948" in one]

    @pytest.mark.parametrize("status", [one for one in RecordingStatus if one is not RecordingStatus.STORED])
    def test_a_message_that_is_not_here_is_told_in_words(self, client_as, leave, change, status):
        leave(APPOINTMENT)
        change(Recording, status=status)
        page = client_as(Role.STAFF).get(PAGE)
        assert words.in_words(status) in text_of(page)
        assert 'class="player"' not in page.text

    def test_requests_of_the_same_number_stand_beside_it(self, client_as, leave, line, staff):
        leave()
        leave(call="CA2")
        triage.close(line, 2, Actor.of(staff(), ""), NOW, disposition=Disposition.ANSWERED)
        told = text_of(client_as(Role.STAFF).get(PAGE))
        assert re.search(
            r"Same number Closed Request \d{6} Callback: something else Received 10:00 AM ?\. Closed 10:00 AM ?: question answered",
            told,
        )

    def test_the_page_after_erasing_shows_no_data(self, client_as, leave, line, staff):
        leave(APPOINTMENT)
        store_audio(line.database, "RE1", speechlike(2), 2, NOW)
        triage.close(line, 1, Actor.of(staff(), ""), NOW, disposition=Disposition.ANSWERED, note="her knee")
        with line.database.write() as session:
            erase_requests(session, [1], NOW)
        page = client_as(Role.STAFF).get(PAGE)
        assert "were erased" in text_of(page)
        for gone in ("555-0142", "1948", "her knee", 'class="player"', ">Reopen<"):
            assert gone not in page.text


class TestHostileText:
    def test_what_others_wrote_is_shown_as_text(self, client_as, leave, line, staff, change):
        leave(from_=HOSTILE, keys="2 6175550143# 1 4 3 1 2 1")
        member = staff(Role.LEAD, name=HOSTILE)
        client = client_as(member)
        client.send(f"{PAGE}/note", {"note": HOSTILE})
        client.send(f"{PAGE}/attempt", {"outcome": "busy", "note": HOSTILE})
        client.send(f"{PAGE}/claim")
        page = client_as(staff(Role.LEAD)).get(PAGE)
        assert page.text.count("&lt;script&gt;alert(1)") >= 5
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text

    def test_what_was_typed_comes_back_as_text(self, client_as, leave):
        leave()
        page = client_as(Role.STAFF).send(
            f"{PAGE}/attempt", {"outcome": HOSTILE, "note": HOSTILE, "follow_up_at": HOSTILE}
        )
        assert page.status_code == 409
        assert "<script>alert" not in page.text
        page = client_as(Role.STAFF).send(f"{PAGE}/edit", {"callback_number": HOSTILE})
        assert "this is no telephone number" in page.text
        assert "<script>alert" not in page.text


class TestWhoMayDoWhat:
    ROUTES = (
        ("GET", ""), ("POST", "/standing"), ("POST", "/claim"), ("POST", "/release"), ("POST", "/attempt"), ("POST", "/close"),
        ("POST", "/reopen"), ("POST", "/undo"), ("POST", "/note"), ("POST", "/edit"), ("POST", "/take-over"), ("POST", "/reassign"),
    )  # fmt: skip
    LEADS = ("/take-over", "/reassign")

    @pytest.mark.parametrize(("method", "path"), ROUTES)
    @pytest.mark.parametrize("role", [None, *Role])
    def test_each_address_asks_for_its_role(self, client, client_as, leave, method, path, role):
        leave()
        who = client if role is None else client_as(role)
        answer = who.get(PAGE + path) if method == "GET" else who.send(PAGE + path)
        if role is None:
            assert (answer.status_code, answer.location.split("?")[0]) == (302, "/console/sign-in")
        elif role is Role.STAFF and path in self.LEADS:
            assert answer.status_code == 403
        else:
            assert answer.status_code in (200, 303, 409)

    @pytest.mark.parametrize("path", ["/console/recordings/1.wav", "/console/recordings/1.json"])
    def test_messages_are_for_those_who_are_signed_in(self, client, client_as, leave, line, path):
        leave(APPOINTMENT)
        store_audio(line.database, "RE1", speechlike(2), 2, NOW)
        assert client.get(path).status_code == 302
        assert client_as(Role.STAFF).get(path).status_code == 200

    @pytest.mark.parametrize("id_", ["99", "0", str(2**63), "9" * 40, "-1", "x"])
    def test_what_is_not_there_is_not_found(self, client_as, id_):
        client = client_as(Role.LEAD)
        for path in (f"requests/{id_}", f"recordings/{id_}.wav", f"recordings/{id_}.json"):
            assert client.get(f"/console/{path}").status_code == 404
        for path in ("claim", "note", "standing"):
            assert client.send(f"/console/requests/{id_}/{path}", {"note": "x"}).status_code == 404

    def test_forms_have_their_token(self, client_as, leave):
        leave()
        client = client_as(Role.LEAD)
        forms = re.findall(r'<form method="post".*?</form>', client.get(PAGE).text, re.S)
        assert len(forms) >= 6
        assert all('name="csrf_token"' in form for form in forms)
        assert client.post(f"{PAGE}/claim").status_code == 400


class TestDeeds:
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
        assert page.text.count('<fieldset class="bare" disabled>') == 2
        assert f"{client.member.name} is working on this request. Only notes can be added." in text_of(page)
        assert ">Take over<" not in page.text
        assert ">Take over<" in client_as(Role.LEAD).get(PAGE).text

    def test_an_attempt_puts_it_back_with_the_follow_up_that_was_chosen(self, client, line):
        sent = {"outcome": "left_message", "follow_up_at": "2026-11-24T09:15", "note": "her son answered"}
        assert client.send(f"{PAGE}/attempt", sent).status_code == 303
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
        proposed = re.search(r'value="busy" required data-follow-up="([^"]+)"', page)[1]
        assert proposed == "2026-11-23T10:30"
        client.send(f"{PAGE}/attempt", {"outcome": "busy"})
        assert entries(line)[-1].follow_up_at == NOW + timedelta(minutes=30)

    @pytest.mark.parametrize(
        ("path", "sent", "told"),
        [
            ("attempt", {"note": "kept text"}, "Choose how the call went."),
            ("attempt", {"outcome": "busy", "follow_up_at": "2026-11-23T09:00", "note": "kept text"}, "still to come"),
            ("attempt", {"outcome": "busy", "follow_up_at": "2028-01-03T09:00", "note": "kept text"}, "within a year"),
            (
                "attempt",
                {"outcome": "busy", "follow_up_at": "9999-12-31T23:59", "note": "kept text"},
                "a date and a time",
            ),
            ("attempt", {"outcome": "busy", "follow_up_at": "soon", "note": "kept text"}, "a date and a time"),
            ("close", {"note": "kept text"}, "Choose how it was settled."),
            ("close", {"disposition": "cancelled?", "note": "kept text"}, "Choose how it was settled."),
            ("note", {"note": "  "}, "Write something first."),
            ("note", {"note": "kept text" + "x" * 4000}, "at most 4000"),
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
        client.send(f"{PAGE}/close", {"disposition": "scheduled", "note": "Tuesday at nine"})
        page = client.get(PAGE)
        assert "Closed 10:00 AM : appointment scheduled" in text_of(page)
        assert "This request is closed. Reopen it to go on." in text_of(page)
        (entry,) = re.findall(r'name="entry" value="(\d+)"', page.text)
        client.send(f"{PAGE}/undo", {"entry": entry})
        page = text_of(client.get(PAGE))
        assert "You have this request" in page
        assert f"Taken back by {client.member.name}" in page
        assert trail(line, AuditAction.CLOSED) == trail(line, AuditAction.REOPENED) == ["request:1"]

    def test_a_day_later_it_is_reopened_instead(self, client_as, client, clock):
        client.send(f"{PAGE}/close", {"disposition": "answered"})
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
        assert not trail(line, AuditAction.SEEN)


class TestPlaying:
    @pytest.fixture
    def client(self, client_as, leave, line):
        leave(APPOINTMENT)
        store_audio(line.database, "RE1", speechlike(2), 2, NOW)
        return client_as(Role.STAFF)

    def test_parts_are_sent_as_they_are_asked_for(self, client, line):
        whole = speechlike(2)
        first = client.get("/console/recordings/1.wav?play=abcdefgh", headers={"Range": "bytes=0-"})
        part = client.get("/console/recordings/1.wav?play=abcdefgh", headers={"Range": "bytes=1000-1999"})
        assert (first.status_code, first.data) == (206, whole)
        assert (part.status_code, part.data) == (206, whole[1000:2000])
        assert part.headers["Content-Range"] == f"bytes 1000-1999/{len(whole)}"
        for answer in (first, part):
            assert answer.headers["Cache-Control"] == "no-store"
            assert answer.headers["Accept-Ranges"] == "bytes"
            assert answer.mimetype == "audio/wav"
        beyond = client.get("/console/recordings/1.wav?play=abcdefgh", headers={"Range": "bytes=99999999-"})
        assert beyond.status_code == 416
        assert trail(line, AuditAction.HEARD) == ["recording:1"]

    @pytest.mark.parametrize("play", ["", "x", "%25%25%25%25%25%25%25%25", "a" * 41])
    def test_a_play_without_a_proper_name_counts_each_time(self, client, line, play):
        for _ in range(2):
            assert client.get(f"/console/recordings/1.wav?play={play}").status_code == 200
        assert trail(line, AuditAction.HEARD) == ["recording:1"] * 2

    def test_the_picture_is_no_listening(self, client, line):
        drawn = client.get("/console/recordings/1.json").json
        assert drawn["seconds"] == 2
        assert max(drawn["bars"]) == 100
        assert not trail(line, AuditAction.HEARD)

    def test_a_wav_that_cannot_be_drawn_can_still_be_played(self, client, change):
        from ivr.models import RecordingAudio

        change(RecordingAudio, data=b"RIFF of some kind")
        assert client.get("/console/recordings/1.json").json == {"seconds": None, "bars": []}
        assert client.get("/console/recordings/1.wav").data == b"RIFF of some kind"
