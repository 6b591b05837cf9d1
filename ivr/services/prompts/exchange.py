"""A whole language as one zip, for a recording studio: scripts and audio out, recordings and new words in."""

from __future__ import annotations

import hashlib
import io
import json
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import IO, Any

from sqlalchemy import ColumnElement, or_, select

from ivr.models import PromptAudio, PromptNumber, PromptSource, PromptVersion
from ivr.services.audit import Actor
from ivr.services.line import Line
from ivr.services.prompts.catalogue import heard_on_air, rows
from ivr.services.prompts.delivery import is_clutter, is_sound, key_of, words_of_sheet
from ivr.services.prompts.releases import latest_release
from ivr.services.prompts.versions import (
    LARGEST_TAKE,
    WAS_ON_AIR,
    VersionError,
    add_take,
    save_script,
    words_on_air,
)

MANIFEST, SHEET = "manifest.json", "script.txt"
LARGEST_ZIP = 300_000_000
"""Bytes of a zip that is imported: a whole language at 48 kHz and 24 bit has 174 million."""

MOST_FILES = 2000
"""Files of a zip, and prompts that its manifest names."""

UNPACKED_TIMES, UNPACKED_ROOM = 20, 1_000_000
"""How many times its own size a zip may unpack to, and so many bytes more; sound packs to a half at best."""

LARGEST_UNPACKED = 1_000_000_000
"""Bytes of all files of a zip together."""

LARGEST_MANIFEST = 2_000_000
LONGEST_KEY = 64

NO_SOUND = "it is no recording."
UNNAMED = "its name has no prompt's key or number in it, or those of several."

UNCHANGED = ": unchanged."
"""How the sentence ends that tells of a file which is on the air already."""

NO_MANIFEST = "This is not a zip that was exported here: its manifest cannot be read."

BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError, NotImplementedError)
"""What zips raise that are damaged, locked, or packed in a way that is not known here."""


@dataclass(frozen=True, slots=True)
class DeliveredZip:
    """A zip that came back: where it can be read, its bytes, and the import that its versions belong to."""

    file: IO[bytes]
    size: int
    import_id: int


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """A prompt as an imported manifest names it; `file` is where its audio is in the zip."""

    key: str
    text: str
    file: str | None


class _Unreadable(VersionError):
    """A file of the zip; the message names it."""


def export_language(line: Line, language: str) -> bytes:
    """A zip: the manifest, the script as text to read from, and the audio on the air, a WAV file a prompt.

    Raises:
        VersionError: there is no such language.
    """
    script = line.all_scripts.get(language)
    if script is None:
        raise VersionError("There is no such language.")
    entries: list[dict[str, Any]] = []
    heard = heard_on_air(line, language)
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
                "text": heard[row.key][0] or prompt.text,
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


def import_language(
    line: Line,
    actor: Actor,
    language: str,
    delivery: DeliveredZip,
    now: datetime,
    tell_how_far: Callable[[int, int], None],
) -> list[str]:
    """Take in what differs from what is on the air, as drafts: the worker masters them, and nothing is published.

    Files are known by the manifest, else by the key or the number in their names, in whatever folder they are. New
    words are those of the manifest, else of an edited script. No more than one file is in memory at a time.

    Returns:
        What became of each file, a sentence. `tell_how_far` gets how many prompts were looked at, and of how many.

    Raises:
        VersionError: this is no such zip, or one of another language.
    """
    script = line.all_scripts.get(language)
    if script is None:
        raise VersionError("There is no such language.")
    with line.database.read() as session:
        numbers = {row.number: row.key for row in session.scalars(select(PromptNumber)) if script.has(row.key)}
    told: list[str] = []
    with _opened(delivery) as archive:
        delivered = _delivered(archive, language, numbers, told)
        for number, one in enumerate(delivered):
            tell_how_far(number, len(delivered))
            told += _take_in(line, actor, language, archive, one, delivery.import_id, now)
        tell_how_far(len(delivered), len(delivered))
    return told


@dataclass(frozen=True, slots=True)
class _Delivered:
    """A prompt of which something came: the words of the manifest and of the script, and the name of its recording."""

    key: str
    manifest: str | None
    sheet: str | None
    file: str | None


def _delivered(
    archive: zipfile.ZipFile, language: str, numbers: Mapping[int, str], told: list[str]
) -> list[_Delivered]:
    """What is in the zip, prompt by prompt; what is nobody's is told."""
    names = [name for name in archive.namelist() if not is_clutter(name)]
    manifest, sheet = (_called(names, wanted) for wanted in (MANIFEST, SHEET))
    entries = _entries(archive, manifest, language) if manifest else []
    root = manifest.removesuffix(manifest.rpartition("/")[2]) if manifest else ""
    listed = {f"{root}{entry.file}": entry.key for entry in entries if entry.file}
    files: dict[str, str] = {}
    for name in names:
        key = listed.get(name) or (key_of(name, numbers) if is_sound(name) else None)
        if key is not None and key not in files:
            files[key] = name
        elif key is not None:
            told.append(f"{name}: not taken, {files[key]} is of the same prompt.")
        elif name not in (manifest, sheet):
            told.append(f"{name}: not recognised: {UNNAMED if is_sound(name) else NO_SOUND}")
    texts = {entry.key: entry.text for entry in entries}
    written = words_of_sheet(_read(archive, sheet, LARGEST_MANIFEST).decode("utf-8-sig", "replace")) if sheet else {}
    if not manifest and not files and not written:
        raise VersionError(NO_MANIFEST)
    keys = dict.fromkeys((*texts, *files, *written))
    return [_Delivered(key, texts.get(key), written.get(key), files.get(key)) for key in keys]


def _take_in(
    line: Line,
    actor: Actor,
    language: str,
    archive: zipfile.ZipFile,
    one: _Delivered,
    import_id: int,
    now: datetime,
) -> Iterator[str]:
    """Make a draft of what came of a prompt, if it is new, and say so; what was made before an interruption stays."""
    key = one.key
    try:
        with line.database.read() as session:
            on_air = words_on_air(session, line, language, key)
        words = next((text for text in (one.manifest, one.sheet) if text and text != on_air), on_air)
        if one.file:
            audio = _read(archive, one.file, LARGEST_TAKE)
            before = _with_sound(line, language, key, audio)
            if before is None:
                add_take(line, actor, language, key, words, audio, PromptSource.UPLOAD, now, import_id=import_id)
            if before is None or before.import_id == import_id:
                yield f"{one.file}: became a draft of {key}."
                return
            yield f"{one.file}{UNCHANGED}"
        if words != on_air:
            before = _with_words(line, language, key, words)
            if before is None:
                save_script(line, actor, language, key, words, now, import_id=import_id)
            if before is None or before.import_id == import_id:
                yield f"New words became a draft of {key}."
    except _Unreadable as error:
        yield str(error)
    except VersionError as error:
        yield f"{one.file or key}: {error}"


def _called(names: Sequence[str], wanted: str) -> str | None:
    """The file of that name, in whatever folder and letters; the one that lies highest."""
    found = [name for name in names if PurePosixPath(name).name.lower() == wanted]
    return min(found, key=lambda name: name.count("/"), default=None)


@contextmanager
def _opened(delivery: DeliveredZip) -> Iterator[zipfile.ZipFile]:
    try:
        archive = zipfile.ZipFile(delivery.file)
    except (*BROKEN, ValueError):
        raise VersionError(NO_MANIFEST) from None
    with archive:
        if len(archive.infolist()) > MOST_FILES:
            raise VersionError("There are too many files in this zip.")
        unpacked = sum(info.file_size for info in archive.infolist())
        if unpacked > min(UNPACKED_TIMES * delivery.size + UNPACKED_ROOM, LARGEST_UNPACKED):
            raise VersionError("This zip unpacks to far more than sound would. Nothing of it is kept.")
        yield archive


def _entries(archive: zipfile.ZipFile, name: str, language: str) -> list[ManifestEntry]:
    """The prompts that the manifest names."""
    try:
        manifest = json.loads(_read(archive, name, LARGEST_MANIFEST))
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


def _with_sound(line: Line, language: str, key: str, audio: bytes) -> PromptVersion | None:
    """The version that has this clip, which was only sent along, or of which this file was taken in before."""
    sha256 = hashlib.sha256(audio).hexdigest()
    return _version(line, language, key, or_(PromptVersion.take_sha256 == sha256, PromptVersion.audio_sha256 == sha256))


def _with_words(line: Line, language: str, key: str, words: str) -> PromptVersion | None:
    """The version with these words that waits already."""
    mine = PromptVersion.own.is_(True), PromptVersion.state.not_in(WAS_ON_AIR)
    return _version(line, language, key, *mine, PromptVersion.text == " ".join(words.split()))


def _version(line: Line, language: str, key: str, *like: ColumnElement[bool]) -> PromptVersion | None:
    """The newest of a prompt that is like this."""
    query = select(PromptVersion).where(PromptVersion.language == language, PromptVersion.key == key, *like)
    with line.database.read() as session:
        found = session.scalars(query.order_by(PromptVersion.id.desc()).limit(1)).first()
        session.expunge_all()
        return found


def _read(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    """A file of the zip, without unpacking more than it may hold."""
    try:
        with archive.open(name) as file:
            data = file.read(most + 1)
    except (*BROKEN, KeyError, ValueError):
        raise _Unreadable(f"{name}: it is not there or cannot be read.") from None
    if len(data) > most:
        raise _Unreadable(f"{name}: it is too large. {most // 1_000_000} MB is the most.")
    return data
