"""Telephone numbers: which can be called back, by the North American numbering plan, and whose they are."""

from __future__ import annotations

import re
from collections.abc import Collection

import phonenumbers

WITHHELD = frozenset({"+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253"})
"""Words such as ANONYMOUS keyed as digits: they look like numbers and belong to nobody.

See ivr/docs/twilio.md#withheld-numbers.
"""

_TEN_DIGITS = re.compile(r"[2-9]\d{9}")
_SIP = re.compile(r"^sips?:", re.IGNORECASE)
_NANP = re.compile(r"\+1[2-9]\d{9}")


def dialable(digits: str) -> str | None:
    """Ten digits as E.164, or None when the numbering plan has no such number or calling it costs extra."""
    if not _TEN_DIGITS.fullmatch(digits):
        return None
    number = phonenumbers.PhoneNumber(country_code=1, national_number=int(digits))
    if not phonenumbers.is_valid_number(number):
        return None
    if phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.PREMIUM_RATE:
        return None
    return f"+1{digits}"


def caller_number(caller_id: str, own: Collection[str] = ()) -> str | None:
    """A caller ID as a number staff can call back, or None for withheld, SIP, client, foreign and malformed ones.

    `own` are the clinic's numbers, which are nobody's.
    """
    if caller_id in WITHHELD or caller_id in own or not _NANP.fullmatch(caller_id):
        return None
    return dialable(caller_id.removeprefix("+1"))


def read_number(text: str) -> str:
    """A number as people write it, as E.164; one without a country code is North American.

    Raises:
        ValueError: saying what is wrong with it.
    """
    try:
        number = phonenumbers.parse(text, "US")
    except phonenumbers.NumberParseException:
        raise ValueError("this is no telephone number; write it like +16175550142") from None
    if number.extension or not phonenumbers.is_possible_number(number):
        raise ValueError("nobody has this number: the country code and all digits are needed, such as +16175550142")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def written(number: str) -> str:
    """A number (E.164) as people write it where it is from: (617) 555-0142; '' for none, as it is where it is odd."""
    try:
        return phonenumbers.format_number(phonenumbers.parse(number), phonenumbers.PhoneNumberFormat.NATIONAL)
    except phonenumbers.NumberParseException:
        return number


def is_of(caller_id: str, number: str) -> bool:
    """Whether a caller ID, also one that cannot be called back such as a SIP address, names a number (E.164)."""
    name = _SIP.sub("", caller_id).partition("@")[0].removeprefix("+")
    return f"+{name}" == number or f"+1{name}" == number


def masked(number: str | None) -> str:
    """A number for logs and lists: only the last two digits are shown."""
    return f"…{number[-2:]}" if number else "withheld"
