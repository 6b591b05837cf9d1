"""Gather, row by row of the carrier's contract."""

from collections.abc import Callable

import pytest

from ivr.simulator import Transcript

Call = Callable[..., Transcript]
NEXT = "<Say>gathered</Say>"
AFTER = "<Say>nothing came</Say>"

# attributes | script | Digits and FinishedOnKey at the action, or None when it is not called
RESULTS: list[tuple[str, str, tuple[str, str] | None]] = [
    ("", "12#", ("12", "#")),
    ("", "12", ("12", "")),
    ("numDigits='2'", "12", ("12", "")),
    ("numDigits='2'", "1#", ("1", "#")),
    ("numDigits='2'", "1", ("1", "")),
    ("", "#", None),
    ("", "s", None),
    ("finishOnKey='*'", "1#2*", ("1#2", "*")),
    ("finishOnKey='' numDigits='3'", "1#*", ("1#*", "")),
    ("actionOnEmptyResult='true'", "s", ("", "")),
    ("actionOnEmptyResult='true'", "#", ("", "#")),
    ("numDigits='1'", "#", None),
]


@pytest.mark.parametrize(("attributes", "script", "expected"), RESULTS)
def test_results(call: Call, line, attributes: str, script: str, expected: tuple[str, str] | None) -> None:
    after = "" if "Empty" in attributes else AFTER
    transcript = call(script, {"/voice/incoming": f"<Gather action='/g' {attributes}/>{after}", "/g": NEXT})
    forms = line.asked("/g")
    if expected is None:
        assert forms == []
        assert transcript.said == "nothing came"
    else:
        assert [(form["Digits"], form["FinishedOnKey"], form["msg"]) for form in forms] == [(*expected, "Gather End")]
        assert transcript.said == "gathered"


def test_bare_leaves_out_what_is_not_documented(call: Call, line) -> None:
    gather = "<Gather action='/g' actionOnEmptyResult='true'/>"
    call("s 1", {"/voice/incoming": gather, "/g": gather}, bare=True)
    first, second = line.asked("/g")
    assert "Digits" not in first
    assert second["Digits"] == "1"
    assert not {"FinishedOnKey", "msg"} & second.keys()


def test_the_timer_starts_after_the_prompts_and_again_with_each_key(call: Call) -> None:
    page = "<Gather action='/g' timeout='4'><Pause length='20'/></Gather>"
    assert call("s", {"/voice/incoming": page}).seconds == 24
    assert call("12", {"/g": ""}).seconds == pytest.approx(20 + 0.5 + 0.3 + 4)


def test_a_key_stops_the_prompts(call: Call) -> None:
    page = "<Gather action='/g' numDigits='1'><Say>one</Say><Pause length='9'/><Say>two</Say></Gather>"
    transcript = call("w2.4:7", {"/voice/incoming": page, "/g": ""})
    assert transcript.seconds == 2.4
    assert transcript.seconds_listened == 2.4
    assert transcript.render() == (
        "carrier call from +16175550123 to +16175550100\n"
        "line    one\n"
        "line    [pause 9 s]\n"
        "caller  presses 7 (cutting in)\n"
        "line    hangs up (end of the document)\n"
    )


def test_a_key_outside_of_a_gather_is_lost(call: Call, line) -> None:
    page = "<Gather action='/g' numDigits='1' timeout='9'/>"
    rest = "<Pause length='5'/><Gather action='/h'/>"
    transcript = call("123 4", {"/voice/incoming": page, "/g": rest, "/h": ""})
    assert line.asked("/g")[0]["Digits"] == "1"
    assert line.asked("/h")[0]["Digits"] == "4"
    assert "presses 2 (not heard)" in transcript.render()


def test_keys_are_typed_on_into_the_next_gather(call: Call, line) -> None:
    gather = "<Gather action='/{}' numDigits='{}'><Say>tell me your number now</Say></Gather>"
    call(
        "617*6175550199 5",
        {
            "/voice/incoming": "<Gather action='/a' finishOnKey='*'/>",
            "/a": gather.format("b", 10),
            "/b": gather.format("c", 1),
            "/c": "",
        },
    )
    assert [line.asked(path)[0]["Digits"] for path in ("/a", "/b", "/c")] == ["617", "6175550199", "5"]


def test_hanging_up_at_a_gather_asks_nothing_more(call: Call, line) -> None:
    transcript = call("h", {"/voice/incoming": "<Gather action='/g'/>"})
    assert [path for path, _ in line.requests] == ["/voice/incoming", "/voice/status"]
    assert transcript.ended_by == "caller"
    assert transcript.errors == []


def test_hanging_up_during_prompts(call: Call) -> None:
    page = "<Say>a b c d e</Say><Gather action='/g'><Pause length='10'/></Gather>"
    assert call("w3:h", {"/voice/incoming": page}).seconds == 5
    assert call("s", hang_up_at=1.5).seconds == 1.5


def test_a_get_gather_is_signed_with_its_url_alone(call: Call, line) -> None:
    call("1#", {"/voice/incoming": "<Gather action='/g?n=1' method='GET'/>", "/g": ""})
    assert line.asked("/g")[0]["Digits"] == "1"
    assert line.asked("/g")[0]["n"] == "1"
