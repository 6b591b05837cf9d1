"""From a recording, or new words, to a version fit for the telephone. Never imported by a web worker."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from ivr.audio.casting import cast_for
from ivr.audio.clips import PromptClip, PromptText, make_clips
from ivr.audio.errors import SynthesisError, TakeFault, TakeRefused
from ivr.audio.sandbox import master_take
from ivr.config import PROMPTS
from ivr.models import PromptSource, PromptState, PromptTake, PromptVersion, Recording
from ivr.services.audit import Actor
from ivr.services.line import Line
from ivr.services.prompts.brought import brought_audio
from ivr.services.prompts.rendering import give_audio
from ivr.services.prompts.versions import publish_in, refusal
from ivr.services.recordings.recordings import erase_recordings, find_audio
from ivr.services.scripts import Script, sayable


def master_version(line: Line, version_id: int, now: datetime) -> PromptState | None:
    """Make a draft's audio, or note why that cannot be; then publish it, if it was to go on the air by itself.

    Returns:
        The state it has now; None when there was nothing to do.

    Raises:
        DecoderLost: the machine ended the process; another try may succeed.
    """
    database = line.database
    with database.read() as session:
        version = session.get(PromptVersion, version_id)
        take = session.get(PromptTake, version_id)
    if version is None or version.state is not PromptState.DRAFT or version.problem is not None:
        return None
    source = take.data if take else find_audio(database, version.recording_sid) if version.recording_sid else None
    if source is None and version.source is not PromptSource.SYNTHESIS:
        return None
    problem, reason, clip = "", "", None
    try:
        clip = _finished(line, version, source)
    except TakeRefused as error:
        problem, reason = str(error), error.reason.value
    except SynthesisError:
        problem = "The machine's voice cannot say these words."
    with database.write() as session:
        return _noted(session, line, version_id, clip, (problem, reason), now)


def _finished(line: Line, version: PromptVersion, source: bytes | None) -> PromptClip:
    script = line.all_scripts.get(version.language)
    prompt = script.prompts.get(version.key) if script else None
    longest = prompt.longest if prompt else None
    if source is not None:
        return master_take(source, version.language, PromptText(version.key, version.text, longest))
    spoken = prompt.spoken if prompt and prompt.text == version.text and prompt.spoken else sayable(version.text)
    text = PromptText(version.key, version.text, longest, spoken, bool(prompt and prompt.clinical), _clinic(script))
    cast = cast_for(version.language, brought_audio(PROMPTS, version.language))
    (clip,) = make_clips(version.language, [text], cast=cast)
    if clip.faults:
        raise TakeRefused(f"These words are not fit for the telephone: {'; '.join(clip.faults)}.")
    return clip


def _clinic(script: Script | None) -> str:
    return script.clinic if script else ""


def _noted(
    session: Session, line: Line, version_id: int, clip: PromptClip | None, refused: tuple[str, str], now: datetime
) -> PromptState | None:
    version = session.get(PromptVersion, version_id, with_for_update=True)
    if version is None:
        return None  # discarded meanwhile
    if version.state is not PromptState.DRAFT:
        return version.state
    session.execute(delete(PromptTake).where(PromptTake.version_id == version_id))
    if version.recording_sid is not None:
        erase_recordings(session, Recording.sid == version.recording_sid, now)
    if clip is None:
        version.problem, version.refused_as = refused
        version.publish_when_ready = False
        return version.state
    give_audio(session, version, clip, now)
    version.remark = clip.remark or None
    if clip.faults:
        version.problem, version.refused_as = " ".join(clip.faults), TakeFault.FAST.value
        version.publish_when_ready = False
        return version.state
    version.state = PromptState.RECORDED
    if version.publish_when_ready and not refusal(line, version):
        by_phone = "phone" if version.source is PromptSource.PHONE else ""
        publish_in(session, line, Actor(f"staff:{version.author_id}", by_phone, version.author_id), version, now)
    return version.state
