"""Absurd input to every webhook, signed as the carrier would, on both databases: whoever waits hears a document.

The routes come from the map of addresses, so that a new one is tried without being written down here.
"""

import logging
from dataclasses import replace
from urllib.parse import parse_qsl, quote_from_bytes, urlencode

import pytest
from structlog.testing import capture_logs

from ivr import create_app
from ivr.simulator import parse, sign
from ivr.voice import bridge, views
from tests.support.absurd_input import TEXTS
from tests.support.settings import ACCOUNT_SID, AUTH_TOKEN, BASE_URL

FORM = {
    "AccountSid": ACCOUNT_SID,
    "CallSid": "CA" + "1" * 32,
    "From": "+16175550142",
    "To": "+16175550100",
    "CallStatus": "in-progress",
}
FIELDS = ("CallSid", "From", "To", "CallStatus", "CallDuration", "Digits", "FinishedOnKey", "RecordingSid",
          "RecordingStatus", "RecordingDuration", "RecordingUrl", "DialCallStatus", "DialBridged", "DialCallDuration",
          "SpeechResult", "ErrorCode", "no_such_field", "no\0field")  # fmt: skip
QUERIES = ("n", "b", "no_such_name")
UNHEARD = views.UNHEARD | bridge.UNHEARD
DECLINED = "/voice/desk/accept"
"""Whoever presses anything else at the desk does not take the call: that telephone is hung up, not the caller's."""

EACH_ALONE = ("NUL", "no UTF-8", "a lone surrogate", "overlong UTF-8", "no characters", "huge", "long", "empty",
              "more digits than Python reads", "one more than a database's integers")  # fmt: skip
"""What is tried in one field at a time; in all of them at once everything is."""

SHORT = 4000
"""Characters of a value: 18 of them all would be more than a webhook may have."""


def encoded(fields):
    """A form as bytes; what is bytes already stays what it is."""
    pairs = [(name, value if isinstance(value, bytes) else value.encode()) for name, value in fields.items()]
    return "&".join(f"{quote_from_bytes(name.encode())}={quote_from_bytes(value)}" for name, value in pairs)


@pytest.fixture
def app(config, line):
    """The carrier's own voice needs no audio."""
    return create_app(replace(config, voice="say"), line)


@pytest.fixture
def post(app):
    client = app.test_client()

    def posted(path, fields):
        body = encoded({**FORM, **fields})
        form = dict(parse_qsl(body, keep_blank_values=True, errors="werkzeug.url_quote"))
        headers = {"X-Twilio-Signature": sign(AUTH_TOKEN, BASE_URL + path, form)}
        kind = "application/x-www-form-urlencoded"
        return client.post(path, data=body, headers=headers, content_type=kind)

    return posted


@pytest.fixture
def webhooks(app):
    """Each with its address, and whether somebody listens to the answer."""
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint.split(".")[0] in ("voice", "bridge")]
    assert len(rules) > 12
    return [(rule.rule, rule.endpoint not in UNHEARD) for rule in rules]


def assert_answered(answer, is_heard, told):
    """A document with something to be heard or done; where nobody listens, any answer but a failure."""
    assert answer.status_code < 500, told
    if is_heard:
        assert answer.status_code == 200, told
        verbs = [type(verb).__name__ for verb in parse(answer.data)]
        assert verbs, told
        assert verbs[0] not in ("Hangup", "Reject") or told.startswith(DECLINED), told


def test_every_field_of_every_webhook(post, webhooks, caplog):
    """While the others are as the carrier sends them: in a call that goes on, and in one there is not."""
    with caplog.at_level(logging.ERROR), capture_logs() as events:
        post("/voice/incoming", {})
        for path, is_heard in webhooks:
            for told in EACH_ALONE:
                for name in FIELDS:
                    assert_answered(post(path, {name: TEXTS[told][:SHORT]}), is_heard, f"{path} {name}: {told}")
    assert not [record.getMessage() for record in caplog.records]
    assert not [one for one in events if one["log_level"] in ("error", "critical")]


def test_all_fields_and_queries_at_once(post, webhooks, caplog):
    with caplog.at_level(logging.ERROR), capture_logs() as events:
        post("/voice/incoming", {})
        for path, is_heard in webhooks:
            for told, text in TEXTS.items():
                query = urlencode(dict.fromkeys(QUERIES, text[:300]))
                everything = dict.fromkeys(set(FIELDS) - {"CallSid"}, text[:300])
                for fields in (everything, {**everything, "CallSid": text[:300]}, {}):
                    assert_answered(post(f"{path}?{query}", fields), is_heard, f"{path} {told}")
    assert not [record.getMessage() for record in caplog.records]
    assert not [one for one in events if one["log_level"] in ("error", "critical")]


def test_the_call_goes_on_afterwards(post):
    post("/voice/incoming", {})
    for text in TEXTS.values():
        post("/voice/status", {"CallStatus": text[:SHORT]})
    assert b"<Gather" in post("/voice/turn?n=1", {"Digits": "2"}).data
