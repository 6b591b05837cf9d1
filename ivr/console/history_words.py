"""Plain words for the entries of a request's history that always mean the same."""

from __future__ import annotations

from collections.abc import Mapping

from ivr.models import EntryKind

HISTORY: Mapping[EntryKind, str] = {
    EntryKind.CALLED: "Called back through the clinic's number",
    EntryKind.DIALLED: "Dialled the patient from their own phone",
    EntryKind.ATTEMPTED: "Tried to reach the patient",
    EntryKind.NOTED: "Note",
    EntryKind.EDITED: "Edited",
    EntryKind.CLOSED: "Closed",
    EntryKind.REOPENED: "Reopened",
    EntryKind.UNDONE: "Took back an earlier step",
    EntryKind.CHANGED_BY_CALLER: "The caller changed the request by phone",
    EntryKind.CANCELLED_BY_CALLER: "The caller cancelled the request by phone",
    EntryKind.MESSAGE_ADDED: "The caller added a message",
    EntryKind.ANSWER_ADDED: "Answered a question",
    EntryKind.ON_CALL: "Rang whoever is on call",
    EntryKind.TEXT_RECEIVED: "The patient sent a text message",
    EntryKind.TEXTS_STOPPED: "The patient ended all text messages",
    EntryKind.TEXTS_STARTED: "The patient allowed text messages again",
    EntryKind.TEXT_FAILED: "A text message did not arrive",
    EntryKind.LINK_USED: "The patient looked at the request by the link in a text",
    EntryKind.CHANGED_BY_LINK: "The patient changed the request by that link",
    EntryKind.CANCELLED_BY_LINK: "The patient cancelled the request by that link",
    EntryKind.MESSAGE_BY_LINK: "The patient added a sentence by that link",
    EntryKind.CODE_ASKED: "Somebody online asked for a code by text, to see the request",
    EntryKind.CODE_USED: "The patient opened the request online with that code",
    EntryKind.ASKED_AGAIN: "The same number asked twice",
}
