"""The carrier's REST side for an account and its numbers: where each number sends its calls."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, jsonify


@dataclass(frozen=True)
class PhoneNumber:
    """A number of the account, with the carrier's fields; an application or trunk overrides the voice URL."""

    phone_number: str
    voice_url: str = ""
    voice_method: str = "POST"
    voice_fallback_url: str = ""
    voice_fallback_method: str = "POST"
    status_callback: str = ""
    status_callback_method: str = "POST"
    voice_application_sid: str = ""
    trunk_sid: str = ""
    voice_caller_id_lookup: bool = False
    sms_url: str = ""
    sms_method: str = "POST"
    sms_application_sid: str = ""
    takes_texts: bool = True

    @classmethod
    def calling(cls, number: str, base_url: str) -> "PhoneNumber":
        """Return a number that is set up for the line at an address, as its manual says."""
        incoming, fallback, status = (f"{base_url}/voice/{name}#rc=2" for name in ("incoming", "fallback", "status"))
        return cls(number, incoming, "POST", fallback, "POST", status, sms_url=f"{base_url}/voice/text#rc=2")


def create_account_blueprint(account_sid: str, login: Callable[[], None], numbers: Sequence[PhoneNumber]) -> Blueprint:
    """Serve the account's facts and its numbers."""
    api = Blueprint("account", __name__, url_prefix="/2010-04-01")
    api.before_request(login)

    @api.get(f"/Accounts/{account_sid}.json")
    def account() -> Response:
        return jsonify(sid=account_sid, friendly_name="Simulated", status="active", type="Full")

    @api.get(f"/Accounts/{account_sid}/IncomingPhoneNumbers.json")
    def incoming_phone_numbers() -> Response:
        shown = [_facts(account_sid, index, number) for index, number in enumerate(numbers)]
        return jsonify(incoming_phone_numbers=shown, page=0, page_size=1000, next_page_uri=None)

    return api


def _facts(account_sid: str, index: int, number: PhoneNumber) -> dict[str, Any]:
    return {
        "sid": f"PN{index:032x}",
        "account_sid": account_sid,
        "phone_number": number.phone_number,
        "capabilities": {"voice": True, "sms": number.takes_texts, "mms": number.takes_texts, "fax": False},
        "voice_url": number.voice_url or None,
        "voice_method": number.voice_method,
        "voice_fallback_url": number.voice_fallback_url or None,
        "voice_fallback_method": number.voice_fallback_method,
        "status_callback": number.status_callback or None,
        "status_callback_method": number.status_callback_method,
        "voice_application_sid": number.voice_application_sid or None,
        "trunk_sid": number.trunk_sid or None,
        "sms_url": number.sms_url or None,
        "sms_method": number.sms_method,
        "sms_application_sid": number.sms_application_sid or None,
        "voice_caller_id_lookup": number.voice_caller_id_lookup,
        "status": "in-use",
    }
