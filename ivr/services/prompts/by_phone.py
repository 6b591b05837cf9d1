"""Recording prompts by telephone, for admins who have signed in there; `callflow/tree_studio` asks."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.callflow.inputs import Found
from ivr.models import PromptNumber, PromptState, PromptVersion
from ivr.services.accounts.by_phone import admin_of
from ivr.services.audit import Actor
from ivr.services.inquiry import Inquiry
from ivr.services.line import Line
from ivr.services.prompts import versions
from ivr.services.prompts.releases import DIRECTIONS, latest_release
from ivr.services.prompts.versions import VersionError
from ivr.services.recordings.recordings import discard_recording

PEOPLE = ("staff_id", "role", "recorded_in")
"""Facts of the call that the studio leaves as they are."""


def begin(session: Session, line: Line, inquiry: Inquiry) -> Found:
    """Whether somebody may record at all."""
    return Found("ready" if admin_of(session, inquiry) else "not_allowed")


def find_by_number(session: Session, line: Line, inquiry: Inquiry) -> Found:
    """The prompt whose number was keyed."""
    if admin_of(session, inquiry) is None:
        return Found("not_allowed")
    keyed = int(inquiry.state.facts.get("number") or 0)
    found = session.scalars(select(PromptNumber).where(PromptNumber.number == keyed)).first()
    return _found(session, line, inquiry, found)


def find_next(session: Session, line: Line, inquiry: Inquiry) -> Found:
    """The prompt after the one that was heard, after the last one the first."""
    if admin_of(session, inquiry) is None:
        return Found("not_allowed")
    script = line.scripts[_language(inquiry)]
    last = int(inquiry.state.facts.get("number") or 0)
    known = [one for one in session.scalars(select(PromptNumber).order_by(PromptNumber.number)) if script.has(one.key)]
    following = [one for one in known if one.number > last] or known
    return _found(session, line, inquiry, following[0] if following else None)


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
    facts, language = inquiry.state.facts, _language(inquiry)
    publish = bool(facts.get("publish")) and not versions.is_clinical(line, language, _key(inquiry))
    try:
        versions.keep_call_take(
            session,
            line,
            Actor.of(admin, "phone"),
            language,
            _key(inquiry),
            str(facts.get("take") or ""),
            inquiry.now,
            publish=publish,
        )
    except VersionError:
        return _drop(session, line, inquiry, "not_allowed")
    return Found("published" if publish else "kept", _without_take(inquiry))


def drop(session: Session, line: Line, inquiry: Inquiry) -> Found:
    """Forget what was recorded, here and at the carrier."""
    return _drop(session, line, inquiry, "dropped")


def publish_heard(session: Session, line: Line, inquiry: Inquiry) -> Found:
    """Put on the air what was read out, when it waits; whoever did not make a clinical one approves it thereby."""
    admin = admin_of(session, inquiry)
    if admin is None:
        return Found("not_allowed")
    heard = str(inquiry.state.facts.get("words_sha256") or "")
    waiting = versions.locked_waiting(session, _language(inquiry), _key(inquiry), heard)
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
    take = inquiry.state.facts.get("take")
    if take:
        session.flush()
        discard_recording(line.database, session.connection(), str(take), inquiry.now)
    return Found(finding, _without_take(inquiry))


def _without_take(inquiry: Inquiry) -> dict[str, Any]:
    return {name: value for name, value in inquiry.state.facts.items() if name not in {"take", "publish"}}


def _language(inquiry: Inquiry) -> str:
    """Whose words are recorded: the language that was chosen for it, or the call's."""
    return str(inquiry.state.facts.get("recorded_in") or inquiry.state.language)


def _key(inquiry: Inquiry) -> str:
    return str(inquiry.state.facts.get("prompt") or "")


def _found(session: Session, line: Line, inquiry: Inquiry, number: PromptNumber | None) -> Found:
    """What the call has to know to read a prompt out: its words, how they are said, and the audio of both."""
    people = {name: inquiry.state.facts[name] for name in PEOPLE if name in inquiry.state.facts}
    language = _language(inquiry)
    script = line.scripts[language]
    if number is None or not script.has(number.key):
        return Found("none", people)
    release = latest_release(session)
    manifest = release.manifest if release else {}
    words, audio = versions.words_to_record(session, line, language, number.key)
    facts = {
        "prompt": number.key,
        "number": str(number.number),
        "recorded_in": language,
        "words": words,
        "words_sha256": audio,
        "direction": line.scripts[inquiry.state.language].prompts[number.key].direction,
        "direction_sha256": manifest.get(DIRECTIONS, {}).get(number.key),
        "last": _last(session, language, number.key, audio),
    }
    return Found("found", people | facts)


def _last(session: Session, language: str, key: str, heard: str | None) -> str:
    """What became of the clinic's newest version: refused, being made, waiting (it is what is heard), or nothing."""
    query = select(PromptVersion).where(
        PromptVersion.language == language, PromptVersion.key == key, PromptVersion.own.is_(True)
    )
    newest = session.scalars(query.order_by(PromptVersion.id.desc()).limit(1)).first()
    if newest is None or newest.state in versions.WAS_ON_AIR:
        return ""
    if newest.problem:
        return "refused"
    if newest.state is PromptState.DRAFT:
        return "being_made"
    return "waiting" if newest.audio_sha256 == heard else ""
