"""Who asks online and may have asked before: a code to the number, and with it the request that is open.

The page that is asked for a code never looks whether the number has a request, has agreed to texts, or has said STOP:
the worker does, later. So neither its words nor the time they take tell anything. A wrong code, one that counts no
more, and any code for a number without a request are one and the same answer.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from secrets import token_hex

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.models import AuditAction, EntryKind, NumberCode, PatientRequest, Tab, TextKind
from ivr.services.jobs import Job, enqueue
from ivr.services.line import Line
from ivr.services.requests import codes, consent
from ivr.services.requests.case import case_of
from ivr.services.requests.links import new_link
from ivr.services.requests.online import ONLINE, submission_of
from ivr.services.requests.texting import put_in_queue

AGAIN_AFTER = timedelta(minutes=1)
"""A form that is sent twice within it asks for one code."""


def ask_for_code(
    line: Line, token: str, number: str, now: datetime, counting: Callable[[Session], None] = lambda _: None
) -> None:
    """Note that a form asks for a code to its number (E.164), and let the worker see to it.

    `counting` is done with what is asked for anew, in its transaction: when it raises, nothing is asked for.
    """
    with line.database.write() as session:
        codes.forget_codes(session, now)
        last = _asked(session, line, token, number)
        if last is not None and now < last.asked_at + AGAIN_AFTER and last.tries < codes.MOST_TRIES:
            return
        counting(session)
        index = line.database.vault.index(number)
        code = NumberCode(form=submission_of(token), number=number, number_index=index, asked_at=now)
        session.add(code)
        session.flush()
        key = f"code-{code.id}-{token_hex(8)}"  # SQLite gives the id of a deleted row again
        enqueue(line.database, session.connection(), Job.TEXT_CODE, code.id, key=key)


def is_code_asked(line: Line, token: str, number: str) -> bool:
    """Whether the form has asked for a code to this number within the last hour."""
    with line.database.read() as session:
        return _asked(session, line, token, number) is not None


def text_code(line: Line, code_id: int, now: datetime) -> None:
    """Let the code be texted: to a number with an open request that takes texts, did not refuse them, or say STOP."""
    with line.database.write() as session:
        code = session.get(NumberCode, code_id, with_for_update=True)
        if code is None or code.text_id is not None or line.texts is None or now >= code.asked_at + codes.VALID:
            return
        request = _open_request(session, line, code.number)
        if request is None or request.may_text is False or not consent.can_take(session, code.number):
            return
        code.request_id = request.id
        code.text_id = put_in_queue(session, line, request, TextKind.CODE, now)
        case = case_of(session, line, request, ONLINE, now)
        case.record(EntryKind.CODE_ASKED, AuditAction.CHANGED, "a code by text was asked for, online")


def prove(line: Line, token: str, number: str, digits: str, now: datetime) -> str | None:
    """The secret of a new link to the request, for the right code; None for any other.

    A wrong one uses up a try. The right one may be sent again while it counts, as when a button is pressed twice.
    """
    with line.database.write() as session:
        known = _asked(session, line, token, number)
        about = select(PatientRequest).where(PatientRequest.id == (known.request_id or 0 if known else 0))
        request = session.scalars(about.with_for_update()).first()
        code = _asked(session, line, token, number, lock=True)
        if code is None:
            return None
        is_right = codes.is_right(line.database.vault, code, digits, now)
        if not is_right or request is None or not _is_of(line, request, number):
            code.tries += 1
            return None
        case = case_of(session, line, request, ONLINE, now)
        case.record(EntryKind.CODE_USED, AuditAction.SEEN, "number proved by a code, online")
        return new_link(session, request.id, now)


def _is_of(line: Line, request: PatientRequest, number: str) -> bool:
    """Whether a request still names the number: staff may have changed it, or its days may be over."""
    return request.erased_at is None and request.number_index in line.database.vault.indexes(number)


def _asked(session: Session, line: Line, token: str, number: str, *, lock: bool = False) -> NumberCode | None:
    """The newest code that a form has asked for to a number."""
    mine = select(NumberCode).where(
        NumberCode.form == submission_of(token), NumberCode.number_index.in_(line.database.vault.indexes(number))
    )
    newest = mine.order_by(NumberCode.id.desc()).limit(1).execution_options(populate_existing=True)
    return session.scalars(newest.with_for_update() if lock else newest).first()


def _open_request(session: Session, line: Line, number: str) -> PatientRequest | None:
    """The newest open request of a number: the one that a call from it would be told of."""
    indexes = line.database.vault.indexes(number)
    mine = select(PatientRequest).where(PatientRequest.number_index.in_(indexes), PatientRequest.tab == Tab.OPEN)
    return session.scalars(mine.order_by(PatientRequest.id.desc()).limit(1)).first()
