"""What waits in the studio: versions to be approved, versions that are ready, and those that can be discarded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from ivr.db import Database
from ivr.models import PromptState, PromptTake, PromptVersion, StaffMember
from ivr.services.accounts.staff import active_admins
from ivr.services.audit import Actor
from ivr.services.line import Line
from ivr.services.prompts.agreement import key_fault
from ivr.services.prompts.versions import (
    READY,
    WAS_ON_AIR,
    VersionError,
    is_clinical,
    locked,
    note,
    refusal,
)
from ivr.services.recordings.recordings import discard_recording


@dataclass(frozen=True, slots=True)
class WaitingVersions:
    """The clinic's versions that are not on the air, the newest first; `names` are their authors' by id.

    `to_approve`: clinical and ready but for a second person. `ready`: the newest of each prompt and language that
    could go on the air now. `scheduled`: ready, and going there by itself. `others`: refused, earlier takes, or words
    that the script allows no longer.
    """

    to_approve: Sequence[PromptVersion]
    ready: Sequence[PromptVersion]
    scheduled: Sequence[PromptVersion]
    others: Sequence[PromptVersion]
    names: Mapping[int, str]


def waiting(line: Line) -> WaitingVersions:
    """Everything that waits."""
    with line.database.read() as session:
        names = {one.id: one.name for one in session.scalars(select(StaffMember))}
        on_air = {(one.language, one.key): one.published_at for one in session.scalars(_published(line))}
        versions = list(session.scalars(_unpublished(line)))
        session.expunge_all()
    lists: dict[str, list[PromptVersion]] = {"to_approve": [], "ready": [], "scheduled": [], "others": []}
    taken: set[tuple[str, str]] = set()
    for version in versions:
        place = version.language, version.key
        since = on_air.get(place)
        is_newest = place not in taken and (since is None or version.created_at >= since)
        chosen = _list_of(line, version) if is_newest else "others"
        if chosen != "others":
            taken.add(place)
        if chosen != "others" or version.state is not PromptState.DRAFT or version.problem:
            lists[chosen].append(version)
    return WaitingVersions(**lists, names=names)


def counts(line: Line) -> tuple[int, int]:
    """How many versions wait to be approved, and how many are ready."""
    found = waiting(line)
    return len(found.to_approve), len(found.ready)


def has_one_admin(database: Database) -> bool:
    """Whether nobody could approve what the only administrator makes."""
    return len(active_admins(database)) == 1


def discard(line: Line, actor: Actor, version_ids: Sequence[int], now: datetime) -> int:
    """Forget versions that were never on the air: refused ones, and those that were tried; how many those were.

    Raises:
        VersionError: none was chosen, or one was on the air.
    """
    if not version_ids:
        raise VersionError("Choose at least one version.")
    with line.database.write() as session:
        for version_id in sorted(set(version_ids)):
            version = locked(session, version_id)
            if version.state in WAS_ON_AIR:
                raise VersionError("What was on the air is kept: callers have heard it.")
            if not version.own:
                raise VersionError("This is of the script as it was delivered. It stays.")
            note(session, actor, version, "discarded", now)
            _forget(session, line, version, now)
    return len(set(version_ids))


def _forget(session: Session, line: Line, version: PromptVersion, now: datetime) -> None:
    session.execute(delete(PromptTake).where(PromptTake.version_id == version.id))
    if version.recording_sid is not None:
        session.flush()
        discard_recording(line.database, session.connection(), version.recording_sid, now)
    session.delete(version)
    session.flush()


@dataclass(frozen=True, slots=True)
class ToTell:
    """What the admins have not been told yet: versions that wait for an approval, and those whose time has come."""

    ids: Sequence[int]
    new: int
    late: int


def to_tell(line: Line, now: datetime) -> ToTell:
    """Versions that wait for an approval, untold; one whose time has come meanwhile is told of once more."""
    waits = [
        version for version in waiting(line).to_approve if version.told_at is None or _is_late_untold(version, now)
    ]
    late = sum(1 for version in waits if is_late(version, now))
    return ToTell([version.id for version in waits], len(waits) - late, late)


def note_told(line: Line, ids: Sequence[int], now: datetime) -> None:
    """The admins have been told of these."""
    with line.database.write() as session:
        for version in session.scalars(select(PromptVersion).where(PromptVersion.id.in_(ids)).with_for_update()):
            version.told_at = now


def is_late(version: PromptVersion, now: datetime) -> bool:
    """Whether a version should be on the air by now, and waits all the same."""
    return version.publish_at is not None and version.publish_at <= now and version.state in READY


def _is_late_untold(version: PromptVersion, now: datetime) -> bool:
    told, due = version.told_at, version.publish_at
    return told is not None and due is not None and told < due <= now


def _list_of(line: Line, version: PromptVersion) -> str:
    if version.problem or version.state not in READY:
        return "others"
    if refusal(line, version):
        needs_approval = version.state is PromptState.RECORDED and is_clinical(line, version.language, version.key)
        return "to_approve" if needs_approval and not _is_false(line, version) else "others"
    return "scheduled" if version.publish_at else "ready"


def _is_false(line: Line, version: PromptVersion) -> bool:
    """Whether an approval would not put it on the air."""
    return bool(key_fault(line.all_scripts.get(version.language), version.key, version.text))


def _unpublished(line: Line) -> Select[PromptVersion]:
    return (
        select(PromptVersion)
        .where(
            PromptVersion.own.is_(True),
            PromptVersion.language.in_(line.scripts),
            PromptVersion.state.not_in(WAS_ON_AIR),
        )
        .order_by(PromptVersion.id.desc())
    )


def _published(line: Line) -> Select[PromptVersion]:
    return select(PromptVersion).where(
        PromptVersion.language.in_(line.scripts), PromptVersion.state == PromptState.PUBLISHED
    )
