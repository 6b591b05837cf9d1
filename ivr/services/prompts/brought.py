"""Audio that a language brings along: `prompts/es-US.zip`, in the studio's exchange format, each file bound to words.

It is for a language whose good voice is too large or too slow for the machine of the line. What the zip lacks, or has
for other words, is spoken by the language's voice as ever.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

from ivr.services.prompts.exchange import MANIFEST

LARGEST_BROUGHT = 8_000_000
"""Bytes of a zip; it is part of the project."""


class BroughtError(ValueError):
    """A language's zip cannot be used; the message names the file and says what is wrong."""


def brought_audio(folder: Path, language: str) -> Mapping[str, bytes]:
    """A language's files by the hash of their words; empty when it brings none.

    Raises:
        BroughtError: the zip is damaged, too large, or of another language.
    """
    path = folder / f"{language}.zip"
    if not path.is_file():
        return {}
    if path.stat().st_size > LARGEST_BROUGHT:
        raise BroughtError(f"{path}: has more than {LARGEST_BROUGHT} bytes")
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = json.loads(archive.read(MANIFEST))
            if manifest["language"] != language:
                raise BroughtError(f"{path}: is of {manifest['language']}")
            entries = [entry for entry in manifest["prompts"] if entry.get("file")]
            return {str(entry["words_sha256"]): archive.read(entry["file"]) for entry in entries}
    except BroughtError:
        raise
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError) as error:
        raise BroughtError(f"{path}: cannot be read: {error}") from error
