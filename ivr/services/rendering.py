"""Rendering: the voice for every prompt that nobody has recorded. Never imported by a web worker."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import sha256

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from ivr.audio.rendering import Line as SpokenLine
from ivr.audio.rendering import Rendered, fingerprint, render_language
from ivr.audio.silence import silence
from ivr.callflow.composing import BETWEEN_GROUPS
from ivr.callflow.speaking import BETWEEN_OPTIONS
from ivr.db import Database
from ivr.models import Closure, PromptAudio, PromptRelease, PromptSource, PromptVersion
from ivr.services.prompts import SILENCE, latest_release
from ivr.services.scripts import Script, sayable

PAUSES = (BETWEEN_GROUPS.milliseconds, BETWEEN_OPTIONS.milliseconds)

GREETING = "closure_greeting"
"""The key of every closure's own greeting; no script has it."""

LONGEST_GREETING = 20.0
"""Seconds; the words were estimated at fewer when they were typed."""

Progress = Callable[[str, int, int, Rendered], None]
"""Told after each clip: language, clips done, clips to do, the clip."""


class GreetingRefused(ValueError):
    """A closure's own greeting breaks limits of the telephone; the message names them."""


def render_prompts(
    database: Database, scripts: Mapping[str, Script], now: datetime, on_progress: Progress | None = None
) -> list[Rendered]:
    """Render and release every prompt whose words or voice changed; what is rendered already is kept.

    Each language is one transaction, so that an interrupted run keeps what it finished.

    Returns:
        The clips rendered by this run, with their measurements and faults.
    """
    rendered: list[Rendered] = []
    manifest: dict[str, dict[str, str]] = {SILENCE: _store_silences(database, now)}
    for language, script in scripts.items():
        fresh = _render_language(database, script, now, on_progress)
        rendered += fresh
        manifest[language] = _current_audio(database, script)
    with database.write() as session:
        latest = latest_release(session)
        if latest is None or latest.manifest != manifest:
            session.add(PromptRelease(manifest=manifest, created_at=now))
    return rendered


def make_greeting(database: Database, closure_id: int, language: str, now: datetime) -> Rendered | None:
    """Speak a closure's own greeting and put it on the air; None when that was done, or it is not wanted any more.

    Raises:
        SynthesisError: the voice cannot say it; callers go on hearing the standard sentence.
        GreetingRefused: what came out is not fit for the telephone.
    """
    with database.read() as session:
        closure = session.get(Closure, closure_id)
    if closure is None or closure.lifted_at is not None or not closure.greeting or closure.greeting_sha256:
        return None
    line = SpokenLine(GREETING, closure.greeting, LONGEST_GREETING, sayable(closure.greeting))
    (clip,) = render_language(language, [line])
    if clip.faults:
        raise GreetingRefused("; ".join(clip.faults))
    with database.write() as session:
        _store_clip(session, language, clip, fingerprint(language, line), now)
        session.flush()
        session.execute(update(Closure).where(Closure.id == closure_id).values(greeting_sha256=clip.sha256))
    return clip


def spoken_lines(script: Script) -> list[SpokenLine]:
    """A script as the voice needs it."""
    return [SpokenLine(p.key, p.text, p.longest, p.spoken) for p in script.prompts.values()]


def _render_language(database: Database, script: Script, now: datetime, on_progress: Progress | None) -> list[Rendered]:
    lines = {fingerprint(script.language, line): line for line in spoken_lines(script)}
    with database.read() as session:
        known = set(session.scalars(select(PromptVersion.fingerprint).where(PromptVersion.fingerprint.in_(lines))))
    missing = [line for print_, line in lines.items() if print_ not in known]
    rendered = []
    for clip in render_language(script.language, missing) if missing else ():
        rendered.append(clip)
        if on_progress:
            on_progress(script.language, len(rendered), len(missing), clip)
    prints = {line.key: print_ for print_, line in lines.items()}
    with database.write() as session:
        for clip in rendered:
            _store_clip(session, script.language, clip, prints[clip.key], now)
    return rendered


def _store_clip(session: Session, language: str, clip: Rendered, print_: str, now: datetime) -> None:
    measured = clip.measurement
    _store_audio(session, clip.sha256, clip.wav, now)
    session.add(
        PromptVersion(
            key=clip.key,
            language=language,
            text=clip.text,
            source=PromptSource.SYNTHESIS,
            fingerprint=print_,
            audio_sha256=clip.sha256,
            seconds=measured.seconds,
            level_dbov=measured.level_dbov,
            peak_dbfs=measured.peak_dbfs,
            head_ms=measured.head_ms,
            tail_ms=measured.tail_ms,
            words_per_minute=measured.words_per_minute,
            created_at=now,
        )
    )


def _store_silences(database: Database, now: datetime) -> dict[str, str]:
    addresses = {}
    with database.write() as session:
        for milliseconds in PAUSES:
            clip = silence(milliseconds)
            addresses[str(milliseconds)] = sha256(clip).hexdigest()
            _store_audio(session, addresses[str(milliseconds)], clip, now)
    return addresses


def _store_audio(session: Session, address: str, data: bytes, now: datetime) -> None:
    if session.get(PromptAudio, address) is None:
        session.add(PromptAudio(sha256=address, data=data, created_at=now))
        session.flush()


def _current_audio(database: Database, script: Script) -> dict[str, str]:
    prints = [fingerprint(script.language, line) for line in spoken_lines(script)]
    newest = select(func.max(PromptVersion.id)).where(PromptVersion.fingerprint.in_(prints))
    newest = newest.group_by(PromptVersion.key)
    with database.read() as session:
        rows = session.execute(
            select(PromptVersion.key, PromptVersion.audio_sha256).where(PromptVersion.id.in_(newest))
        )
        return {row.key: row.audio_sha256 for row in rows}
