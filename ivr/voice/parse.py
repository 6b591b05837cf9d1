"""Forms to inputs: what the carrier's webhooks say, with everything a form could contain taken into account."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ivr.callflow.inputs import DialEnded, Digits, Input, NoInput, Recorded
from ivr.models import RecordingStatus
from ivr.services.calls.turns import Arrival
from ivr.services.requests.texted import Received

LONGEST_ENTRY = 32
"""Keys of one entry that are looked at; no entry needs half as many."""

LONGEST_NUMBER = 64
LONGEST_TEXT = 1600
LONGEST_WORD = 16
"""Characters of a status; the carrier's longest has eleven."""

LONGEST_VERSTAT = 32
"""Characters of what the carrier says of a caller ID; the longest known has 24."""

LONGEST_DURATION = 24 * 60 * 60

_SID = re.compile(r"[A-Za-z0-9]{2,64}")
_KEYS = re.compile(r"[^0-9*#]")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")
_TURN = re.compile(r"\d{1,6}")
_REACHED = {"completed", "answered"}


class UnknownCaller(Exception):
    """The form names no call; no call can be answered with it."""


def arrival(form: Mapping[str, str]) -> Arrival:
    """The call that a form is about.

    Raises:
        UnknownCaller: when it has no usable CallSid.
    """
    ends = _number(form.get("From", "")), _number(form.get("To", ""))
    return Arrival(sid(form, "CallSid"), *ends, _UNPRINTABLE.sub("", form.get("StirVerstat", ""))[:LONGEST_VERSTAT])


def sid(form: Mapping[str, str], name: str) -> str:
    """One of the carrier's identifiers.

    Raises:
        UnknownCaller: when it is missing or malformed.
    """
    value = form.get(name, "")
    if not _SID.fullmatch(value):
        raise UnknownCaller(f"{name} is missing or malformed")
    return value


def text(form: Mapping[str, str]) -> Received:
    """A text message that a patient has written.

    Raises:
        UnknownCaller: when it has no usable MessageSid.
    """
    pictures = form.get("NumMedia", "0")
    return Received(
        sid(form, "MessageSid"),
        _number(form.get("From", "")),
        form.get("Body", "")[:LONGEST_TEXT],
        int(pictures) if pictures.isascii() and pictures.isdecimal() and len(pictures) < 4 else 0,
        handled=bool(form.get("OptOutType")),
    )


def row_id(text: str | None) -> int:
    """The id of a row of ours that an address carries; 0, which no row has, for anything else."""
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 16 else 0


def turn_number(text: str | None) -> int | None:
    """The turn that a webhook's address carries, or None for anything else."""
    return int(text) if text and text.isascii() and _TURN.fullmatch(text) else None


def turn_input(form: Mapping[str, str]) -> Input:
    """What happened, as the engine knows it. An empty `Digits` and a missing one are the same."""
    recording = form.get("RecordingSid", "")
    if _SID.fullmatch(recording):
        seconds = duration(form.get("RecordingDuration")) or 0
        ended_by = form.get("Digits", "")
        return Recorded(recording, seconds, ended_by if ended_by == "hangup" else keys(ended_by)[:1])
    if "DialCallStatus" in form:
        bridged = form.get("DialBridged", "true").lower() != "false"
        return DialEnded(form["DialCallStatus"] in _REACHED and bridged)
    pressed, finished_by = form.get("Digits", ""), form.get("FinishedOnKey", "")[:1]
    if pressed or finished_by == "#":
        return Digits(keys(pressed), finished_by)
    return NoInput()


def keys(text: str) -> str:
    """Keys pressed; whatever no telephone has becomes '?', which matches nothing."""
    return _KEYS.sub("?", text[:LONGEST_ENTRY])


def word(text: str) -> str:
    """A status, without what no database keeps."""
    return _UNPRINTABLE.sub("", text)[:LONGEST_WORD]


def duration(text: str | None) -> int | None:
    """Whole seconds, or None when it is not a believable number."""
    if not text or not text.isascii() or not text.isdecimal() or len(text) > 6:
        return None
    return min(int(text), LONGEST_DURATION)


def recording_status(text: str) -> RecordingStatus | None:
    """What a recording's callback says; None when there is nothing to note yet."""
    return {
        "completed": RecordingStatus.READY,
        "absent": RecordingStatus.ABSENT,
        "failed": RecordingStatus.ABSENT,
    }.get(text)


def _number(text: str) -> str:
    return _UNPRINTABLE.sub("", text)[:LONGEST_NUMBER]
