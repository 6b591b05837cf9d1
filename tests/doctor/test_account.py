"""What the carrier knows of the account and its numbers."""

from dataclasses import replace

import pytest
from flask import Flask

from ivr.doctor.account import check_account
from ivr.doctor.findings import Severity
from ivr.simulator import PhoneNumber
from tests.support.findings import bad, one
from tests.support.processes import free_port
from tests.support.settings import ACCOUNT_SID, BASE_URL

NUMBER = PhoneNumber.calling("+16175550100", BASE_URL)


class TestAccount:
    """What the carrier knows."""

    def findings(self, config, address):
        return check_account(replace(config, twilio_api_url=address))

    def test_a_good_account_is_fine(self, config, account):
        assert bad(self.findings(config, account(NUMBER, PhoneNumber("+16175550177")))) == []

    def test_wrong_credentials(self, config, account):
        assert "refuses the credentials (401)" in one(self.findings(config, account(NUMBER, token="another")))[2]

    def test_the_carrier_is_not_reached(self, config):
        assert "(not reached)" in one(self.findings(config, f"http://127.0.0.1:{free_port()}"))[2]

    def test_no_number_calls_this_line(self, config, account):
        assert (
            "None of the account's 1 number(s)"
            in one(self.findings(config, account(PhoneNumber("+16175550177", "https://x.org"))))[2]
        )

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"voice_application_sid": "AP1"}, "voice_application_sid overrides"),
            ({"trunk_sid": "TK1"}, "trunk_sid overrides"),
            ({"voice_url": ""}, "voice_url is not set"),
            ({"voice_url": f"{BASE_URL}/voice/incoming/"}, "voice_url is https"),
            ({"voice_method": "GET"}, "voice_method is GET"),
            ({"voice_fallback_url": ""}, "voice_fallback_url is not set"),
            ({"voice_fallback_method": "GET"}, "voice_fallback_method is GET"),
            ({"status_callback": ""}, "status_callback is not set"),
            ({"status_callback": "https://old.example.org/status"}, "status_callback is https://old"),
            ({"voice_caller_id_lookup": True}, "lookup is on"),
        ],
    )
    def test_each_wrong_setting_of_a_number(self, config, account, changes, words):
        _, name, text = one(self.findings(config, account(replace(NUMBER, **changes))))
        assert name == "number +16175550100"
        assert words in text

    def test_a_fallback_elsewhere_and_a_connection_override_are_fine(self, config, account):
        number = replace(
            NUMBER, voice_fallback_url="https://handler.twilio.com/twiml/EH1", voice_url=f"{NUMBER.voice_url}#ct=2000"
        )
        assert bad(self.findings(config, account(number))) == []

    @pytest.mark.parametrize(
        ("facts", "level"),
        [({"status": "suspended"}, Severity.FAULT), ({"status": "active", "type": "Trial"}, Severity.WARNING)],
    )
    def test_an_account_in_trouble(self, config, serve, facts, level):
        app = Flask("account")
        base = f"/2010-04-01/Accounts/{ACCOUNT_SID}"
        numbers = {"incoming_phone_numbers": [], "next_page_uri": None}
        app.add_url_rule(f"{base}.json", view_func=lambda: facts, endpoint="account")
        app.add_url_rule(f"{base}/IncomingPhoneNumbers.json", view_func=lambda: numbers, endpoint="numbers")
        assert bad(self.findings(config, serve(app)))[0][:2] == (level, "account")

    def test_a_failing_carrier(self, config, serve):
        assert (
            "status 500"
            in one(self.findings(config, serve(lambda environ, start: (start("500 X", []), [b"{}"])[1])))[2]
        )
