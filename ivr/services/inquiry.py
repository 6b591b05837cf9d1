"""A question that a call asks the services on its way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from ivr.callflow.inputs import Found
from ivr.callflow.nodes import Question
from ivr.callflow.state import CallState
from ivr.services.line import Line


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A question of one call: `state` is where the call is, with what the caller has keyed."""

    call_id: int
    question: Question
    state: CallState
    now: datetime


Answering = Callable[[Session, Line, Inquiry], Found]
