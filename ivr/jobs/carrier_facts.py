"""What the carrier tells of calls and recordings, as our own words for it."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import Any

from ivr.services.calls.outages import CarrierCall, CarrierRecording


def recording_of(reported: dict[str, Any]) -> CarrierRecording:
    """A recording, from the carrier's JSON."""
    return CarrierRecording(
        sid=str(reported["sid"]),
        call_sid=str(reported["call_sid"]),
        status=str(reported.get("status")),
        seconds=_seconds(reported.get("duration")),
        started_at=parsedate_to_datetime(reported.get("start_time") or reported["date_created"]),
    )


def call_of(reported: dict[str, Any]) -> CarrierCall:
    """A call, from the carrier's JSON."""
    started, ended = reported.get("start_time") or reported["date_created"], reported.get("end_time")
    return CarrierCall(
        sid=str(reported["sid"]),
        from_number=str(reported.get("from") or ""),
        to_number=str(reported.get("to") or ""),
        direction=str(reported.get("direction") or ""),
        status=str(reported.get("status") or ""),
        started_at=parsedate_to_datetime(started),
        ended_at=parsedate_to_datetime(ended) if ended else None,
        seconds=_seconds(reported.get("duration")),
    )


def _seconds(value: object) -> int | None:
    text = str(value)
    return int(text) if text.isdecimal() else None
