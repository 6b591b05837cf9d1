"""What the call asks the services on its way: a function for each question, in the transaction of the turn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from ivr.callflow.inputs import Found
from ivr.callflow.nodes import Question
from ivr.callflow.state import CallState
from ivr.services import hours_by_phone
from ivr.services.line import Line


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A question of one call: `state` is where the call is, with what the caller has keyed."""

    call_id: int
    question: Question
    state: CallState
    now: datetime


Answering = Callable[[Session, Line, Inquiry], Found]

ANSWERING: Mapping[Question, Answering] = {
    Question.HOURS: hours_by_phone.hear,
    Question.CLOSE_TODAY: hours_by_phone.close_today,
    Question.CLOSE_TOMORROW: hours_by_phone.close_tomorrow,
    Question.LIFT_CLOSURES: hours_by_phone.lift,
}
"""Who answers what."""


def consult(session: Session, line: Line, inquiry: Inquiry) -> Found:
    """Answer a question. Commits nothing: the turn does.

    Raises:
        KeyError: when nobody answers such a question; the caller then hears the outage announcement.
    """
    return ANSWERING[inquiry.question](session, line, inquiry)
