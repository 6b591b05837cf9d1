"""Several prompts that go on the air in one release, and come off it in one: callers hear one voice or the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.models import PromptRelease, PromptState, PromptVersion
from ivr.services.audit import Actor
from ivr.services.line import Line
from ivr.services.prompts.agreement import key_fault
from ivr.services.prompts.releasing import put_on_air
from ivr.services.prompts.versions import VersionError, locked, note, refusal

SHOWN = 10
"""Releases of several that are listed."""


@dataclass(frozen=True, slots=True)
class ReleaseOfSeveral:
    """A release that put several prompts on the air; `still` are those of them that callers hear now."""

    id: int
    created_at: datetime
    count: int
    still: int


def publish_together(line: Line, actor: Actor, version_ids: Sequence[int], now: datetime) -> int:
    """Put some versions on the air in one release; how many those are.

    Raises:
        VersionError: none was chosen, two are of the same prompt, or one of them may not go there. Then none does.
    """
    if not version_ids:
        raise VersionError("Choose at least one version.")
    with line.database.write() as session:
        versions = [locked(session, version_id) for version_id in sorted(set(version_ids))]
        places = Counter((version.language, version.key) for version in versions)
        for (language, key), count in places.items():
            if count > 1:
                raise VersionError(
                    f"{key} ({language}): several versions are chosen. Choose one. Nothing is published."
                )
        new = [version for version in versions if version.state is not PromptState.PUBLISHED]
        for version in new:
            if refused := refusal(line, version):
                raise VersionError(f"{version.key} ({version.language}): {refused} Nothing is published.")
        if not new:
            raise VersionError("All of these are on the air already.")
        for version in new:
            note(session, actor, version, f"published, {len(new)} in one release", now)
        put_on_air(session, new, line.scripts, now)
        return len(new)


def releases_of_several(line: Line) -> list[ReleaseOfSeveral]:
    """The latest, the newest first."""
    with line.database.read() as session:
        query = select(PromptRelease.id, PromptRelease.created_at, PromptRelease.together)
        found = session.execute(
            query.where(PromptRelease.together.is_not(None)).order_by(PromptRelease.id.desc()).limit(SHOWN)
        ).all()
        ids = {pair[0] for row in found for pair in row.together or ()}
        heard = select(PromptVersion.id).where(PromptVersion.id.in_(ids), PromptVersion.state == PromptState.PUBLISHED)
        on_air = set(session.scalars(heard))
    return [
        ReleaseOfSeveral(row.id, row.created_at, len(row.together), sum(pair[0] in on_air for pair in row.together))
        for row in found
    ]


def roll_back_together(line: Line, actor: Actor, release_id: int, now: datetime) -> tuple[int, int]:
    """Put back, in one release, what was on the air before a release of several.

    Returns:
        How many prompts are as before, and how many stay: what was changed since, or had nothing before it.

    Raises:
        VersionError: there is no such release, or nothing of it can be put back.
    """
    with line.database.write() as session:
        release = session.get(PromptRelease, release_id)
        if release is None or not release.together:
            raise VersionError("There is no such release.")
        back = [
            before
            for version_id, before_id in sorted(release.together, key=lambda pair: pair[0] or 0)
            if (before := _before(session, line, version_id, before_id, now)) is not None
        ]
        if not back:
            raise VersionError("Nothing can be put back: all of it was changed since, or had nothing before it.")
        for before in back:
            note(session, actor, before, f"rolled back to, with the whole release {release_id}", now)
        put_on_air(session, back, line.scripts, now)
        return len(back), len(release.together) - len(back)


def _before(
    session: Session, line: Line, version_id: int | None, before_id: int | None, now: datetime
) -> PromptVersion | None:
    """What was there before a version that callers hear still, if they may hear it again."""
    version = session.get(PromptVersion, version_id, with_for_update=True)
    before = session.get(PromptVersion, before_id, with_for_update=True) if before_id is not None else None
    if version is None or version.state is not PromptState.PUBLISHED or before is None:
        return None
    if before.audio_sha256 is None or (before.expires_at is not None and before.expires_at <= now):
        return None
    return None if key_fault(line.all_scripts.get(before.language), before.key, before.text) else before
