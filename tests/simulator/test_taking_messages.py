"""Record, row by row of the carrier's contract."""

from collections.abc import Callable

import pytest

from ivr.simulator import Carrier, ScriptedCaller, Transcript

Call = Callable[..., Transcript]
EMPTY = "<Say>I heard nothing</Say>"

# attributes | script | RecordingDuration and Digits at the action, or None when it is not called
RESULTS: list[tuple[str, str, tuple[str, str] | None]] = [
    ("", "r12", ("12", "#")),
    ("", "5", ("3", "5")),
    ("", "r12s", ("12", "")),
    ("trim='do-not-trim' timeout='3'", "r12s", ("16", "")),
    ("maxLength='10'", "r12", ("10", "")),
    ("finishOnKey='*' timeout='5'", "r12", ("12", "")),
    ("", "r12h", ("12", "hangup")),
    ("", "r0.2", ("1", "#")),
    ("", "s", None),
    ("", "h", None),
]


@pytest.mark.parametrize(("attributes", "script", "expected"), RESULTS)
def test_results(call: Call, line, attributes: str, script: str, expected: tuple[str, str] | None) -> None:
    pages = {"/voice/incoming": f"<Record action='/r' {attributes}/>{EMPTY}", "/r": "<Hangup/>"}
    transcript = call(script, pages)
    forms = line.asked("/r")
    if expected is None:
        assert forms == []
        assert transcript.said == ("" if script == "h" else "I heard nothing")
    else:
        assert [(form["RecordingDuration"], form["Digits"]) for form in forms] == [expected]
        assert forms[0]["CallStatus"] == ("completed" if expected[1] == "hangup" else "in-progress")
        assert transcript.said == ""


def test_the_callback_comes_after_the_action_and_knows_no_numbers(call: Call, line) -> None:
    page = "<Record action='/r' recordingStatusCallback='/voice/recording'/>"
    transcript = call("r7", {"/voice/incoming": page, "/r": "", "/voice/recording": ("", 204)})
    assert [path for path, _ in line.requests][1:] == ["/r", "/voice/recording", "/voice/status"]
    form, action = line.asked("/voice/recording")[0], line.asked("/r")[0]
    assert not {"From", "To", "CallStatus"} & form.keys()
    assert form["RecordingSid"] == action["RecordingSid"]
    assert (form["RecordingDuration"], form["RecordingStatus"], form["ErrorCode"]) == ("7", "completed", "0")
    assert form["RecordingStartTime"] == "Mon, 02 Nov 2026 15:00:00 +0000"
    assert transcript.errors == []


def test_absent_is_told_only_when_asked_for(call: Call, line) -> None:
    record = "<Record action='/r' recordingStatusCallback='/cb' recordingStatusCallbackEvent='{}'/>"
    call("s", {"/voice/incoming": record.format("completed"), "/cb": ("", 204)})
    assert line.asked("/cb") == []
    call("s", {"/voice/incoming": record.format("completed absent")})
    assert [form["RecordingStatus"] for form in line.asked("/cb")] == ["absent"]


def test_the_recording_is_kept_with_sound_of_its_length(line, carrier: Callable[..., Carrier]) -> None:
    line.pages = {"/voice/incoming": "<Record action='/r'/>", "/r": ""}
    phone = carrier()
    phone.call(ScriptedCaller.parse("r12"))
    (kept,) = phone.recordings.list()
    url = line.asked("/r")[0]["RecordingUrl"]
    assert url == f"https://api.twilio.com/2010-04-01/Accounts/{line.account}/Recordings/{kept.sid}"
    assert len(kept.audio) == 44 + 12 * 16000


def test_transcript(call: Call) -> None:
    page = "<Record action='/r' maxLength='90'/>"
    assert call("r12", {"/voice/incoming": page, "/r": ""}).render() == (
        "carrier call from +16175550123 to +16175550100\n"
        "line    [beep]\n"
        "line    records up to 90 s, until any key or 5 s of silence\n"
        "caller  speaks 12 s\n"
        "caller  presses #\n"
        "line    hangs up (end of the document)\n"
    )


def test_a_caller_cut_off_does_not_type_on(call: Call, line) -> None:
    page = "<Record action='/r' maxLength='5'/>"
    call("r60 7", {"/voice/incoming": page, "/r": "<Gather action='/g' numDigits='1'/>", "/g": ""})
    assert line.asked("/g")[0]["Digits"] == "7"
