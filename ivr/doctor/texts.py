"""Text messages to patients: that the carrier's number can send them, and brings here what patients text back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ivr.config import Config
from ivr.doctor.findings import CheckResult, fault, fine, warning
from ivr.setting_rules import TELLING

NAME = "texts"


def check_texts(config: Config, numbers: Sequence[Mapping[str, Any]]) -> Iterator[CheckResult]:
    """That texts can leave and come in, and that their sender tells nothing; `numbers` are the account's."""
    if not config.texts:
        return
    if TELLING.search(config.text_name):
        yield warning(
            NAME, f"Texts say that they are from {config.text_name!r}, which whoever sees the telephone reads.",
            "Set TEXT_NAME to a name that does not tell what you treat, such as Bay State.",
        )  # fmt: skip
    if not config.sms_from:
        yield fault(NAME, "TEXTS is on, but SMS_FROM is not set: no text is sent.", "Set SMS_FROM.")
        return
    if config.sms_from.startswith("MG"):
        yield warning(
            NAME, "Texts are sent by a messaging service, whose own settings cannot be seen from here.",
            "In its Integration choose “Defer to sender's webhook”, and set the number's addresses as below.",
        )  # fmt: skip
        return
    number = next((one for one in numbers if one.get("phone_number") == config.sms_from), None)
    if number is None:
        yield fault(
            NAME, f"{config.sms_from}, which SMS_FROM names, is no number of this account.", "Correct SMS_FROM."
        )
        return
    yield from _check_sender(config, number)


def _check_sender(config: Config, number: Mapping[str, Any]) -> Iterator[CheckResult]:
    name = f"{NAME} {config.sms_from}"
    found: list[CheckResult] = []
    if not (number.get("capabilities") or {}).get("sms"):
        found.append(fault(name, "This number cannot send text messages.", "Choose another one for SMS_FROM."))
    if number.get("sms_application_sid"):
        found.append(
            fault(name, "Its sms_application_sid overrides the address for texts.", "Remove the sms_application_sid.")
        )
    wanted, given = f"{config.public_base_url}/voice/text", (number.get("sms_url") or "").split("#")[0]
    if given != wanted:
        found.append(
            fault(
                name,
                f"Its sms_url is {given or 'not set'}: STOP, and what patients write, do not come here.",
                f"Set “A message comes in” to {wanted}#rc=2, method POST.",
            )
        )
    if number.get("sms_method", "POST") != "POST":
        found.append(
            fault(name, f"Its sms_method is {number['sms_method']}.", "Set it to POST: GET requests are logged.")
        )
    yield from found or [fine(name, "It sends texts and brings here what patients text back.")]
