"""The words of text messages, a file for each language, and spoken words as they are written."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from string import Formatter

from ivr.callflow.composing import WordOrder
from ivr.callflow.outputs import Say, SpeakDate, SpeakTime, Speech
from ivr.callflow.speaking import A_WEEK
from ivr.models import TextKind
from ivr.services.scripts import Script, ScriptError

FOLDER = "texts"
CLOCK: Mapping[str, str] = {"am": "AM", "pm": "PM", "time": "{time}", "time_one": "{time}"}
DAYS: Mapping[str, str] = {"today": "today", "yesterday": "yesterday", "on": "{day}"}
"""How times of day, and days gone by, are written: the fields of a file's header, and what holds where it has none."""

SLOTS: Mapping[str, frozenset[str]] = {
    TextKind.SAVED: frozenset({"name", "reference", "promise", "link"}),
    TextKind.CALLING: frozenset({"name", "number"}),
    TextKind.DIALLING: frozenset({"name"}),
    TextKind.CANCELLED: frozenset({"name", "reference", "number"}),
    TextKind.CHANGED: frozenset({"name", "reference", "promise", "link"}),
    TextKind.CODE: frozenset({"name", "day", "code"}),
    "help": frozenset({"name", "number"}),
    "stopped": frozenset({"name"}),
    "started": frozenset({"name"}),
    "received": frozenset({"name"}),
    "nothing_open": frozenset({"name", "number"}),
}
"""What each text may name, and must."""


@dataclass(frozen=True, slots=True)
class TextScript:
    """The texts of one language, by kind or name.

    `am` and `pm` are how the halves of a day are written; `time` and, at one o'clock, `time_one` are what a time of day
    stands in. `today`, `yesterday` and `on` are what a day gone by is called.
    """

    language: str
    texts: Mapping[str, str]
    am: str
    pm: str
    time: str
    time_one: str
    today: str
    yesterday: str
    on: str

    def clock(self, hour: int, minute: int) -> str:
        """A time of day as it is written."""
        hours = (hour - 1) % 12 + 1
        time = f"{hours}:{minute:02d} {self.pm if hour >= 12 else self.am}"
        return (self.time_one if hours == 1 else self.time).format(time=time)

    def filled(self, which: str, **values: str) -> str:
        """A text with its slots filled; what it does not name is left out."""
        return " ".join(self.texts[which].format_map(values).split())


@dataclass(frozen=True, slots=True)
class Texting:
    """What the line needs to text patients: who it says it is, the sending number, where the links lead."""

    name: str
    sender: str
    link_base: str
    scripts: Mapping[str, TextScript]

    def script(self, language: str) -> TextScript:
        """The texts of a language; where that is on no more, those of the default one."""
        return self.scripts.get(language) or next(iter(self.scripts.values()))


def read_texts(folder: Path, languages: Sequence[str]) -> Mapping[str, TextScript]:
    """The texts of those languages, from the scripts' folder.

    Raises:
        ScriptError: a file is missing, or a text in it is missing, unknown or names something that it may not.
    """
    return {language: _read(folder / FOLDER / f"{language}.toml", language) for language in languages}


def _read(path: Path, language: str) -> TextScript:
    try:
        table = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ScriptError(f"{path}: the texts cannot be read ({error}); correct the file") from error
    header = table.get("script", {})
    if header.get("language") != language:
        raise ScriptError(f"{path}: [script]: language must be {language!r}, as the file is called")
    found = {**table.get("texts", {}), **table.get("replies", {})}
    for name in found.keys() ^ SLOTS.keys():
        raise ScriptError(f"{path}: {name} is {'unknown' if name in found else 'missing'}; the texts are {list(SLOTS)}")
    for name, text in found.items():
        slots = {slot for _, slot, _, _ in Formatter().parse(text) if slot is not None}
        if slots != SLOTS[name]:
            raise ScriptError(f"{path}: {name} must name {sorted(SLOTS[name])}, and nothing else")
    forms = (str(header.get(name, default)) for name, default in {**CLOCK, **DAYS}.items())
    return TextScript(language, found, *forms)


def written(speech: Iterable[Speech], script: Script, texts: TextScript) -> str:
    """Spoken words as a text: a sentence, with times and dates as they are written in that language."""
    parts = [_written(part, script, texts) for part in speech]
    sentence = " ".join(part for part in parts if part)
    return sentence if not sentence or sentence.endswith((".", "!", "?")) else f"{sentence}."


def written_day(day: date, today: date, script: Script, texts: TextScript) -> str:
    """A day gone by as a text names it: today, yesterday, within a week by its weekday, and before that by its date."""
    ago = (today - day).days
    if ago <= 1:
        return texts.yesterday if ago == 1 else texts.today
    if ago < A_WEEK:
        return texts.on.format(day=script.prompts[f"weekday_{day.isoweekday()}"].text)
    return texts.on.format(day=_date(SpeakDate(day.isoformat(), year=False), script, script.order))


def _written(part: Speech, script: Script, texts: TextScript) -> str:
    match part:
        case Say(prompt):
            return script.prompts[prompt].text
        case SpeakTime(12, 0):
            return script.prompts["noon"].text
        case SpeakTime(hour, minute):
            return texts.clock(hour, minute)
        case SpeakDate():
            return _date(part, script, script.order)
        case _:
            return ""


def _date(part: SpeakDate, script: Script, order: WordOrder) -> str:
    values = {
        "month": script.prompts[f"month_{part.date.month}"].text,
        "day": str(part.date.day),
        "year": str(part.date.year),
    }
    slots = order.date if part.year else order.date_without_year
    return " ".join(values.get(slot) or script.prompts[slot].text for slot in slots)
