"""Rendering: the voice for every prompt that nobody has recorded. Never imported by a web worker."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from ivr.audio.casting import Cast, cast_for
from ivr.audio.clips import PromptClip, PromptText, fingerprint, make_clips
from ivr.audio.silence import silence
from ivr.audio.synthesis import working_voice
from ivr.audio.voices import plain_voice
from ivr.callflow.check import STAFF_PROMPTS
from ivr.callflow.composing import BETWEEN_GROUPS
from ivr.callflow.speaking import BETWEEN_OPTIONS
from ivr.config import PROMPTS
from ivr.db import Database
from ivr.inserts import insert_into
from ivr.models import Closure, PromptAudio, PromptSource, PromptState, PromptVersion
from ivr.services.prompts.brought import brought_audio
from ivr.services.prompts.releases import DIRECTIONS, SILENCE
from ivr.services.prompts.releasing import give_numbers, release_shipped
from ivr.services.scripts import Script, sayable

PAUSES = (BETWEEN_GROUPS.milliseconds, BETWEEN_OPTIONS.milliseconds)

GREETING = "closure_greeting"
"""The key of every closure's own greeting; no script has it."""

DIRECTION, STAFF_LANGUAGE = "direction", "en-US"
"""The key of every direction that is read out to those who record by phone, which no script has; and their language."""

LONGEST_GREETING = 20.0
"""Seconds; the words were estimated at fewer when they were typed."""

OnClip = Callable[[str, int, int, PromptClip], None]
"""Told after each clip: language, clips done, clips to do, the clip."""


class GreetingRefused(ValueError):
    """A closure's own greeting breaks limits of the telephone; the message names them."""


def render_prompts(
    database: Database,
    scripts: Mapping[str, Script],
    now: datetime,
    on_progress: OnClip | None = None,
    *,
    callers_only: bool = False,
    folder: Path = PROMPTS,
) -> list[PromptClip]:
    """Render and release every prompt whose words or voice changed; what is rendered already is kept.

    Each language is one transaction, so that an interrupted run keeps what it finished. With `callers_only`, what only
    staff hear is left for the next run; until then the carrier's voice says it. `folder` has what languages bring.

    Returns:
        The clips rendered by this run, with their measurements and faults.
    """
    rendered: list[PromptClip] = []
    audio: dict[str, dict[str, str]] = {SILENCE: _store_silences(database, now)}
    shipped: dict[str, dict[str, int]] = {}
    for language, script in scripts.items():
        cast, lines = cast_for(language, brought_audio(folder, language)), prompt_texts(script)
        wanted = [line for line in lines if not (callers_only and line.key.startswith(STAFF_PROMPTS))]
        clips, cast = _render_texts(database, language, wanted, cast, now, on_progress)
        rendered += clips
        stopgaps, prints = _stopgap_prints(language, lines, cast), [fingerprint(language, line, cast) for line in lines]
        shipped[language] = _current_versions(database, stopgaps) | _current_versions(database, prints)
    audio[DIRECTIONS] = _render_directions(database, scripts, now, make=not callers_only)
    with database.write() as session:
        give_numbers(session, scripts)
        release_shipped(session, scripts, shipped, audio, now)
    return rendered


def _render_directions(
    database: Database, scripts: Mapping[str, Script], now: datetime, *, make: bool
) -> dict[str, str]:
    """How each prompt is to be said, read out; the same direction of many prompts is one clip."""
    directions = {key: prompt.direction for script in scripts.values() for key, prompt in script.prompts.items()}
    lines = [PromptText(DIRECTION, words) for words in sorted(set(directions.values()))]
    cast = cast_for(STAFF_LANGUAGE)
    if make:
        _, cast = _render_texts(database, STAFF_LANGUAGE, lines, cast, now, None)
    found = _by_text(database, _stopgap_prints(STAFF_LANGUAGE, lines, cast))
    found |= _by_text(database, [fingerprint(STAFF_LANGUAGE, line, cast) for line in lines])
    return {key: found[words] for key, words in directions.items() if words in found}


def _by_text(database: Database, prints: Sequence[str]) -> dict[str, str]:
    with database.read() as session:
        rows = session.execute(
            select(PromptVersion.text, PromptVersion.audio_sha256).where(PromptVersion.fingerprint.in_(prints))
        )
        return {row.text: str(row.audio_sha256) for row in rows}


def make_greeting(database: Database, closure_id: int, language: str, now: datetime) -> PromptClip | None:
    """Speak a closure's own greeting and put it on the air; None when that was done, or it is not wanted any more.

    Raises:
        SynthesisError: the voice cannot say it; callers go on hearing the standard sentence.
        GreetingRefused: what came out is not fit for the telephone.
    """
    with database.read() as session:
        closure = session.get(Closure, closure_id)
    if closure is None or closure.lifted_at is not None or not closure.greeting or closure.greeting_sha256:
        return None
    line = PromptText(GREETING, closure.greeting, LONGEST_GREETING, sayable(closure.greeting))
    (clip,) = make_clips(language, [line])
    if clip.faults:
        raise GreetingRefused("; ".join(clip.faults))
    with database.write() as session:
        _store_clip(session, language, clip, fingerprint(language, line), now)
        session.flush()
        session.execute(update(Closure).where(Closure.id == closure_id).values(greeting_sha256=clip.sha256))
    return clip


def prompt_texts(script: Script) -> list[PromptText]:
    """A script as the voice needs it."""
    return [PromptText(p.key, p.text, p.longest, p.spoken, p.clinical, script.clinic) for p in script.prompts.values()]


def _render_texts(
    database: Database,
    language: str,
    wanted: Sequence[PromptText],
    cast: Cast,
    now: datetime,
    on_progress: OnClip | None,
) -> tuple[list[PromptClip], Cast]:
    """Make what is missing; also who really spoke, as an installed voice may not work here."""
    missing = _missing(database, language, wanted, cast)
    if missing and (working := working_voice(language)[0]) != cast.own:
        cast = replace(cast, own=working)
        missing = _missing(database, language, wanted, cast)
    finished: list[PromptClip] = []

    def told(done: int, total: int, clip: PromptClip) -> None:
        if on_progress:
            on_progress(language, done, total, clip)

    if missing:
        finished = list(make_clips(language, list(missing.values()), told, cast))
    with database.write() as session:
        for (print_, line), clip in zip(missing.items(), finished, strict=True):
            spoken = _stopgap_prints(language, [line], cast)[0] if clip.is_stopgap else print_
            _store_clip(session, language, clip, spoken, now)
    return finished, cast


def _stopgap_prints(language: str, lines: Sequence[PromptText], cast: Cast) -> list[str]:
    """The fingerprints of lines that the plain voice spoke instead: the next run makes them anew."""
    return [fingerprint(language, line, replace(cast, own=plain_voice(language))) for line in lines]


def _missing(database: Database, language: str, wanted: Sequence[PromptText], cast: Cast) -> dict[str, PromptText]:
    lines = {fingerprint(language, line, cast): line for line in wanted}
    with database.read() as session:
        known = set(session.scalars(select(PromptVersion.fingerprint).where(PromptVersion.fingerprint.in_(lines))))
    return {print_: line for print_, line in lines.items() if print_ not in known}


def _store_clip(session: Session, language: str, clip: PromptClip, print_: str, now: datetime) -> None:
    version = PromptVersion(
        key=clip.key,
        language=language,
        text=clip.text,
        source=PromptSource.SYNTHESIS,
        state=PromptState.RECORDED,
        fingerprint=print_,
        created_at=now,
    )
    give_audio(session, version, clip, now)
    session.add(version)


def give_audio(session: Session, version: PromptVersion, clip: PromptClip, now: datetime) -> None:
    """Store a finished clip as a version's audio, with what was measured of it."""
    measured = clip.measurement
    _store_audio(session, clip.sha256, clip.wav, now)
    version.audio_sha256 = clip.sha256
    version.seconds = measured.seconds
    version.level_dbov = measured.level_dbov
    version.peak_dbfs = measured.peak_dbfs
    version.head_ms = measured.head_ms
    version.tail_ms = measured.tail_ms
    version.words_per_minute = measured.words_per_minute


def _store_silences(database: Database, now: datetime) -> dict[str, str]:
    addresses = {}
    with database.write() as session:
        for milliseconds in PAUSES:
            clip = silence(milliseconds)
            addresses[str(milliseconds)] = sha256(clip).hexdigest()
            _store_audio(session, addresses[str(milliseconds)], clip, now)
    return addresses


def _store_audio(session: Session, address: str, data: bytes, now: datetime) -> None:
    row = insert_into(PromptAudio, session.get_bind().dialect).values(sha256=address, data=data, created_at=now)
    session.execute(row.on_conflict_do_nothing())


def _current_versions(database: Database, prints: Sequence[str]) -> dict[str, int]:
    """The newest version of each line as it is to be spoken now, by key."""
    newest = select(PromptVersion.key, func.max(PromptVersion.id)).where(PromptVersion.fingerprint.in_(prints))
    with database.read() as session:
        return {row[0]: row[1] for row in session.execute(newest.group_by(PromptVersion.key))}
