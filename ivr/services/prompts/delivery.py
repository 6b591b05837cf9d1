"""What a recording studio sends back: files under names of its own, in folders, beside an edited script."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath

SOUNDS = frozenset({".wav", ".mp3", ".m4a", ".mp4", ".ogg", ".oga", ".webm", ".flac", ".aif", ".aiff"})
"""How the names of recordings end, in small letters."""

CLUTTER = ("__macosx", ".ds_store", "thumbs.db", "desktop.ini")
"""What a Mac or Windows adds to a zip by itself."""

SHEET_LINE = re.compile(r"(?:\d+|-)\s+(?P<key>[a-z0-9_]+)\s+\(at most [\d.]+ s\)\s*")
DIRECTION = "How:"
PARTS = re.compile(r"[a-z0-9]+")
NUMBER = re.compile(r"(?<!\d)\d{3}(?!\d)")


def is_clutter(name: str) -> bool:
    """Whether a name in a zip is nobody's: a folder, or what a computer added."""
    parts = [part.lower() for part in PurePosixPath(name).parts]
    return name.endswith("/") or any(part in CLUTTER or part.startswith("._") for part in parts)


def is_sound(name: str) -> bool:
    """Whether a file is a recording, by how its name ends."""
    return PurePosixPath(name).suffix.lower() in SOUNDS


def key_of(name: str, numbers: Mapping[int, str]) -> str | None:
    """The prompt that a file's name means, by its key or else by its number; None when it means none or several.

    `numbers` are the prompts' keys by number. Capital letters, blanks and dashes do not matter: "101-Option Callback
    take 2.MP3" is `option_callback`.
    """
    stem = "_".join(PARTS.findall(PurePosixPath(name).stem.lower()))
    within = [key for key in numbers.values() if f"_{key}_" in f"_{stem}_"]
    longest = max(within, key=len, default=None)
    if longest is not None:
        return longest
    found = {numbers[int(number)] for number in NUMBER.findall(stem) if int(number) in numbers}
    return found.pop() if len(found) == 1 else None


def words_of_sheet(sheet: str) -> Mapping[str, str]:
    """The words of each prompt in a script that somebody may have edited, by key."""
    words: dict[str, list[str]] = {}
    key = None
    for line in sheet.splitlines():
        heading = SHEET_LINE.fullmatch(line.strip())
        if heading:
            key = heading["key"]
            words[key] = []
        elif key is not None and line.strip().startswith(DIRECTION):
            key = None
        elif key is not None and line.strip():
            words[key].append(line.strip())
    return {key: " ".join(said) for key, said in words.items() if said}
