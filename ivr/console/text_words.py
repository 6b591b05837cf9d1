"""Plain words for text messages: what each is about, how far it is, and why it did not arrive."""

from __future__ import annotations

from collections.abc import Mapping

from ivr.models import TextKind, TextMessage, TextStatus

KINDS: Mapping[TextKind, str] = {
    TextKind.SAVED: "The request is saved",
    TextKind.CALLING: "We are calling now",
    TextKind.DIALLING: "We are calling now, from another number",
    TextKind.CANCELLED: "The request is cancelled",
    TextKind.CHANGED: "The request was changed",
    TextKind.CODE: "A code to see the request online",
}

STATES: Mapping[TextStatus, str] = {
    TextStatus.WAITING: "On its way",
    TextStatus.ASKED: "Given to the telephone company, which has not answered",
    TextStatus.DROPPED: "Not sent: no longer wanted",
    TextStatus.REFUSED: "Not sent",
    TextStatus.SENT: "Sent",
    TextStatus.DELIVERED: "Delivered",
    TextStatus.UNDELIVERED: "Not delivered",
}

ERRORS: Mapping[str, str] = {
    "21610": "the patient has ended all texts",
    "21211": "there is no such number",
    "30003": "the telephone was off or out of reach",
    "30004": "the telephone blocks it",
    "30005": "the number is unknown, or no longer in service",
    "30006": "the number takes no texts, as landlines do not",
    "30007": "the telephone company took it for spam",
    "30008": "the telephone company gives no reason",
    "30034": "our number is not registered for texts yet",
}
"""The carrier's numbers for why a text did not arrive, in words for staff."""


def about(text: TextMessage) -> str:
    """What a text message is about."""
    return KINDS[text.kind]


def state(text: TextMessage) -> str:
    """How far it is, and why it did not arrive."""
    why = ERRORS.get(text.error, f"error {text.error}") if text.error else ""
    return f"{STATES[text.status]}: {why}" if why else STATES[text.status]
