"""What patients text back: STOP ends all texts at once, START allows them again, and anything else is a message.

The carrier delivers a text at least once; each counts once, by its name there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from ivr.config import E164
from ivr.models import AuditAction, EntryKind, PatientRequest, Tab
from ivr.services.audit import Actor, add_audit_entry
from ivr.services.line import Line
from ivr.services.requests import consent
from ivr.services.requests.attention import call_attention
from ivr.services.requests.case import case_of
from ivr.services.requests.notices import insert_once
from ivr.services.requests.texting import number_to_call

BY_TEXT = Actor("caller", "text")

STOP = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
"""The words by which the carrier itself ends all texts to a number, and says so: ours would not get through."""

ALSO_STOP = frozenset({"STOP ALL", "OPT OUT", "ALTO", "PARE", "PARAR"})
START = frozenset({"START", "UNSTOP"})
HELP = frozenset({"HELP", "INFO", "AYUDA", "AJUDA"})
AGREES = "YES"
"""It means START to the carrier, but only from a number that has said STOP."""

_NO_LETTERS = re.compile(r"[\W_]+")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
LONGEST = 1600


class Wish(StrEnum):
    """What a text wants."""

    STOP = "stop"
    START = "start"
    HELP = "help"
    MESSAGE = "message"


@dataclass(frozen=True, slots=True)
class Received:
    """A text from a patient. `handled`: the carrier has answered it by itself, as it is set up to."""

    sid: str
    from_number: str
    body: str
    pictures: int = 0
    handled: bool = False

    @property
    def word(self) -> str:
        """The text as a word that could be one of ours: letters and single spaces."""
        return _NO_LETTERS.sub(" ", self.body).strip().upper()


def wish_of(received: Received, is_stopped: bool) -> Wish:
    """What a text wants; only a text of nothing but the word counts, so that "stop by at 3?" is a message."""
    word = received.word
    if word in STOP | ALSO_STOP:
        return Wish.STOP
    if word in START or (word == AGREES and is_stopped):
        return Wish.START
    return Wish.HELP if word in HELP else Wish.MESSAGE


def receive(line: Line, received: Received, now: datetime) -> str:
    """Do what a text wants, and return what to answer; '' for nothing."""
    number = received.from_number
    if not E164.fullmatch(number) or number in line.own_numbers:
        return ""
    with line.database.write() as session:
        is_new = insert_once(session.connection(), f"received-{received.sid}", now)
        wish = wish_of(received, consent.is_stopped(session, number))
        requests = consent.requests_of(session, number)
        answer = ""
        if is_new:
            answer = _do(session, line, received, wish, requests, now)
        elif wish is Wish.HELP:
            answer = "help"
        if not answer or line.texts is None or received.handled:
            return ""
        newest = requests[0] if requests else None
        script = line.texts.script(newest.language if newest else line.tree.languages[0])
        return script.filled(answer, name=line.texts.name, number=number_to_call(session, line, newest))


def _do(
    session: Session, line: Line, received: Received, wish: Wish, requests: list[PatientRequest], now: datetime
) -> str:
    """What to answer, by its name among the texts; '' where the carrier answers by itself, or it was just answered."""
    number = received.from_number
    match wish:
        case Wish.STOP:
            consent.stop(session, number, now)
            _note(session, line, requests, EntryKind.TEXTS_STOPPED, "texts stopped by text", received.body, now)
            return "" if received.body.strip().upper() in STOP else "stopped"
        case Wish.START:
            consent.lift(session, number, now)
            _note(session, line, requests, EntryKind.TEXTS_STARTED, "texts allowed again by text", received.body, now)
            return ""
        case Wish.HELP:
            return "help"
    is_open = bool(requests) and requests[0].tab is Tab.OPEN
    if is_open:
        _add(session, line, requests[0], received, now)
    if consent.is_stopped(session, number):
        return ""
    hour = f"{now:%Y%m%d%H}"
    if not insert_once(session.connection(), f"answered-{line.database.vault.index(number)}-{hour}", now):
        return ""
    return "received" if is_open else "nothing_open"


def _add(session: Session, line: Line, request: PatientRequest, received: Received, now: datetime) -> None:
    """Put a text into the history of a request, and bring that back to the notice of staff."""
    case = case_of(session, line, request, BY_TEXT, now)
    call_attention(case)
    text = _UNPRINTABLE.sub("", received.body)[:LONGEST].strip()
    if received.pictures:
        text = f"{text}\n[A picture came with it, and was not kept here.]".strip()
    case.record(EntryKind.TEXT_RECEIVED, AuditAction.CHANGED, "text received", text=text or "[an empty text]")


def _note(
    session: Session,
    line: Line,
    requests: list[PatientRequest],
    kind: EntryKind,
    detail: str,
    body: str,
    now: datetime,
) -> None:
    """Write it into the history of each request that it concerns; where there is none, into the trail alone."""
    for request in requests:
        case = case_of(session, line, request, BY_TEXT, now)
        case.record(kind, AuditAction.CHANGED, detail, text=_UNPRINTABLE.sub("", body)[:LONGEST])
    if not requests:
        add_audit_entry(
            session, BY_TEXT, AuditAction.CHANGED, "texts", now, f"{detail}, from a number without requests"
        )
