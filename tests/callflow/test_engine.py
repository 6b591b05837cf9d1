"""Where every key leads, what a miss says, and what is asked of the database: tables over the engine."""

from dataclasses import replace

import pytest

from ivr.callflow import events as ev
from ivr.callflow import outputs as out
from ivr.callflow.answers import BestTime, Draft, Kind, PatientType, Reason, VisitType, Weekday
from ivr.callflow.inputs import Digits
from ivr.callflow.state import CallState

WITHHELD = None


@pytest.mark.parametrize(
    ("keys", "node"),
    [
        ("", "main"),
        ("1", "number"), ("2", "number"), ("3", "information"), ("4", "reference"), ("5", "main"), ("0", "voicemail"),
        ("9", "main"), ("*", "main"), ("#", "main"),
        ("3 1", "fracture"), ("3 2", "vertebroplasty"), ("3 3", "kyphoplasty"), ("3 4", "preparing"), ("3 *", "main"),
        ("3 1 3", "causes"), ("3 2 3", "benefit"), ("3 4 3 3 3 3", "risks"),
        ("3 1 1", "number"), ("3 1 2", "number"), ("3 1 9", "fracture"), ("3 1 *", "information"),
        ("3 1 0", "voicemail"), ("3 3 3", "kyphoplasty"), ("3 1 3 3", "causes"),
        ("2 1", "reason"), ("2 2", "enter_number"), ("2 *", "main"),
        ("2 2 6175550199", "check_number"), ("2 2 6175550199 1", "reason"), ("2 2 6175550199 2", "enter_number"),
        ("2 2 6175550199 *", "enter_number"), ("2 2 6175550199#", "check_number"),
        ("2 2 16175550199", "check_number"), ("2 2 1617555019 9", "check_number"),
        ("2 2 617*617555 0199", "check_number"), ("2 2 617", "enter_number"), ("2 2 617 555 0199", "check_number"),
        ("2 2 0000000000", "enter_number"), ("2 2 #", "enter_number"), ("2 2 617555019?", "enter_number"),
        ("2 2 0", "voicemail"), ("2 2 0#", "voicemail"),
        ("2 1 1", "best_time"), ("2 1 2", "red_flags"), ("2 1 3", "best_time"), ("2 1 4", "best_time"),
        ("2 1 2 1", "offer_message"), ("2 1 2 2", "best_time"), ("2 1 2 *", "reason"), ("2 1 *", "main"),
        ("2 1 4 1", "leave_message"), ("2 1 4 *", "reason"), ("2 1 4 3 1", "offer_message"),
        ("2 1 4 3 *", "best_time"), ("2 1 4 3 1 1", "message"), ("2 1 4 3 1 2", "receipt"),
        ("2 1 4 3 1 *", "leave_message"), ("2 1 4 3 1 1 r", "keep_message"), ("2 1 4 3 1 1 r 1", "receipt"),
        ("2 1 4 3 1 1 r 2", "keep_message"), ("2 1 4 3 1 1 r 3", "message"), ("2 1 4 3 1 1 r *", "receipt"),
        ("2 1 4 3 1 2 1", "receipt"), ("2 1 4 3 1 2 2", "reason"), ("2 1 4 3 1 2 *", "main"),
        ("2 1 4 3 1 2 9", "receipt"), ("2 1 4 3 1 2 #", "receipt"), ("2 1 4 3 1 2 s", "goodbye"),
        ("2 1 4 3 1 2 0", "voicemail"), ("2 1 4 3 1 2 s 1", "main"),
        ("1 1", "patient"), ("1 2", "enter_number"), ("1 *", "main"), ("1 2 6175550199 1", "patient"),
        ("1 1 1", "visit"), ("1 1 2", "visit"), ("1 1 *", "main"), ("1 1 1 *", "patient"),
        ("1 1 1 1", "birth_date"), ("1 1 1 2", "red_flags"), ("1 1 1 3", "birth_date"), ("1 1 1 2 2", "birth_date"),
        ("1 1 1 2 1", "offer_message"), ("1 1 1 2 *", "visit"), ("1 1 1 1 05171948", "check_birth_date"),
        ("1 1 1 1 #", "weekday"), ("1 1 1 1 0517 1948", "check_birth_date"),
        ("1 1 1 1 05171948 1", "weekday"), ("1 1 1 1 05171948 2", "birth_date"), ("1 1 1 1 02301948", "birth_date"),
        ("1 1 1 1 # 7", "weekday"), ("1 1 1 1 # *", "birth_date"), ("1 1 1 1 # 6", "visit_time"),
        ("1 1 1 1 # 6 3", "leave_message"), ("1 1 1 1 # 6 *", "weekday"), ("1 1 1 1 # 6 3 *", "visit_time"),
        ("1 1 1 1 # 6 3 1", "offer_message"), ("1 1 1 1 # 6 3 1 2", "receipt"), ("1 1 1 1 # 6 3 1 2 2", "patient"),
        ("0 s", "voicemail"), ("0 r", "message_receipt"), ("0 s s s", "no_message"), ("0 s s s 1", "voicemail"),
        ("0 s s s *", "main"), ("0 s s s s", "goodbye"), ("0 5", "voicemail"), ("s s s r", "message_kept"),
        ("2 1 0 r", "receipt"), ("2 1 0 r 2", "reason"), ("0 r 2", "message_receipt"), ("0 r *", "main"),
    ],
)  # fmt: skip
def test_every_key_leads_where_the_contract_says(call, keys, node):
    assert call()(keys).node == node


@pytest.mark.parametrize(
    ("keys", "node"),
    [
        ("2", "enter_number"), ("2 6175550199 1", "reason"), ("0", "message_number"),
        ("0 6175550199 1", "voicemail"), ("0 6175550199 2", "message_number"), ("0 s s s", "voicemail"),
        ("1", "enter_number"), ("1 6175550199 1", "patient"), ("2 6175550199 1 0", "voicemail"),
    ],
)  # fmt: skip
def test_a_withheld_caller_is_asked_for_a_number(call, keys, node):
    assert call(caller=WITHHELD)(keys).node == node


@pytest.mark.parametrize(
    "keys",
    ["", "3", "3 1", "2", "2 1 2", "2 1 4", "2 1 4 3", "2 1 4 3 1", "2 1 4 3 1 1 r", "1",
     "1 1 1", "1 1 1 1 05171948", "1 1 1 1 #", "1 1 1 1 # 6", "2 2 6175550199"],
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


@pytest.mark.parametrize("misses", ["s s s", "8# 8# 8#", "s 8# s", "0000000000 s s"])
def test_the_third_miss_while_a_number_is_keyed_leads_there_too(call, misses):
    assert call()(f"2 2 {misses}").node == "voicemail"


def test_three_empty_recordings_lead_to_a_person_and_a_key_before_the_beep_is_no_miss(call):
    assert call()("2 1 4 3 1 1 s s s").node == "voicemail"
    skipped = call()("2 1 4 3 1 1 5 5 5 5")
    assert (skipped.node, skipped.turn.state.attempts) == ("message", 0)


def test_the_first_reprompt_is_short_and_the_second_gives_an_example(call):
    assert call()("s").prompts[0] == "again_no_input"
    assert call()("8").prompts[0] == "again_no_match"
    assert call()("s s").prompts[0] == "main_example"
    assert call()("2 2 617#").prompts == ["again_no_match", "enter_number"]
    assert call()("2 2 617# s").prompts == ["enter_number_example"]


def test_after_a_reprompt_a_menu_waits_longer_for_who_has_to_type(call):
    assert [call()(misses).turn.outputs[-1].timeout for misses in ("", "s", "s s")] == [10, 20, 20]


def test_digits_are_kept_over_a_pause(call):
    talk = call()("2 2 617555")
    assert talk.prompts == ["entry_have", "entry_go_on"]
    assert (talk.turn.outputs[0].most_keys, talk.turn.state.attempts) == (4, 0)
    assert out.SpeakDigits("617555", (3, 3, 4)) in talk.turn.outputs[0].speech
    assert talk("s").prompts == ["again_no_input", "entry_have", "entry_go_on"]
    assert talk("0199").turn.state.entered == "+16175550199"


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ("17051948", "birth_date_month"), ("05171848", "birth_date_year"), ("05172031", "birth_date_year"),
        ("051748#", "birth_date_digits"), ("02301948", "birth_date_day"), ("00171948", "birth_date_month"),
    ],
)  # fmt: skip
def test_a_wrong_birth_date_is_told_why_and_the_third_one_is_skipped(call, keys, why):
    talk = call()(f"1 1 1 1 {keys}")
    assert talk.prompts == [why, "birth_date"]
    assert talk(f"{keys} {keys}").node == "weekday"
    assert talk.prompts[0] == "birth_date_skipped"
    assert talk.requests[0].birth_date is None


@pytest.mark.parametrize("key", [Digits("", "#"), Digits("#"), Digits("2", doubled=True)])
def test_a_lone_pound_and_a_doubled_key_start_the_words_over_and_are_no_miss(call, key):
    talk = call()("2")
    words = talk.turn.outputs
    talk.take(key)
    assert (talk.node, talk.turn.outputs, talk.turn.state.attempts) == ("number", words, 0)


def test_a_doubled_key_never_answers_the_warning_signs(call):
    talk = call()("2 1 2")
    talk.take(Digits("2", doubled=True))
    assert (talk.node, talk.requests[0].red_flags) == ("red_flags", False)


def test_the_warning_signs_are_heard_to_their_end(call):
    *spoken, gather = call()("2 1 2").turn.outputs
    assert gather == out.Gather((), 1, 10)
    assert out.Say("red_flags_911") in spoken
    assert spoken[-1] == out.Say("red_flags_no")


@pytest.mark.parametrize("keys", ["2 2 6175550199", "1 1 1 1 05171948"])
def test_the_first_words_of_a_read_back_swallow_a_late_key(call, keys):
    first, gather = call()(keys).turn.outputs
    assert first == out.Say("check_opening")
    assert gather.speech[0] in (out.SpeakDigits("6175550199", (3, 3, 4)), out.SpeakDate("1948-05-17"))


@pytest.mark.parametrize("visit", ["1", "3"])
def test_who_has_a_new_fracture_or_other_pain_hears_when_to_dial_911(call, visit):
    talk = call()(f"1 1 1 {visit}")
    assert talk.turn.outputs[0] == out.Say("warning")
    assert talk.node == "birth_date"


def test_saved_is_told_before_any_question_and_a_stray_key_tells_it_again(call):
    talk = call()("2 1")
    words = talk.turn.outputs
    assert talk.prompts[:2] == ["saved", "saved_stay"]
    for stray in ("7", "#", "9", "5"):
        assert (talk(stray).turn.outputs, talk.turn.state.attempts) == (words, 0)
    assert talk("s").prompts[0] == "again_no_input"
    assert talk("7").prompts[0] == "reason_example"


def test_the_receipt_is_told_again_whatever_is_pressed(call):
    talk = call()("2 1 4 3 1 2")
    words = talk.turn.outputs
    assert "saved_reference" in talk.prompts
    for stray in ("1", "3", "#", "9", "8"):
        assert (talk(stray).turn.outputs, talk.turn.state.attempts) == (words, 0)


@pytest.mark.parametrize(
    ("found", "prompts"),
    [
        ("open", ["urgent_open", "urgent_worse"]),
        ("closed", ["urgent_closed", "urgent_worse"]),
        ("on_call", ["urgent_calling", "urgent_worse"]),
    ],
)
def test_an_urgent_caller_is_told_what_happens_now(call, found, prompts):
    talk = call(records={"urgent_help": found})("2 1 2 1")
    assert (talk.node, talk.prompts[:2], talk.requests[0].red_flags) == ("offer_message", prompts, True)


def test_zero_rings_the_desk_while_it_is_open_number_by_number(call):
    open_call = call(desk=("+16175550111", "+16175550112"))("0")
    assert open_call.turn.outputs[-1] == out.Dial("+16175550111", 20)
    assert open_call("busy").turn.outputs[-1] == out.Dial("+16175550112", 20)
    assert open_call("busy").node == "voicemail"
    assert "person_unreached" in open_call.prompts


def test_a_talk_with_the_desk_ends_with_goodbye(call):
    done = call(desk=("+16175550111",))("0 talked")
    assert done.node == "goodbye"
    done("h")
    assert not any(isinstance(event, ev.RequestLeft) for event in done.events)


def test_a_callback_carries_what_was_keyed(call):
    (draft,) = call()("2 2 6175550199 1 2 2 1 2 2").requests
    assert (draft.kind, draft.callback_number, draft.is_caller_id) == (Kind.CALLBACK, "+16175550199", False)
    assert (draft.reason, draft.red_flags) == (Reason.AFTER_PROCEDURE, False)
    assert (draft.best_time, draft.may_leave_message) == (BestTime.MORNING, False)


def test_an_appointment_carries_what_was_keyed(call):
    (draft,) = call()("1 1 2 3 05171948 1 2 2 1 1 r 1").requests
    assert (draft.kind, draft.patient_type, draft.visit_type) == (
        Kind.APPOINTMENT, PatientType.RETURNING, VisitType.OTHER_PAIN,
    )  # fmt: skip
    assert (draft.birth_date, draft.weekday, draft.visit_time) == ("1948-05-17", Weekday.TUESDAY, BestTime.AFTERNOON)
    assert (draft.callback_number, draft.is_caller_id, draft.recording_sid) == ("+16175550142", True, "RE1")
    assert draft.best_time is None


def test_each_answer_is_told_as_it_is_keyed(call):
    talk = call()("2 1")
    for key, name, value in (("4", "reason", Reason.OTHER), ("3", "best_time", BestTime.ANY)):
        (told,) = [event for event in talk(key).turn.events if isinstance(event, ev.AnswersGiven)]
        assert (told.request_id, getattr(told.before, name), getattr(told.draft, name)) == (1, None, value)
    assert not [event for event in talk("9").turn.events if isinstance(event, ev.AnswersGiven)]


def test_keying_the_own_number_is_the_caller_id(call):
    (draft,) = call()("2 2 6175550142 1").requests
    assert draft.is_caller_id


def test_a_voicemail_is_a_callback_to_the_caller(call):
    (draft,) = call()("0 r").requests
    assert (draft.kind, draft.reason, draft.recording_sid) == (Kind.CALLBACK, Reason.MESSAGE, "RE1")
    assert draft.callback_number == "+16175550142"


def test_a_voicemail_about_a_saved_request_belongs_to_it(call):
    (draft,) = call()("2 1 2 1 0 r").requests
    assert (draft.reason, draft.red_flags, draft.voicemail_sid) == (Reason.AFTER_PROCEDURE, True, "RE1")


@pytest.mark.parametrize(("keys", "is_human"), [("s s s r", False), ("0 r", True), ("8 s s r", True)])
def test_who_presses_nothing_may_be_a_machine(call, keys, is_human):
    (sent,) = [event for event in call()(keys).events if isinstance(event, ev.RequestConfirmed)]
    assert sent.is_human is is_human


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ("", None), ("2", None), ("2 2 6175550199", None), ("2 1", None), ("2 1 4 3", None), ("2 1 4 3 1 2", None),
        ("0", Reason.PERSON), ("2 1 0", None), ("0 s s s", None),
    ],
)  # fmt: skip
def test_what_a_hang_up_leaves_that_is_not_saved(call, keys, reason):
    left = [event.draft for event in call()(f"{keys} h").events if isinstance(event, ev.RequestLeft)]
    assert [draft.reason for draft in left] == ([reason] if reason else [])
    assert all(draft.callback_number == "+16175550142" and draft.is_caller_id for draft in left)


def test_a_hang_up_while_the_desk_rings_is_kept_too(call):
    talk = call(desk=("+16175550111",))("0 h")
    (left,) = [event.draft for event in talk.events if isinstance(event, ev.RequestLeft)]
    assert left.reason is Reason.PERSON


def test_a_withheld_caller_who_hangs_up_before_the_beep_leaves_nothing(call):
    assert not [event for event in call(caller=WITHHELD)("0 h").events if isinstance(event, ev.RequestLeft)]
    left = [
        event.draft for event in call(caller=WITHHELD)("0 6175550199 1 h").events if isinstance(event, ev.RequestLeft)
    ]
    assert [draft.callback_number for draft in left] == ["+16175550199"]


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
    assert gather.timeout == 10
    assert [part.language for part in gather.speech if isinstance(part, out.Say)] == ["en-US", "es-US"]
    assert greeting("2").turn.state.language == "es-US"
    silent = call(languages=("en-US", "es-US"))("s")
    assert (silent.node, silent.turn.state.language, silent.turn.state.attempts) == ("main", "en-US", 0)
    assert not any(isinstance(event, ev.InputMissed) for event in silent.events)


def test_a_closed_day_is_told_once_the_language_is_known(call):
    """Nobody hears of it in a language that they do not speak."""
    closed = (out.Say("closure_weather"),)
    assert call(closure=closed).prompts[:2] == ["emergency", "closure_weather"]
    for keys, language in (("2", "es-US"), ("1", "en-US"), ("s", "en-US"), ("2 * 1", "en-US")):
        caller = call(languages=("en-US", "es-US"), closure=closed)
        assert "closure_weather" not in caller.prompts
        caller(keys)
        assert (caller.node, caller.prompts[0], caller.turn.state.language) == ("main", "closure_weather", language)


def test_star_in_the_main_menu_brings_the_language_menu_back(call):
    assert call(languages=("en-US", "es-US"))("1 *").node == "language"


def test_changing_at_the_receipt_asks_again(call):
    (draft,) = call()("2 1 4 3 1 2 2 1 1 2 2").requests
    assert (draft.reason, draft.best_time, draft.may_leave_message) == (Reason.PROCEDURE, BestTime.MORNING, False)


def test_two_requests_in_one_call_are_two_requests(call):
    both = call()("2 1 4 3 1 2 * 1 1 1 1 # 6 3 1 2").requests
    assert [draft.kind for draft in both] == [Kind.CALLBACK, Kind.APPOINTMENT]
    assert both[1].reason is None


@pytest.mark.parametrize(
    ("state", "node"),
    [
        (CallState("reason", draft=Draft(Kind.CALLBACK, "+16175550142", True)), "reason"),
        (CallState("confirm", draft=Draft(Kind.CALLBACK, "+16175550142", True)), "reason"),
        (CallState("confirm"), "main"),
        (CallState("weekday", draft=Draft(Kind.APPOINTMENT), caller_number="+16175550142"), "number"),
        (CallState("weekday", draft=Draft(Kind.APPOINTMENT)), "enter_number"),
    ],
)
def test_a_question_is_only_asked_of_what_is_saved(call, state, node):
    """Calls that began on the first edition were asked before."""
    talk = call()
    talk.take(Digits("1"), replace(state, language="en-US"))
    assert talk.node == node


def test_events_for_the_record_hold_no_personal_data(call):
    made = call()("2 2 6175550199 1 2 2 1 2 1 r 1 h")
    written = str([ev.to_plain(event) for event in made.events])
    assert "6175550199" not in written
    assert "RequestConfirmed" in written
    assert "AnswersGiven" in written
