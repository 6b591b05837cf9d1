"""What is on the air: every change is a new release, made in one transaction, so that no call hears half of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ivr.callflow.tree_information import clip_prompt
from ivr.db import AdvisoryLock, lock_for_transaction
from ivr.models import AuditAction, InformationClip, PromptNumber, PromptRelease, PromptState, PromptVersion
from ivr.services.audit import SYSTEM, add_audit_entry
from ivr.services.prompts.agreement import key_fault
from ivr.services.prompts.releases import latest_release, own_of
from ivr.services.scripts import Script

FIRST_NUMBER = 100
"""Numbers of prompts have three digits for as long as there are fewer than nine hundred."""


def put_on_air(
    session: Session, versions: Sequence[PromptVersion], scripts: Mapping[str, Script], now: datetime
) -> None:
    """Let calls that begin from now on hear some versions, in one release; those before them are retired.

    Each is the clinic's own, and no new shipped script replaces it, unless it says the shipped words in the machine's
    voice. A release of several remembers what was there before each of them.
    """
    lock_for_transaction(session, AdvisoryLock.RELEASES)
    manifest = _manifest(session)
    together: list[tuple[int, int | None]] = []
    for version in versions:
        assert version.audio_sha256 is not None
        others = [one for one in _published(session, version.language, version.key) if one.id != version.id]
        for before in others:
            _retire(before, now)
        together.append((version.id, others[0].id if others else None))
        version.state, version.published_at, version.retired_at = PromptState.PUBLISHED, now, None
        version.publish_when_ready, version.publish_at = False, None
        script = scripts.get(version.language)
        shipped = script.prompts.get(version.key) if script else None
        version.own = version.source.is_human or shipped is None or version.text != shipped.text
        manifest.setdefault(version.language, {})[version.key] = version.audio_sha256
        own = manifest.setdefault(own_of(version.language), {})
        own.pop(version.key, None)
        if version.own:
            own[version.key] = version.audio_sha256
    several = [list(pair) for pair in together] if len(together) > 1 else None
    session.add(_release(session, manifest, now, several))
    session.flush()


def release_shipped(
    session: Session,
    scripts: Mapping[str, Script],
    shipped: Mapping[str, Mapping[str, int]],
    audio: Mapping[str, Mapping[str, str]],
    now: datetime,
) -> None:
    """Put the shipped script on the air where the clinic has nothing of its own; elsewhere its versions wait as drafts.

    The clinic's own version makes way where it would send callers to keys that the script has no longer.
    `shipped` are the versions' ids by language and key, `audio` the manifest's other entries.
    """
    lock_for_transaction(session, AdvisoryLock.RELEASES)
    manifest = {name: dict(entries) for name, entries in audio.items()}
    for language, ids in shipped.items():
        on_air = {version.key: version for version in _published(session, language)}
        false = {
            key
            for key, version in on_air.items()
            if version.own and key in ids and key_fault(scripts[language], key, version.text)
        }
        for key in sorted(false):
            add_audit_entry(
                session,
                SYSTEM,
                AuditAction.PROMPT_CHANGED,
                f"prompt:{language}:{key}",
                now,
                f"version {on_air[key].id}: off the air, the script has changed its keys",
            )
        own = {key: str(one.audio_sha256) for key, one in on_air.items() if one.own and key not in false}
        versions = session.scalars(select(PromptVersion).where(PromptVersion.id.in_(ids.values())))
        manifest[language] = _publish_all([v for v in versions if v.key not in own], on_air, now) | own
        manifest[own_of(language)] = own
    latest = latest_release(session)
    if latest is None or latest.manifest != manifest:
        session.add(_release(session, manifest, now))


def _publish_all(
    versions: Iterable[PromptVersion], on_air: Mapping[str, PromptVersion], now: datetime
) -> dict[str, str]:
    for version in versions:
        before = on_air.get(version.key)
        if before is not None and before.id != version.id:
            _retire(before, now)
        if before is None or before.id != version.id:
            version.state, version.published_at, version.retired_at = PromptState.PUBLISHED, now, None
    return {version.key: str(version.audio_sha256) for version in versions}


def take_off_air(session: Session, key: str, now: datetime) -> None:
    """Let calls that begin from now on go without a prompt, in all languages; nothing of it goes there by itself."""
    lock_for_transaction(session, AdvisoryLock.RELEASES)
    for version in session.scalars(select(PromptVersion).where(PromptVersion.key == key).with_for_update()):
        version.publish_when_ready, version.publish_at, version.expires_at = False, None, None
        if version.state is PromptState.PUBLISHED:
            _retire(version, now)
    manifest = _manifest(session)
    without = {name: {one: sha for one, sha in entries.items() if one != key} for name, entries in manifest.items()}
    if without != manifest:
        session.add(_release(session, without, now))
    session.flush()


def clips_heard(session: Session, manifest: Mapping[str, Mapping[str, str]]) -> list[list[str]] | None:
    """The own clips that calls hear with these prompts, as a release keeps them; None when there are none."""
    standing = select(InformationClip).where(InformationClip.removed_at.is_(None)).order_by(InformationClip.id)
    found = []
    for clip in session.scalars(standing):
        spoken = [one for one in sorted(clip.words) if clip_prompt(clip.node) in manifest.get(one, {})]
        found += [[clip.node, clip.after, *spoken]] if spoken else []
    return found or None


def _release(
    session: Session,
    manifest: dict[str, dict[str, str]],
    now: datetime,
    together: list[list[int | None]] | None = None,
) -> PromptRelease:
    clips = clips_heard(session, manifest)
    return PromptRelease(manifest=manifest, created_at=now, together=together, clips=clips)


def with_drafts(session: Session) -> tuple[Mapping[str, Mapping[str, str]], frozenset[str]]:
    """What would be on the air if every version that waits to go there and has audio were; and the audio of those."""
    manifest = _manifest(session)
    published = {(one.language, one.key): one.published_at for one in _published(session)}
    waiting = select(PromptVersion).where(
        PromptVersion.own.is_(True),
        PromptVersion.problem.is_(None),
        PromptVersion.audio_sha256.is_not(None),
        PromptVersion.state.not_in((PromptState.PUBLISHED, PromptState.RETIRED)),
    )
    drafts: dict[tuple[str, str], str] = {}
    for version in session.scalars(waiting.order_by(PromptVersion.id)):
        since = published.get((version.language, version.key))
        if since is None or version.created_at >= since:
            drafts[version.language, version.key] = str(version.audio_sha256)
    for (language, key), sha256 in drafts.items():
        manifest.setdefault(language, {})[key] = sha256
        manifest.setdefault(own_of(language), {})[key] = sha256
    return manifest, frozenset(drafts.values())


def has_other(session: Session, version: PromptVersion) -> bool:
    """Whether something is or was on the air that can take over when a version goes off."""
    query = select(PromptVersion.id).where(
        PromptVersion.language == version.language,
        PromptVersion.key == version.key,
        PromptVersion.id != version.id,
        PromptVersion.state.in_((PromptState.PUBLISHED, PromptState.RETIRED)),
    )
    return session.scalar(query.limit(1)) is not None


def give_numbers(session: Session, scripts: Mapping[str, Script]) -> None:
    """Give every prompt that has none its number, in the order of the scripts."""
    lock_for_transaction(session, AdvisoryLock.RELEASES)
    known = set(session.scalars(select(PromptNumber.key)))
    highest = session.scalar(select(func.max(PromptNumber.number))) or FIRST_NUMBER - 1
    new = dict.fromkeys(key for script in scripts.values() for key in script.prompts if key not in known)
    for number, key in enumerate(new, start=highest + 1):
        session.add(PromptNumber(number=number, key=key))


def _published(session: Session, language: str | None = None, key: str | None = None) -> list[PromptVersion]:
    query = select(PromptVersion).where(PromptVersion.state == PromptState.PUBLISHED)
    if language is not None:
        query = query.where(PromptVersion.language == language)
    return list(session.scalars(query.where(PromptVersion.key == key) if key else query))


def _retire(version: PromptVersion, now: datetime) -> None:
    version.state, version.retired_at = PromptState.RETIRED, now


def _manifest(session: Session) -> dict[str, dict[str, str]]:
    latest = latest_release(session)
    return {name: dict(entries) for name, entries in latest.manifest.items()} if latest else {}
