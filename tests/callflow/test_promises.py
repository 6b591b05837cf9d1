"""What a caller is told is true: whether somebody comes, whether a message is kept, whether the request is open."""

import pytest

from ivr.callflow import events as ev
from ivr.callflow import outputs as out
from ivr.callflow.answers import Reason


@pytest.mark.parametrize("desk", [(), ("+16175550111",)])
def test_a_silent_caller_who_hangs_up_has_not_asked_for_a_person(call, desk):
    silent = call(desk=desk)("s s s h")
    (left,) = [event for event in silent.events if isinstance(event, ev.RequestLeft)]
    assert (left.draft.reason, left.draft.callback_number, left.is_human) == (None, "+16175550142", False)


@pytest.mark.parametrize(
    ("is_open", "desk", "node", "said"),
    [
        (True, ("+16175550111",), "person", "person_connecting"),
        (True, (), "voicemail", "person_nobody"),
        (False, (), "voicemail", "person_closed"),
    ],
)
def test_who_wants_a_person_is_told_what_is_true(call, is_open, desk, node, said):
    talk = call(desk=desk, is_open=is_open)("0")
    assert (talk.node, said in talk.prompts) == (node, True)


@pytest.mark.parametrize("keys", ["2 1 0 r", "2 1 0 r 2 4 3 1 2", "2 1 4 3 1 1 r 1 0 r 2 4 3 1 2", "2 1 0 r 0 r"])
def test_nothing_takes_a_voicemail_away(call, keys):
    draft = call()(keys).draft
    assert (draft.voicemail_sid, draft.recording_sid, draft.reason is Reason.MESSAGE) == ("RE1", None, False)


def test_a_request_that_staff_have_closed_is_promised_nothing(call):
    talk = call(records={"standing": "closed"})("2 1 4 3 1 2")
    assert (talk.node, talk.prompts) == ("closed_receipt", ["saved_closed", "saved_repeat", "option_main"])
    assert talk("9").prompts == talk("5").prompts == ["saved_closed", "saved_repeat", "option_main"]


@pytest.mark.parametrize(
    ("keys", "before", "after"),
    [("1 1 1 1", "warning", "birth_date"),
     ("2 1 2", "red_flags_911", "red_flags_question")],
)  # fmt: skip
def test_a_pause_follows_the_911_sentence(call, keys, before, after):
    outputs = call()(keys).turn.outputs
    speech = [part for one in outputs for part in (one.speech if isinstance(one, out.Gather) else (one,))]
    place = speech.index(out.Say(before))
    assert speech[place + 1 : place + 3] == [out.Pause(500), out.Say(after)]
