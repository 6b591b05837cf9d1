"""Numbers, dates and times put together from the script's building blocks, in the order a language says them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ivr.callflow.outputs import (
    Pause,
    PlayMessage,
    PlayRecording,
    Say,
    SayOwn,
    SpeakDate,
    SpeakDigits,
    SpeakTime,
    Speech,
)

Fragment = Say | SayOwn | Pause | PlayRecording | PlayMessage
"""What is left of speech when it is broken down."""

BETWEEN_GROUPS = Pause(500)
"""Milliseconds between two groups of digits, see ivr/callflow/README.md."""


@dataclass(frozen=True, slots=True)
class WordOrder:
    """How a language orders a date and a time of day.

    Each item is a slot (`day`, `month`, `year`; `hour`, `minute`, `half`) or the key of a prompt spoken as it is,
    such as the "de" of Spanish dates.
    """

    date: tuple[str, ...] = ("month", "day", "year")
    date_without_year: tuple[str, ...] = ("month", "day")
    time: tuple[str, ...] = ("hour", "minute", "half")


def compose(speech: Speech, order: WordOrder, has: Callable[[str], bool]) -> Iterator[Fragment]:
    """Break speech down to prompts and pauses. `has` tells which optional building blocks the script has."""
    match speech:
        case SpeakDigits(digits, groups):
            yield from _digits(digits, groups)
        case SpeakDate():
            slots = {
                "month": (f"month_{speech.date.month}",),
                "day": (f"day_{speech.date.day}",),
                "year": tuple(_year(speech.date.year, has)),
            }
            yield from _in_order(order.date if speech.year else order.date_without_year, slots)
        case SpeakTime(12, 0):
            yield Say("noon")
        case SpeakTime(hour, minute):
            slots = {
                "hour": (f"hour_{(hour - 1) % 12 + 1}",),
                "minute": (f"minute_{minute}",) if minute else (),
                "half": ("pm" if hour >= 12 else "am",),
            }
            yield from _in_order(order.time, slots)
        case _:
            yield speech


def _digits(digits: str, groups: tuple[int, ...]) -> Iterator[Say | Pause]:
    ends = {sum(groups[: index + 1]) for index in range(len(groups))}
    for place, digit in enumerate(digits):
        if place in ends:
            yield BETWEEN_GROUPS
        yield Say(f"digit_{digit}")


def _year(year: int, has: Callable[[str], bool]) -> Iterator[str]:
    if has(f"year_{year}"):
        yield f"year_{year}"
        return
    century, rest = divmod(year, 100)
    yield f"century_{century}"
    if rest >= 10:
        yield f"number_{rest}"
    elif rest and century == 19 and has(f"oh_{rest}"):
        yield f"oh_{rest}"
    elif rest:
        yield f"digit_{rest}"


def _in_order(order: tuple[str, ...], slots: dict[str, tuple[str, ...]]) -> Iterator[Say]:
    for item in order:
        for prompt in slots.get(item, (item,)):
            yield Say(prompt)
