"""Keyed entries: what the caller's keys amount to, with forgiveness for `*`, a leading 1 and a late #."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from ivr.callflow.nodes import Entry, Field

OLDEST = 120
"""Years: an age above this is taken for a slip of the finger."""


@dataclass(frozen=True, slots=True)
class Complete:
    """A usable value: E.164 for a number, ISO for a date, the digits of a reference, a prompt or a time."""

    value: str


@dataclass(frozen=True, slots=True)
class Unfinished:
    """The caller is still keying: the keys that count so far. `restarted` says that * threw earlier ones away.

    `paused`: the keys stopped half-way, and the caller should hear what is there.
    """

    keys: str
    restarted: bool
    paused: bool = False


@dataclass(frozen=True, slots=True)
class Skipped:
    """A lone #."""


@dataclass(frozen=True, slots=True)
class HelpWanted:
    """A lone 0, with which no number to call begins."""


class Fault(StrEnum):
    """What is wrong with a birth date; each has a prompt."""

    DIGITS = "birth_date_digits"
    MONTH = "birth_date_month"
    DAY = "birth_date_day"
    YEAR = "birth_date_year"


@dataclass(frozen=True, slots=True)
class Useless:
    """Not a value that can exist; `fault` says why, where that is known."""

    fault: Fault | None = None


Reading = Complete | Unfinished | Skipped | HelpWanted | Useless

KEPT_OVER_A_PAUSE = frozenset({Field.NUMBER, Field.BIRTH_DATE, Field.REFERENCE})
"""Long rows of digits, during which a caller may have to look something up."""


def read_entry(
    entry: Entry, kept: str, keys: str, finished_by: str, today: date, dialable: Callable[[str], str | None]
) -> Reading:
    """Make sense of `keys` typed after the `kept` ones."""
    finished = finished_by == "#" or "#" in keys
    fresh, star, after = keys.partition("#")[0].rpartition("*")
    digits = after if star else kept + after
    if not digits.isascii() or not (digits or "0").isdecimal():
        return Useless()
    if entry.holds is Field.PIN and star and not finished:
        return Unfinished("", restarted=True)
    if not digits:
        if star and not finished:
            return Unfinished("", restarted=True)
        return Skipped() if finished and not kept and not fresh else Useless()
    if entry.holds is Field.NUMBER and digits == "0":
        return HelpWanted()
    if not finished and _expects_more(entry, kept, keys, digits):
        return Unfinished(digits, restarted=bool(star))
    if not finished and entry.holds in KEPT_OVER_A_PAUSE and len(digits) < entry.most_keys:
        return Unfinished(digits, restarted=bool(star), paused=True)
    value = _value(entry, digits, today, dialable)
    return Complete(value) if value else Useless(_fault(entry, digits, today))


def _value(entry: Entry, digits: str, today: date, dialable: Callable[[str], str | None]) -> str | None:
    match entry.holds:
        case Field.NUMBER:
            return as_number(digits, dialable)
        case Field.BIRTH_DATE:
            return as_birth_date(digits, today)
        case Field.REFERENCE:
            return digits if is_reference(digits) else None
        case Field.EXTENSION | Field.PIN:
            return digits if entry.least_keys <= len(digits) <= entry.most_keys else None
        case Field.PROMPT:
            return digits if len(digits) == entry.most_keys else None
        case Field.TIME:
            return digits if is_time(digits) else None


def _fault(entry: Entry, digits: str, today: date) -> Fault | None:
    """What is wrong with digits that are no birth date."""
    if entry.holds is not Field.BIRTH_DATE:
        return None
    if len(digits) != entry.most_keys:
        return Fault.DIGITS
    month, year = int(digits[:2]), int(digits[4:])
    if not 1 <= month <= 12:
        return Fault.MONTH
    return Fault.YEAR if not today.year - OLDEST <= year <= today.year else Fault.DAY


def missing(entry: Entry, keys: str) -> int:
    """How many keys an entry still needs after those."""
    length = entry.most_keys + (1 if entry.holds is Field.NUMBER and keys.startswith("1") else 0)
    return max(1, length - len(keys))


def as_number(digits: str, dialable: Callable[[str], str | None]) -> str | None:
    """Ten digits, or eleven with a leading 1, as E.164; None when no such number can be called."""
    if len(digits) == 11 and digits.startswith("1"):
        digits = digits[1:]
    return dialable(digits) if len(digits) == 10 else None


def as_birth_date(digits: str, today: date) -> str | None:
    """MMDDYYYY as an ISO date, or None when there is no such day, it is in the future or over 120 years ago."""
    if len(digits) != 8:
        return None
    try:
        born = date(int(digits[4:]), int(digits[:2]), int(digits[2:4]))
    except ValueError:
        return None
    return born.isoformat() if born <= today and age_on(today, born) <= OLDEST else None


def age_on(day: date, born: date) -> int:
    """How many years old somebody is on a day."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def is_time(digits: str) -> bool:
    """Whether keys are a time of day: the hour, or hour and minutes in quarters; on a clock of 12 or of 24 hours."""
    hour, minutes = hour_and_minutes(digits)
    return 1 <= hour <= 23 and minutes % 15 == 0 and minutes < 60


def hour_and_minutes(digits: str) -> tuple[int, int]:
    """What keys say as a time of day: one or two are the hour, the last two of more the minutes."""
    hour, minutes = (digits[:-2], digits[-2:]) if len(digits) > 2 else (digits, "0")
    return int(hour), int(minutes)


def luhn_digit(digits: str) -> str:
    """The Luhn check digit of a row of digits: it catches one wrong digit and most swapped neighbours."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def is_reference(text: str) -> bool:
    """Whether a row of keys can be a reference at all."""
    return len(text) == 6 and text.isascii() and text.isdecimal() and luhn_digit(text[:5]) == text[5]


def _expects_more(entry: Entry, kept: str, keys: str, digits: str) -> bool:
    """Whether the gather ended because it was full (not by a pause) before the value was."""
    was_full = len(keys) >= missing(entry, kept)
    return was_full and len(digits) < entry.most_keys + (entry.holds is Field.NUMBER and digits.startswith("1"))
