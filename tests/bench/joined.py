"""What the line puts together from clips, as a caller hears it: numbers, times, weekdays, dates."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np

from ivr.audio.wavefile import RATE, read_wav, write_wav
from ivr.callflow.composing import Fragment, compose
from ivr.callflow.outputs import Pause, Say, SpeakDate, SpeakDigits, SpeakTime, Speech
from ivr.callflow.reading import REFERENCE_GROUPS
from ivr.callflow.speaking import PHONE_GROUPS
from ivr.services.scripts import Script

TIMES = ((8, 0), (8, 30), (9, 15), (10, 0), (10, 45), (11, 30), (12, 0), (13, 0), (14, 30), (15, 15), (16, 45), (17, 0))


@dataclass(frozen=True)
class Item:
    """One thing put together; `kind` is what it is counted as, `proves` how much of it, from its end, must be right."""

    kind: str
    parts: tuple[Speech, ...]
    exact: tuple[Speech, ...]


def items(every: int = 1) -> list[Item]:
    """Always the same ones: 24 telephone numbers and references, every hour and weekday, every month."""
    made = [*_numbers(), *_times(), *_weekdays(), *_months()]
    return [item for at, item in enumerate(made) if at % every == 0]


def _numbers() -> Iterator[Item]:
    rng = random.Random(7)
    for _ in range(24):
        number = SpeakDigits("".join(rng.choices("0123456789", k=10)), PHONE_GROUPS)
        yield Item("phone numbers", (Say("number_opening"), number), (number,))
    for _ in range(24):
        reference = SpeakDigits("".join(rng.choices("0123456789", k=6)), REFERENCE_GROUPS)
        yield Item("references", (Say("saved_reference"), reference), (reference,))


def _times() -> Iterator[Item]:
    for hour, minute in TIMES:
        time = SpeakTime(hour, minute)
        yield Item("times", (Say("promise_tomorrow"), time), (time,))


def _weekdays() -> Iterator[Item]:
    for day in range(1, 8):
        weekday = Say(f"weekday_{day}")
        yield Item("weekdays", (Say("promise_on"), weekday, Say("promise_by"), SpeakTime(10, 0)), (weekday,))


def _months() -> Iterator[Item]:
    for month in range(1, 13):
        day = SpeakDate(date(2026, month, month * 2 + 3).isoformat(), year=False)
        yield Item("dates", (Say("request_callback_on"), day), (day,))
        birth = SpeakDate(date(1924 + month * 5, month, 31 - 2 * month).isoformat())
        yield Item("birth dates", (Say("check_opening"), birth), (birth,))


def every_block() -> Iterator[tuple[str, Item]]:
    """Each building block of numbers, dates and times, in something that it is used for."""
    rng = random.Random(11)
    for digit in range(10):
        for _ in range(3):
            digits = rng.choices("0123456789", k=6)
            digits[rng.randrange(6)] = str(digit)
            number = SpeakDigits("".join(digits), REFERENCE_GROUPS)
            yield f"digit_{digit}", Item("digit", (Say("saved_reference"), number), (number,))
    years = {1900: "year_1900", 2000: "year_2000"}
    years |= {1900 + rest: f"number_{rest}" if rest > 9 else f"oh_{rest}" for rest in range(1, 100)}
    years |= {2000 + rest: f"number_{rest}" if rest > 9 else f"digit_{rest}" for rest in range(1, 27)}
    for at, (year, block) in enumerate(sorted(years.items())):
        day = SpeakDate(date(year, at % 12 + 1, at % 28 + 1).isoformat())
        yield block, Item("year", (Say("check_opening"), day), (day,))
    for number in range(1, 32):
        day = SpeakDate(date(2024, (1, 3, 5, 7, 8, 10, 12)[number % 7], number).isoformat(), year=False)
        yield f"day_{number}", Item("day", (Say("request_callback_on"), day), (day,))
    for item in _months():
        if isinstance(item.exact[0], SpeakDate):
            yield f"month_{item.exact[0].date.month}", item
    for item in _weekdays():
        yield str(item.exact[0].prompt), item  # type: ignore[union-attr]
    for hour in range(24):
        time = SpeakTime(hour, (0, 15, 30, 45)[hour % 4])
        yield f"hour_{(hour - 1) % 12 + 1}", Item("time", (Say("promise_tomorrow"), time), (time,))


def fragments(parts: tuple[Speech, ...], script: Script) -> list[Fragment]:
    """The clips and pauses of something put together."""
    return [one for part in parts for one in compose(part, script.order, script.has)]


def said(parts: tuple[Speech, ...], script: Script) -> str:
    """Its words."""
    return " ".join(script.prompts[one.prompt].text for one in fragments(parts, script) if isinstance(one, Say))


def joined(parts: tuple[Speech, ...], script: Script, clips: Mapping[str, bytes]) -> bytes:
    """Its sound: the clips one after the other, as the carrier plays them."""
    sounds = []
    for one in fragments(parts, script):
        if isinstance(one, Pause):
            sounds.append(np.zeros(RATE * one.milliseconds // 1000))
        elif isinstance(one, Say):
            sounds.append(read_wav(clips[one.prompt])[0])
    return write_wav(np.concatenate(sounds), "joined")
