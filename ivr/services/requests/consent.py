"""Who may be texted: the patient's consent, in which words it was asked for, and numbers that have said STOP."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

import phonenumbers
from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.callflow.inputs import Found
from ivr.db import vault_of
from ivr.inserts import upsert
from ivr.models import Call, PatientRequest, PromptRelease, Tab, TextMessage, TextStop
from ivr.services.inquiry import Inquiry
from ivr.services.line import Line

QUESTION = "texts_question"
"""The prompt that asks for it by phone."""

LANDLINE = "30006"
"""The carrier's error for a number that takes no text messages."""

NOT_PERSONAL = frozenset(
    {
        phonenumbers.PhoneNumberType.TOLL_FREE,
        phonenumbers.PhoneNumberType.PREMIUM_RATE,
        phonenumbers.PhoneNumberType.FIXED_LINE,
        phonenumbers.PhoneNumberType.PAGER,
        phonenumbers.PhoneNumberType.VOICEMAIL,
    }
)


def is_stopped(session: Session, number: str) -> bool:
    """Whether the owner of a number (E.164) has said STOP, and not START since."""
    stopped = select(TextStop.id).where(TextStop.number_index.in_(_indexes(session, number)))
    return session.scalar(stopped.where(TextStop.lifted_at.is_(None)).limit(1)) is not None


def can_take(session: Session, number: str | None) -> bool:
    """Whether a number can be asked about texts: North American, not known as a landline, and without a STOP."""
    if not number or not number.startswith("+1"):
        return False
    parsed = phonenumbers.PhoneNumber(country_code=1, national_number=int(number.removeprefix("+1")))
    if phonenumbers.number_type(parsed) in NOT_PERSONAL:
        return False
    failed = select(TextMessage.id).join(PatientRequest, PatientRequest.id == TextMessage.request_id)
    failed = failed.where(PatientRequest.number_index.in_(_indexes(session, number)), TextMessage.error == LANDLINE)
    return session.scalar(failed.limit(1)) is None and not is_stopped(session, number)


def offer(session: Session, line: Line, inquiry: Inquiry) -> Found:
    """Whether the caller of a saved request is asked about texts; nobody is who has named a warning sign."""
    saved = inquiry.state.saved
    if line.texts is None or saved is None or inquiry.state.draft.red_flags:
        return Found("skip")
    request = session.get(PatientRequest, saved.id)
    if request is None or request.tab is not Tab.OPEN or request.red_flags:
        return Found("skip")
    return Found("ask" if can_take(session, request.callback_number) else "skip")


def agree(request: PatientRequest, wording: str, now: datetime) -> None:
    """Note that the patient agreed to texts to the request's number; `wording` names the words they were asked in."""
    request.may_text, request.text_wording, request.text_agreed_at = True, wording, now


def wording_by_phone(session: Session, line: Line, call_id: int, language: str) -> str:
    """The words in which a call asks: language, and the digest of the audio, or of the words where there is none."""
    release = session.scalar(
        select(PromptRelease).join(Call, Call.release_id == PromptRelease.id).where(Call.id == call_id)
    )
    heard = (release.manifest.get(language) or {}).get(QUESTION) if release else None
    script = line.scripts.get(language)
    prompt = script.prompts.get(QUESTION) if script else None
    digest = heard or hashlib.sha256((prompt.text if prompt else "").encode()).hexdigest()
    return f"phone {language} {digest[:12]}"


def stop(session: Session, number: str, now: datetime) -> None:
    """Text a number (E.164) no more. Commits nothing."""
    row = _row(session, number)
    if row is not None:
        row.stopped_at, row.lifted_at = now, None
        session.flush()
        return
    index = vault_of(session.get_bind().dialect).index(number)
    values = {"number": number, "stopped_at": now, "lifted_at": None}
    upsert(session, TextStop, {"number_index": index}, values)


def lift(session: Session, number: str, now: datetime) -> bool:
    """Text a number again; False when it was not stopped. Commits nothing."""
    row = _row(session, number)
    if row is None or row.lifted_at is not None:
        return False
    row.lifted_at = now
    return True


def requests_of(session: Session, number: str) -> list[PatientRequest]:
    """The requests that a text from this number can be about, locked, the newest first: the open ones, or the last."""
    mine = select(PatientRequest).where(
        PatientRequest.number_index.in_(_indexes(session, number)), PatientRequest.erased_at.is_(None)
    )
    newest_first = mine.order_by(PatientRequest.id.desc())
    found = session.scalars(newest_first.where(PatientRequest.tab == Tab.OPEN).with_for_update()).all()
    return list(found or session.scalars(newest_first.limit(1).with_for_update()))


def _row(session: Session, number: str) -> TextStop | None:
    rows = select(TextStop).where(TextStop.number_index.in_(_indexes(session, number)))
    return session.scalars(rows.limit(1).with_for_update()).first()


def _indexes(session: Session, number: str) -> Sequence[str]:
    return vault_of(session.get_bind().dialect).indexes(number)
