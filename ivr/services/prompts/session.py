"""A session of recording: the prompts of a language in the order of a call, and how far somebody is with them.

Nothing is kept for it: what was recorded tells it, so that it goes on tomorrow, in another browser or by phone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.callflow.check import STAFF_PROMPTS
from ivr.models import PromptNumber, PromptSource, PromptState, PromptVersion
from ivr.services.line import Line
from ivr.services.scripts import Script

ALSO_STAFFS = ("desk_whisper",)
"""Prompts that only staff hear although their keys do not say so."""


class TakeState(StrEnum):
    """What there is of a person's voice for a prompt."""

    MISSING = "missing"
    REFUSED = "refused"
    BEING_MADE = "being made"
    WAITING = "waiting"
    ON_AIR = "on the air"

    @property
    def is_wanting(self) -> bool:
        """Whether it has still to be recorded."""
        return self in (TakeState.MISSING, TakeState.REFUSED)


@dataclass(frozen=True, slots=True)
class RecordingSession:
    """The running order of one person in one language: keys with what there is of each, and where to go on.

    `place` is the prompt to record next: the first one wanting after this person's latest recording, or before it;
    None when nothing is.
    """

    takes: Mapping[str, TakeState]
    place: str | None

    @property
    def wanting(self) -> list[str]:
        """What is still to be recorded, in order."""
        return [key for key, state in self.takes.items() if state.is_wanting]

    def beside(self, key: str) -> tuple[str | None, str | None]:
        """The prompts before and after one."""
        keys = list(self.takes)
        at = keys.index(key)
        return (keys[at - 1] if at else None), (keys[at + 1] if at + 1 < len(keys) else None)


def is_staffs(key: str) -> bool:
    """Whether only staff hear a prompt."""
    return key.startswith(STAFF_PROMPTS) or key in ALSO_STAFFS


def running_order(script: Script) -> list[str]:
    """All prompts of a language as a call comes to them, and after those that callers hear the ones for staff."""
    return sorted(script.prompts, key=is_staffs)


def recording_session(line: Line, language: str, staff_id: int, *, for_staff: bool = False) -> RecordingSession:
    """How far somebody is with what callers hear, or with what only staff hear."""
    with line.database.read() as session:
        return session_in(session, line, language, staff_id, for_staff=for_staff)


def session_in(
    session: Session, line: Line, language: str, staff_id: int, *, for_staff: bool = False
) -> RecordingSession:
    """The same in a transaction under way."""
    keys = [key for key in running_order(line.all_scripts[language]) if is_staffs(key) is for_staff]
    known: dict[str, TakeState] = {}
    mine = 0
    query = select(
        PromptVersion.key,
        PromptVersion.state,
        PromptVersion.problem,
        PromptVersion.audio_sha256.is_not(None),
        PromptVersion.author_id,
    ).where(PromptVersion.language == language, PromptVersion.source != PromptSource.SYNTHESIS)
    for key, state, problem, has_audio, author in session.execute(query.order_by(PromptVersion.id)):
        known[key] = _state(state, problem, has_audio)
        if author == staff_id and key in keys:
            mine = keys.index(key) + 1
    takes = {key: known.get(key, TakeState.MISSING) for key in keys}
    place = next((key for key in (*keys[mine:], *keys[:mine]) if takes[key].is_wanting), None)
    return RecordingSession(takes, place)


def _state(state: PromptState, problem: str | None, has_audio: bool) -> TakeState:
    """Of a recording; one that was taken off the air has to be made anew."""
    if state is PromptState.PUBLISHED:
        return TakeState.ON_AIR
    if state is PromptState.RETIRED:
        return TakeState.MISSING
    if problem:
        return TakeState.REFUSED
    return TakeState.WAITING if has_audio else TakeState.BEING_MADE


def numbers_in_order(session: Session, script: Script) -> list[PromptNumber]:
    """The prompts that have a number to key, in the running order."""
    known = {one.key: one for one in session.scalars(select(PromptNumber))}
    return [known[key] for key in running_order(script) if key in known]
