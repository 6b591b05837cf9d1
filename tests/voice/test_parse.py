"""Forms to inputs."""

import pytest

from ivr.callflow.inputs import DialEnded, Digits, NoInput, Recorded
from ivr.voice.parse import duration, turn_input, turn_number


@pytest.mark.parametrize(
    ("form", "given"),
    [
        ({"Digits": "2"}, Digits("2")),
        ({"Digits": "2", "FinishedOnKey": "", "msg": "Gather End"}, Digits("2")),
        ({"Digits": "6175550199", "FinishedOnKey": "#"}, Digits("6175550199", "#")),
        ({"Digits": "", "FinishedOnKey": "#"}, Digits("", "#")),
        ({"Digits": ""}, NoInput()), ({}, NoInput()), ({"FinishedOnKey": ""}, NoInput()),
        ({"Digits": "a1"}, Digits("?1")), ({"Digits": "5" * 500}, Digits("5" * 32)),
        ({"RecordingSid": "RE1", "RecordingDuration": "12", "Digits": "#"}, Recorded("RE1", 12, "#")),
        ({"RecordingSid": "RE1", "RecordingDuration": "12", "Digits": "hangup"}, Recorded("RE1", 12, "hangup")),
        ({"RecordingSid": "RE1"}, Recorded("RE1", 0)),
        ({"DialCallStatus": "completed", "DialBridged": "true"}, DialEnded(True)),
        ({"DialCallStatus": "completed"}, DialEnded(True)), ({"DialCallStatus": "answered"}, DialEnded(True)),
        ({"DialCallStatus": "completed", "DialBridged": "false"}, DialEnded(False)),
        ({"DialCallStatus": "no-answer"}, DialEnded(False)), ({"DialCallStatus": "busy"}, DialEnded(False)),
    ],
)  # fmt: skip
def test_inputs(form, given):
    assert turn_input(form) == given


@pytest.mark.parametrize(
    ("text", "number"),
    [("1", 1), ("0", 0), ("-1", None), ("", None), (None, None), ("1e3", None), ("٣", None), ("9" * 20, None)],
)
def test_turn_numbers(text, number):
    assert turn_number(text) == number


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("12", 12), ("0", 0), ("", None), (None, None), ("-1", None), ("9" * 9, None), ("999999", 86400)],
)
def test_durations(text, seconds):
    assert duration(text) == seconds
