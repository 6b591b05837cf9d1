"""Reading a language's script: every prompt the line can speak, how it is said and how long it may last."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from string import Formatter
from typing import Any

from ivr.callflow.composing import WordOrder

LONG_NUMBER = re.compile(r"\d{3,}")

Table = Mapping[str, Any]
"""A TOML table as it was parsed."""

HEADER, BLOCKS = "script", "blocks"
HEADER_FIELDS = ("language", "voice", "known_words", "order", "status")
STATUSES = ("approved", "draft")
PROMPT_FIELDS = ("text", "direction", "clinical", "longest", "spoken")
TITLES = "titles"
"""The file of the prompts' titles, and its table for those that have a section of their own."""

BLOCK_FIELDS = ("start", "direction", "longest", "texts")
SLOTS: Mapping[str, frozenset[str]] = {
    "date": frozenset({"month", "day", "year"}),
    "date_without_year": frozenset({"month", "day"}),
    "time": frozenset({"hour", "minute", "half"}),
}


class ScriptError(ValueError):
    """A script cannot be used; the message names the file, the section and what to do about it."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """One authored message; `longest` is in seconds, `spoken` respells what a voice mispronounces.

    `title` is what it is called in the studio, the same in all languages.
    """

    key: str
    text: str
    direction: str
    clinical: bool
    longest: float
    spoken: str | None
    title: str = ""

    @property
    def sayable(self) -> str:
        """The text for the carrier's voice."""
        return sayable(self.text)


@dataclass(frozen=True, slots=True)
class Script:
    """All the words of a language: `known_words` are hard ones callers know, `say_voice` is for `<Say>`.

    `is_draft`: nobody has approved it yet, so the settings do not let it on the air. `clinic` is the name in the words.
    """

    language: str
    prompts: Mapping[str, Prompt]
    order: WordOrder
    known_words: frozenset[str]
    say_voice: str
    is_draft: bool = False
    clinic: str = ""

    def has(self, key: str) -> bool:
        """Whether the script has that prompt."""
        return key in self.prompts

    @property
    def longest(self) -> dict[str, float]:
        """How long each prompt may last, in seconds."""
        return {key: prompt.longest for key, prompt in self.prompts.items()}


def sayable(text: str) -> str:
    """Words for a voice that reads numbers: long ones such as 911 as single digits, never as hundreds."""
    return LONG_NUMBER.sub(lambda found: " ".join(found[0]), text)


class LiveScripts(Mapping[str, Script]):
    """Scripts as they are now: the clinic's name in them may change while a process runs.

    `at_start` are those of the process's start, for whoever must not ask the database; it names the languages too.
    """

    def __init__(self, at_start: Mapping[str, Script], read: Callable[[], Mapping[str, Script]]) -> None:
        self.at_start, self._read = at_start, read

    def __getitem__(self, language: str) -> Script:
        """The script of a language."""
        return self._read()[language] if language in self.at_start else self.at_start[language]

    def __iter__(self) -> Iterator[str]:
        """The languages."""
        return iter(self.at_start)

    def __len__(self) -> int:
        """How many languages there are."""
        return len(self.at_start)


def read_scripts(folder: Path, languages: Sequence[str], clinic: str) -> Mapping[str, Script]:
    """The scripts of those languages; a language's key in the language menu is its place in the list.

    Raises:
        ScriptError: a language has no file, or its file cannot be used.
    """
    scripts = {}
    titles = read_titles(folder)
    for key, language in enumerate(languages, start=1):
        path = folder / f"{language}.toml"
        if not path.is_file():
            there = ", ".join(sorted(file.stem for file in folder.glob("*.toml") if file.stem != TITLES)) or "none"
            raise ScriptError(f"{path}: no script for {language!r}; write it, or choose one of: {there}")
        script = read_script(path, {"clinic": clinic, "language_key": str(key)})
        if script.language != language:
            wrong = f"language is {script.language!r}; make it {language!r}, as the file is called"
            raise _Place(path, HEADER).error(wrong)
        scripts[language] = replace(script, prompts={key: titles(one) for key, one in script.prompts.items()})
    return scripts


def read_titles(folder: Path) -> Callable[[Prompt], Prompt]:
    """What gives a prompt its title: that of its key, or its kind's with its own words after it.

    A prompt without any, and every one where there is no such file, is called by its key.

    Raises:
        ScriptError: the file cannot be used.
    """
    path = folder / f"{TITLES}.toml"
    table = _parse(path) if path.is_file() else {}
    names = {name: _Place(path, name).table(table.get(name, {})) for name in (TITLES, BLOCKS)}
    for name, entries in names.items():
        for key in entries:
            _Place(path, name).words(entries, key)

    def titled(prompt: Prompt) -> Prompt:
        kind, _, number = prompt.key.rpartition("_")
        title = names[TITLES].get(prompt.key)
        if title is None and number.isdigit() and kind in names[BLOCKS]:
            title = f"{names[BLOCKS][kind]}: {prompt.text}"
        return replace(prompt, title=title or prompt.key.replace("_", " ").capitalize())

    return titled


def read_script(path: Path, values: Mapping[str, str]) -> Script:
    """The script in a file, its placeholders such as {clinic} filled from `values`.

    Raises:
        ScriptError: the file cannot be read, or something in it is missing, unknown, doubled or malformed.
    """
    table = _parse(path)
    place = _Place(path, HEADER)
    header = place.table(table.get(HEADER))
    place.only(header, HEADER_FIELDS)
    prompts: dict[str, Prompt] = {}
    for prompt in _prompts(path, table, values):
        if prompt.key in prompts:
            raise _Place(path, prompt.key).error("the key is there twice, once in a block; remove one")
        prompts[prompt.key] = prompt
    return Script(
        language=place.words(header, "language"),
        prompts=prompts,
        order=_order(path, header.get("order", {}), prompts),
        known_words=frozenset(word.lower() for word in place.list_of_words(header, "known_words")),
        say_voice=place.words(header, "voice"),
        is_draft=place.one_of(header, "status", STATUSES) == "draft",
        clinic=values.get("clinic", ""),
    )


def _parse(path: Path) -> Table:
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise ScriptError(f"{path}: cannot be read ({error.strerror}); check the file") from error
    except UnicodeDecodeError as error:
        raise ScriptError(f"{path}: is not UTF-8 text; save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise ScriptError(f"{path}: is not valid TOML: {error}; correct it there") from error


def _prompts(path: Path, table: Table, values: Mapping[str, str]) -> Iterator[Prompt]:
    for key, section in table.items():
        if key not in (HEADER, BLOCKS):
            yield _prompt(_Place(path, key), section, values)
    for name, section in _Place(path, BLOCKS).table(table.get(BLOCKS, {})).items():
        yield from _block(_Place(path, f"{BLOCKS}.{name}"), name, section)


def _prompt(place: _Place, section: object, values: Mapping[str, str]) -> Prompt:
    """A prompt that has a section of its own."""
    found = place.table(section)
    place.only(found, PROMPT_FIELDS)
    clinical = found.get("clinical", False)
    if not isinstance(clinical, bool):
        raise place.error("clinical must be true or false")
    return Prompt(
        key=place.section,
        text=place.filled("text", place.words(found, "text"), values),
        direction=place.words(found, "direction"),
        clinical=clinical,
        longest=place.seconds(found, "longest"),
        spoken=place.filled("spoken", place.words(found, "spoken"), values) if "spoken" in found else None,
    )


def _block(place: _Place, name: str, section: object) -> Iterator[Prompt]:
    """Building blocks that differ in a number only: the texts of `name_start`, the next one, and so on."""
    found = place.table(section)
    place.only(found, BLOCK_FIELDS)
    start = place.needed(found, "start")
    if not isinstance(start, int) or isinstance(start, bool) or start < 0:
        raise place.error("start must be a whole number, the one of the first text")
    direction, longest = place.words(found, "direction"), place.seconds(found, "longest")
    for number, text in enumerate(place.list_of_words(found, "texts"), start=start):
        yield Prompt(f"{name}_{number}", text, direction, clinical=False, longest=longest, spoken=None)


def _order(path: Path, section: object, prompts: Mapping[str, Prompt]) -> WordOrder:
    """The word order, each item of which is a slot or a prompt; what is left out keeps its default."""
    place = _Place(path, f"{HEADER}.order")
    found = place.table(section)
    place.only(found, tuple(field.name for field in fields(WordOrder)))
    order = {name: tuple(place.list_of_words(found, name)) for name in found}
    for name, items in order.items():
        for item in items:
            if item not in SLOTS[name] and item not in prompts:
                slots = ", ".join(sorted(SLOTS[name]))
                raise place.error(f"{name}: {item!r} is no slot ({slots}) and no prompt; add or remove it")
    return WordOrder(**order)


@dataclass(frozen=True, slots=True)
class _Place:
    """A section of a file: takes its fields apart and says what is wrong there."""

    path: Path
    section: str

    def error(self, what: str) -> ScriptError:
        """The error that names this place."""
        return ScriptError(f"{self.path}: [{self.section}]: {what}")

    def table(self, found: object) -> Table:
        """The section itself."""
        if found is None:
            raise self.error("the section is missing; add it")
        if not isinstance(found, dict):
            raise self.error(f"must be a section of its own; write it as [{self.section}]")
        return found

    def only(self, found: Table, known: Sequence[str]) -> None:
        """Refuse fields that nothing reads: they are mostly misspelt ones."""
        if unknown := sorted(set(found) - set(known)):
            raise self.error(f"unknown field {', '.join(unknown)}; the fields are {', '.join(known)}")

    def needed(self, found: Table, name: str) -> object:
        """A field that must be there."""
        if name not in found:
            raise self.error(f"{name} is missing; add it")
        return found[name]

    def words(self, found: Table, name: str) -> str:
        """A text that says something."""
        text = self.needed(found, name)
        if not isinstance(text, str) or not text.strip():
            raise self.error(f"{name} must be a text that is not empty")
        return text.strip()

    def one_of(self, found: Table, name: str, choices: Sequence[str]) -> str:
        """One of these texts; the first when nothing is said."""
        text = found.get(name, choices[0])
        if text not in choices:
            raise self.error(f"{name} must be one of: {', '.join(choices)}")
        return str(text)

    def list_of_words(self, found: Table, name: str) -> list[str]:
        """A list of such texts."""
        texts = self.needed(found, name)
        if not isinstance(texts, list) or not all(isinstance(text, str) and text.strip() for text in texts):
            raise self.error(f"{name} must be a list of texts, none of them empty")
        return texts

    def seconds(self, found: Table, name: str) -> float:
        """A length of time."""
        length = self.needed(found, name)
        if not isinstance(length, int | float) or isinstance(length, bool) or not 0 < length < math.inf:
            raise self.error(f"{name} must be a number of seconds above 0")
        return float(length)

    def filled(self, name: str, text: str, values: Mapping[str, str]) -> str:
        """The text with its placeholders filled."""
        try:
            parts = list(Formatter().parse(text))
        except ValueError as error:
            raise self.error(f"{name} has a brace too many or too few ({error}); correct it") from error
        for _, placeholder, form, conversion in parts:
            if placeholder is not None and (placeholder not in values or form or conversion):
                known = ", ".join(f"{{{value}}}" for value in sorted(values))
                raise self.error(f"{name} has the unknown placeholder {{{placeholder}}}; use one of: {known}")
        return text.format_map(values)
