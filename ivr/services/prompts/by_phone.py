"""Recording prompts by telephone, for admins who have signed in there; `callflow/tree_studio` asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.callflow.facts import REFUSED_AS, PromptReading, StudioFacts
from ivr.callflow.inputs import Found
from ivr.models import PromptNumber, PromptState, PromptVersion
from ivr.services.accounts.by_phone import admin_of
from ivr.services.audit import Actor
from ivr.services.inquiry import Inquiry
from ivr.services.line import Line
from ivr.services.prompts import versions
from ivr.services.prompts.releases import DIRECTIONS, latest_release
from ivr.services.prompts.session import numbers_in_order, session_in
from ivr.services.prompts.versions import VersionError
from ivr.services.recordings.recordings import discard_recording


def begin(session: Session, line: Line, inquiry: Inquiry) -> Found:
    """Whether somebody may record at all."""
    return Found("ready", StudioFacts()) if admin_of(session, inquiry) else Found("not_allowed")


def find_by_number(session: Session, line: Line, inquiry: Inquiry) -> Found:
    """The prompt whose number was keyed."""
    if admin_of(session, inquiry) is None:
        return Found("not_allowed")
    keyed = int(inquiry.state.studio.number or 0)
    found = session.scalars(select(PromptNumber).where(PromptNumber.number == keyed)).first()
    return _found(session, line, inquiry, found)


def find_next(session: Session, line: Line, inquiry: Inquiry) -> Found:
    """The prompt after the one that was heard, in the running order; at first where this person has to go on."""
    admin = admin_of(session, inquiry)
    if admin is None:
        return Found("not_allowed")
    language = _language(inquiry)
    order = numbers_in_order(session, line.all_scripts[language])
    last = int(inquiry.state.studio.number or 0)
    place = next((at + 1 for at, one in enumerate(order) if one.number == last), None)
    if place is None:
        wanted = session_in(session, line, language, admin.id).place
        place = next((at for at, one in enumerate(order) if one.key == wanted), 0)
    return _found(session, line, inquiry, order[place % len(order)] if order else None)


def taken(session: Session, line: Line, inquiry: Inquiry) -> Found:
    """Whether what was just recorded may go on the air at once."""
    if admin_of(session, inquiry) is None:
        return Found("not_allowed")
    clinical = versions.is_clinical(line, _language(inquiry), _key(inquiry))
    return Found("needs_approval" if clinical else "may_publish")


def keep(session: Session, line: Line, inquiry: Inquiry) -> Found:
    """Keep what was recorded, and let it go on the air as soon as it is fit for it, if that was wanted."""
    admin = admin_of(session, inquiry)
    if admin is None:
        return _drop(session, line, inquiry, "not_allowed")
    known, language = inquiry.state.studio, _language(inquiry)
    publish = known.publish and not versions.is_clinical(line, language, _key(inquiry))
    try:
        versions.keep_call_take(
            session,
            line,
            Actor.of(admin, "phone"),
            language,
            _key(inquiry),
            known.take_sid,
            inquiry.now,
            publish=publish,
        )
    except VersionError:
        return _drop(session, line, inquiry, "not_allowed")
    return Found("published" if publish else "kept", _without_take(inquiry))


def keep_left_take(session: Session, line: Line, inquiry: Inquiry) -> StudioFacts:
    """Keep as a draft what somebody recorded and hung up on; what the call knows afterwards. Commits nothing."""
    if not inquiry.state.studio.take_sid:
        return inquiry.state.studio
    kept = replace(inquiry, state=replace(inquiry.state, studio=replace(inquiry.state.studio, publish=False)))
    known = keep(session, line, kept).facts
    return known if isinstance(known, StudioFacts) else _without_take(inquiry)


def drop(session: Session, line: Line, inquiry: Inquiry) -> Found:
    """Forget what was recorded, here and at the carrier."""
    return _drop(session, line, inquiry, "dropped")


def publish_heard(session: Session, line: Line, inquiry: Inquiry) -> Found:
    """Put on the air what was read out, when it waits; whoever did not make a clinical one approves it thereby."""
    admin = admin_of(session, inquiry)
    if admin is None:
        return Found("not_allowed")
    heard = inquiry.state.studio.reading
    waiting = (
        versions.locked_waiting(session, _language(inquiry), heard.key, heard.words_sha256 or "") if heard else None
    )
    if waiting is None:
        return Found("not_ready")
    actor = Actor.of(admin, "phone")
    try:
        if versions.refusal(line, waiting):
            versions.approve_in(session, actor, waiting, inquiry.now)
    except VersionError:
        return Found("needs_another")
    versions.publish_in(session, line, actor, waiting, inquiry.now)
    return Found("on_air")


def roll_back(session: Session, line: Line, inquiry: Inquiry) -> Found:
    """Put the version back on the air that was there before."""
    admin = admin_of(session, inquiry)
    if admin is None:
        return Found("not_allowed")
    try:
        versions.roll_back_in(session, line, Actor.of(admin, "phone"), _language(inquiry), _key(inquiry), inquiry.now)
    except VersionError:
        return Found("first")
    return Found("rolled_back")


def _drop(session: Session, line: Line, inquiry: Inquiry, finding: str) -> Found:
    take = inquiry.state.studio.take_sid
    if take:
        session.flush()
        discard_recording(line.database, session.connection(), take, inquiry.now)
    return Found(finding, _without_take(inquiry))


def _without_take(inquiry: Inquiry) -> StudioFacts:
    return replace(inquiry.state.studio, take_sid="", publish=False)


def _language(inquiry: Inquiry) -> str:
    """Whose words are recorded: the language that was chosen for it, or the call's."""
    return inquiry.state.studio.recorded_in or inquiry.state.language


def _key(inquiry: Inquiry) -> str:
    reading = inquiry.state.studio.reading
    return reading.key if reading else ""


def _found(session: Session, line: Line, inquiry: Inquiry, number: PromptNumber | None) -> Found:
    """What the call has to know to read a prompt out: its words, how they are said, and the audio of both."""
    language = _language(inquiry)
    script = line.all_scripts[language]
    if number is None or not script.has(number.key):
        return Found("none", StudioFacts(recorded_in=inquiry.state.studio.recorded_in))
    release = latest_release(session)
    manifest = release.manifest if release else {}
    words, audio = versions.words_to_record(session, line, language, number.key)
    direction = line.all_scripts[inquiry.state.language].prompts[number.key].direction
    reading = PromptReading(
        key=number.key,
        words=words,
        direction=direction,
        last=_last(session, language, number.key, audio),
        words_sha256=audio,
        direction_sha256=_spoken_direction(line, manifest.get(DIRECTIONS, {}), direction),
    )
    return Found("found", StudioFacts(recorded_in=language, number=str(number.number), reading=reading))


def _spoken_direction(line: Line, spoken: Mapping[str, str], direction: str) -> str | None:
    """The audio of a direction, which the same one of any prompt has; own clips have that of the clip before them."""
    script = line.scripts[line.tree.languages[0]]
    same = (sha256 for key, sha256 in spoken.items() if script.has(key) and script.prompts[key].direction == direction)
    return next(same, None)


def _last(session: Session, language: str, key: str, heard: str | None) -> str:
    """What became of the clinic's newest version: refused, being made, waiting (it is what is heard), or nothing."""
    query = select(PromptVersion).where(
        PromptVersion.language == language, PromptVersion.key == key, PromptVersion.own.is_(True)
    )
    newest = session.scalars(query.order_by(PromptVersion.id.desc()).limit(1)).first()
    if newest is None or newest.state in versions.WAS_ON_AIR:
        return ""
    if newest.problem:
        told = f"refused_{newest.refused_as}"
        return told if told in REFUSED_AS else "refused"
    if newest.state is PromptState.DRAFT:
        return "being_made"
    return "waiting" if newest.audio_sha256 == heard else ""
