"""What the call asks the services on its way: a function for each question, in the transaction of the turn."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.orm import Session

from ivr.callflow.inputs import Found
from ivr.callflow.nodes import Question
from ivr.services.hours import by_phone as hours_by_phone
from ivr.services.inquiry import Answering, Inquiry
from ivr.services.line import Line
from ivr.services.prompts import by_phone as prompts_by_phone
from ivr.services.requests import answers, consent, on_call
from ivr.services.requests import by_caller as existing
from ivr.services.requests import by_phone as requests_by_phone

ANSWERING: Mapping[Question, Answering] = {
    Question.OPEN_REQUEST: existing.find_open,
    Question.URGENT_HELP: on_call.urgent_help,
    Question.STANDING: answers.standing,
    Question.TEXTING: consent.offer,
    Question.REQUEST_BY_CALLER: existing.find_by_caller,
    Question.REQUEST_BY_REFERENCE: existing.find_by_reference,
    Question.NEXT_REQUEST: existing.find_next,
    Question.CHANGE_NUMBER: existing.change_number,
    Question.CHANGE_TIME: existing.change_time,
    Question.CANCEL_REQUEST: existing.cancel,
    Question.ADD_MESSAGE: existing.add_message,
    Question.HOURS: hours_by_phone.hear,
    Question.CLOSE_TODAY: hours_by_phone.close_today,
    Question.CLOSE_TOMORROW: hours_by_phone.close_tomorrow,
    Question.LIFT_CLOSURES: hours_by_phone.lift,
    Question.SET_HOURS: hours_by_phone.set_hours,
    Question.STAFF_EXTENSION: requests_by_phone.find_extension,
    Question.STAFF_SIGN_IN: requests_by_phone.sign_in,
    Question.STAFF_FIRST: requests_by_phone.find_first,
    Question.STAFF_NEXT: requests_by_phone.find_next,
    Question.STAFF_CLAIM: requests_by_phone.claim,
    Question.STAFF_ATTEMPT: requests_by_phone.note_attempt,
    Question.STAFF_CLOSE: requests_by_phone.close,
    Question.STAFF_DESK: requests_by_phone.pass_on,
    Question.STUDIO: prompts_by_phone.begin,
    Question.PROMPT_BY_NUMBER: prompts_by_phone.find_by_number,
    Question.NEXT_PROMPT: prompts_by_phone.find_next,
    Question.PROMPT_TAKEN: prompts_by_phone.taken,
    Question.KEEP_TAKE: prompts_by_phone.keep,
    Question.DROP_TAKE: prompts_by_phone.drop,
    Question.PUBLISH_HEARD: prompts_by_phone.publish_heard,
    Question.ROLL_BACK: prompts_by_phone.roll_back,
}
"""Who answers what."""


def consult(session: Session, line: Line, inquiry: Inquiry) -> Found:
    """Answer a question. Commits nothing: the turn does.

    Raises:
        KeyError: when nobody answers such a question; the caller then hears the outage announcement.
    """
    return ANSWERING[inquiry.question](session, line, inquiry)
