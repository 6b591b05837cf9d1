"""A whole language as one zip, for a recording studio: scripts and audio out, recordings and new words in."""

from __future__ import annotations

import io
import json
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from ivr.models import PromptAudio, PromptSource, PromptVersion
from ivr.services.audit import Actor
from ivr.services.line import Line
from ivr.services.prompts.catalogue import rows
from ivr.services.prompts.releases import latest_release
from ivr.services.prompts.versions import LARGEST_TAKE, VersionError, add_take, save_script, words_on_air

MANIFEST, SHEET = "manifest.json", "script.txt"
LARGEST_ZIP = 100_000_000
"""Bytes of a zip that is imported."""

MOST_FILES = 2000
"""Files of a zip, and prompts that its manifest names."""

UNPACKED_TIMES, UNPACKED_ROOM = 20, 1_000_000
"""How many times its own size a zip may unpack to, and so many bytes more; sound packs to a half at best."""

LARGEST_MANIFEST = 2_000_000
LONGEST_KEY = 64

NO_MANIFEST = "This is not a zip that was exported here: its manifest cannot be read."

BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError, NotImplementedError)
"""What zips raise that are damaged, locked, or packed in a way that is not known here."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import made: versions with audio, versions with words only, and in sentences what it left out."""

    recordings: int
    wordings: int
    skipped: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """A prompt as an imported manifest names it; `file` is where its audio is in the zip."""

    key: str
    text: str
    file: str | None


def export_language(line: Line, language: str) -> bytes:
    """A zip: the manifest, the script as text to read from, and the audio on the air, a WAV file a prompt.

    Raises:
        VersionError: there is no such language.
    """
    script = line.scripts.get(language)
    if script is None:
        raise VersionError("There is no such language.")
    entries: list[dict[str, Any]] = []
    sink = io.BytesIO()
    with line.database.read() as session, zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        release = latest_release(session)
        on_air = release.manifest.get(language, {}) if release else {}
        for row in rows(line):
            prompt = script.prompts.get(row.key)
            if prompt is None:
                continue
            entry: dict[str, Any] = {
                "key": row.key,
                "number": row.number,
                "text": words_on_air(session, line, language, row.key),
                "direction": prompt.direction,
                "longest_seconds": prompt.longest,
                "clinical": prompt.clinical,
            }
            audio = session.get(PromptAudio, on_air.get(row.key, ""))
            if audio is not None:
                entry |= {"file": f"audio/{row.number or 0}-{row.key}.wav", "sha256": audio.sha256}
                archive.writestr(entry["file"], audio.data)
            entries.append(entry)
        archive.writestr(MANIFEST, json.dumps({"language": language, "prompts": entries}, ensure_ascii=False, indent=1))
        archive.writestr(SHEET, "\n".join(_sheet(entries)))
    return sink.getvalue()


def _sheet(entries: list[dict[str, Any]]) -> Iterator[str]:
    for entry in entries:
        yield f"{entry['number'] or '-'}  {entry['key']}  (at most {entry['longest_seconds']:g} s)"
        yield f"    {entry['text']}"
        yield f"    How: {entry['direction']}"
        yield ""


def import_language(line: Line, actor: Actor, language: str, data: bytes, now: datetime) -> Imported:
    """Take in what differs from what is on the air, as drafts: the worker masters them, and nothing is published.

    Raises:
        VersionError: this is no such zip, or one of another language.
    """
    recordings = wordings = 0
    skipped = []
    with _opened(data) as archive:
        names = frozenset(archive.namelist())
        for entry in _entries(archive, language):
            try:
                with line.database.read() as session:
                    same_words = entry.text == words_on_air(session, line, language, entry.key)
                audio = _read(archive, entry.file, LARGEST_TAKE) if entry.file in names else None
                if audio is not None and not _is_known(line, audio):
                    add_take(line, actor, language, entry.key, entry.text, audio, PromptSource.UPLOAD, now)
                    recordings += 1
                elif not same_words:
                    save_script(line, actor, language, entry.key, entry.text, now)
                    wordings += 1
            except VersionError as error:
                skipped.append(f"{entry.key}: {error}")
    return Imported(recordings, wordings, tuple(skipped))


@contextmanager
def _opened(data: bytes) -> Iterator[zipfile.ZipFile]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (*BROKEN, ValueError):
        raise VersionError(NO_MANIFEST) from None
    with archive:
        if len(archive.infolist()) > MOST_FILES:
            raise VersionError("There are too many files in this zip.")
        if sum(info.file_size for info in archive.infolist()) > UNPACKED_TIMES * len(data) + UNPACKED_ROOM:
            raise VersionError("This zip unpacks to far more than sound would. Nothing of it is kept.")
        yield archive


def _entries(archive: zipfile.ZipFile, language: str) -> list[ManifestEntry]:
    """The prompts that the manifest names."""
    try:
        manifest = json.loads(_read(archive, MANIFEST, LARGEST_MANIFEST))
    except (ValueError, RecursionError):
        raise VersionError(NO_MANIFEST) from None
    if not isinstance(manifest, dict) or manifest.get("language") != language:
        raise VersionError("This zip is of another language.")
    prompts = manifest.get("prompts", [])
    if not isinstance(prompts, list) or not all(map(_is_entry, prompts)):
        raise VersionError(NO_MANIFEST)
    entries = [ManifestEntry(prompt["key"], prompt["text"], prompt.get("file")) for prompt in prompts]
    files = [entry.file for entry in entries if entry.file]
    if (
        len(entries) > MOST_FILES
        or len({entry.key for entry in entries}) < len(entries)
        or len(set(files)) < len(files)
    ):
        raise VersionError("The manifest names too many prompts, or a prompt or a file twice. Nothing of it is kept.")
    return entries


def _is_entry(prompt: object) -> bool:
    """Whether a part of a manifest is a prompt; its words are looked at when they are kept."""
    match prompt:
        case {"key": str(key), "text": str(), **others} if key.isprintable() and len(key) <= LONGEST_KEY:
            return isinstance(others.get("file"), str | None)
    return False


def _is_known(line: Line, audio: bytes) -> bool:
    """Whether these bytes are a clip of ours, which was only sent along."""
    with line.database.read() as session:
        same = select(PromptVersion.id).join(PromptAudio, PromptAudio.sha256 == PromptVersion.audio_sha256)
        return session.scalar(same.where(PromptAudio.data == audio).limit(1)) is not None


def _read(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    """A file of the zip, without unpacking more than it may hold."""
    try:
        with archive.open(name) as file:
            data = file.read(most + 1)
    except (*BROKEN, KeyError, ValueError):
        raise VersionError(f"{name} is not there or cannot be read.") from None
    if len(data) > most:
        raise VersionError(f"{name} is too large.")
    return data
