"""What the doctor says of text messages to patients."""

from dataclasses import replace

import pytest

from ivr.doctor.texts import check_texts
from tests.support.findings import bad, one
from tests.support.settings import BASE_URL

SENDER = {
    "phone_number": "+16175550100", "capabilities": {"voice": True, "sms": True}, "sms_method": "POST",
    "sms_url": f"{BASE_URL}/voice/text#rc=2", "sms_application_sid": None,
}  # fmt: skip


def findings(config, number=SENDER, **changes):
    settings = {"texts": True, "sms_from": "+16175550100", **changes}
    return list(check_texts(replace(config, **settings), [number]))


def test_a_good_sender_is_fine(config):
    assert bad(findings(config)) == []
    assert len(findings(config)) == 1


def test_where_texts_are_off_nothing_is_said(config):
    assert findings(config, {}, texts=False) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"capabilities": {"sms": False}}, "cannot send text messages"),
        ({"capabilities": None}, "cannot send text messages"),
        ({"sms_application_sid": "AP1"}, "overrides"),
        ({"sms_url": None}, "sms_url is not set"),
        ({"sms_url": "https://demo.twilio.com/welcome/sms/reply"}, "sms_url is https://demo.twilio.com"),
        ({"sms_method": "GET"}, "sms_method is GET"),
        ({"phone_number": "+16175550199"}, "no number of this account"),
    ],
)
def test_each_wrong_setting_of_the_sender(config, changes, words):
    assert words in one(findings(config, {**SENDER, **changes}))[2]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sms_from": ""}, "SMS_FROM is not set"),
        ({"sms_from": "MG" + "0" * 32}, "messaging service"),
        ({"text_name": "Bay State Pain"}, "whoever sees the telephone reads"),
    ],
)
def test_each_odd_setting_of_ours(config, changes, words):
    assert words in one(findings(config, **changes))[2]
