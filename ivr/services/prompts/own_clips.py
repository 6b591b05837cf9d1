"""Information clips of the clinic's own: added where the call tree has a place for them, and taken out of it again.

The words and recordings of a clip are versions of its prompt, as of any other: approved, published and rolled back the
same way. It is heard once every language that is on has it on the air.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ivr.callflow.named_keys import sure_keys
from ivr.callflow.tree_information import MOST_AT_A_PLACE, OWN, PLACES, clip_prompt
from ivr.db import AdvisoryLock, lock_for_transaction
from ivr.models import AuditAction, InformationClip, PromptNumber, PromptVersion
from ivr.services.audit import Actor, add_audit_entry
from ivr.services.line import Line
from ivr.services.prompts.catalogue import PromptRow, rows
from ivr.services.prompts.releasing import FIRST_NUMBER, take_off_air
from ivr.services.prompts.versions import WAS_ON_AIR, VersionError, checked_words, save_script
from ivr.services.prompts.waiting import discard

LONGEST_TITLE = 60
"""Letters of a title."""

LONGEST_NODE = 32
"""Letters of a node's name, which calls keep."""


class ClipWordsError(VersionError):
    """The words of a new clip cannot be in `language`; the message says what to change in them."""

    def __init__(self, language: str, why: str) -> None:
        """Know both."""
        super().__init__(why)
        self.language = language


@dataclass(frozen=True, slots=True)
class ClipShown:
    """An own clip with its prompt in all languages; `lacks` are the languages without words, `is_heard`: by callers."""

    clip: InformationClip
    row: PromptRow | None
    lacks: tuple[str, ...]
    is_heard: bool


def own_clips(line: Line) -> list[ClipShown]:
    """The clips that were not removed, in the order of the tree."""
    with line.database.read() as session:
        clips = list(session.scalars(select(InformationClip).where(InformationClip.removed_at.is_(None))))
        session.expunge_all()
    known = {row.key: row for row in rows(line)} if clips else {}
    heard = line.on_air().tree.nodes
    languages = line.tree.languages
    return [
        ClipShown(
            clip,
            known.get(clip_prompt(clip.node)),
            tuple(language for language in languages if language not in clip.words),
            clip.node in heard,
        )
        for clip in sorted(clips, key=lambda clip: (PLACES.index(clip.after), clip.id))
    ]


def room(line: Line) -> Mapping[str, int]:
    """How many own clips each place of the tree still takes."""
    with line.database.read() as session:
        standing = _standing(session)
    return {place: MOST_AT_A_PLACE - standing[place] for place in PLACES}


def add_clip(
    line: Line, actor: Actor, title: str, after: str, words: Mapping[str, str], *, clinical: bool, now: datetime
) -> str:
    """Make a clip with drafts of its words in every language that is on, which the machine's voice then speaks.

    Returns:
        The key of its prompt.

    Raises:
        ClipWordsError: the words in a language cannot be.
        VersionError: the title or the place cannot be; the message says what to change.
    """
    title = " ".join(title.split())
    if not title or len(title) > LONGEST_TITLE or not title.isprintable():
        raise VersionError(f"Give the clip a title of at most {LONGEST_TITLE} letters, such as “What to bring”.")
    if after not in PLACES:
        raise VersionError("Choose a place for the clip.")
    spoken = {language: _fit_in(language, words) for language in line.tree.languages}
    with line.database.write() as session:
        lock_for_transaction(session, AdvisoryLock.RELEASES)
        if _standing(session)[after] >= MOST_AT_A_PLACE:
            raise VersionError(f"{MOST_AT_A_PLACE} clips stand there already. Choose another place, or remove one.")
        node = _node(session, title)
        session.add(
            InformationClip(
                node=node,
                title=title,
                after=after,
                clinical=clinical,
                words=spoken,
                created_by=actor.staff_id,
                created_at=now,
            )
        )
        highest = session.scalar(select(func.max(PromptNumber.number))) or FIRST_NUMBER - 1
        session.add(PromptNumber(number=highest + 1, key=clip_prompt(node)))
        _note(session, actor, node, f"added after {after}", now)
    for language, text in spoken.items():
        save_script(line, actor, language, clip_prompt(node), text, now)
    return clip_prompt(node)


def add_words(line: Line, actor: Actor, clip_id: int, language: str, words: str, now: datetime) -> None:
    """Give a clip its words in a language that was not on when it was made.

    Raises:
        VersionError: the clip is gone, has that language already, or the words cannot be.
    """
    if language not in line.tree.languages:
        raise VersionError("There is no such language.")
    words = _fit(words)
    with line.database.write() as session:
        clip = _locked(session, clip_id)
        if language in clip.words:
            raise VersionError("The clip has words in this language. Change them on its prompt's page.")
        clip.words = {**clip.words, language: words}
        node = clip.node
        _note(session, actor, node, f"words in {language}", now)
    save_script(line, actor, language, clip_prompt(node), words, now)


def remove_clip(line: Line, actor: Actor, clip_id: int, now: datetime) -> str:
    """Take a clip out of the tree and off the air for calls that begin from now on; its title.

    Calls under way go on with it, as with everything of their release. Its drafts are discarded.

    Raises:
        VersionError: it is gone already.
    """
    with line.database.write() as session:
        clip = _locked(session, clip_id)
        clip.removed_at = now
        session.flush()
        take_off_air(session, clip_prompt(clip.node), now)
        _note(session, actor, clip.node, "removed", now)
        tried = select(PromptVersion.id).where(
            PromptVersion.key == clip_prompt(clip.node), PromptVersion.state.not_in(WAS_ON_AIR)
        )
        drafts, title = session.scalars(tried).all(), clip.title
    if drafts:
        discard(line, actor, drafts, now)
    return title


def _fit_in(language: str, words: Mapping[str, str]) -> str:
    try:
        return _fit(words.get(language, ""))
    except VersionError as error:
        raise ClipWordsError(language, str(error)) from None


def _fit(words: str) -> str:
    words = checked_words(words)
    if named := sure_keys(words):
        keys = ", ".join(named)
        raise VersionError(f"A clip names no keys: the menu after it names them. Take out: {keys}.")
    return words


def _standing(session: Session) -> Counter[str]:
    return Counter(session.scalars(select(InformationClip.after).where(InformationClip.removed_at.is_(None))))


def _node(session: Session, title: str) -> str:
    """A node's name that no other clip has had, and that tells the title."""
    number = (session.scalar(select(func.max(InformationClip.id))) or 0) + 1
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    name = re.sub("[^a-z0-9]+", "_", plain).strip("_")
    return f"{OWN}{number}_{name}"[:LONGEST_NODE].rstrip("_")


def _locked(session: Session, clip_id: int) -> InformationClip:
    clip = session.get(InformationClip, clip_id, with_for_update=True)
    if clip is None or clip.removed_at is not None:
        raise VersionError("There is no such clip any more.")
    return clip


def _note(session: Session, actor: Actor, node: str, what: str, now: datetime) -> None:
    add_audit_entry(session, actor, AuditAction.PROMPT_CHANGED, f"clip:{node}", now, what)
