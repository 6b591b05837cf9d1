"""A whole call: its webhooks, what ends it, and what the carrier does when the line fails."""

import io
from collections.abc import Callable, Mapping

import pytest

from ivr.simulator import (
    Carrier,
    Faults,
    Party,
    Paths,
    Response,
    ScriptedCaller,
    Transcript,
    TwimlError,
    WsgiTransport,
)
from ivr.simulator.errors import CallError, ConnectFailure, MediaError

Call = Callable[..., Transcript]
ROLES, PARTS = ("From", "To", "Caller", "Called"), ("City", "State", "Zip", "Country")
GEO = {role + part for role in ROLES for part in PARTS}


def test_the_first_webhook(call: Call, line) -> None:
    call("", {"/voice/incoming": ""}, extra={"StirVerstat": "TN-Validation-Passed-A"})
    form, headers = line.asked("/voice/incoming")[0], line.headers[0]
    assert form["CallStatus"] == "ringing"
    assert form["CallSid"].startswith("CA")
    assert len(form["CallSid"]) == 34
    assert form["StirVerstat"] == "TN-Validation-Passed-A"
    assert form.keys() >= GEO
    assert form["FromCity"] == ""
    assert headers["Content-Type"] == "application/x-www-form-urlencoded; charset=UTF-8"
    assert headers["User-Agent"] == "TwilioProxy/1.1"
    assert len(headers["I-Twilio-Idempotency-Token"]) == 36


def test_sip_calls_have_no_geography(call: Call, line) -> None:
    call("", {"/voice/incoming": ""}, from_="sip:desk@clinic.example", to="sip:line@clinic.sip.twilio.com")
    form = line.asked("/voice/incoming")[0]
    assert not GEO & form.keys()
    assert form["SipDomain"] == "clinic.sip.twilio.com"


def test_a_withheld_caller(call: Call, line) -> None:
    call("", {"/voice/incoming": ""}, from_=Party("+266696687", country="LS"))
    assert line.asked("/voice/incoming")[0]["CallerCountry"] == "LS"


def test_the_status_callback(call: Call, line) -> None:
    transcript = call("", {"/voice/incoming": "<Pause length='61'/>"})
    form = line.asked("/voice/status")[0]
    assert form["CallStatus"] == "completed"
    assert (form["CallDuration"], form["Duration"]) == ("61", "2")
    assert form["Timestamp"] == "Mon, 02 Nov 2026 15:01:01 +0000"
    assert form["CallbackSource"] == "call-progress-events"
    assert form["CallSid"] == transcript.call_sid


# document | who ended the call, how long it took, its status
ENDS = [
    ("", ("line", 0, "completed")),
    ("<Say>one two three four five</Say>", ("line", 2, "completed")),
    ("<Pause/><Hangup/>", ("line", 1, "completed")),
    ("<Reject/>", ("line", 0, "no-answer")),
    ("<Reject reason='busy'/>", ("line", 0, "busy")),
    ("<Gather action='/x'/>", ("caller", 0.5, "completed")),
    ("<Play digits='1w2'/>", ("line", 0.9, "completed")),
    ("<Say loop='3'>one two three four five</Say>", ("line", 6, "completed")),
    ("<Redirect>/end</Redirect>", ("line", 3, "completed")),
    ("<Redirect method='GET'>http://line.test/end?x=%2F1</Redirect>", ("line", 3, "completed")),
]


@pytest.mark.parametrize(("page", "expected"), ENDS)
def test_ends(call: Call, page: str, expected: tuple[str, float, str]) -> None:
    transcript = call("", {"/voice/incoming": page, "/end": "<Pause length='3'/>"})
    assert (transcript.ended_by, transcript.seconds, transcript.status) == expected


def test_clips_are_fetched_once_and_read(call: Call, line, make_clip: Callable[..., bytes]) -> None:
    line.clips = {
        "hello.wav": (make_clip(2.5, "Thank you  for calling.", "greeting"), "audio/x-wav"),
        "gap.wav": (make_clip(0.6), "audio/wav"),
        "old.mp3": (b"ID3", "audio/mpeg"),
    }
    clips = "<Play>/clips/hello.wav</Play><Play>clips/gap.wav</Play><Play loop='2'>/clips/old.mp3</Play>"
    transcript = call("", {"/voice/incoming": clips.replace("clips/gap", "../clips/gap")})
    assert transcript.said == "Thank you for calling. [audio /clips/old.mp3] [audio /clips/old.mp3]"
    assert transcript.titles == ("greeting",)
    assert transcript.seconds == pytest.approx(2.5 + 0.6 + 6)
    assert "line    Thank you for calling.  (greeting)\nline    [0.6 s]\n" in transcript.render(titles=True)


@pytest.mark.parametrize(
    ("content", "code"),
    [((b"RIFF", "text/html"), 13420), ((b"not a wave", "audio/wav"), 13420), (None, 11200)],
)
def test_a_clip_that_cannot_be_played(call: Call, line, content: tuple[bytes, str] | None, code: int) -> None:
    line.clips = {"a.wav": content} if content else {}
    with pytest.raises(MediaError, match=f"E:{code}"):
        call("", {"/voice/incoming": "<Play>/clips/a.wav</Play>"})
    transcript = call("", {"/voice/fallback": "<Say>sorry</Say>"}, strict=False)
    assert transcript.said == "sorry"


# what the line answers | ErrorCode at the fallback
FAILURES = [
    (("boom", 500), "11200"),
    (("no", 404), "11200"),
    (("{}", 200, {"Content-Type": "application/json"}), "12300"),
    (("<Response><Sya/></Response>", 200, {"Content-Type": "text/xml"}), "12200"),
    (("", 200, {"Content-Type": "text/xml"}), "12100"),
]


@pytest.mark.parametrize(("answer", "code"), FAILURES)
def test_a_failure_goes_to_the_fallback(call: Call, line, answer: tuple[str, int], code: str) -> None:
    pages = {"/voice/incoming": "<Redirect>/bad?n=1</Redirect>", "/bad": answer}
    pages["/voice/fallback"] = "<Say>sorry</Say>"
    transcript = call("", pages, strict=False)
    (form,) = line.asked("/voice/fallback")
    assert (form["ErrorCode"], form["ErrorUrl"]) == (code, f"{line.base}/bad?n=1")
    assert len(line.asked("/bad")) == 1
    assert transcript.said == "sorry"
    assert transcript.errors


def test_a_failing_fallback_ends_the_call(call: Call, line) -> None:
    transcript = call("", {"/voice/incoming": ("", 500), "/voice/fallback": ("", 500)})
    assert transcript.ended_by == "error"
    assert transcript.errors[-1] == "an application error has occurred"
    assert line.asked("/voice/status")
    without = call("", {}, paths=Paths(fallback=""))
    assert without.ended_by == "error"


def test_a_strict_telephone_raises_with_the_document_and_the_call(call: Call) -> None:
    with pytest.raises(TwimlError, match="<Sya> on line 1") as caught:
        call("", {"/voice/incoming": "<Say>hi</Say><Redirect>/bad</Redirect>", "/bad": "<Sya/>"})
    notes = "\n".join(caught.value.__notes__)
    assert "<Sya/>" in notes
    assert "line    hi" in notes


def test_other_content_types(call: Call, line) -> None:
    html = {"Content-Type": "text/html; charset=utf-8"}
    assert call("", {"/voice/incoming": ("<Response><Say>a</Say></Response>", 200, html)}).said == "a"
    text = {"Content-Type": "text/plain"}
    assert call("", {"/voice/incoming": ("Good morning", 200, text)}).said == "Good morning"
    assert call("", {"/voice/incoming": ("<Response><Say>b</Say></Response>", 200, text)}).said == "b"


def test_redirects_are_followed_with_get_and_lose_the_form(call: Call, line) -> None:
    pages = {"/voice/incoming": ("", 302, {"Location": "/moved?x=%2F"}), "/moved": "<Say>here</Say>"}
    assert call("", pages).said == "here"
    assert line.asked("/moved") == [{"x": "/"}]
    looping = call("", {"/voice/incoming": ("", 301, {"Location": "/voice/incoming"})})
    assert any("E:11215" in error for error in looping.errors)


class Broken:
    """A transport that fails to connect so many times, and then goes through."""

    def __init__(self, line, failures: int) -> None:
        self._inner = WsgiTransport(line.app())
        self.failures = failures
        self.tokens: list[str] = []

    def request(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> Response:
        self.tokens.append(headers["I-Twilio-Idempotency-Token"])
        if self.failures:
            self.failures -= 1
            raise ConnectFailure("no connection", 11205)
        return self._inner.request(method, url, body, headers)


def test_a_connect_failure_is_retried_once_with_the_same_token(call: Call, line) -> None:
    pages = {"/voice/incoming": "<Say>hi</Say>", "/voice/fallback": "<Say>sorry</Say>"}
    once = Broken(line, 1)
    assert call("", pages, transport=once).said == "hi"
    assert once.tokens[0] == once.tokens[1]
    assert call("", pages, transport=Broken(line, 2)).said == "sorry"
    assert line.asked("/voice/fallback")[0]["ErrorCode"] == "11205"


class BreaksRepeats:
    """A transport that fails whenever a webhook comes a second time."""

    def __init__(self, line) -> None:
        self._inner = WsgiTransport(line.app())
        self.tokens: set[str] = set()
        self.failed = 0

    def request(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> Response:
        token = headers["I-Twilio-Idempotency-Token"]
        if token in self.tokens:
            self.failed += 1
            raise ConnectFailure("no connection", 11205)
        self.tokens.add(token)
        return self._inner.request(method, url, body, headers)


def test_a_late_delivery_that_fails_troubles_nobody(call: Call, line) -> None:
    transport = BreaksRepeats(line)
    faults = Faults(stale=1.0, completed_early=True, seed=3)
    assert call("", {"/voice/incoming": "<Say>hi</Say>"}, transport=transport, faults=faults).said == "hi"
    assert transport.failed == 2


def test_circles_are_found(call: Call) -> None:
    with pytest.raises(CallError, match="circle"):
        call("", {"/voice/incoming": "<Redirect>/voice/incoming</Redirect>"})
    assert call("", {}, strict=False).ended_by == "error"
    with pytest.raises(CallError, match="four hours"):
        call("", {"/voice/incoming": "<Pause length='60'/><Redirect>/voice/incoming</Redirect>"})


def test_sign_as_signs_for_the_public_address(line, carrier: Callable[..., Carrier]) -> None:
    line.public = "https://ivr.example/app"
    line.pages = {
        "/voice/incoming": "<Gather action='/app/voice/turn?n=1'/>",
        "/voice/turn": "<Redirect>https://ivr.example/app/end</Redirect>",
        "/end": "<Say>end</Say>",
    }
    transcript = carrier(sign_as=line.public).call(ScriptedCaller.parse("1"))
    assert line.refused == []
    assert transcript.said == "end"


def test_a_wrong_token_is_refused(line) -> None:
    carrier = Carrier(line.base, line.account, line.token + "x", transport=WsgiTransport(line.app()))
    transcript = carrier.call(ScriptedCaller.parse(""))
    assert transcript.ended_by == "error"
    assert "status 403" in transcript.errors[0]


def test_a_seed_repeats_the_identifiers(call: Call) -> None:
    pages = {"/voice/incoming": ""}
    assert call("", pages, seed=5).call_sid == call("", pages, seed=5).call_sid
    assert call("", pages, seed=5).call_sid != call("", pages, seed=6).call_sid


def test_render_with_times_and_webhooks(call: Call) -> None:
    text = call("", {"/voice/incoming": "<Pause/>"}).render(times=True, webhooks=True)
    assert text.splitlines() == [
        "    0.0  carrier call from +16175550123 to +16175550100",
        "    0.0  carrier asks http://line.test/voice/incoming",
        "    0.0  line    [pause 1 s]",
        "    1.0  line    hangs up (end of the document)",
        "    1.0  carrier status http://line.test/voice/status",
    ]


ASK = "<Gather action='/turn?n={}' numDigits='1'/>"
STEPS = {"/voice/incoming": ASK.format(1), "/turn": ASK.format(2)}


def test_delivering_twice(line, carrier: Callable[..., Carrier]) -> None:
    line.pages = dict(STEPS)
    phone = carrier(faults=Faults(twice=1.0))
    phone.call(ScriptedCaller.parse("1 2 3"))
    assert len(line.asked("/voice/incoming")) == 2
    assert len(line.asked("/turn")) == 6
    assert len(line.asked("/voice/status")) == 1
    assert phone.inconsistent == ()


def test_answers_that_differ_are_found(line, carrier: Callable[..., Carrier]) -> None:
    answers = iter(["<Say>first</Say>", "<Say>second</Say>"])
    line.pages = {"/voice/incoming": lambda _: next(answers)}
    phone = carrier(faults=Faults(twice=1.0))
    assert phone.call(ScriptedCaller.parse("")).said == "second"
    assert [delivery.url for delivery in phone.inconsistent] == [f"{line.base}/voice/incoming"]


def test_stale_turns_come_again_with_their_own_token(line, carrier: Callable[..., Carrier]) -> None:
    line.pages = dict(STEPS)
    phone = carrier(faults=Faults(stale=1.0, seed=3))
    phone.call(ScriptedCaller.parse("1 2 3 4"))
    tokens = [headers["I-Twilio-Idempotency-Token"] for headers in line.headers]
    assert len(tokens) == 5 * 2 + 1
    assert len(set(tokens)) == 6
    assert phone.inconsistent == ()


def test_completed_overtakes_the_last_webhook(call: Call, line) -> None:
    pages = {"/voice/incoming": "<Record action='/r'/>", "/r": ""}
    call("r5h", pages, faults=Faults(completed_early=True))
    assert [path for path, _ in line.requests] == ["/voice/incoming", "/voice/status", "/r", "/r"]


def test_dropping_the_status_callback(call: Call, line) -> None:
    call("", {"/voice/incoming": ""}, faults=Faults(drop_status=True))
    assert line.asked("/voice/status") == []


def test_a_failing_status_callback_is_an_error_of_the_call(call: Call, line) -> None:
    transcript = call("", {"/voice/incoming": "", "/voice/status": ("", 500)})
    assert transcript.errors == [f"E:11200 {line.base}/voice/status answered with status 500"]


def test_the_listener_hears_each_entry_at_once(line, carrier: Callable[..., Carrier]) -> None:
    line.pages = {"/voice/incoming": "<Say>hi</Say>"}
    out = io.StringIO()
    transcript = carrier().call(ScriptedCaller.parse(""), listener=lambda entry: print(entry.text, file=out))
    assert out.getvalue().splitlines() == [entry.text for entry in transcript.entries]
