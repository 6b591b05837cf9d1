"""Every attribute of every verb: the field that it fills and the reader of its values."""

from ivr.simulator import attributes as a

#: Attributes of a Gather that listens to speech, which this telephone does not.
SPEECH = frozenset(
    {
        "enhanced",
        "hints",
        "maxSpeechTime",
        "partialResultCallback",
        "profanityFilter",
        "speechModel",
        "speechTimeout",
    }
)

#: verb -> attribute -> (field, reader)
ATTRIBUTES: dict[str, dict[str, tuple[str, a.Reader]]] = {
    "Say": {
        "voice": ("voice", a.voice),
        "language": ("language", a.locale),
        "loop": ("loop", a.whole(0, 1000)),
    },
    "Play": {
        "loop": ("loop", a.whole(0, 1000)),
        "digits": ("digits", a.characters("0123456789ABCD#*wW", 128, least=1)),
    },
    "Pause": {"length": ("length", a.whole(1, 14400))},
    "Gather": {
        "action": ("action", a.url),
        "method": ("method", a.method),
        "timeout": ("timeout", a.whole(1, 14400)),
        "finishOnKey": ("finish_on_key", a.finish_key),
        "numDigits": ("num_digits", a.whole(1, 1000)),
        "actionOnEmptyResult": ("action_on_empty_result", a.boolean),
        "language": ("language", a.locale),
        "input": ("", a.choice("dtmf")),
    },
    "Record": {
        "action": ("action", a.url),
        "method": ("method", a.method),
        "timeout": ("timeout", a.whole(1, 14400)),
        "finishOnKey": ("finish_on_key", a.characters("0123456789*#", 12)),
        "maxLength": ("max_length", a.whole(2, 14400)),
        "playBeep": ("play_beep", a.boolean),
        "trim": ("trim", a.choice("trim-silence", "do-not-trim")),
        "recordingStatusCallback": ("recording_status_callback", a.url),
        "recordingStatusCallbackMethod": ("recording_status_callback_method", a.method),
        "recordingStatusCallbackEvent": (
            "recording_status_callback_event",
            a.choices("in-progress", "completed", "absent"),
        ),
        "transcribe": ("", a.choice("false")),
    },
    "Dial": {
        "action": ("action", a.url),
        "method": ("method", a.method),
        "timeout": ("timeout", a.whole(1, 600)),
        "timeLimit": ("time_limit", a.whole(1, 86400)),
        "hangupOnStar": ("hangup_on_star", a.boolean),
        "callerId": ("caller_id", a.phone_number),
        "answerOnBridge": ("answer_on_bridge", a.boolean),
        "ringTone": ("ring_tone", a.characters("abcdefghijklmnopqrstuvwxyz-", 9, least=2)),
        "record": ("", a.choice("do-not-record")),
    },
    "Number": {
        "url": ("url", a.url),
        "method": ("method", a.method),
        "sendDigits": ("send_digits", a.characters("0123456789ABCD#*wW", 32, least=1)),
        "statusCallback": ("status_callback", a.url),
        "statusCallbackMethod": ("status_callback_method", a.method),
        "statusCallbackEvent": (
            "status_callback_event",
            a.choices("initiated", "ringing", "answered", "completed"),
        ),
    },
    "Redirect": {"method": ("method", a.method)},
    "Hangup": {},
    "Reject": {"reason": ("reason", a.choice("rejected", "busy"))},
}
