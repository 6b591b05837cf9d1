"""Scripts: the tokens, and how a scripted caller spends them."""

import pytest

from ivr.simulator import HangUp, Keys, ScriptedCaller, Silence, Speak, Wait
from ivr.simulator.verbs import Gather, Record

GATHER, RECORD = Wait(Gather("/x")), Wait(Record("/x"))


@pytest.mark.parametrize(
    ("token", "at_gather", "at_record"),
    [
        ("2", Keys("2"), Speak(3.0, "2")),
        ("617*6175550199", Keys("617*6175550199"), Speak(3.0, "617*6175550199")),
        ("05171948#", Keys("05171948#"), Speak(3.0, "05171948#")),
        ("s", Silence(), Silence()),
        ("h", HangUp(), HangUp()),
        ("r12", Silence(), Speak(12.0, "#")),
        ("r1.5s", Silence(), Speak(1.5)),
        ("r12h", Silence(), Speak(12.0, hang_up=True)),
        ("w2.5:12", Keys("12", 2.5), Speak(3.0, "12")),
        ("w3:h", HangUp(3.0), HangUp()),
        ("", HangUp(), HangUp()),
    ],
)
def test_tokens(token: str, at_gather: object, at_record: object) -> None:
    assert ScriptedCaller.parse(token).at_gather(GATHER) == at_gather
    assert ScriptedCaller.parse(token).at_record(RECORD) == at_record


@pytest.mark.parametrize("token", ["x", "1a", "r", "r12x", "w:1", "w2:s", "A", "+1617", "hh"])
def test_a_bad_token_is_named(token: str) -> None:
    with pytest.raises(ValueError, match="token") as caught:
        ScriptedCaller.parse(f"1 {token} 2")
    assert repr(token) in str(caught.value)


def test_barge_in_and_unused_tokens() -> None:
    caller = ScriptedCaller.parse("1 2 w3:4 5", barge_in=True)
    assert [caller.at_gather(GATHER) for _ in range(3)] == [Keys("1", 0.5), Keys("2", 0.5), Keys("4", 3.0)]
    assert caller.unused == ("5",)
