"""The words of the patients' pages, a file a language in prompts/pages/; a language without one has no such pages."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Formatter

HEADER = "page"


class WordsError(ValueError):
    """A file of words cannot be used; the message names it."""


@dataclass(frozen=True, slots=True)
class Words:
    """One language: its locale, its name in itself, and every text by section and name, such as 'frame.skip'."""

    language: str
    name: str
    texts: Mapping[str, str]

    def __call__(self, key: str, **values: object) -> str:
        """A text, with its placeholders filled."""
        return self.texts[key].format(**values) if values else self.texts[key]

    def __contains__(self, key: str) -> bool:
        """Whether there is such a text."""
        return key in self.texts

    def placeholders(self, key: str) -> frozenset[str]:
        """The names that a text leaves open."""
        return frozenset(name for _, name, _, _ in Formatter().parse(self.texts[key]) if name)


def read_words(folder: Path, languages: Sequence[str]) -> Mapping[str, Words]:
    """The words of the languages that have all of them, in the same order; the first language must.

    Raises:
        WordsError: when the default language lacks a file, or one is malformed.
    """
    files = {language: folder / f"{language}.toml" for language in languages}
    found = {language: _read(path, language) for language, path in files.items() if path.is_file()}
    if languages[0] not in found:
        raise WordsError(f"{files[languages[0]]} is missing: the patients' pages need it")
    wanted = found[languages[0]].texts.keys()
    return {language: words for language, words in found.items() if wanted <= words.texts.keys()}


def _read(path: Path, language: str) -> Words:
    try:
        parsed = tomllib.loads(path.read_text("utf-8"))
        header = parsed.pop(HEADER)
        texts = {f"{section}.{key}": str(text) for section, table in parsed.items() for key, text in table.items()}
        return Words(language, header["name"], texts)
    except (tomllib.TOMLDecodeError, AttributeError, KeyError) as error:
        raise WordsError(f"{path}: {error}") from None
