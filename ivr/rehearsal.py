"""A line to rehearse on: what is on the air, in a database of its own that is gone afterwards.

Nothing that happens on it reaches the clinic's database, the carrier, a mailbox or a telephone.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cryptography.fernet import Fernet
from sqlalchemy import ColumnElement, insert, select
from sqlalchemy.orm import Session

from ivr.config import Config
from ivr.db import Base, Database, Vault
from ivr.migrations import upgrade
from ivr.models import (
    ClinicName,
    Closure,
    InformationClip,
    PromptAudio,
    PromptNumber,
    PromptRelease,
    PromptVersion,
    WeeklyHours,
)
from ivr.services.prompts.releases import latest_release
from ivr.services.prompts.releasing import clips_heard

NOWHERE = "http://127.0.0.1:9"
"""The carrier's API, as the rehearsed line knows it: an address where nobody listens."""

PEOPLE = frozenset({"author_id", "approver_id", "recording_sid", "created_by", "import_id"})
"""Columns that name somebody, or what somebody brought: they are left empty in the copy."""

AT_ONCE = 50
"""Rows copied in one go: a prompt's audio is some ten thousand bytes."""

Manifest = Mapping[str, Mapping[str, str]]


class NothingOnAir(Exception):
    """No prompts were ever published: there is nothing to rehearse."""


@contextmanager
def rehearsing(config: Config, database: Database, manifest: Manifest | None = None) -> Iterator[Config]:
    """Settings of a line that sounds like the clinic's, for as long as the block lasts.

    Args:
        config: the clinic's settings. The copy keeps what callers can hear, and has a data key of its own.
        database: the clinic's, which is only read.
        manifest: the prompts to be heard, as a release names them; what is on the air unless given.

    Raises:
        NothingOnAir: when no manifest is given and no release was ever made.
    """
    with TemporaryDirectory(prefix="ivr-rehearsal-") as folder:
        rehearsed = replace(
            config,
            database_url=f"sqlite:///{Path(folder) / 'line.db'}",
            data_keys=(Fernet.generate_key().decode(),),
            twilio_api_url=NOWHERE,
            smtp_url="",
            notify_emails=(),
            notify_numbers=(),
            sms_from="",
        )
        (Path(folder) / "line.db").write_bytes(_empty())
        with closing(Database(rehearsed.database_url, Vault(rehearsed.data_keys))) as copy:
            _copy(database, copy, manifest)
        yield rehearsed


@cache
def _empty() -> bytes:
    """A database with today's schema and nothing in it: making one takes seconds, so each process makes it once."""
    with TemporaryDirectory(prefix="ivr-rehearsal-") as folder:
        full, small = Path(folder) / "full.db", Path(folder) / "small.db"
        with closing(Database(f"sqlite:///{full}", Vault((Fernet.generate_key().decode(),)))) as made:
            upgrade(made)
        with closing(sqlite3.connect(full)) as connection:
            connection.execute("VACUUM INTO ?", (str(small),))
        return small.read_bytes()


def _copy(database: Database, copy: Database, manifest: Manifest | None) -> None:
    """Copy what calls hear and are told: prompts with their audio and numbers, hours, closures, the name."""
    with database.read() as source, copy.write() as target:
        heard = manifest if manifest is not None else _on_air(source)
        closures = [row for row in _rows(source, Closure) if row["lifted_at"] is None]
        wanted = {sha256 for entries in heard.values() for sha256 in entries.values()}
        wanted |= {row["greeting_sha256"] for row in closures if row["greeting_sha256"]}
        for some in _batches(sorted(wanted)):
            _put(target, PromptAudio, _rows(source, PromptAudio, PromptAudio.sha256.in_(some)))
            _put(target, PromptVersion, _rows(source, PromptVersion, PromptVersion.audio_sha256.in_(some)))
        for kind, rows in (
            (PromptNumber, _rows(source, PromptNumber)),
            (WeeklyHours, _rows(source, WeeklyHours)),
            (ClinicName, _rows(source, ClinicName)),
            (Closure, closures),
            (InformationClip, _rows(source, InformationClip)),
        ):
            _put(target, kind, rows)
        target.add(PromptRelease(manifest=heard, created_at=datetime.now(UTC), clips=clips_heard(source, heard)))


def _on_air(source: Session) -> Manifest:
    latest = latest_release(source)
    if latest is None:
        raise NothingOnAir
    return latest.manifest


def _batches(addresses: Sequence[str]) -> Iterator[Sequence[str]]:
    return (addresses[start : start + AT_ONCE] for start in range(0, len(addresses), AT_ONCE))


def _rows(source: Session, kind: type[Base], *where: ColumnElement[bool]) -> list[dict[str, Any]]:
    """Rows of a table as plain values, without the people they name."""
    rows = source.execute(select(kind.__table__).where(*where)).mappings()
    return [{name: None if name in PEOPLE else value for name, value in row.items()} for row in rows]


def _put(target: Session, kind: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        target.execute(insert(kind), rows)
