"""Dial, row by row of the carrier's contract."""

from collections.abc import Callable

import pytest

from ivr.simulator import Answers, FixedDesk, Transcript, Unreached
from ivr.simulator.errors import CallError

Call = Callable[..., Transcript]
ONE, TWO = "+16175550101", "+16175550102"
WHISPER = "<Gather action='/accept' numDigits='1'><Say>a call, press 1</Say></Gather><Hangup/>"
DIAL = f"<Dial action='/dialled' timeout='20'><Number url='/whisper'>{ONE}</Number></Dial>"


def accept(form: dict[str, str]) -> str:
    return "" if form.get("Digits") == "1" else "<Hangup/>"


# desk | DialCallStatus, DialBridged, DialCallDuration
OUTCOMES = [
    (Answers(after=4, keys="1", talks=30), ("completed", "true", "32")),
    (Answers(keys="2"), ("completed", "false", "2")),
    (Answers(keys=""), ("completed", "false", "7")),
    (Answers(keys="", declined_as="no-answer"), ("no-answer", "false", "7")),
    (Answers(hangs_up=True), ("completed", "false", "2")),
    (Answers(after=21), ("no-answer", "false", None)),
    (Unreached(), ("no-answer", "false", None)),
    (Unreached("busy"), ("busy", "false", None)),
    (Unreached("failed"), ("failed", "false", None)),
]


@pytest.mark.parametrize(("reply", "expected"), OUTCOMES)
def test_outcomes(call: Call, line, reply: Answers | Unreached, expected: tuple[str, str, str | None]) -> None:
    pages = {"/voice/incoming": DIAL, "/whisper": WHISPER, "/accept": accept, "/dialled": "<Say>back</Say>"}
    transcript = call("", pages, desk=FixedDesk(reply))
    (form,) = line.asked("/dialled")
    assert (form["DialCallStatus"], form["DialBridged"], form.get("DialCallDuration")) == expected
    assert transcript.said == "back"


def test_the_whisper_is_asked_as_a_call_of_its_own(call: Call, line) -> None:
    pages = {"/voice/incoming": DIAL, "/whisper": WHISPER, "/accept": accept, "/dialled": ""}
    transcript = call("", pages, desk=FixedDesk(Answers()))
    (incoming,), (whisper,), (accepted,) = (line.asked(path) for path in ("/voice/incoming", "/whisper", "/accept"))
    assert whisper["CallSid"] == accepted["CallSid"] == line.asked("/dialled")[0]["DialCallSid"]
    assert whisper["ParentCallSid"] == incoming["CallSid"] != whisper["CallSid"]
    assert (whisper["Direction"], whisper["To"]) == ("outbound-dial", ONE)
    assert transcript.render() == (
        "carrier call from +16175550123 to +16175550100\n"
        f"line    dials {ONE} for 20 s\n"
        f"desk    {ONE} answers after 5 s\n"
        "whisper a call, press 1\n"
        "whisper waits 5 s for 1 key\n"
        "desk    presses 1\n"
        "carrier connected for up to 30 s\n"
        "carrier the dial ends: completed, connected\n"
        "line    hangs up (end of the document)\n"
    )


@pytest.mark.parametrize("reply", [Answers(), Unreached()])
def test_without_an_action_the_next_verb_follows(call: Call, reply: Answers | Unreached) -> None:
    page = f"<Dial>{ONE}</Dial><Say>next</Say>"
    assert call("", {"/voice/incoming": page}, desk=FixedDesk(reply)).said == "next"


def test_the_first_to_pick_up_is_connected(call: Call) -> None:
    page = f"<Dial><Number>{ONE}</Number><Number>{TWO}</Number></Dial>"
    desk = FixedDesk(Answers(after=9), {TWO: Answers(after=3)})
    assert f"desk    {TWO} answers after 3 s" in call("", {"/voice/incoming": page}, desk=desk).render()


def test_a_dial_in_a_whisper_is_an_error(call: Call) -> None:
    pages = {"/voice/incoming": DIAL, "/whisper": f"<Dial>{TWO}</Dial>"}
    with pytest.raises(CallError, match="E:13201"):
        call("", pages, desk=FixedDesk(Answers()))


def test_a_strange_caller_id_is_an_error(call: Call) -> None:
    page = "<Dial callerId='{}'>" + ONE + "</Dial>"
    with pytest.raises(CallError, match="E:13214"):
        call("", {"/voice/incoming": page.format("+12125550199")})
    assert not call("", {"/voice/incoming": page.format("+16175550100")}).errors
    verified = frozenset({"+12125550199"})
    assert not call("", {"/voice/incoming": page.format("+12125550199")}, caller_ids=verified).errors


def test_hanging_up_while_it_rings_tells_the_action(call: Call, line) -> None:
    transcript = call("", {"/voice/incoming": DIAL, "/dialled": ""}, hang_up_at=7)
    (form,) = line.asked("/dialled")
    assert (form["DialCallStatus"], form["CallStatus"]) == ("canceled", "completed")
    assert (transcript.ended_by, transcript.seconds) == ("caller", 7)


def test_hanging_up_while_connected(call: Call, line) -> None:
    pages = {"/voice/incoming": DIAL, "/whisper": "", "/dialled": ""}
    call("", pages, desk=FixedDesk(Answers(after=2, talks=60)), hang_up_at=12)
    assert line.asked("/dialled")[0]["DialCallDuration"] == "10"


def test_the_desks_status_callback(call: Call, line) -> None:
    page = f"<Dial><Number statusCallback='/desk'>{ONE}</Number></Dial>"
    call("", {"/voice/incoming": page, "/desk": ("", 204)}, desk=FixedDesk(Answers(talks=61)))
    (form,) = line.asked("/desk")
    assert (form["CallStatus"], form["CallDuration"], form["Duration"]) == ("completed", "61", "2")
