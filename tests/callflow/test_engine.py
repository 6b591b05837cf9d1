"""Where every key leads, what a miss says, and what is asked of the database: tables over the engine."""

import pytest

from ivr.callflow import events as ev
from ivr.callflow import outputs as out
from ivr.callflow.answers import BestTime, Kind, PatientType, Reason, VisitType, Weekday

WITHHELD = None


@pytest.mark.parametrize(
    ("keys", "node"),
    [
        ("", "main"),
        ("1", "patient"), ("2", "number"), ("3", "information"), ("4", "reference"), ("5", "main"), ("0", "voicemail"),
        ("9", "main"), ("*", "main"), ("#", "main"),
        ("3 1", "fracture"), ("3 2", "vertebroplasty"), ("3 3", "kyphoplasty"), ("3 4", "preparing"), ("3 *", "main"),
        ("3 1 3", "causes"), ("3 2 3", "benefit"), ("3 4 3 3 3 3", "risks"),
        ("3 1 1", "patient"), ("3 1 2", "number"), ("3 1 9", "fracture"), ("3 1 *", "information"),
        ("3 1 0", "voicemail"), ("3 3 3", "kyphoplasty"), ("3 1 3 3", "causes"),
        ("2 1", "reason"), ("2 2", "enter_number"), ("2 *", "main"),
        ("2 2 6175550199", "check_number"), ("2 2 6175550199 1", "reason"), ("2 2 6175550199 2", "enter_number"),
        ("2 2 6175550199 *", "enter_number"), ("2 2 6175550199#", "check_number"),
        ("2 2 16175550199", "check_number"), ("2 2 1617555019 9", "check_number"),
        ("2 2 617*617555 0199", "check_number"), ("2 2 617", "enter_number"), ("2 2 0000000000", "enter_number"),
        ("2 2 #", "enter_number"), ("2 2 617555019?", "enter_number"),
        ("2 1 1", "best_time"), ("2 1 2", "red_flags"), ("2 1 3", "best_time"), ("2 1 4", "best_time"),
        ("2 1 2 1", "best_time"), ("2 1 2 2", "best_time"), ("2 1 2 *", "reason"), ("2 1 *", "number"),
        ("2 1 4 1", "leave_message"), ("2 1 4 *", "reason"), ("2 1 4 3 1", "offer_message"),
        ("2 1 4 3 *", "best_time"), ("2 1 4 3 1 1", "message"), ("2 1 4 3 1 2", "confirm"),
        ("2 1 4 3 1 *", "leave_message"), ("2 1 4 3 1 1 r", "keep_message"), ("2 1 4 3 1 1 r 1", "confirm"),
        ("2 1 4 3 1 1 r 2", "keep_message"), ("2 1 4 3 1 1 r 3", "message"), ("2 1 4 3 1 1 r *", "confirm"),
        ("2 1 4 3 1 2 1", "saved"), ("2 1 4 3 1 2 2", "number"), ("2 1 4 3 1 2 *", "main"),
        ("2 1 4 3 1 2 1 9", "saved"), ("2 1 4 3 1 2 1 *", "main"), ("2 1 4 3 1 2 1 s", "goodbye"),
        ("2 1 4 3 1 2 1 0", "voicemail"), ("2 1 4 3 1 2 1 s 1", "main"),
        ("1 1", "visit"), ("1 2", "visit"), ("1 *", "main"), ("1 1 *", "patient"),
        ("1 1 1", "birth_date"), ("1 1 2", "red_flags"), ("1 1 3", "birth_date"), ("1 1 2 2", "birth_date"),
        ("1 1 2 *", "visit"), ("1 1 1 05171948", "check_birth_date"), ("1 1 1 #", "weekday"),
        ("1 1 1 05171948 1", "weekday"), ("1 1 1 05171948 2", "birth_date"), ("1 1 1 02301948", "birth_date"),
        ("1 1 1 # 7", "weekday"), ("1 1 1 # *", "birth_date"), ("1 1 1 # 6", "best_time"),
        ("1 1 1 # 6 3", "number"), ("1 1 1 # 6 *", "weekday"), ("1 1 1 # 6 3 *", "best_time"),
        ("1 1 1 # 6 3 1", "leave_message"), ("1 1 1 # 6 3 1 1 2 1", "saved"), ("1 1 1 # 6 3 1 1 2 2", "patient"),
        ("0 s", "voicemail"), ("0 r", "saved"), ("0 s s s", "no_message"), ("0 s s s 1", "voicemail"),
        ("0 s s s *", "main"), ("0 s s s s", "goodbye"), ("0 5", "voicemail"),
    ],
)  # fmt: skip
def test_every_key_leads_where_the_contract_says(call, keys, node):
    assert call()(keys).node == node


@pytest.mark.parametrize(
    ("keys", "node"),
    [
        ("2", "enter_number"), ("2 6175550199 1", "reason"), ("0", "message_number"),
        ("0 6175550199 1", "voicemail"), ("0 6175550199 2", "message_number"), ("0 s s s", "voicemail"),
        ("1 1 1 # 6 3", "enter_number"), ("1 1 1 # 6 3 6175550199 1", "leave_message"),
    ],
)  # fmt: skip
def test_a_withheld_caller_is_asked_for_a_number(call, keys, node):
    assert call(caller=WITHHELD)(keys).node == node


@pytest.mark.parametrize(
    "keys",
    ["", "3", "3 1", "2", "2 1", "2 1 2", "2 1 4", "2 1 4 3", "2 1 4 3 1", "2 1 4 3 1 2", "2 1 4 3 1 1 r", "1",
     "1 1", "1 1 1 05171948", "1 1 1 #", "2 2 6175550199", "2 2", "1 1 1"],
)  # fmt: skip
@pytest.mark.parametrize("misses", ["s s s", "8 8 8", "s 8 s"])
def test_the_third_miss_at_any_node_leads_to_a_person_or_a_message(call, keys, misses):
    there = call()(keys)
    node = there.node
    first = there(misses.split()[0])
    assert (first.node, first.turn.state.attempts) == (node, 1)
    second = there(misses.split()[1])
    assert (second.node, second.turn.state.attempts) == (node, 2)
    assert there(misses.split()[2]).node == "voicemail"
    assert "help_is_near" in there.prompts
    assert not any(isinstance(output, out.Hangup) for output in there.turn.outputs)


def test_three_empty_recordings_lead_to_a_person_and_a_key_before_the_beep_is_no_miss(call):
    assert call()("2 1 4 3 1 1 s s s").node == "voicemail"
    skipped = call()("2 1 4 3 1 1 5 5 5 5")
    assert (skipped.node, skipped.turn.state.attempts) == ("message", 0)


def test_the_first_reprompt_is_short_and_the_second_gives_an_example(call):
    assert call()("s").prompts[0] == "again_no_input"
    assert call()("8").prompts[0] == "again_no_match"
    assert call()("s s").prompts[0] == "main_example"
    assert call()("2 2 617").prompts == ["again_no_match", "enter_number"]
    assert call()("2 2 617 s").prompts == ["enter_number_example"]


def test_zero_rings_the_desk_while_it_is_open_number_by_number(call):
    open_call = call(desk=("+16175550111", "+16175550112"))("0")
    assert open_call.turn.outputs[-1] == out.Dial("+16175550111", 20)
    assert open_call("busy").turn.outputs[-1] == out.Dial("+16175550112", 20)
    assert open_call("busy").node == "voicemail"
    assert "person_unreached" in open_call.prompts


def test_a_talk_with_the_desk_ends_with_goodbye(call):
    done = call(desk=("+16175550111",))("2 1 4 0 talked")
    assert done.node == "goodbye"
    done("h")
    assert not any(isinstance(event, ev.RequestLeft) for event in done.events)


def test_a_callback_carries_what_was_keyed(call):
    (draft,) = call()("2 2 6175550199 1 2 1 1 2 2 1").requests
    assert (draft.kind, draft.callback_number, draft.is_caller_id) == (Kind.CALLBACK, "+16175550199", False)
    assert (draft.reason, draft.red_flags) == (Reason.AFTER_PROCEDURE, True)
    assert (draft.best_time, draft.may_leave_message) == (BestTime.MORNING, False)


def test_an_appointment_carries_what_was_keyed(call):
    (draft,) = call()("1 2 3 05171948 1 2 2 1 1 1 r 1 1").requests
    assert (draft.kind, draft.patient_type, draft.visit_type) == (
        Kind.APPOINTMENT, PatientType.RETURNING, VisitType.OTHER_PAIN,
    )  # fmt: skip
    assert (draft.birth_date, draft.weekday, draft.best_time) == ("1948-05-17", Weekday.TUESDAY, BestTime.AFTERNOON)
    assert (draft.callback_number, draft.is_caller_id, draft.recording_sid) == ("+16175550142", True, "RE1")


def test_keying_the_own_number_is_the_caller_id(call):
    (draft,) = call()("2 2 6175550142 1 4 3 1 2 1").requests
    assert draft.is_caller_id


def test_a_voicemail_is_a_callback_to_the_caller_with_everything_known_before(call):
    (draft,) = call()("2 1 2 1 0 r").requests
    assert (draft.kind, draft.reason, draft.recording_sid) == (Kind.CALLBACK, Reason.MESSAGE, "RE1")
    assert (draft.callback_number, draft.red_flags) == ("+16175550142", True)


@pytest.mark.parametrize(
    ("keys", "kept"),
    [("2", False), ("2 2 6175550199", False), ("2 1", True), ("2 1 4 3", True), ("2 1 4 3 1 2 *", False),
     ("1 1 1 05171948 1", False), ("2 1 4 3 1 2 1", False), ("2 1 * * 1 1", True)],
)  # fmt: skip
def test_hanging_up_keeps_a_draft_once_a_number_is_confirmed(call, keys, kept):
    left = [event for event in call()(f"{keys} h").events if isinstance(event, ev.RequestLeft)]
    assert bool(left) is kept


def test_the_disclaimer_is_heard_once_before_the_first_clip(call):
    talk = call()("3 1")
    assert talk.prompts[:2] == ["disclaimer", "clip_fracture"]
    assert talk("3").prompts[0] == "clip_causes"
    assert talk("* 2").prompts[0] == "clip_vertebroplasty"


def test_the_emergency_notice_comes_first_and_cannot_be_cut(call):
    assert call().turn.outputs[0] == out.Say("emergency")


def test_every_recording_is_preceded_by_the_notice_that_cannot_be_cut(call):
    for keys in ("0", "2 1 4 3 1 1"):
        *_, notice, record = call()(keys).turn.outputs
        assert notice == out.Say("recording_notice")
        assert isinstance(record, out.Record)


def test_the_language_menu_speaks_each_option_in_its_language(call):
    greeting = call(languages=("en-US", "es-US"))
    assert greeting.node == "language"
    gather = greeting.turn.outputs[-1]
    assert gather.timeout == 5
    assert [part.language for part in gather.speech if isinstance(part, out.Say)] == ["en-US", "es-US"]
    assert greeting("2").turn.state.language == "es-US"
    silent = call(languages=("en-US", "es-US"))("s")
    assert (silent.node, silent.turn.state.language, silent.turn.state.attempts) == ("main", "en-US", 0)
    assert not any(isinstance(event, ev.InputMissed) for event in silent.events)


def test_changing_at_the_end_asks_again_and_cancelling_keeps_nothing(call):
    changed = call()("2 1 4 3 1 2 2 1 1 1 2 2 1")
    assert changed.requests[0].reason is Reason.PROCEDURE
    cancelled = call()("2 1 4 3 1 2 * h")
    assert cancelled.requests == []
    assert any(isinstance(event, ev.RequestCancelled) for event in cancelled.events)


def test_two_requests_in_one_call_are_two_requests(call):
    both = call()("2 1 4 3 1 2 1 * 1 1 1 # 6 3 1 1 2 1").requests
    assert [draft.kind for draft in both] == [Kind.CALLBACK, Kind.APPOINTMENT]


def test_events_for_the_record_hold_no_personal_data(call):
    made = call()("2 2 6175550199 1 2 1 1 2 1 r 1 1 h")
    written = str([ev.to_plain(event) for event in made.events])
    assert "6175550199" not in written
    assert "RequestConfirmed" in written
