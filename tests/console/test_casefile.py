"""One request's page: what it says, what it lets whom do, and that nothing stored on it can do harm."""

import re

import pytest

from ivr.console import words
from ivr.models import Disposition, PatientRequest, Recording, RecordingStatus, Role
from ivr.services.audit import Actor
from ivr.services.keeping.retention import erase_requests
from ivr.services.recordings.recordings import store_audio
from ivr.services.requests import triage
from ivr.simulator.speechlike import speechlike
from tests.support.callers import CALLBACK
from tests.support.settings import MONDAY_MORNING as NOW
from tests.support.staff_pages import text_of

APPOINTMENT = "1 1 2 2 2 05171948 1 2 1 1 2 2 2 2 1 1 r 1"
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
PAGE = "/console/requests/1"


class TestWhatItTells:
    def test_everything_the_caller_keyed_in_words(self, client_as, leave):
        leave(APPOINTMENT)
        page = client_as(Role.STAFF).get(PAGE)
        told = text_of(page)
        for part in (
            "Urgent", "Warning sign named", "Asked for Appointment", "Patient Seen here before", "Visit Follow-up after a procedure",
            "Birth date (age) May 17, 1948 (78)", "Preferred day Tuesday", "Preferred time of day Morning", "Language English",
            "(617) 555-0142 May leave a message", "The number they called from.", "Call back by 10:31 AM", "Nobody has this request",
            "Warning signs Yes: fever", "19 steps", "1:15 Warning signs Said yes to a warning sign Alerting somebody",
        ):  # fmt: skip
            assert part in told, part

    def test_a_callers_answers_are_in_the_history(self, client_as, leave):
        leave(f"{CALLBACK} 2 2 2 2 2 2")
        page = client_as(Role.STAFF).get(PAGE)
        told = text_of(page)
        for part in (
            "Answered a question Reason: none → Something else The caller, 10:00 AM",
            "Reason: Something else → After a procedure they have had", "Best time: none → Any time",
            "Best time: Any time → Afternoon", "May leave a message: Yes → No", "Best time to call Afternoon",
        ):  # fmt: skip
            assert part in told, part
        assert "Preferred time of day" not in told
        assert 'name="entry"' not in page.text, "nothing of it can be undone"

    def test_who_asked_for_a_person_and_hung_up(self, client_as, leave):
        leave("0")
        told = text_of(client_as(Role.STAFF).get(PAGE))
        for part in (
            "Reason Asked for a person, and hung up before one came", "Incomplete: the caller hung up before it was saved",
            "(617) 555-0142", "The caller hung up before it was saved The caller, 10:00 AM",
        ):  # fmt: skip
            assert part in told, part
        assert "Pressed nothing" not in told

    def test_who_spoke_and_pressed_nothing(self, client_as, leave):
        leave("s s s r")
        told = text_of(client_as(Role.STAFF).get(PAGE))
        for part in (
            "Incomplete Pressed nothing", "Reason Left a voice message", "Keys Pressed nothing in the whole call, as machines do",
            "The caller pressed nothing The caller, 10:00 AM",
        ):  # fmt: skip
            assert part in told, part
        assert re.search(r"Request \d{6} Routine Callback Incomplete Pressed nothing", told)

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
        leave(from_=HOSTILE, keys="2 6175550143# 1 4 3 1 2")
        member = staff(Role.LEAD, name=HOSTILE)
        client = client_as(member)
        client.send(f"{PAGE}/save", {"note": HOSTILE})
        client.send(f"{PAGE}/save", {"outcome": "busy", "note": HOSTILE})
        client.send(f"{PAGE}/claim")
        page = client_as(staff(Role.LEAD)).get(PAGE)
        assert page.text.count("&lt;script&gt;alert(1)") >= 5
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text

    def test_what_was_typed_comes_back_as_text(self, client_as, leave):
        leave()
        page = client_as(Role.STAFF).send(
            f"{PAGE}/save", {"outcome": HOSTILE, "note": HOSTILE, "follow_up_at": HOSTILE}
        )
        assert page.status_code == 409
        assert "<script>alert" not in page.text
        page = client_as(Role.STAFF).send(f"{PAGE}/edit", {"callback_number": HOSTILE})
        assert "this is no telephone number" in page.text
        assert "<script>alert" not in page.text


class TestWhoMayDoWhat:
    ROUTES = (
        ("GET", ""), ("POST", "/standing"), ("POST", "/claim"), ("POST", "/release"), ("POST", "/save"), ("POST", "/draft"),
        ("POST", "/reopen"), ("POST", "/undo"), ("POST", "/edit"), ("POST", "/take-over"), ("POST", "/reassign"),
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
        for path in ("claim", "save", "standing", "draft"):
            assert client.send(f"/console/requests/{id_}/{path}", {"note": "x"}).status_code == 404

    def test_forms_have_their_token(self, client_as, leave):
        leave()
        client = client_as(Role.LEAD)
        forms = re.findall(r'<form method="post".*?</form>', client.get(PAGE).text, re.S)
        assert len(forms) >= 6
        assert all('name="csrf_token"' in form for form in forms)
        assert client.post(f"{PAGE}/claim").status_code == 400
