"""When versions of prompts go on the air by themselves, and off again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from ivr.models import PromptState, PromptVersion
from ivr.services.audit import SYSTEM, Actor
from ivr.services.line import Line
from ivr.services.prompts.releasing import has_other, put_on_air
from ivr.services.prompts.versions import (
    READY,
    WAS_ON_AIR,
    VersionError,
    before_on_air,
    locked,
    note,
    publish_in,
    refusal,
)


def schedule(
    line: Line,
    actor: Actor,
    version_id: int,
    publish_at: datetime | None,
    expires_at: datetime | None,
    now: datetime,
) -> None:
    """Set when a version goes on the air by itself, and when it is taken off again; None for never.

    Raises:
        VersionError: a moment is over, the two are in the wrong order, or the version was on the air already.
    """
    if any(moment is not None and moment <= now for moment in (publish_at, expires_at)):
        raise VersionError("Choose a time that is still to come.")
    if publish_at and expires_at and expires_at <= publish_at:
        raise VersionError("A version has to go on the air before it is taken off again.")
    with line.database.write() as session:
        version = locked(session, version_id)
        if publish_at is not None and version.state in WAS_ON_AIR:
            raise VersionError("This version was on the air already; publish it now instead.")
        if expires_at is not None and not has_other(session, version):
            raise VersionError("Nothing could follow it: no other version of this prompt has been on the air.")
        version.publish_at, version.expires_at = publish_at, expires_at
        note(session, actor, version, "scheduled" if publish_at or expires_at else "schedule removed", now)


def publish_due(line: Line, now: datetime) -> int:
    """Put on the air, and take off, what the clock says; how many changes those were.

    A clinical version that nobody approved in time stays where it is until somebody does.
    """
    due = select(PromptVersion).where(
        or_(
            PromptVersion.publish_at <= now,
            (PromptVersion.expires_at <= now) & (PromptVersion.state == PromptState.PUBLISHED),
        )
    )
    changes = 0
    with line.database.write() as session:
        for version in session.scalars(due.order_by(PromptVersion.publish_at, PromptVersion.id).with_for_update()):
            if version.expires_at is not None and version.expires_at <= now:
                changes += _expire(session, line, version, now)
            elif version.state in READY and not refusal(line, version):
                publish_in(session, line, SYSTEM, version, now)
                changes += 1
    return changes


def _expire(session: Session, line: Line, version: PromptVersion, now: datetime) -> int:
    version.publish_at = None
    before = before_on_air(session, line, version.language, version.key, now)
    if version.state is not PromptState.PUBLISHED or before is None:
        return 0
    note(session, SYSTEM, before, f"back on the air, version {version.id} has expired", now)
    put_on_air(session, [before], line.scripts, now)
    return 1
